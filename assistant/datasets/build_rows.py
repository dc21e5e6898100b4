"""All the rows of one problem: its sessions read, judged by the rules, shown to every format, cleaned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from assistant.core.problem import Problem
from assistant.datasets.formats.base import Format, export_format
from assistant.datasets.importers.base import importers
from assistant.datasets.languages import language_of
from assistant.datasets.options import Rules
from assistant.datasets.parquet_shards import encoded
from assistant.datasets.pii import PersonalData, redact
from assistant.datasets.provenance import Place
from assistant.datasets.session_view import Row, SessionView, export_origin
from assistant.journal.consent import ConsentAnswer
from assistant.journal.fast_validation import LeftOut
from assistant.journal.load import read_session
from assistant.journal.records import SessionRecord

_CLEANED = (
    "messages", "task", "wrong", "feedback", "better", "prompt", "completion", "completions", "chosen", "rejected",
    "code", "answer", "privileged_context", "privileged_context_with_cases", "privileged_context_with_program",
    "after", "reference", "failing_cases", "steps",
)  # fmt: skip


@dataclass(frozen=True)
class RowPlan:
    """What is the same for every problem."""

    rules: Rules
    formats: tuple[str, ...]
    consent: Mapping[str, ConsentAnswer]
    """Last answers given outside sessions, by annotator."""


@dataclass(frozen=True)
class Task:
    """One problem's journals, in order of their sessions."""

    place: Place
    paths: tuple[Path, ...]
    plan: RowPlan


@dataclass(frozen=True)
class Solving:
    """How one session went: feedbacks before the first program that passes the visible tests, and whether the hidden
    ones agree; -1 for none."""

    problem: str
    """Its hash: sessions on the same problem are alike."""
    rounds: int
    visible: int
    whole: int
    answered: bool
    """Whether the model answered any feedback at all; some imported sessions hold only a person's own fix."""


@dataclass
class ExportTotals:
    """What is counted over sessions, those of one problem or all."""

    sessions: Counter[str] = field(default_factory=Counter)
    """`exported`, and why others are not."""
    programs: Counter[str] = field(default_factory=Counter)
    """Why programs of exported sessions make no row."""
    findings: list[PersonalData] = field(default_factory=list)
    solving: list[Solving] = field(default_factory=list)
    annotators: set[str] = field(default_factory=set)
    people: set[tuple[str, str]] = field(default_factory=set)
    """Study and annotator of exported sessions."""
    models: set[str] = field(default_factory=set)
    licences: set[str] = field(default_factory=set)
    consents: set[str] = field(default_factory=set)
    speakers: set[str] = field(default_factory=set)
    """Whose words they are."""
    sources: set[str] = field(default_factory=set)
    """Of the problems."""
    languages: Counter[str] = field(default_factory=Counter)
    """Sessions by the language of the words in them; `""` where they are too few to tell."""
    days: set[str] = field(default_factory=set)
    """On which sessions began, `YYYY-MM-DD`."""
    left_out: list[LeftOut] = field(default_factory=list)
    tips: list[str] = field(default_factory=list)

    def count(self, other: ExportTotals) -> None:
        """Take in what was counted elsewhere."""
        for item in fields(ExportTotals):
            mine = getattr(self, item.name)
            (mine.extend if isinstance(mine, list) else mine.update)(getattr(other, item.name))


@dataclass(kw_only=True)
class Made(ExportTotals):
    """What came of a task."""

    split: str
    tables: dict[str, Any] = field(default_factory=dict)
    """By format, an Arrow table."""
    rows: dict[str, Counter[str]] = field(default_factory=dict)
    """By format: rows kept, duplicates, conflicts."""
    samples: dict[str, list[Row]] = field(default_factory=dict)


def make(task: Task) -> Made:
    """The rows of one problem. Never raises for what is in a journal."""
    made, plan = Made(split=task.place.split), task.plan
    views: list[SessionView] = []
    for session in _sessions(task, made):
        why = _why_not(session, plan.rules.origin) or _without_consent(session, plan.consent)
        made.sessions[why or "exported"] += 1
        if not why:
            views.append(SessionView(session, plan.rules))
            made.consents |= _agreed(session, plan.consent)
            _account(views[-1], made)
    for name in plan.formats:
        rows = list(_cleaned(_once(export_format(name), views, task.place, made), views, plan.rules))
        made.samples[name] = rows[:3]
        if rows:
            made.tables[name] = encoded(export_format(name), rows)
    return made


_PROBLEMS: dict[str, Problem] = {}


