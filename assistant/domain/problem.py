"""A programming task and its tests, as values."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Value(BaseModel):
    """Base of every domain value: immutable, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AssertTest(Value):
    """One Python `assert` statement that names the entry point, e.g. `assert add(1, 2) == 3`."""

    kind: Literal["assert"] = "assert"
    code: str

    def text(self, entry_point: str) -> str:
        """What the person and the prompt see."""
        return self.code


class CallTest(Value):
    """A call compared with an expected value (MBPP+, HumanEval+, call-based APPS)."""

    kind: Literal["call"] = "call"
    arguments: str
    """Python literal of the list of positional arguments, e.g. `[[1, 2], 3]`."""
    expected: str | None = None
    """Python literal of the expected value; None until the reference solution has been run for it."""
    atol: float = 0.0
    """Absolute tolerance for floats, also inside containers; 0 compares with `==`."""

    def text(self, entry_point: str) -> str:
        """`f(a, b) == value`, or `f(a, b)` while the expected value is unknown."""
        inner = self.arguments.strip()
        call = f"{entry_point}({inner[1:-1].strip().rstrip(',')})"
        if self.expected is None:
            return call
        return f"{call} == {self.expected}" + (f"  (within {self.atol:g})" if self.atol else "")


class StdinTest(Value):
    """A whole program fed `stdin`; its stdout is compared with `expected` (APPS)."""

    kind: Literal["stdin"] = "stdin"
    stdin: str
    expected: str

    def text(self, entry_point: str) -> str:
        """Both streams as Python strings on one line."""
        return f"stdin {self.stdin!r} prints {self.expected!r}"


class ValueTest(Value):
    """A program whose module variable `name` must end up equal to `expected` (MathQA-Python's `answer`)."""

    kind: Literal["value"] = "value"
    name: str = "answer"
    expected: float
    rtol: float = 1e-6
    atol: float = 1e-6

    def text(self, entry_point: str) -> str:
        """`answer == 3.5`."""
        return f"{self.name} == {self.expected!r}"


Test = Annotated[AssertTest | CallTest | StdinTest | ValueTest, Field(discriminator="kind")]


class Problem(Value):
    """One small programming task.

    `visible_tests` are shown to person and model; `hidden_tests` are scored silently. `test_setup` runs
    after the candidate and before its tests; `stub` is code that the task begins with (HumanEval's prompt,
    APPS's starter code), or empty.
    """

    id: str
    text: str
    entry_point: str
    """Name of the function under test; `Solution.method` for APPS classes; empty for whole programs."""
    visible_tests: tuple[Test, ...]
    hidden_tests: tuple[Test, ...] = ()
    test_setup: str = ""
    stub: str = ""
    reference: str = ""
    """A whole program that passes every test (stub included), or empty when the source gives none."""
    source: str
    licence: str = ""
    tags: tuple[str, ...] = ()
    difficulty: str = ""
    """`easy`, `medium`, `hard` (measured, see the source), a source's own word, or empty."""

    @property
    def sha256(self) -> str:
        """SHA-256 of the problem's canonical JSON: its identity in journals and splits."""
        return sha256_of(self.model_dump(mode="json"))

    @property
    def content_sha256(self) -> str:
        """SHA-256 of text and visible tests alone: the same task from two releases has the same one."""
        tests = [test.model_dump(mode="json") for test in self.visible_tests]
        return sha256_of({"text": " ".join(self.text.split()), "tests": tests})

    def test_texts(self, shown: int | None = None) -> list[str]:
        """The visible tests as text, the first `shown` of them (all when None)."""
        return [test.text(self.entry_point) for test in self.visible_tests[:shown]]


def sha256_of(value: object) -> str:
    """Hex SHA-256 of a JSON value in canonical form (sorted keys, no spaces, UTF-8)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
