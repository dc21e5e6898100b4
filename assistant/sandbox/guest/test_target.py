"""What a set of tests is about: the function under test, its helpers, and where the tests must run."""

from __future__ import annotations

import builtins

from assistant.sandbox.guest import test_source
from assistant.sandbox.guest.judge_link import MISSING, Kind, library
from assistant.sandbox.guest.judging_helpers import helper_that_judges
from assistant.sandbox.guest.name_origins import Home
from assistant.sandbox.guest.unsealed_needs import asks_for_one_process
from assistant.sandbox.guest.unsealed_reasons import means_a_class, reason_to_run_unsealed


class NeedsOwnJudge(Exception):
    """These tests might leave something behind: a judge that serves many runs does not take them."""


def refuse_traces(texts: list[test_source.Text | None]) -> None:
    """Raise `NeedsOwnJudge` when some text could leave something behind in this interpreter."""
    for text in texts:
        if text is not None and text.traces:
            raise NeedsOwnJudge(text.traces)


def refuse_modules(kinds: dict[str, Kind]) -> None:
    """The same for modules of the standard library that the tests would get by way of the program's imports."""
    for kind in kinds.values():
        if kind.home is not None and kind.home.module.partition(".")[0] not in test_source.INERT_MODULES:
            raise NeedsOwnJudge(kind.home.module)


def own_function(called: list[str], kinds: dict[str, Kind]) -> str:
    """The function under test where nothing names it: the first that is called and is no library's.

    Where all are a library's (`from math import gcd`), the first of them: what is called is what is tested.
    """
    callable_ = [name for name in called if kinds[name].kind != "module" and not _is_builtin(name, kinds)]
    own = [name for name in callable_ if library(kinds[name]) is None]
    return next(iter([*own, *callable_]), "")


def _is_builtin(name: str, kinds: dict[str, Kind]) -> bool:
    """Whether a name is a builtin that the program does not define itself."""
    return kinds[name].kind == "missing" and hasattr(builtins, name)


def may_have_homes(kinds: dict[str, Kind], given: str) -> bool:
    """Whether it matters where names come from: a name other than the function under test may be a library's."""
    foreign = [n for n, kind in kinds.items() if kind.kind in _HOMED and kind.home is None and n != given]
    return len(foreign) > (0 if given else 1) or any(kinds[name].kind == "module" for name in foreign)


_HOMED = ("function", "class", "module")


def names_a_module(name: str, kind: Kind, texts: list[test_source.Text]) -> Kind:
    """What the program says of a name, but for `math` in `math.isclose(…)`: there a test means the module."""
    rooted = any(name == root for text in texts for root, _ in text.attributes)
    called = any(name in text.calls for text in texts)
    known = name in test_source.LIBRARY_MODULES or name in test_source.WATCHED_MODULES
    is_module = kind.kind != "missing" and rooted and not called and known
    return Kind("module", Home(name, "")) if is_module else kind


def classes_in(texts: list[test_source.Text], kinds: dict[str, Kind], entry: str) -> set[str]:
    """Names that some text means as a class of the program's; it cannot make a class of the function under test."""
    named = [n for n, kind in kinds.items() if kind.kind == "class" and test_source.is_class_name(n)]
    own = [name for name in named if library(kinds[name]) is None]
    return {n for n in own if (entry and n != entry) or any(means_a_class(text, n) for text in texts)}


def reason(
    text: test_source.Text | None,
    kinds: dict[str, Kind],
    functions: set[str],
    classes: set[str],
    entry: str,
    given: str = "",
) -> str:
    """Why this text must run in the program's process: it names a class of the program's, or looks inside it.

    `entry` is the function under test, `given` the same where the problem names it.
    """
    if text is None:
        return ""
    for name in text.free():
        if name in classes:
            return f"the test uses the program's class `{name}`"
        if _is_foreign_module(name, kinds.get(name, MISSING), text) and name != entry:
            return f"the test uses the program's module `{name}`"
    if judging := helper_that_judges(text, _own(kinds, text.calls) - text.binds, given.partition(".")[0]):
        return f"the program's own `{judging}` gives the verdict"
    return reason_to_run_unsealed(text, functions, entry.partition(".")[0]) or asks_for_one_process(text)


def _own(kinds: dict[str, Kind], called: set[str]) -> set[str]:
    """What is called of the program's own; a library's function, too, where the program chose its name.

    A program may say of a function that it is none: what a test calls counts, whatever it is said to be.
    """
    return {
        name
        for name, kind in kinds.items()
        if (kind.kind in _HOMED or (kind.kind != "missing" and name in called))
        and (library(kind) is None or (kind.home is not None and kind.home.attribute not in ("", name)))
    }


def _is_foreign_module(name: str, kind: Kind, text: test_source.Text) -> bool:
    """Whether a name stands for a module that the judge does not import; only where the text uses it as a module."""
    rooted = any(root == name for root, _ in text.attributes) and name not in text.calls
    return kind.kind == "module" and rooted and library(kind) is None