def _problem_of(sha: str, record: dict[str, Any]) -> Problem:
    """The problem of a journal, made once for the many journals on it."""
    if sha not in _PROBLEMS:
        if len(_PROBLEMS) > 256:
            _PROBLEMS.clear()
        _PROBLEMS[sha] = Problem.model_validate(record)
    return _PROBLEMS[sha]


def _sessions(task: Task, made: Made) -> Iterator[SessionRecord]:
    for path in task.paths:
        judged, session = read_session(path, _problem_of, content=True)
        if isinstance(judged, LeftOut):
            made.left_out.append(judged)
        elif session is not None:
            yield session


def _why_not(session: SessionRecord, wanted: str) -> str:
    """Why a session is not exported where feedback of the origin `wanted` is; empty where it may be."""
    origin = export_origin(session)
    if origin == "mixed":
        return "mixes words of people and of models"
    if session.given:
        return "begins with a person's own function"
    if origin != wanted:
        return f"origin {origin}"
    return "the person said the task is wrong" if session.end == "bad_task" else ""


def _without_consent(session: SessionRecord, ledger: Mapping[str, ConsentAnswer]) -> str:
    """Imported datasets carry a licence; other feedback, imported logs of one's own too, needs consent.

    A yes in the ledger counts without a consent question, and after an older refusal.
    """
    given, own = ledger.get(session.annotator), session.consent
    if given is not None and given.answer != "granted":
        return "withdrawn" if given.answer == "withdrawn" else "consent refused"
    if _is_licensed(session) or (own is not None and own.granted) or _agreed_outside(session, ledger):
        return ""
    return "nobody was asked for consent" if own is None else "consent refused"


def _is_licensed(session: SessionRecord) -> bool:
    """Whether it was imported from data that somebody published; logs of people's own carry no licence."""
    return bool(session.imported_from) and _licence_of(session.imported_from) != ""


@cache
def _licence_of(dataset: str) -> str:
    """The licence of an imported dataset; `unknown` where its importer is not installed."""
    importer = importers().get(dataset)
    return "unknown" if importer is None else importer.licence


def _agreed_outside(session: SessionRecord, ledger: Mapping[str, ConsentAnswer]) -> str:
    """The consent text that was agreed to outside the session, where that answer is the one that counts."""
    given, own = ledger.get(session.annotator), session.consent
    if given is None or _is_licensed(session) or (own is not None and own.granted):
        return ""
    late = own is None or given.time[:19] >= own.time[:19]
    return f"{given.version} ({given.text_sha256[:12]})" if late else ""


def _agreed(session: SessionRecord, ledger: Mapping[str, ConsentAnswer]) -> set[str]:
    """Versions of the consent texts that were agreed to, with the start of their hash."""
    return {*(session.consent.agreed if session.consent else ()), _agreed_outside(session, ledger)} - {""}


def _account(view: SessionView, made: Made) -> None:
    """What the card says of a session that is exported."""
    session = view.session
    made.annotators.add(session.annotator)
    made.people.add((session.study, session.annotator))
    made.models.add(session.model)
    made.speakers.add(session.speaker)
    made.licences.add(session.problem.licence)
    made.sources.add(session.problem.source)
    made.languages[
        language_of(" ".join(given.text for given in session.feedback) or session.problem.text)
    ] += 1
    made.days |= {session.began[:10]} - {""}
    made.tips.append(session.tip)
    made.findings += view.personal
    made.programs += Counter(why for p in session.programs if (why := view.why_not(p)))
    if session.is_answered:
        made.solving.append(_solving(session))


def _solving(session: SessionRecord) -> Solving:
    """How an answered session went, as `assistant analyze` counts it."""
    solve = session.solve
    after = session.interventions(solve) if solve else -1
    whole = after if solve and not solve.false_solve else -1
    answered = any(p.round for p in session.dialogue)
    return Solving(session.problem_sha256, session.effective_rounds, after, whole, answered)


def _once(format_: Format, views: Sequence[SessionView], place: Place, made: Made) -> Iterator[Row]:
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


def _cleaned(rows: Iterator[Row], views: Sequence[SessionView], rules: Rules) -> Iterator[Row]:
    """Rows with personal data replaced, where the rules say so."""
    findings = {view.session.id: view.personal for view in views if view.personal}
    for row in rows:
        found = [*findings.get(row["session"], ()), *findings.get(row.get("rejected_session", ""), ())]
        if found and rules.personal == "redact":
            clean = {name: redact(row[name], found) for name in _CLEANED if name in row}
            row = {**row, **clean, "redacted": any(clean[name] != row[name] for name in clean)}
        yield row
