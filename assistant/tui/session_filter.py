"""Filter and order of the session list. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from assistant.core.state_labels import plural
from assistant.tui.text.spans import Line, Piece, displayable

if TYPE_CHECKING:
    from assistant.journal.session_summary import SessionSummary

_LOOKS = {
    "solved": ("✓", "case--passed"),
    "open": ("◐", "line--tag"),
    "interrupted": ("◐", "line--tag"),
    "unreadable": ("!", "case--failed"),
    "gave_up": ("–", "case--failed"),
    "bad_task": ("–", "case--failed"),
}


def matching_sessions(sessions: Iterable[SessionSummary], query: str) -> list[SessionSummary]:
    """Sessions that fit every word: `is:solved`, or a piece of problem, model, annotator, id or date."""
    words = query.lower().split()
    return [session for session in sessions if all(_fits(session, word) for word in words)]


def _fits(session: SessionSummary, word: str) -> bool:
    if word.startswith("is:"):
        wanted = word[3:]
        if wanted and "open".startswith(wanted):
            return session.resumable
        solved = session.state.startswith(wanted) and not is_false(session)
        return solved or state_word(session).replace(" ", "-").startswith(wanted)
    text = f"{session.id} {session.problem} {session.model} {session.annotator} {session.started} {session.study}"
    return word in text.lower()


def session_line(session: SessionSummary) -> Line:
    """One line of the library of sessions."""
    mark, look = ("≈", "line--tag") if is_false(session) else _LOOKS.get(session.state, ("✗", "case--failed"))
    rounds = plural(session.feedbacks, "round") if session.feedbacks else "no feedback"
    return (
        Piece(f" {mark} ", look),
        Piece(f"{when(session.started):<17}", "line--note"),
        Piece(f"{displayable(session.problem or session.path.name)[:24]:<25}", "line--strong"),
        Piece(f"{state_word(session):<16}"),
        Piece(f"{rounds:<13}"),
        Piece(f"{minutes(session.active_seconds):>7}  ", "line--note"),
        Piece(f"{displayable(session.annotator)[:13]:<14}", "line--note"),
        Piece(displayable(session.trouble or session.model), "line--note"),
    )


def is_false(session: SessionSummary) -> bool:
    """Passes the visible tests and fails a hidden one; a study may hide that."""
    return session.state == "solved" and session.false_solve and not session.study


def state_word(session: SessionSummary) -> str:
    """How it ended, or that it did not."""
    if is_false(session):
        return "false solve"
    return "given up" if session.state == "gave_up" else session.state.replace("_", " ")


def when(started: str) -> str:
    """`2026-11-23 03:12`, in the person's time zone; empty where unknown."""
    try:
        parsed = datetime.fromisoformat(started.replace("Z", "+00:00"))
    except ValueError:
        return ""
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=UTC)
    return parsed.astimezone().strftime("%Y-%m-%d %H:%M")


def minutes(seconds: float) -> str:
    """`1:05`, or an empty string for nothing."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}" if seconds >= 1 else ""
