"""The verdicts on a program as rows: the result of each test, and the change since the last round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assistant.core.hard_coding import hard_coding_note
from assistant.core.outcome import CaseReport, Report
from assistant.core.problem import Test
from assistant.core.state import Program, State
from assistant.core.state_labels import DOES_NOT_LOAD
from assistant.core.value_difference import ValuePart, contrasted
from assistant.tui.text.spans import Line, Piece, displayable, shortened

Change = Literal["", "broke", "fixed"]
LONGEST = 2000
"""Characters of a value that are shown; the journal holds what the sandbox kept."""
PRINTED_LINES = 5


@dataclass(frozen=True)
class Row:
    """One test: its text, what happened (None before it ran), and whether that is new."""

    test: str
    case: CaseReport | None = None
    change: Change = ""
    hidden: bool = False
    """A hidden test, shown once the session is over."""
    told_above: bool = False
    """Why it failed stands above all rows: the program does not even load."""


@dataclass(frozen=True)
class Verdicts:
    """What the verdict table shows."""

    rows: tuple[Row, ...] = ()
    message: str = ""
    """What holds for all tests: no function in the answer, or a program that does not load."""
    hint: str = ""
    """What a reader should know beside the verdicts: the code names the tests' inputs."""
    printed: str = ""
    """What the program printed outside its tests."""

    @property
    def visible(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if not row.hidden)

    @property
    def passed(self) -> int:
        """How many of the visible tests pass."""
        return sum(row.case is not None and row.case.passed for row in self.visible)

    @property
    def all_pass(self) -> bool:
        """All rows that are shown, hidden tests included once they are revealed."""
        return bool(self.rows) and all(row.case is not None and row.case.passed for row in self.rows)

    @property
    def sealed(self) -> bool:
        """Whether the program could have forged none of these verdicts."""
        return all(row.case is None or row.case.sealed for row in self.rows)

    @property
    def tested(self) -> bool:
        return any(row.case is not None for row in self.rows)


def verdicts_of(state: State, program: Program | None, *, tell_hidden: bool = False) -> Verdicts:
    """The verdicts on `program`, compared with those on its parent; with `tell_hidden`, the hidden tests' too."""
    tests = state.visible_tests()
    entry_point = state.problem.entry_point if state.problem else ""
    waiting = tuple(Row(displayable(test.text(entry_point))) for test in tests)
    if program is None:
        return Verdicts(waiting)
    if program.visible is None:
        return Verdicts(waiting, message=program.answer_problem)
    report = program.visible
    rows = rows_of(report, state.report_before(program))
    message = loading_message(report) if rows else report.message or program.answer_problem
    printed = "" if any(case.stdout for case in report.cases) else report.stdout
    hidden = rows_of(program.hidden, None) if tell_hidden and program.hidden is not None else ()
    seen = {case.test for case in report.cases}  # a hidden test may have been made a visible one
    revealed = tuple(replace(row, hidden=True) for row in hidden if row.case and row.case.test not in seen)
    shown = (*(rows or _unrun(tests, entry_point)), *revealed)
    return Verdicts(shown, message, hard_coding_note(program.hard_coded), printed)


def rows_of(report: Report, before: Report | None) -> tuple[Row, ...]:
    """Rows of a report; `before` is what the same tests found the last time."""
    passed_before = {case.test: case.passed for case in before.cases} if before else {}
    told = bool(report.load_failure)
    return tuple(
        Row(displayable(case.test), case, _change(case, passed_before), told_above=told)
        for case in report.cases
    )


def loading_message(report: Report | None) -> str:
    """Why the program does not load; empty where it does."""
    return f"{DOES_NOT_LOAD}: {report.load_failure}" if report is not None and report.load_failure else ""


def _change(case: CaseReport, passed_before: dict[str, bool]) -> Change:
    before = passed_before.get(case.test)
    if before is None or before == case.passed:
        return ""
    return "fixed" if case.passed else "broke"


def _unrun(tests: Sequence[Test], entry_point: str) -> tuple[Row, ...]:
    return tuple(Row(displayable(test.text(entry_point))) for test in tests)


def row_lines(row: Row) -> list[Line]:
    """The lines of one row: the test, and if it failed what was expected and what came, differences marked."""
    lines = [_head(row)]
    case = row.case
    if case is None:
        return lines
    if not case.passed and not row.told_above:
        lines += _values(case)
        if case.message:
            lines.append((Piece("            "), Piece(displayable(case.message), "case--failed")))
    for printed in case.stdout.splitlines()[:PRINTED_LINES]:
        lines.append((Piece("   printed  ", "case--label"), Piece(displayable(printed), "case--printed")))
    return lines


def _head(row: Row) -> Line:
    if row.case is None:
        return (Piece(" · ", "case--label"), Piece(row.test))
    passed = row.case.passed
    mark = Piece(" ✓ " if passed else " ✗ ", "case--passed" if passed else "case--failed")
    told = passed or row.told_above
    word: Line = () if told else (Piece(f"{row.case.outcome.word}  ", "case--failed"),)
    seal: Line = () if row.case.sealed else (Piece("  unsealed", "case--label"),)
    kind: Line = (Piece("hidden  ", "case--label"),) if row.hidden else ()
    return (mark, *kind, *word, Piece(row.test), *seal, *_change_tag(row.change))


def _change_tag(change: Change) -> Line:
    if change == "fixed":
        return (Piece("  ▲ now passes", "case--fixed"),)
    if change == "broke":
        return (Piece("  ▼ now fails", "case--broke"),)
    return ()


def _values(case: CaseReport) -> list[Line]:
    expected, actual = case.expected, case.actual
    if expected is None and actual is None:
        return []
    if expected is None or actual is None:
        label, value = ("expected", expected) if expected is not None else ("actual", actual)
        return [_value(label, [ValuePart(shortened(displayable(value or ""), LONGEST), False)])]
    lefts, rights, note = contrasted(expected, actual, LONGEST)
    lines = [_value("expected", lefts), _value("actual", rights)]
    return [*lines, (Piece(f"            {note}", "line--note"),)] if note else lines


def _value(label: str, parts: list[ValuePart]) -> Line:
    pieces = (Piece(part.text, "case--differs" if part.differs else "") for part in parts)
    return (Piece(f"   {label:<8} ", "case--label"), *pieces)
