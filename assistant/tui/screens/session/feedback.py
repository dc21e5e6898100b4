"""Feedback of the person: sending, drafts, quotes, tags."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from assistant.core.events import LiveEvent
from assistant.tui.feedback_suggestions import proposed_kinds, quoted_case, quoted_line
from assistant.tui.screen_state import Phase
from assistant.tui.screens.feedback_tags import KindsScreen
from assistant.tui.screens.session import display
from assistant.tui.session_worker import Step
from assistant.tui.widgets.code_view import CodeView
from assistant.tui.widgets.feedback_box import FeedbackBox
from assistant.tui.widgets.verdict_table import VerdictTable

if TYPE_CHECKING:
    from assistant.session.session import Session
    from assistant.tui.screens.session.screen import SessionScreen

WAYS_TO_END = (("g", "I give up"), ("t", "The task or its tests are wrong"))
DRAFT_AFTER = 1.0
"""Seconds after a key until unsent words are on disk."""


def send(screen: SessionScreen, text: str) -> None:
    """Send the words, or say why it is not the time for them; they stay in the box then."""
    words = text.strip()
    if screen.phase is Phase.STOPPED and (not words or is_pending(screen, words)):
        screen.action_again()
    elif screen.phase is Phase.ENDED:
        screen.notify("this session has ended; Ctrl+L goes back to the problems")
    elif screen.state.current_program is None or screen.conductor.busy:
        screen.notify(f"{screen.phase.value}: your words stay in the box until it is your turn")
    elif not words:
        screen.notify("say what is wrong in a few words, then press Enter")
    else:
        _send(screen, text)


def _send(screen: SessionScreen, words: str) -> None:
    effort, kinds = screen.effort_clock.take(time.monotonic()), screen.kinds
    screen.kinds = ()
    screen.query_one(FeedbackBox).sent()
    screen.choose_looked_at()
    screen.take(lambda session: session.feedback(words, kinds, effort), words)


def is_pending(screen: SessionScreen, words: str) -> bool:
    """These very words wait for an answer already."""
    pending = screen.state.pending_feedback
    return pending is not None and pending.text == words


def forget_pending(screen: SessionScreen) -> None:
    """Empty the box when it holds the words that are asked again."""
    box = screen.query_one(FeedbackBox)
    if is_pending(screen, box.text.strip()):
        box.sent()


def give_back(screen: SessionScreen, returned: str) -> None:
    """Words that no answer followed go back into the box."""
    pending = screen.state.pending_feedback
    words = returned or (pending.text if pending else "") or screen.state.draft
    screen.query_one(FeedbackBox).give_back(words)


def save_draft(screen: SessionScreen) -> None:
    """Put unsent words on disk and let the model read them, in a thread."""
    session, words = screen.conductor.session, screen.query_one(FeedbackBox).text
    if session is not None:
        screen.run_worker(lambda: _keep(session, words), thread=True, group="draft", exit_on_error=False)


def save_clock(screen: SessionScreen) -> None:
    """Put the effort clock's totals on disk, in a thread, where the person has spent time since the last reading."""
    session = screen.conductor.session
    if session is None or not screen.effort_clock.running or screen.state.ended is not None:
        return
    now, before = screen.effort_clock.read(time.monotonic()), session.state.clock
    if now.active + now.waiting > before.active + before.waiting:
        screen.run_worker(lambda: session.clock("read", now), thread=True, group="clock", exit_on_error=False)


def _keep(session: Session, words: str) -> None:
    session.save_draft(words)
    session.prefill(words)


def last_step(screen: SessionScreen) -> Step:
    """What is recorded when the screen is left: unsent words, the clock, and that it was interrupted."""
    draft = screen.query_one(FeedbackBox).text
    effort = screen.effort_clock.read(time.monotonic())

    def step(session: Session) -> Iterator[LiveEvent]:
        if session.state.ended is None:
            session.save_draft(draft)
            session.clock("paused", effort, "left")
            yield from session.end("interrupted")

    return step


def quote_case(screen: SessionScreen) -> None:
    """The chosen failing test, as words."""
    row = screen.query_one(VerdictTable).chosen
    if row is not None:
        screen.query_one(FeedbackBox).add(quoted_case(row))


def quote_line(screen: SessionScreen) -> None:
    """The chosen code line, as words."""
    view = screen.query_one(CodeView)
    if view.rows():
        screen.query_one(FeedbackBox).add(quoted_line(view.line_number, view.line_text(view.line_number)))


def ask_kinds(screen: SessionScreen) -> None:
    """Let the person tag their words."""
    proposed = proposed_kinds(screen.query_one(FeedbackBox).text)

    def chosen(kinds: tuple[str, ...] | None) -> None:
        screen.kinds = kinds or ()
        display.present_kinds(screen)

    screen.app.push_screen(KindsScreen(screen.kinds, proposed), chosen)
