"""The session screen: what the person does, handed to the session, and what the session says, handed to the panes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual._styles_cache import StylesCache
from textual.binding import BindingType

from assistant.core import events as ev
from assistant.core.problem import Problem, Test
from assistant.core.state import State
from assistant.core.state_labels import OUT_OF_TIME, PASSES_ALREADY, passes_already, time_left
from assistant.session import commands as cmd
from assistant.tui.actions import bindings
from assistant.tui.messages import (
    DraftChanged,
    DrawsReady,
    FeedbackSent,
    Happened,
    StepDone,
)
from assistant.tui.screen_state import Phase, is_shown_beside
from assistant.tui.screens.dialogs import ChoiceScreen
from assistant.tui.screens.question import QuestionScreen
from assistant.tui.screens.session.feedback import refusal_to_send
from assistant.tui.screens.session.live_session import LiveSession
from assistant.tui.screens.session.program_actions import ProgramActions
from assistant.tui.widgets.code_view import CodeView
from assistant.tui.widgets.feedback_box import FeedbackBox
from assistant.tui.widgets.verdict_table import VerdictTable

if TYPE_CHECKING:
    from assistant.session.session import Session

BEAT = 1 / 25
"""Seconds between two looks at what is being written: fast enough for the eye, slow enough for the processor."""
CLOCK_EVERY = 10.0
"""Seconds between two readings of the effort clock that are put on disk: a kill loses no more of them."""
TIME_EVERY = 1.0
"""Seconds between two looks at a study's time limit."""
LAST_MINUTES = 2 * 60.0
"""Seconds before the end of a time limit at which the person is told."""
WAYS_TO_END = (("g", "I give up"), ("t", "The task or its tests are wrong"))


