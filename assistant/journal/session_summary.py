"""One session in a line: what a list of sessions shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from assistant.core.errors import JournalError
from assistant.core.events import ClockChanged, DraftSaved, EndReason, Event, ScratchCalled, is_final
from assistant.core.problem import FrozenModel
from assistant.core.state import replay
from assistant.journal.reader import Recording, read_journal

SessionState = EndReason | Literal["open", "unreadable"]


class SessionSummary(FrozenModel):
    """What is worth knowing about a session without opening it."""

    id: str
    path: Path
    started: str = ""
    """Wall clock of the first event, ISO 8601 UTC; empty when unreadable."""
    problem: str = ""
    problem_sha256: str = ""
    source: str = ""
    model: str = ""
    annotator: str = ""
    study: str = ""
    study_sha256: str = ""
    answered: tuple[str, ...] = ()
    """Questions of the study that were answered or skipped."""
    consents: int = 0
    """How many answers about consent it holds."""
    rounds: int = 0
    """Round of the current program: how many feedbacks led to it."""
    feedbacks: int = 0
    state: SessionState = "open"
    false_solve: bool = False
    """Passes the visible tests and fails a hidden one; shown only once the session has ended."""
    by_words: bool = False
    """Solved by feedback alone: after some of it, with no edit by hand and no further draw on the way."""
    active_seconds: float = 0.0
    """The person's own time: reading, typing, editing."""
    events: int = 0
    went_on: bool = False
    """The person went on after its end, beyond the experiment; nothing here counts that."""
    torn: bool = False
    """Whether its last line was cut off (it is set aside when the session is resumed)."""
    imported_from: str = ""
    trouble: str = ""
    """Why it is unreadable, in one line."""

    @property
    def resumable(self) -> bool:
        """Whether the person can go on with it."""
        return not is_final(self.state)


def summarize(path: Path) -> SessionSummary:
    """The summary of the journal at `path`; never raises for what is in the file."""
    try:
        return summary_of(read_journal(path))
    except JournalError as error:
        return SessionSummary(id=path.stem, path=path, state="unreadable", trouble=str(error))


def _that_matter(events: Sequence[Event]) -> list[Event]:
    """The events without those that no summary uses: drafts, calls, readings of the clock but the last."""
    clock = next((event for event in reversed(events) if isinstance(event, ClockChanged)), None)
    return [
        event
        for event in events
        if not isinstance(event, DraftSaved | ScratchCalled | ClockChanged) or event is clock
    ]


def summary_of(recording: Recording) -> SessionSummary:
    """The summary of a journal that was read. Raises `JournalError` where its events make no session."""
    try:
        whole = replay(_that_matter(recording.events))
        state = whole.of_experiment
        table = state.current_program
    except (KeyError, ValueError) as error:
        raise JournalError(
            f"{recording.path}: its events do not fit together ({error}); see `assistant verify`"
        ) from None
    header = state.started
    if header is None:
        raise JournalError(f"{recording.path}, line 1: not the start of a session")
    return SessionSummary(
        id=header.session,
        path=recording.path,
        started=recording.stamps[0].time,
        problem=header.problem.id,
        problem_sha256=header.problem_sha256,
        source=header.problem.source,
        model=header.model.name,
        annotator=header.annotator,
        study=header.study.name if header.study else "",
        study_sha256=header.study.sha256 if header.study else "",
        answered=state.answered,
        consents=len(state.consents),
        rounds=state.round,
        feedbacks=state.feedback_count,
        state=state.ended.reason if state.ended else "open",
        false_solve=state.is_over and table is not None and table.false_solve,
        by_words=state.solved
        and state.round > 0
        and all(p.arm == "human" and not p.edited for p in state.path(state.current)),
        active_seconds=state.total_effort.active,
        events=len(recording.events),
        went_on=whole.beyond,
        torn=bool(recording.torn),
        imported_from=header.imported_from,
    )
