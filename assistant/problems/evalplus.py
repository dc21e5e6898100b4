"""EvalPlus's rule (Liu et al. 2023): base and plus inputs, and how results on them are compared.

A program passes HumanEval+ or MBPP+ when it passes every base and every plus input. Results are compared with `==`;
where a task names a tolerance, or an expected value is a float or a sequence of nothing but floats (and from then on,
as EvalPlus's loop does), |a - b| <= atol + 1e-7 * |b| is enough. Some MBPP tasks have an oracle of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from assistant.core.problem import CallTest, Compare
from assistant.problems.mbpp_inputs import typed_arguments
from assistant.problems.records import BadRecord, NotALiteral, Record, literal

FLOAT_ATOL = 1e-6
"""For floats where a task names no tolerance."""
RTOL = 1e-7

AS_SETS = frozenset(
    {
        "similar_elements", "find_char_long", "common_in_nested_lists", "extract_singly", "larg_nnum",
        "intersection_array", "find_dissimilar", "Diff",
    }
)  # fmt: skip
"""Entry points of MBPP tasks whose results are compared as sets (Mbpp/2, 7, 111, 140, 232, 249, 579, 769)."""
BY_EXISTENCE = frozenset({"check_str", "text_match_three", "text_starta_endb"})
"""Entry points of MBPP tasks whose result counts by whether it is None (Mbpp/737, 787, 794)."""
UNCHECKED = frozenset({"are_equivalent"})
"""Mbpp/164, whose text is wrong: EvalPlus accepts every result."""
KINDS = frozenset({"evalplus", "set", "exists", "any"})
"""Comparisons that follow this rule."""


def comparison_of(entry_point: str, *, mbpp: bool) -> Compare:
    """How EvalPlus compares the results of this task."""
    if not mbpp:
        return "evalplus"
    if entry_point in AS_SETS:
        return "set"
    if entry_point in BY_EXISTENCE:
        return "exists"
    return "any" if entry_point in UNCHECKED else "evalplus"


def plus_calls(
    record: Record, entry_point: str, name: str, examples: list[list[object]] | None
) -> tuple[CallTest, ...]:
    """Base and plus inputs as calls without expected value; MBPP's get the types of the `examples`.

    `name` is the set's name (`MBPP+`); base inputs count for `MBPP+ base` too. An input with NaN has no literal,
    nor has one that is nested too deep: `left_out` names them. (`examples` None: inputs as JSON gives them.)
    """
    made: dict[str, CallTest] = {}
    for suites, arguments in _cases(record, name):
        try:
            given = _typed(record, arguments, examples)
            text = literal(given)
        except NotALiteral:
            continue
        except (TypeError, ValueError) as error:
            raise BadRecord(f"an input does not have the types of its task: {error}") from None
        if text not in made:
            made[text] = _call(record, entry_point, text, given, suites, mbpp=examples is not None)
    return tuple(made.values())


def _typed(record: Record, arguments: list[object], examples: list[list[object]] | None) -> list[object]:
    if examples is None:
        return arguments
    return typed_arguments(record.get("task_id"), arguments, examples)


def _cases(record: Record, name: str) -> Iterator[tuple[tuple[str, ...], list[object]]]:
    for field, suites in (("base_input", (f"{name} base", name)), ("plus_input", (name,))):
        for arguments in inputs_of(record, field):
            yield suites, arguments


def inputs_of(record: Record, field: str) -> list[list[object]]:
    """The argument lists in a field. Raises BadRecord."""
    inputs = record[field] or []  # Mbpp/793 has `{}` for none
    if not isinstance(inputs, list) or not all(isinstance(item, list) for item in inputs):
        raise BadRecord(f"{field} is not a list of argument lists")
    return inputs


def _call(
    record: Record,
    entry_point: str,
    text: str,
    arguments: Sequence[object],
    suites: tuple[str, ...],
    *,
    mbpp: bool,
) -> CallTest:
    return CallTest(
        arguments=text,
        atol=float(record.get("atol") or 0.0),
        compare=comparison_of(entry_point, mbpp=mbpp),
        also=other_readings(entry_point, arguments) if mbpp else (),
        suites=suites,
    )


def left_out(record: Record) -> list[str]:
    """A line for each input that cannot be written as a literal."""
    lines = []
    for field in ("base_input", "plus_input"):
        for place, arguments in enumerate(inputs_of(record, field)):
            try:
                literal(arguments)
            except NotALiteral as error:
                lines.append(f"{record.get('task_id')}: {field} {place}: {error}")
    return lines


def with_tolerances(tests: Iterable[tuple[CallTest, object]]) -> dict[CallTest, CallTest]:
    """Each call with the tolerance that EvalPlus's loop has when it comes to it; `tests` have their values."""
    running: dict[tuple[str, ...], float] = {}
    found: dict[CallTest, CallTest] = {}
    for test, value in tests:
        atol = running.get(test.suites, test.atol)
        if not atol and is_floats(value):
            atol = FLOAT_ATOL
        running[test.suites] = atol
        found[test] = test.model_copy(update={"atol": atol, "rtol": RTOL if atol else 0.0})
    return found


def is_floats(value: object) -> bool:
    """A float, or a list or tuple with nothing but floats."""
    if isinstance(value, list | tuple):
        return bool(value) and all(isinstance(item, float) for item in value)
    return isinstance(value, float)


def other_readings(entry_point: str, arguments: Sequence[object]) -> tuple[str, ...]:
    """Literals of results that EvalPlus also accepts, as the text can be read in two ways."""
    if entry_point == "sum_div":
        return ("0",)
    reading = _READINGS.get(entry_point)
    if reading is None:
        return ()
    try:
        return (literal(reading(*arguments)),)
    except (TypeError, ValueError, ArithmeticError):
        return ()


def _surface_of_pyramid(base: float, height: float) -> int:
    """Mbpp/581 with the height of the apex above the base (the reference takes the slant height)."""
    slant = math.hypot(base / 2, height)
    return round(base**2 + 2 * base * slant)


def _digit_distance(first: int, second: int) -> int:
    """Mbpp/558 digit by digit, the shorter number filled with zeros (the reference adds the digits of n1 - n2)."""
    a, b = str(first), str(second)
    width = max(len(a), len(b))
    return sum(abs(int(x) - int(y)) for x, y in zip(a.zfill(width), b.zfill(width), strict=True))


_READINGS: Mapping[str, Callable[..., object]] = {
    "surface_Area": _surface_of_pyramid,
    "digit_distance_nums": _digit_distance,
}
