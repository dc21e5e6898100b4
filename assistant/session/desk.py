"""An annotator's desk: which problem of the study comes next, under which settings, with whose agreement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.domain import events as ev
from assistant.domain.errors import UsageError
from assistant.domain.problem import Problem
from assistant.session import study as studies
from assistant.session.runner import Session
from assistant.store.library import SessionSummary, list_sessions
from assistant.store.reading import read_journal


@dataclass(frozen=True)
class Assignment:
    """One session that the study wants from this annotator."""

    problem: Problem
    settings: ev.Settings
    info: ev.StudyInfo
    place: int
    """1 for the annotator's first problem."""
    of: int
    unfinished: Path | None = None
    """Journal of the same problem that was interrupted: it is resumed instead."""


@dataclass(frozen=True)
class Desk:
    """A study, its problems, and one annotator working in a folder that others may share."""

    study: studies.Study
    problems: tuple[Problem, ...]
    annotator: str
    folder: Path

    @classmethod
    def open(cls, study: studies.Study, available: Sequence[Problem], annotator: str, folder: Path) -> Desk:
        """Raises UsageError when the source lacks a problem of the study, or the study names others only."""
        if study.annotators and annotator not in study.annotators:
            raise UsageError(
                f"study {study.name} is for {', '.join(study.annotators[:8])}"
                f"{', …' if len(study.annotators) > 8 else ''}, not for {annotator}: say who you are with --annotator"
            )
        return cls(study, tuple(studies.chosen_problems(study, available)), annotator, folder)

    def next(self) -> Assignment | None:
        """What to do now; None when the annotator has been through every problem."""
        own = [s for s in self._sessions() if s.annotator == self.annotator]
        done = [s.problem for s in own if not s.resumable and s.state != "unreadable"]
        problem = studies.next_problem(self.study, self.problems, self.annotator, done)
        if problem is None:
            return None
        condition = studies.condition_of(self.study, self.problems, self.annotator, problem)
        begun = [s for s in own if s.problem == problem.id and s.resumable]
        return Assignment(
            problem=problem,
            settings=studies.settings_for(self.study, problem, self.annotator, condition),
            info=studies.info(self.study, condition),
            place=len(set(done)) + 1,
            of=len(self.problems),
            unfinished=begun[0].path if begun else None,
        )

    def has_changed(self) -> bool:
        """Whether the annotator's latest session in this study was made under another version of its file."""
        own = (s for s in self._sessions() if s.annotator == self.annotator and not s.trouble)
        latest = next(own, None)
        header = read_journal(latest.path).events[0] if latest is not None else None
        return (
            isinstance(header, ev.SessionStarted)
            and header.study is not None
            and (header.study.sha256 != self.study.sha256)
        )

    def consented(self) -> bool | None:
        """The annotator's earlier answer to this version of the consent text; None when it is to be asked."""
        if self.study.consent is None:
            return None
        for summary in self._sessions():
            if summary.annotator == self.annotator and not summary.trouble:
                for event in read_journal(summary.path).events:
                    if isinstance(event, ev.ConsentGiven) and event.version == self.study.consent.version:
                        return event.granted
        return None

    def record_consent(self, session: Session, granted: bool) -> Iterator[ev.LiveEvent]:
        """Every session carries the answer under which it was made."""
        consent = self.study.consent
        if consent is not None and not any(True for _ in self._consents(session)):
            yield session.record(
                ev.ConsentGiven(version=consent.version, text_sha256=consent.sha256, granted=granted)
            )

    def _consents(self, session: Session) -> Iterator[ev.ConsentGiven]:
        for event in read_journal(session.path).events:
            if isinstance(event, ev.ConsentGiven):
                yield event

    def _sessions(self) -> list[SessionSummary]:
        return [s for s in list_sessions(self.folder) if s.study == self.study.name]
