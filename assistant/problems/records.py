"""Raw records as a source gives them, and the one error a format raises for a record that it cannot use."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from assistant.core.printable import exact_line, half_character
from assistant.core.problem import Problem

Record = dict[str, Any]

DEEPEST = 150
"""As deep as the sandbox compares. Python reads 200 brackets at most, some of which a test adds."""
LONGEST_DECIMAL = 12_000
"""Bits of a whole number that is written in decimal: Python reads and writes 4300 digits, more only as hex."""


class BadRecord(ValueError):
    """One record is off; the text says how. The record is skipped by name and the rest is kept."""


class NotALiteral(BadRecord):
    """A value that cannot be written as a Python literal."""


def plain_text(text: str) -> str:
    """Newlines as `\\n`: MBPP's code comes with CRLF, which would otherwise reach prompts and hashes."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def text_field(record: Record, name: str, *, default: str | None = None) -> str:
    """A text field with plain newlines; `BadRecord` when it is missing (without default) or not a text."""
    value = record.get(name, default)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise BadRecord(f"{name} is missing" if value is None else f"{name} is not a text")
    return plain_text(value)


def text_list_field(record: Record, name: str) -> list[str]:
    """A list of texts, stripped and without empty ones; missing counts as empty."""
    value = record.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadRecord(f"{name} is not a list of texts")
    return [text for item in value if (text := plain_text(item).strip())]


def first_error(error: ValidationError) -> str:
    """The first thing that is wrong with a record, as `field: reason`."""
    first = error.errors()[0]
    if first["type"] == "string_unicode":
        return "its text holds half a character (a lone surrogate), which is no Unicode"
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {_REASONS.get(first['type']) or _in_json(first['msg'])}"


_REASONS = {
    "missing": "is missing",
    "string_type": "is not a text",
    "tuple_type": "is not a list",
    "list_type": "is not a list",
    "model_type": "is neither a text nor an object",
    "model_attributes_type": "is neither a text nor an object",
    "union_tag_not_found": "is an object without `kind`",
    "extra_forbidden": "is not a field of this format",
    "float_type": "is not a number",
    "int_type": "is not a number",
    "float_parsing": "is not a number",
    "int_parsing": "is not a number",
    "bool_type": "is neither true nor false",
}
"""What is wrong by pydantic's name for it, in the words of JSON."""


def _in_json(message: str) -> str:
    return message.lower().replace("tuple", "list").replace("dictionary", "object").replace("string", "text")


def literal(value: object, depth: int = 0) -> str:
    """A JSON-like value as a Python literal. Infinity is written `1e999`, which reads back as infinity.

    `NotALiteral` for NaN, for which there is none, and for values nested deeper than Python's parser reads.
    """
    if depth > DEEPEST:
        raise NotALiteral(f"nested more than {DEEPEST} deep")
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            raise NotALiteral("NaN cannot be compared")
        return "1e999" if value > 0 else "-1e999"
    match value:
        case list():
            return f"[{_joined(value, depth)}]"
        case tuple():
            return f"({_joined(value, depth)},)" if len(value) == 1 else f"({_joined(value, depth)})"
        case set():
            return f"{{{_joined(sorted(value, key=repr), depth)}}}" if value else "set()"
        case dict():
            pairs = (f"{literal(k, depth + 1)}: {literal(v, depth + 1)}" for k, v in value.items())
            return "{" + ", ".join(pairs) + "}"
        case complex():
            return f"({_part(value.real)}{'' if value.imag < 0 else '+'}{_part(value.imag)}j)"
        case int() if value.bit_length() > LONGEST_DECIMAL:
            return hex(value)
        case _:
            return repr(value)


def _part(number: float) -> str:
    """A part of a complex number, so that minus zero keeps its sign."""
    if not math.isfinite(number):
        raise NotALiteral("an infinite complex number cannot be compared")
    return repr(number)


def _joined(values: Iterable[object], depth: int) -> str:
    return ", ".join(literal(value, depth + 1) for value in values)


def checked(problem: Problem) -> Problem:
    """`problem` itself. Raises `BadRecord` for a label with a character that cannot be seen (a control or bidi
    character would drive the terminal that lists it), and for half of a surrogate pair anywhere."""
    for field, label in _labels(problem):
        shown = exact_line(label)
        if shown != label:
            raise BadRecord(f"its {field} holds a character that cannot be seen: {shown[:80]}")
    try:
        problem.model_dump_json()
    except ValueError:
        raise BadRecord(f"its text holds half a character ({_half(problem)}), which is no Unicode") from None
    return problem


def _labels(problem: Problem) -> Iterator[tuple[str, str]]:
    for field in ("id", "entry_point", "source", "licence", "difficulty"):
        yield field, getattr(problem, field)
    for tag in problem.tags:
        yield "tags", tag


def _half(problem: Problem) -> str:
    tests = (test.text("") for test in (*problem.visible_tests, *problem.hidden_tests))
    texts = (problem.text, problem.test_setup, problem.stub, problem.reference, *tests)
    return next((half for text in texts if (half := half_character(text))), "a lone surrogate")
