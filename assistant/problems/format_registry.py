"""The formats that problems are read from (entry points `assistant.problem_formats`), and how a file's is found."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from typing import Protocol

from pydantic import ValidationError

from assistant.core import plugins
from assistant.core.errors import ProblemSourceError
from assistant.core.problem import Problem
from assistant.problems.record_files import Found
from assistant.problems.records import BadRecord, Record, checked, first_error


class ProblemFormat(Protocol):
    """One format; each is a module. `ORDER` (an int) is optional: lower is tried first."""

    @property
    def NAME(self) -> str: ...

    @property
    def FIELDS(self) -> tuple[str, ...]: ...

    def recognise(self, record: Record) -> bool: ...

    def convert(self, record: Record, where: str) -> Problem: ...


@cache
def problem_formats() -> tuple[ProblemFormat, ...]:
    """Every format, in the order in which a file's records are tried: `ORDER`, where a module says none 100."""
    loaded: dict[str, ProblemFormat] = plugins.load_all("problem_formats")
    return tuple(sorted(loaded.values(), key=lambda format_: int(getattr(format_, "ORDER", 100))))


def convert_all(name: str, found: Iterable[Found]) -> tuple[tuple[Problem, ...], tuple[str, ...]]:
    """Problems of all good records, and one line for each that was skipped.

    The first record that fits a format decides for the whole file; `ProblemSourceError` when none does.
    """
    found = list(found)
    chosen = _format_of(name, found)
    problems: dict[str, tuple[str, Problem]] = {}
    skipped: list[str] = []
    for where, record in found:
        try:
            problem = _convert(chosen, record, where)
        except BadRecord as error:
            skipped.append(f"{name} {where}: {error}")
            continue
        if problem.id in problems:
            skipped.append(f"{name} {where}: {problem.id} again (first at {problems[problem.id][0]})")
            continue
        problems[problem.id] = (where, problem)
        skipped += [f"{name} {where}: {line}" for line in _left_out(chosen, record)]
    if not problems:
        raise ProblemSourceError(f"no record of {name} is a usable problem; {skipped[0]}")
    return tuple(problem for _, problem in problems.values()), tuple(skipped)


def _convert(chosen: ProblemFormat, record: Record | BadRecord, where: str) -> Problem:
    if isinstance(record, BadRecord):
        raise record
    if not chosen.recognise(record):
        missing = [field for field in chosen.FIELDS if field not in record]
        raise BadRecord(f"not a record of {chosen.NAME}" + (f": no {', '.join(missing)}" if missing else ""))
    try:
        return _named_as_in_python(checked(chosen.convert(record, where)))
    except ValidationError as error:  # e.g. half a surrogate pair, which is no text
        raise BadRecord(first_error(error)) from None
    except BadRecord:
        raise
    except (RecursionError, OverflowError, ValueError) as error:
        raise BadRecord(f"cannot be read: {error}") from None


def _named_as_in_python(problem: Problem) -> Problem:
    """The entry point in the form that Python gives every name (`cafe` and a combining accent become `café`).

    Labels are checked before and after: a form of a space that cannot be seen becomes a plain one.
    """
    name = unicodedata.normalize("NFKC", problem.entry_point)
    if name == problem.entry_point:
        return problem
    return checked(problem.model_copy(update={"entry_point": name}))


def _left_out(chosen: ProblemFormat, record: Record | BadRecord) -> list[str]:
    """What of a good record's tests is not used, where the format can say so."""
    left_out: Callable[[Record], list[str]] | None = getattr(chosen, "left_out", None)
    return left_out(record) if left_out is not None and not isinstance(record, BadRecord) else []


def _format_of(name: str, found: list[Found]) -> ProblemFormat:
    records = [record for _, record in found if not isinstance(record, BadRecord)]
    for record in records:
        for candidate in problem_formats():
            if candidate.recognise(record):
                return candidate
    if not found:
        raise ProblemSourceError(f"{name} holds no records")
    if not records:
        raise ProblemSourceError(f"{name} holds no JSON objects ({found[0][0]}: {found[0][1]})")
    expected = "; ".join(f"{f.NAME} ({', '.join(f.FIELDS)})" for f in problem_formats())
    has = ", ".join(sorted(records[0])[:20]) or "no fields"
    raise ProblemSourceError(f"{name} is in no known format: its records have {has}; expected {expected}")
