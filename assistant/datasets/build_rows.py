"""All the rows of one problem: its sessions read, judged by the rules, shown to every format, cleaned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.core.errors import AssistantError
from assistant.core.problem import Problem
from assistant.datasets.exported_session import DIALOGUE, Program, Session, fold
from assistant.datasets.formats.all import export_format
from assistant.datasets.formats.base import Format
from assistant.datasets.options import Rules
from assistant.datasets.parquet_shards import encoded
from assistant.datasets.pii import Finding, redact
from assistant.datasets.provenance import Place
from assistant.datasets.session_view import Row, View, passed
from assistant.journal.consent import Answer
from assistant.journal.fast_validation import NOT_ASKED, LeftOut, judge, judge_strictly
from assistant.journal.reader import load_bytes

SKIPPED = NOT_ASKED - {"consent_given", "test_added", "test_removed"}
_CLEANED = (
    "messages", "task", "wrong", "feedback", "better", "prompt", "completion", "completions", "chosen", "rejected",
    "code", "answer",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What is the same for every problem."""

    rules: Rules
    formats: tuple[str, ...]
    consent: Mapping[str, Answer]
    """Last answers given outside sessions, by annotator."""


@dataclass(frozen=True)
class Task:
    """One problem's journals, in order of their sessions."""

    place: Place
    paths: tuple[Path, ...]
    plan: Plan


@dataclass(frozen=True)
class Solving:
    """How one session went: rounds of the first program right by visible tests, and by all; -1 for none."""

    problem: str
    """Its hash: sessions on the same problem are alike."""
    rounds: int
    visible: int
    whole: int
    answered: bool
    """Whether the model answered any feedback at all; some imported sessions hold only a person's own fix."""


@dataclass
class Made:
    """What came of a task."""

    split: str
    tables: dict[str, Any] = field(default_factory=dict)
    """By format, an Arrow table."""
    sessions: Counter[str] = field(default_factory=Counter)
    """Why sessions are in or out."""
    rows: dict[str, Counter[str]] = field(default_factory=dict)
    """By format: rows kept, duplicates, conflicts."""
    programs: Counter[str] = field(default_factory=Counter)
    """Why programs are out."""
    findings: list[Finding] = field(default_factory=list)
    solving: list[Solving] = field(default_factory=list)
    annotators: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)
    licences: set[str] = field(default_factory=set)
    consents: set[str] = field(default_factory=set)
    speakers: set[str] = field(default_factory=set)
    left_out: list[LeftOut] = field(default_factory=list)
    samples: dict[str, list[Row]] = field(default_factory=dict)
    tips: list[str] = field(default_factory=list)


def make(task: Task) -> Made:
    """The rows of one problem. Never raises for what is in a journal."""
    made, plan = Made(task.place.split), task.plan
    views: list[View] = []
    for session in _sessions(task, made):
        why = _why_not(session, plan)
        made.sessions[why or "exported"] += 1
        if not why:
            views.append(View(session, plan.rules))
            _account(views[-1], made)
    for name in plan.formats:
        rows = list(_cleaned(_once(export_format(name), views, task.place, made), views, plan.rules))
        made.samples[name] = rows[:3]
        if rows:
            made.tables[name] = encoded(export_format(name), rows)
    return made


_PROBLEMS: dict[str, Problem] = {}


def _sessions(task: Task, made: Made) -> Iterator[Session]:
    for path in task.paths:
        journal = judge(0, path, SKIPPED)
        if isinstance(journal, LeftOut):
            made.left_out.append(journal)
            continue
        try:
            if len(_PROBLEMS) > 256:
                _PROBLEMS.clear()
            yield fold(journal.lines, journal.tip, _PROBLEMS)
        except (KeyError, TypeError, ValueError, AttributeError):
            made.left_out.append(_strictly(path))


def _strictly(path: Path) -> LeftOut:
    """What is wrong with a journal whose chain holds, though its events do not."""
    try:
        judged = judge_strictly(0, path, load_bytes(path), SKIPPED)
    except AssistantError as error:
        return LeftOut(path, "unreadable", str(error))
    return judged if isinstance(judged, LeftOut) else LeftOut(path, "event", "its events do not fit together")


