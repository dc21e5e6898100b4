"""The panes of the session screen: where they are, what they show, and the keys that only change what is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import Key
from textual.screen import Screen
from textual.widgets import Footer, TextArea

from assistant.core.state import State
from assistant.tui import clipboard
from assistant.tui.key_names import first_key
from assistant.tui.screen_state import EXPLAINED, Phase, possible, refusal
from assistant.tui.screens.session.editing import EditingPanel
from assistant.tui.screens.session.feedback import FeedbackPanel
from assistant.tui.screens.session.live_session import LiveSession
from assistant.tui.screens.session.programs import ProgramsPanel
from assistant.tui.screens.session.status import StatusPanel
from assistant.tui.widgets.feedback_box import FeedbackBox
from assistant.tui.widgets.key_footer import KeyFooter
from assistant.tui.widgets.problem_pane import ProblemPane
from assistant.tui.widgets.too_small import TooSmall

if TYPE_CHECKING:
    from assistant.tui.context import AppContext


class SessionLayout(Screen[None]):
    """Shows `live`. Nothing here changes the session: that is `SessionScreen`'s."""

    AUTO_FOCUS = "#feedback"
    app: AppContext

    def __init__(self, live: LiveSession) -> None:
        super().__init__()
        self.live = live
        self.problem_pane = ProblemPane(id="problem")
        self.programs = ProgramsPanel()
        self.editing = EditingPanel()
        self.feedback = FeedbackPanel()
        self.status = StatusPanel()
        self.phase = Phase.GETTING_READY
        """As it was last shown."""

    def compose(self) -> ComposeResult:
        with Horizontal(id="top"):
            yield self.problem_pane
            with Vertical(id="code-side"):
                yield self.programs.samples
                yield self.programs.code
                yield self.programs.diff
                yield self.editing.editor
        yield self.programs.timeline
        yield self.programs.verdicts
        yield self.feedback.box
        yield self.status.line
        yield KeyFooter()
        yield TooSmall()

    @property
    def state(self) -> State:
        """The session's state as last heard."""
        return self.live.state

    @property
    def recorded_state(self) -> State:
        """The state in the journal, with what was recorded in the background since the session last spoke."""
        session = self.live.session
        return session.state if session is not None else self.state

    @property
    def may_go_on(self) -> bool:
        """Whether the session has ended and the person may go on, beyond the experiment."""
        return self.live.phase is Phase.ENDED and not self.live.read_only and self.state.may_go_on

    def phase_now(self) -> Phase:
        """The current phase, which may not be shown yet."""
        return self.live.phase

    @property
    def on_top(self) -> bool:
        """Whether no other screen lies over this one."""
        return self.app.screen is self

    @property
    def typing_field(self) -> TextArea:
        """Where letters go that are typed while a pane has the focus."""
        return self.editing.editor if self.editing.is_open else self.feedback.box

    def keep_draft_text(self, text: str) -> None:
        """Words that were typed on, while something else came on top."""
        self.feedback.append(text)
        self.add_class("-words")

    # Showing.

    def present(self) -> None:
        """Hand every pane its value."""
        before, self.phase = self.phase, self.live.phase
        if before is not self.phase:
            self.live.wait(self.phase.working)
            self.status.phase_changed(before, self.phase)
        self.problem_pane.problem = self.state.problem
        self._set_classes()
        self.programs.show(
            self.state,
            self.phase,
            self.live.stream,
            tell_hidden=self._tells_hidden(),
            known=self._known_program(),
        )
        self.present_status()
        self.feedback.show(self.phase)
        self._share_height()
        self.refresh_bindings()

    def on_mount(self) -> None:
        self.screen_layout_refresh_signal.subscribe(self, lambda _: self._share_height())

    def on_descendant_focus(self) -> None:
        self._share_height()

    def _share_height(self) -> None:
        """Tell the panes of programs how many lines the others leave them."""
        narrow = self.has_class("-narrow")
        others = (self.programs.timeline, self.feedback.box, self.status.line, self.query_one(Footer))
        taken = sum(pane.outer_size.height for pane in others if pane.display)
        problem = self.problem_pane
        beside = 0 if narrow or not problem.display else problem.virtual_size.height
        above = problem.outer_size.height if narrow and problem.display else 0
        size = next((name for name in ("-low", "-narrow") if self.has_class(name)), "-wide")
        self.programs.share_height(
            self.size.height - taken - above, size, beside=beside, editing=self.editing.is_open
        )

    def present_status(self) -> None:
        """The status line alone."""
        looked_at = self.programs.view.program
        offer = self.programs.offer(self.state)
        self.status.show(self.live, self.phase, looked_at, offer=offer, tell_hidden=self._tells_hidden())

    def present_beat(self) -> None:
        """Text that has come since the last beat, and the moving parts of the status line."""
        if self.phase.working:
            self.programs.show_new_text(self.phase, self.live.stream)
            self.status.beat(self.live, self.phase, self.programs.view.program)

    def _set_classes(self) -> None:
        """What the stylesheet hides; an ended session offers nothing to send, so that the focus leaves the box."""
        self.set_class(self.phase is Phase.ENDED, "-ended")
        self.set_class(self.feedback.has_text, "-words")
        self.set_class(self.programs.comparing(self.state), "-diff")
        self.set_class(self.editing.is_open, "-editing")
        hidden = self.phase is Phase.ENDED and not self.feedback.has_text
        if hidden and isinstance(self.focused, FeedbackBox):
            self.programs.code.focus()

    def _tells_hidden(self) -> bool:
        """Whether the hidden tests' verdicts may be shown: the session is over, and no study keeps them."""
        return self.state.is_over and self._has_lesson()

    def _known_program(self) -> str | None:
        """The program whose hidden verdict the person knows from an end that they went on after."""
        return self.state.closed_on if self._has_lesson() else None

    def _has_lesson(self) -> bool:
        study, started = self.app.study, self.state.started
        return study.lesson if study is not None else started is None or started.study is None

    # Keys that change what is shown.

    def action_earlier(self) -> None:
        self.programs.point(-1)

    def action_later(self) -> None:
        self.programs.point(1)

    def action_diff(self) -> None:
        self.programs.compare(self.state)
        self.present()

    def action_whole_answer(self) -> None:
        self.programs.toggle_whole()
        self.present()

    def action_copy_code(self) -> None:
        clipboard.copy_code(self.app, self.programs.code.code.text)

    def action_save_code(self) -> None:
        program = self.programs.shown(self.state)
        solved = program is not None and program.solved
        clipboard.save_code(self.app, self.programs.code.code.text, self.state.problem, solved=solved)

    def action_grow(self) -> None:
        self.programs.resize(self.focused, 2)

    def action_shrink(self) -> None:
        self.programs.resize(self.focused, -2)

    def action_wrap(self) -> None:
        self.programs.toggle_folds()

    def action_fold(self) -> None:
        self.toggle_class("-folded")

    # Keys that are not possible now.

    def _go_on_key(self) -> str:
        return first_key("work.go_on", self.app.preferences.keys)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what is possible now is offered."""
        if not self.app.permits(action):
            return False
        if action == "stop" and not isinstance(self.focused, FeedbackBox):
            return True
        if action == "again" and self.phase is Phase.GETTING_READY:
            return bool(self.app.model_error)
        if action == "go_on":
            return self.may_go_on
        shown, branching = self.programs.shown(self.state), self.state.settings.branching
        may_draw = self.state.started is None or self.state.started.study is None
        view = self.programs.view
        return possible(action, self.phase, shown, view, may_branch=branching, may_draw=may_draw)

    def on_key(self, event: Key) -> None:
        """Say why the action of this key is not possible now; keys of possible actions never come here."""
        own = self._bindings.copy()
        own.apply_keymap(self.app._keymap)
        for binding in own.key_to_bindings.get(event.key, ()):
            if binding.action in EXPLAINED and not self.check_action(binding.action, ()):
                branching = self.state.settings.branching
                words = refusal(binding.action, self.phase, self.programs.view, may_branch=branching)
                if self.may_go_on:
                    words = f"this session has ended: {self._go_on_key()} goes on, beyond the experiment"
                self.notify(words, severity="warning")
                event.stop()
                return
