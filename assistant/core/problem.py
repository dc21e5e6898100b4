"""A programming task and its tests, as values."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer


class FrozenModel(BaseModel):
    """Base of every domain value: immutable, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class Extended(FrozenModel):
    """A value whose JSON omits fields that came later while they hold their default.

    So a problem that does not use them has the same JSON, and the same hash, as before they existed.
    """

    LATER: ClassVar[tuple[str, ...]] = ()

    @model_serializer(mode="wrap")
    def _without_later_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        for name in self.LATER:
            default = type(self).model_fields[name].default
            if name in data and repr(getattr(self, name)) == repr(default):  # -0.0 equals 0.0 and is not it
                del data[name]
        return data


class AssertTest(Extended):
    """One Python `assert` statement that names the entry point, e.g. `assert add(1, 2) == 3`."""

    LATER = ("suites",)

    kind: Literal["assert"] = "assert"
    code: str
    suites: tuple[str, ...] = ()
    """Published test sets that count this test, e.g. `HumanEval`, `HumanEval+`."""

    def text(self, entry_point: str) -> str:
        """What the person and the prompt see."""
        return self.code


Compare = Literal["equal", "evalplus", "set", "exists", "any", "apps", "livecodebench"]
"""How a call's result is compared: `equal` by `==`; `evalplus` as EvalPlus does, `set` with both as sets, `exists`
by whether it is not None, `any` whatever it is; `apps` as APPS promises (a tuple for a list, the item of a list of
one); `livecodebench` by `==` with a tuple for a list.
"""


class CallTest(Extended):
    """A call compared with an expected value (MBPP+, HumanEval+, call-based APPS)."""

    LATER = ("suites", "compare", "rtol", "also", "digest")

    kind: Literal["call"] = "call"
    arguments: str
    """Python literal of the list of positional arguments, e.g. `[[1, 2], 3]`."""
    expected: str | None = None
    """Python literal of the expected value; None until the reference solution has been run for it."""
    atol: float = 0.0
    """Absolute tolerance for floats, also inside containers; 0 compares with `==`."""
    suites: tuple[str, ...] = ()
    """Published test sets that count this test, e.g. `MBPP+`."""
    compare: Compare = "equal"
    rtol: float = 0.0
    """Relative tolerance for floats, added to `atol`: |a - b| <= atol + rtol * |b| for each float."""
    also: tuple[str, ...] = ()
    """Python literals of other values that the data set's own checker accepts."""
    digest: str = ""
    """SHA-256 of the expected value where it is too long to be kept (`sandbox.inside.digests`)."""

    @property
    def is_open(self) -> bool:
        """Whether the expected value is still to be recorded from the reference."""
        return self.expected is None and not self.digest

    def text(self, entry_point: str) -> str:
        """`f(a, b) == value`, or `f(a, b)` while the expected value is unknown."""
        inner = self.arguments.strip()
        call = f"{entry_point}({inner[1:-1].strip().rstrip(',')})"
        if self.is_open:
            return call
        wanted = f"<a long value, SHA-256 {self.digest[:12]}>" if self.expected is None else self.expected
        return f"{call} == {wanted}{self._leeway()}"

    def _leeway(self) -> str:
        """What else is accepted, in words; empty for plain equality."""
        words = {"set": "as sets", "exists": "not None", "any": "any value"}.get(self.compare, "")
        within = f"within {self.atol:g}" if self.atol else ""
        other = "or " + ", ".join(self.also) if self.also else ""
        said = "; ".join(part for part in (words, within, other) if part)
        return f"  ({said})" if said else ""


class StdinTest(Extended):
    """A whole program fed `stdin`; its stdout is compared with `expected` (APPS)."""

    LATER = ("suites",)

    kind: Literal["stdin"] = "stdin"
    stdin: str
    expected: str
    suites: tuple[str, ...] = ()
    """Published test sets that count this test, e.g. `APPS`."""

    def text(self, entry_point: str) -> str:
        """Both streams as Python strings on one line."""
        return f"stdin {self.stdin!r} prints {self.expected!r}"


class ValueTest(Extended):
    """A program whose module variable `name` must end up equal to `expected` (MathQA-Python's `answer`)."""

    LATER = ("suites",)

    kind: Literal["value"] = "value"
    name: str = "answer"
    expected: float
    rtol: float = 1e-6
    atol: float = 1e-6
    suites: tuple[str, ...] = ()
    """Published test sets that count this test, e.g. `MathQA`."""

    def text(self, entry_point: str) -> str:
        """`answer == 3.5`."""
        return f"{self.name} == {self.expected!r}"


Test = Annotated[AssertTest | CallTest | StdinTest | ValueTest, Field(discriminator="kind")]


class Problem(Extended):
    """One small programming task.

    `visible_tests` are shown to person and model; `hidden_tests` are scored silently. `test_setup` runs
    after the candidate and before its tests; `stub` is code that the task begins with (HumanEval's prompt,
    APPS's starter code), or empty.
    """

    LATER = ("prelude", "given")

    id: str
    text: str
    entry_point: str
    """Name of the function under test; `Solution.method` for APPS classes; empty for whole programs."""
    visible_tests: tuple[Test, ...]
    hidden_tests: tuple[Test, ...] = ()
    test_setup: str = ""
    prelude: str = ""
    """Code that the data set runs before every program: APPS's imports, the helpers of HumanEval's prompt."""
    given: str = ""
    """A person's own function: it stands in the place of the first answer (`program_given`)."""
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
        tests = [test.model_dump(mode="json", exclude={"suites"}) for test in self.visible_tests]
        return sha256_of({"text": " ".join(self.text.split()), "tests": tests})

    @property
    def suites(self) -> tuple[str, ...]:
        """Names of the published test sets that this problem belongs to, in the order of its tests."""
        tests = (*self.visible_tests, *self.hidden_tests)
        return tuple(dict.fromkeys(name for test in tests for name in test.suites))

    def test_texts(self, shown: int | None = None) -> list[str]:
        """The visible tests as text, the first `shown` of them (all when None)."""
        return [test.text(self.entry_point) for test in self.visible_tests[:shown]]


def sha256_of(value: object) -> str:
    """Hex SHA-256 of a JSON value in canonical form (sorted keys, no spaces, UTF-8)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