class SessionScreen(ProgramActions):
    """One session on one problem. It hands what the person does to the session and shows what the events say."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("work")
    PLACES: ClassVar = ("work", "feedback", "editor")

    def __init__(
        self,
        problem: Problem | None,
        open_session: Callable[[], Session] | None = None,
        state: State | None = None,
        first: Sequence[cmd.AnyCommand] = (),
        journal: Path | None = None,
    ) -> None:
        """Begins with the `first` commands, else with `Start`; without `open_session`, `state` is only looked at.

        `journal` is the file of a session that is looked at; one that has ended is opened once the person goes on.
        """
        live = LiveSession(open_session, state or State(problem=problem), first, self.post_message)
        super().__init__(live, journal)
        self._written_on: str | None = None
        """The program on which the editor was opened for a person who works alone."""
        self._composed = self._summed_up = self._told_of_own = self._going_on = self._asking = False
        self._told_of_time = self._last_run = False

    def on_mount(self) -> None:
        self.editing.hide()
        self.set_interval(BEAT, self.present_beat)
        self.set_interval(CLOCK_EVERY, self._keep_clock)
        self.set_interval(TIME_EVERY, self._keep_time)
        self._composed = True
        self.live.set_clock(self.app.preferences.away_seconds)
        self._begin_if_ready()
        self.present()

    def on_unmount(self) -> None:
        """Let what was drawn go: Textual's lookup of a widget's colours keeps the last 1,024 widgets' lines alive."""
        StylesCache.get_inner_outer.cache_clear()

    @property
    def begun(self) -> bool:
        """The session uses the model, or has used it."""
        return self.live.begun

    # The round loop.

    def _begin_if_ready(self) -> None:
        if self.app.services.model is not None:
            self.begin()

    def begin(self) -> None:
        """The model is ready: start the session, once."""
        if self._composed and self.live.begin():
            self.present()

    @on(Happened)
    def event_happened(self, message: Happened) -> None:
        if not self.live.heard(message):
            return
        match message.event:
            case ev.SessionResumed():
                self.feedback.recall(self.state)
            case ev.GenerationStarted() | ev.ProgramGiven() | ev.CodeEdited() | ev.ProgramChosen():
                self.programs.look_away()
            case ev.GenerationFinished(arm=ev.DRAW) if is_shown_beside(self.state, message.event.program):
                self.programs.look_at(message.event.program, self.state)
            case ev.ScratchCalled() if self._scratch is not None:
                self._scratch.show_result(message.event)
        self.present()

    @on(DrawsReady)
    def draws_ready(self, message: DrawsReady) -> None:
        if self.live.heard(message):
            self.present()

    @on(StepDone)
    def step_done(self, message: StepDone) -> None:
        if not self.live.step_over(message):
            return
        if message.error:
            self.notify(message.error, severity="error", timeout=10, markup=False)
        self.live.typing(self.feedback.has_text)  # words typed ahead, before the session was open
        self.present()
        if self.phase is Phase.ENDED:
            self._show_summary_once()
        elif self.phase is Phase.QUESTIONS:
            self._ask_next()
        elif not self.live.busy:
            self.feedback.give_back(self.state, message.returned)
            if self._going_on:
                self._going_on = False
                self.call_after_refresh(self.feedback.box.focus)
            self._tell_of_own_function()
            self._write_alone()

    def _tell_of_own_function(self) -> None:
        """What a person can do about a function of their own that fails no test, once."""
        table = self.state.current_program
        if self._told_of_own or table is None or not table.given or self.state.settings.person_alone:
            return
        self._told_of_own = True
        if passes_already(self.state):
            self.notify(PASSES_ALREADY, timeout=10)
        elif not self.state.visible_tests():
            self.notify(
                "no test yet: F5 calls your function and makes a test of what it should give", timeout=10
            )

    def _write_alone(self) -> None:
        """Without a model the editor is open whenever it is the person's turn: at the start, and after each run."""
        table, editor = self.state.current_program, self.editing.editor
        if not self.state.settings.person_alone or self.phase is not Phase.YOUR_TURN or table is None:
            return
        self.feedback.box.without_model = True
        if self._written_on != table.id and not self.editing.is_open:
            at = editor.cursor_location if self._written_on is not None else None
            self._written_on = table.id
            self.action_edit()
            editor.move_cursor(editor.document.end if at is None else at)

    def _show_summary_once(self) -> None:
        if not self._summed_up and not self.live.left:
            self._summed_up = True
            self.app.navigator.show_summary(self)

    def _ask_next(self) -> None:
        """The next of a study's questions; again one whose answer could not be recorded. The last lets it end."""
        question = next(iter(self.live.open_questions), None)
        if question is None or self._asking or self.live.busy or self.live.left:
            return
        self._asking = True

        def answered(answer: str | None) -> None:
            self._asking = False
            self.live.record_answer(question.text, answer or "")

        self.app.push_screen(QuestionScreen(question), answered)

    # Feedback.

    @on(FeedbackSent)
    def feedback_sent(self, message: FeedbackSent) -> None:
        words = message.text.strip()
        if self.phase is Phase.STOPPED and (not words or self.feedback.is_pending(self.state, words)):
            self.action_again()
        elif reason := self._refusal_to_send(words):
            self.notify(reason)
        else:
            self._send(message.text)

    def _refusal_to_send(self, words: str) -> str:
        if self.may_go_on:
            return f"this session has ended: {self._go_on_key()} goes on, beyond the experiment"
        keys = self.app.preferences.keys
        return refusal_to_send(words, self.state, self.phase, busy=self.live.busy, keys=keys)

    def _send(self, words: str) -> None:
        effort, kinds = self.live.take_effort(), self.feedback.sent()
        self._branch()
        self.submit(cmd.GiveFeedback(words, kinds, effort))

    @on(DraftChanged)
    def draft_changed(self) -> None:
        self.live.typing(self.feedback.has_text)
        self.feedback.changed(self._keep_draft if self.live.session is not None else None)

    def _keep_draft(self, words: str) -> None:
        writer = self.live.draft_writer(words)
        if writer is not None:
            self.run_worker(writer, thread=True, group="draft", exit_on_error=False)

    def _keep_clock(self) -> None:
        writer = self.live.clock_writer()
        if writer is not None:
            self.run_worker(writer, thread=True, group="clock", exit_on_error=False)

    def _keep_time(self) -> None:
        """Show what is left of a study's time limit; at its end, run what stands in the editor and end it."""
        left = self.live.seconds_left()
        if left is None:
            return
        self.present_status()
        if left <= LAST_MINUTES and not self._told_of_time:
            self._told_of_time = True
            self.notify(f"{time_left(left)} for this problem", timeout=10)
        if left > 0 or self.live.busy or self.phase not in (Phase.YOUR_TURN, Phase.STOPPED):
            return
        if self.editing.is_open and not self._last_run:
            self._last_run = True
            self.editing.editor.action_run()
            return
        self.editing.hide()
        self.notify(f"{OUT_OF_TIME}: thank you for your work on it", timeout=10)
        self.submit(cmd.End("gave_up"))

    @on(VerdictTable.RowChosen, "#verdicts")
    def action_insert_case(self) -> None:
        self.feedback.quote_case(self.programs.verdicts.chosen)

    @on(CodeView.RowChosen, "#code")
    def action_insert_line(self) -> None:
        code = self.programs.code
        if code.rows():
            self.feedback.quote_line(code.line_number, code.line_text(code.line_number))

    def action_kinds(self) -> None:
        self.feedback.ask_kinds()

    # The model and the end.

    def action_stop(self) -> None:
        if self.phase in (Phase.WRITING, Phase.STARTING):
            self.live.cancel()
            self.present_status()
        elif self.programs.look_away():
            self.present()
        elif self.phase is Phase.ENDED:
            self._back_from_the_end()
        else:
            self.feedback.box.focus()

    def _back_from_the_end(self) -> None:
        if self.live.read_only or self.live.closed:
            self.app.pop_screen()
        else:
            self.app.navigator.show_summary(self)

    def action_again(self) -> None:
        if self.phase is Phase.GETTING_READY:
            self.app.action_retry_model()
        elif self.phase is Phase.BROKEN:
            self.live.renew()
            self.begin()
        elif self.phase is Phase.STOPPED:
            self.feedback.forget_pending(self.state)
            self.submit(cmd.Regenerate())

    def action_give_up(self) -> None:
        if self.phase in (Phase.YOUR_TURN, Phase.STOPPED):
            question = "End this session without a solution?"
            self.app.push_screen(ChoiceScreen(question, WAYS_TO_END), self._ended_by_person)

    def _ended_by_person(self, letter: str | None) -> None:
        if letter is not None and not self.live.busy:
            self.submit(cmd.End("bad_task" if letter == "t" else "gave_up"))

    def action_go_on(self) -> None:
        self.go_on()

    def go_on(self, test: Test | None = None, words: str = "") -> None:
        """Go on after the end, beyond the experiment, with a hidden `test` made visible and `words` in the box."""
        self._summed_up, self._going_on = False, True
        commands: list[cmd.AnyCommand] = [cmd.Continue()]
        commands += [] if test is None else [cmd.AddTest(test)]
        if self.live.closed:
            self.live.reopen(*commands)
            self._begin_if_ready()
            self.present()
        else:
            for command in commands:
                self.submit(command)
        self.feedback.suggest(words)

    def action_leave(self) -> None:
        self.app.navigator.to_library()

    def leaving(self) -> Callable[[], None] | None:
        """What releases the session, to be called once in a thread; the journal then says `interrupted`."""
        return self.live.leaving(self.feedback.box.text)

    def person_acted(self, key: bool) -> None:
        """A key, click or scroll: the effort clock hears of it."""
        self.live.acted(typing=key and isinstance(self.focused, FeedbackBox))
