"""Content of the session screen's panes, from the screen's state. Panes are updated only here."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual.widget import Widget

from assistant.core.state import Program
from assistant.core.state_labels import round_name
from assistant.tui.feedback_suggestions import proposed_kinds
from assistant.tui.screen_state import Phase
from assistant.tui.test_rows import verdicts_of
from assistant.tui.view_model import (
    answer_of,
    code_of,
    code_text,
    code_title,
    doing_word,
    speed_of,
    stream_code,
    writing_word,
)
from assistant.tui.widgets.code_view import CodeView
from assistant.tui.widgets.diff_view import Comparison, DiffView
from assistant.tui.widgets.feedback_box import FeedbackBox
from assistant.tui.widgets.problem_pane import ProblemPane
from assistant.tui.widgets.status_line import Status, StatusLine
from assistant.tui.widgets.timeline import Timeline, samples_of, timeline_of
from assistant.tui.widgets.verdict_table import VerdictTable

if TYPE_CHECKING:
    from assistant.tui.screens.session.screen import SessionScreen


def present(screen: SessionScreen) -> None:
    """Hand every pane its value."""
    state, looked_at = screen.state, screen.view.program
    screen.query_one(ProblemPane).problem = state.problem
    screen.set_class(screen.phase is Phase.ENDED, "-ended")
    screen.set_class(bool(screen.query_one(FeedbackBox).text.strip()), "-words")
    _leave_hidden_box(screen)
    screen.query_one("#timeline", Timeline).strip = timeline_of(
        state, looked_at, tell_hidden=tells_hidden(screen)
    )
    screen.query_one("#samples", Timeline).strip = samples_of(state, looked_at)
    _present_code(screen)
    _present_diff(screen)
    present_status(screen)
    present_kinds(screen)


def _leave_hidden_box(screen: SessionScreen) -> None:
    """An ended session offers nothing to send: the focus goes from the box, which is not shown, to the code."""
    hidden = screen.phase is Phase.ENDED and not screen.has_class("-words")
    if hidden and isinstance(screen.focused, FeedbackBox):
        screen.query_one(CodeView).focus()


def tells_hidden(screen: SessionScreen) -> bool:
    """Whether the hidden tests' verdicts may be shown: the session is over, and no study keeps them."""
    study, started = screen.app.study, screen.state.started
    kept = not study.lesson if study is not None else started is not None and started.study is not None
    return screen.state.is_over and not kept


def _present_code(screen: SessionScreen) -> None:
    view, table = screen.query_one(CodeView), screen.query_one(VerdictTable)
    if screen.phase is Phase.WRITING and screen.view.program is None:
        view.code = stream_code(screen.conductor.stream.text(), whole=screen.view.whole)
        view.border_title = "Code"
        table.verdicts = verdicts_of(screen.state, None)
    else:
        whole = screen.view.whole
        view.code = answer_of(screen.shown) if whole else code_of(screen.shown, screen.phase)
        view.border_title = code_title(screen.state, screen.shown, whole=whole)
        table.verdicts = verdicts_of(screen.state, screen.shown, tell_hidden=tells_hidden(screen))


def _present_diff(screen: SessionScreen) -> None:
    base, shown = screen.view.base, screen.shown
    comparing = base is not None and shown is not None
    if base is not None and shown is not None:
        old = screen.state.program(base)
        view = screen.query_one(DiffView)
        view.comparison = Comparison(code_text(old), code_text(shown), _name(old), _name(shown))
    screen.query_one(DiffView).display = comparing
    screen.set_class(comparing, "-diff")


def _name(program: Program) -> str:
    sample = f", sample {program.sample + 1}" if program.sample else ""
    return f"{round_name(program.round)}{' (edited)' if program.edited else ''}{sample}"


def next_diff_base(screen: SessionScreen) -> str | None:
    """The next earlier program to compare with: the parent first, then the others, then none."""
    shown = screen.shown
    if shown is None:
        return None
    earlier = [p for p in screen.state.human_programs if p.turn < shown.turn and p.complete]
    earlier.sort(key=lambda p: (p.id == shown.parent, p.turn, -p.sample), reverse=True)
    ids = [program.id for program in earlier]
    if screen.view.base is None:
        return ids[0] if ids else None
    following = ids[ids.index(screen.view.base) + 1 :] if screen.view.base in ids else []
    return following[0] if following else None


def present_status(screen: SessionScreen) -> None:
    """The status line; called on the beat too."""
    services, state, phase = screen.app.services, screen.state, screen.phase
    preparing = phase is Phase.GETTING_READY
    working = phase.working and not (preparing and screen.app.model_error)
    doing = doing_word(phase, state, screen.view.program, screen.app.model_error)
    if phase is Phase.WRITING:
        stopping = screen.conductor.stopping
        doing = "stopping" if stopping else writing_word(screen.conductor.stream.text())
    screen.query_one(StatusLine).status = Status(
        doing=doing,
        warning=services.warning,
        working=working,
        seconds=time.monotonic() - screen.phase_since if working and not preparing else None,
        model=services.model,
        model_name=services.launch.model_name,
        progress=screen.app.progress if preparing else None,
        round=state.round,
        rounds=state.settings.rounds,
        speed=speed_of(state),
        beat=screen.beats // 3,
    )


def present_beat(screen: SessionScreen) -> None:
    """Text that has come since the last beat, and the moving parts of the status line."""
    stream = screen.conductor.stream
    new = stream.version != screen.seen_version
    if screen.phase is Phase.WRITING and screen.view.program is None and new:
        screen.seen_version = stream.version
        screen.query_one(CodeView).code = stream_code(stream.text(), whole=screen.view.whole)
    if screen.beats % 3 == 0:
        present_status(screen)


def present_kinds(screen: SessionScreen) -> None:
    """Tags of the words in the box, or those that they suggest."""
    box = screen.query_one(FeedbackBox)
    box.set_class(screen.phase in (Phase.YOUR_TURN, Phase.STOPPED), "-your-turn")
    labels = " · ".join(screen.kinds) or _proposed_labels(screen, box.text)
    narrow = screen.has_class("-narrow")  # there the frame has no lower edge
    box.border_title = f"{box.BORDER_TITLE}  {labels}".rstrip() if narrow else box.BORDER_TITLE
    box.border_subtitle = "" if narrow else labels


def _proposed_labels(screen: SessionScreen, words: str) -> str:
    proposed = proposed_kinds(words) if screen.app.preferences.propose_kinds else ()
    return "Ctrl+T labels: " + ", ".join(f"{kind}?" for kind in proposed) if proposed else ""


def resize_focused(screen: SessionScreen, rows: int) -> None:
    """Make the focused pane larger or smaller; the code pane gets what the verdicts lose."""
    pane: Widget | None = screen.focused
    if isinstance(pane, CodeView | DiffView) or pane is None:
        pane, rows = screen.query_one(VerdictTable), -rows
    height = max(3, min(pane.outer_size.height + rows, screen.size.height - 12))
    pane.styles.height = height


def toggle_folds(screen: SessionScreen) -> None:
    """Let long lines of code and tests go on below, or cut them at the edge."""
    panes = screen.query_one(CodeView), screen.query_one(VerdictTable)
    folds = not panes[0].folds
    for pane in panes:
        pane.folds = folds