def _why_not(session: Session, plan: Plan) -> str:
    """Why a session is not exported; empty where it is."""
    wanted = plan.rules.origin
    if session.origin == "mixed":
        return "mixes words of people and of models"
    if session.origin != wanted:
        return f"origin {session.origin}"
    if session.end == "bad_task":
        return "the person said the task is wrong"
    return _without_consent(session, plan.consent)


def _without_consent(session: Session, ledger: Mapping[str, Answer]) -> str:
    """Imported journals carry their dataset's licence; other feedback is exported only with consent.

    A yes in the ledger counts without a consent question, and after an older refusal.
    """
    given = ledger.get(session.header["annotator"])
    if given is not None and given.answer == "withdrawn":
        return "withdrawn"
    if session.header["imported_from"]:
        return ""
    if session.consent:
        return ""
    if given is not None and given.time[:19] >= session.consent_time[:19]:
        session.consents.add(f"{given.version} ({given.text_sha256[:12]})")
        return ""
    return "nobody was asked for consent" if session.consent is None else "consent refused"


def _account(view: View, made: Made) -> None:
    """What the card says of a session that is exported."""
    session, header = view.session, view.session.header
    made.annotators.add(header["annotator"])
    made.models.add(header["model"]["name"])
    made.speakers.add(session.speaker)
    made.licences.add(header["problem"]["licence"])
    made.tips.append(session.tip)
    made.consents |= session.consents
    made.findings += view.personal
    made.programs += Counter(why for p in session.programs if (why := view.why_not(p)))
    dialogue = [p for p in session.programs if _counts(session, p)]
    if any(p.round == 0 for p in dialogue):
        seen = [p.interventions for p in dialogue if passed(p.visible)]
        whole = [
            p.interventions for p in dialogue if passed(p.visible) and (p.hidden is None or passed(p.hidden))
        ]
        made.solving.append(
            Solving(
                header["problem_sha256"],
                max(header["settings"]["rounds"], *(p.interventions for p in dialogue)),
                min(seen, default=-1),
                min(whole, default=-1),
                any(p.round for p in dialogue),
            )
        )


def _counts(session: Session, program: Program) -> bool:
    """Whether a solve rate counts it, as `assistant analyze` does: complete, judged, made by words alone."""
    judged = program.visible is not None or program.code is None
    return program.arm in DIALOGUE and program.complete and judged and not _mended(session, program)


def _mended(session: Session, program: Any) -> bool:
    return any(step.edited for step in session.path(program))


def _once(format_: Format, views: Sequence[View], place: Place, made: Made) -> Iterator[Row]:
    """The format's rows without duplicates; equal rows with different labels contradict, and none is kept."""
    count = made.rows.setdefault(format_.name, Counter())
    rows = list(format_.make(views, place))
    if not views or views[0].rules.duplicates == "keep" or not format_.learned:
        count["rows"] += len(rows)
        yield from rows
        return
    first: dict[str, Row] = {}
    conflicts: set[str] = set()
    for row in rows:
        key = format_.key(row)
        if key in first and first[key].get("label") != row.get("label"):
            conflicts.add(key)
        count["duplicates"] += key in first
        first.setdefault(key, row)
    count["contradictions"] += len(conflicts)
    count["rows"] += len(first) - len(conflicts)
    yield from (row for key, row in first.items() if key not in conflicts)


def _cleaned(rows: Iterator[Row], views: Sequence[View], rules: Rules) -> Iterator[Row]:
    """Rows with personal data replaced, where the rules say so."""
    findings = {view.session.id: view.personal for view in views if view.personal}
    for row in rows:
        found = [*findings.get(row["session"], ()), *findings.get(row.get("rejected_session", ""), ())]
        if found and rules.personal == "redact":
            clean = {name: redact(row[name], found) for name in _CLEANED if name in row}
            row = {**row, **clean, "redacted": any(clean[name] != row[name] for name in clean)}
        yield row
