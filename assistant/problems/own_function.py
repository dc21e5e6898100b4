"""A person's own function or method in a file: the problem that it is, and its new version written back."""

from __future__ import annotations

import ast
import difflib
import io
import stat
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.core.errors import UsageError
from assistant.core.prelude import needed
from assistant.core.problem import AssertTest, Problem
from assistant.core.program_equality import same_program
from assistant.core.safe_ast import read_program
from assistant.problems.docstring_examples import examples
from assistant.problems.function_replacement import replaced
from assistant.problems.function_source import Located, function_code, located, surroundings
from assistant.problems.own_tests import OwnTests, asserts_in, read_tests
from assistant.storage.durable_io import replace_file

SOURCE = "own function"
"""Source of such problems; the file's name is in no journal."""
_LARGEST = 1_000_000
_MENTIONED = 30
"""Lines of the module that the task mentions at most."""


class OwnFunction:
    """A function or method of a file, as it was when it was read or last written.

    Of a method the code is its whole class: that is what runs and what the model writes; the method is put back.
    """

    def __init__(self, path: Path, name: str) -> None:
        """Raises UsageError where the file or the function cannot be used."""
        self.path, self.name = path, name
        self._data = _read(path)
        self._encoding = _encoding(self._data, path)
        try:
            self.text = self._data.decode(self._encoding)
        except UnicodeError:
            raise UsageError(f"{path} is not text in {self._encoding}, which it claims to be") from None
        try:
            place = located(self.text, name)
        except UsageError as error:
            raise UsageError(f"{path}: {error}") from None
        self.code = _with_future(place, function_code(place))
        self._surroundings = surroundings(place)
        self._docstring = ast.get_docstring(place.node) or ""
        self._signature = _signature(place)

    @classmethod
    def named(cls, place: str) -> OwnFunction:
        """The function of `FILE.py::name`, or the method of `FILE.py::Class.name`. Raises UsageError."""
        file, mark, name = place.partition("::")
        if not mark or not file or not name:
            raise UsageError(f"name it as FILE.py::function or FILE.py::Class.method, not `{place}`")
        return cls(Path(file), name.replace("::", "."))

    @property
    def called(self) -> str:
        """What a test calls: the function, or the class of the method."""
        return self.name.partition(".")[0]

    def problem(self, tests: Sequence[AssertTest], say: str = "", setup: str = "") -> Problem:
        """The problem: what the function should do, its tests, and the module around it. Raises UsageError."""
        prelude = self._surroundings
        self._refuse_relative(prelude)
        return Problem(
            id=f"own/{self.name}",
            text=self._task(say, needed(prelude, self.code, self.name)),
            entry_point=self.name,
            visible_tests=tuple(tests),
            test_setup=setup,
            prelude=prelude,
            source=SOURCE,
            tags=("own",),
        )

    def _task(self, say: str, around: str) -> str:
        word = "method" if self.called != self.name else "function"
        what = say.strip() or self._docstring.strip() or f"Fix this {word} so that it passes its tests."
        parts = [f"{what}\n\nThe {word} is:\n{self._signature}"]
        if self.called != self.name:
            parts.append(f"Write the whole class {self.called}; nothing else in it changes.")
        lines = list(_mentioned(around))[:_MENTIONED]
        if lines:
            parts.append("Its module has already, for the function to use:\n" + "\n".join(lines))
        return "\n\n".join(parts)

    def _refuse_relative(self, prelude: str) -> None:
        for node in read_program(needed(prelude, self.code, self.name)).body:
            if isinstance(node, ast.ImportFrom) and node.level:
                raise UsageError(
                    f"{self.name} uses `{ast.unparse(node)}`: the sandbox has no package around it; import what it "
                    "needs by its full name, from a package that is installed"
                )

    def tests(self, asserts: Sequence[str], file: Path | None) -> OwnTests:
        """The tests of `--test` and `--tests`; without any, the examples of its docstring. Raises UsageError."""
        if not asserts and file is None:
            shown = examples(self._docstring, self.called)
            return OwnTests(tuple(AssertTest(code=code) for code in shown))
        given = tuple(AssertTest(code=code) for text in asserts for code in _one(text))
        found = OwnTests()
        if file is not None:
            data = _read(file)
            try:
                text = data.decode(_encoding(data, file))
            except UnicodeError:
                raise UsageError(f"{file} is not text") from None
            found = read_tests(text, self.called, self.path.stem)
            if not found.tests:
                why = f": {'; '.join(found.left_out)}" if found.left_out else ""
                raise UsageError(f"{file} holds no test that calls {self.called}{why}")
        return OwnTests((*given, *found.tests), found.setup, found.left_out)

    # Writing back.

    @property
    def current_code(self) -> str:
        """The function as the file has it now, as far as we know."""
        place = located(self.text, self.name)
        return _with_future(place, function_code(place))

    def changed(self, program: str) -> str:
        """The file's text with the function of `program` in it. Raises UsageError."""
        return replaced(self.text, self.name, program)

    def diff(self, new: str) -> str:
        """From the file's text to `new`, as a unified diff; empty where both are equal."""
        lines = difflib.unified_diff(
            _lines(self.text), _lines(new), str(self.path), str(self.path), lineterm=""
        )
        return "\n".join(lines)

    def write(self, new: str) -> None:
        """Put `new` into the file at once, with its mode. Raises UsageError, also where it was changed meanwhile."""
        try:
            data = new.encode(self._encoding)
        except UnicodeEncodeError as error:
            raise UsageError(
                f"{self.path} is in {self._encoding}, which has no {error.object[error.start]!r}: nothing is written"
            ) from None
        if _read(self.path) != self._data:
            raise UsageError(
                f"{self.path} was changed meanwhile by someone else: nothing is written; run fix again"
            )
        target = self.path.resolve()
        try:
            replace_file(target, data, mode=stat.S_IMODE(target.stat().st_mode))
        except OSError as error:
            raise UsageError(f"{self.path} cannot be written ({error.strerror}): it is as it was") from None
        self._data, self.text = data, new


