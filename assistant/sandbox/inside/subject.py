"""What a set of tests is about: the function under test, its helpers, and where the tests must run."""

from __future__ import annotations

from assistant.sandbox.inside import names
from assistant.sandbox.inside.remote import MISSING, Kind, standard
from assistant.sandbox.inside.sharing import reason_to_run_beside


class NeedsOwnJudge(Exception):
    """These tests might leave something behind: a judge that serves many runs does not take them."""


def refuse_traces(texts: list[names.Text | None]) -> None:
    """Raise `NeedsOwnJudge` when some text could leave something behind in this interpreter."""
    for text in texts:
        if text is not None and text.traces:
            raise NeedsOwnJudge(text.traces)


def refuse_modules(kinds: dict[str, Kind]) -> None:
    """The same for modules of the standard library that the tests would get by way of the program's imports."""
    for name, kind in kinds.items():
        module = name if kind.kind == "module" else kind.module
        if module.partition(".")[0] not in names.INERT_MODULES and standard(name, kind) is not None:
            raise NeedsOwnJudge(module)


def own_function(called: list[str], kinds: dict[str, Kind]) -> str:
    """The function under test where nothing names it: the first that is called and is no library's.

    Where the program says that all are a library's (`from math import gcd`), the first of them: what is called
    is what is tested.
    """
    callable_ = [name for name in called if kinds[name].kind != "module"]
    own = [name for name in callable_ if standard(name, kinds[name]) is None]
    return next(iter([*own, *callable_]), "")


def called_alone(texts: list[names.Text | None], kinds: dict[str, Kind]) -> set[str]:
    """Functions that some test calls without any other of the program's: they are tested, not helpers.

    A program may say that its `gcd` is `math`'s. That makes it a helper only beside a function of its own.
    """
    alone: set[str] = set()
    for text in texts:
        called = text.called() if text is not None else []
        if all(name in kinds and standard(name, kinds[name]) is not None for name in called):
            alone.update(called)
    return alone


def names_a_module(name: str, kind: Kind, texts: list[names.Text]) -> Kind:
    """What the program says of a name, but for `math` in `math.isclose(…)`: there a test means the module."""
    rooted = any(name == root for text in texts for root, _ in text.attributes)
    called = any(name in text.calls for text in texts)
    told = kind.kind != "missing" and rooted and not called and name in names.INERT_MODULES
    return Kind("module") if told else kind


def reason(text: names.Text | None, kinds: dict[str, Kind], functions: set[str]) -> str:
    """Why this text must run beside the code: it names a class of the program's, or looks inside it."""
    if text is None:
        return ""
    for name in text.free():
        kind = kinds.get(name, MISSING)
        if kind.kind == "class" and names.is_class_name(name) and standard(name, kind) is None:
            return f"the test uses the program's class `{name}`"
    return reason_to_run_beside(text, functions)
