"""Journals into records: DuckDB reads their lines, in parallel and with bounded memory."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from assistant.analysis import queries
from assistant.analysis.duckdb_loader import Intake
from assistant.analysis.records import Edit, Feedback, Program, Session
from assistant.analysis.screening import Screened, screen
from assistant.core.errors import AssistantError
from assistant.core.events import Effort
from assistant.core.problem import Problem

_T = TypeVar("_T")


def read_sessions(
    folder: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[list[Session], Screened]:
    """The sessions of every sound journal in `folder`, in order of their ids, and what became of each file."""
    try:
        with tempfile.TemporaryDirectory(prefix="assistant-") as scratch, Intake(Path(scratch)) as intake:
            screened = intake.without_odd_ones(screen(folder, intake.take, progress))
            return _sessions(intake), screened
    except OSError as error:
        raise AssistantError(
            f"the folder for temporary files cannot be used ({error.strerror}): name another with TMPDIR"
        ) from None


def _sessions(intake: Intake) -> list[Session]:
    """Every session that was taken and not dropped."""
    problems = {sha: Problem.model_validate_json(text) for sha, text in intake.rows(queries.PROBLEMS)}
    programs = _grouped(intake.rows(queries.PROGRAMS), Program._make)
    words = _grouped(intake.rows(queries.WORDS), _feedback)
    edits = _grouped(intake.rows(queries.EDITS), _edit)
    ends = {number: (reason, effort) for number, reason, effort in intake.rows(queries.ENDS)}
    sessions = []
    for (
        number,
        name,
        annotator,
        sha,
        *settings,
        study,
        condition,
        imported,
        author,
        speaking,
    ) in intake.rows(queries.HEADERS):
        reason, clock = ends.get(number, ("open", None))
        model, precision, rounds, samples, visible_tests = settings
        session = Session(
            id=name,
            annotator=annotator,
            problem=problems[sha],
            problem_sha256=sha,
            model=model,
            precision=precision,
            rounds=rounds,
            samples=samples,
            visible_tests=visible_tests,
            study=study,
            condition=condition or {},
            imported_from=imported,
            announced=(author, speaking),
            programs=tuple(programs[number]),
            feedback=tuple(words[number]),
            edits=tuple(edits[number]),
            end=reason,
            clock=Effort(**clock) if clock else Effort(),
        )
        sessions.append(session)
    return sessions


def _grouped(
    rows: Iterable[tuple[Any, ...]], make: Callable[[tuple[Any, ...]], _T]
) -> defaultdict[int, list[_T]]:
    """`make(row without its journal)` by journal."""
    groups: defaultdict[int, list[_T]] = defaultdict(list)
    for number, *row in rows:
        groups[number].append(make(tuple(row)))
    return groups


def _feedback(row: tuple[Any, ...]) -> Feedback:
    seq, about, round_, text, kinds, effort, author, code, author_model = row
    return Feedback(seq, about, round_, text, tuple(kinds), Effort(**effort), author, code, author_model)


def _edit(row: tuple[Any, ...]) -> Edit:
    seq, program, round_, effort = row
    return Edit(seq, program, round_, Effort(**effort))