@dataclass(frozen=True)
class OwnWork:
    """What `assistant fix` is asked for: a function, and the problem that it is."""

    function: OwnFunction
    problem: Problem
    place: str
    """As it was said: `FILE.py::name`."""
    confirmed: bool = False
    """The result is written without a question."""

    def is_about(self, problem: Problem | None) -> bool:
        """Whether a session on `problem` is a session on this function."""
        return problem is not None and problem.sha256 == self.problem.sha256

    def changes(self, code: str | None) -> bool:
        """Whether a program is another one than the file has."""
        return code is not None and not same_program(code, self.function.current_code)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from None
    if len(data) > _LARGEST:
        raise UsageError(f"{path} is larger than {_LARGEST:,} bytes")
    return data


def _encoding(data: bytes, path: Path) -> str:
    try:
        return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    except (SyntaxError, LookupError) as error:
        raise UsageError(f"{path} is not readable text: {error}") from None


def _one(text: str) -> list[str]:
    """The asserts of one `--test`, with or without the word."""
    return asserts_in(text if text.lstrip().startswith("assert") else f"assert {text}")


def _lines(text: str) -> list[str]:
    return text.splitlines()


def _with_future(place: Located, code: str) -> str:
    """With the module's `from __future__ import annotations`, without which annotations would be evaluated."""
    lazy = any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for node in place.tree.body
    )
    return f"from __future__ import annotations\n\n{code}" if lazy else code


def _signature(place: Located) -> str:
    node, holder = place.node, place.holder
    word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    gives = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    own = f"{word} {node.name}({ast.unparse(node.args)}){gives}:"
    if holder is None:
        return own
    kinds = [f"    @{ast.unparse(decorator)}" for decorator in node.decorator_list]
    bases = f"({', '.join(map(ast.unparse, holder.bases))})" if holder.bases else ""
    return "\n".join([f"class {holder.name}{bases}:", *kinds, f"    {own}"])


def _mentioned(around: str) -> Iterator[str]:
    """Imports and short values as they are; of functions and classes their first line."""
    for node in read_program(around).body:
        text = ast.unparse(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            undecorated = next(line for line in text.splitlines() if not line.startswith("@"))
            yield f"{undecorated} ..."
        elif "__future__" not in text:
            yield text if len(text) <= 200 else text[:200] + " …"
