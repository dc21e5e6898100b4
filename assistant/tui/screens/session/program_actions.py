"""What the person does with programs, by keys: look at one, go on from it, draw another, edit, call, add a test."""

from __future__ import annotations

from pathlib import Path

from textual import on

from assistant.core.problem import AssertTest
from assistant.core.state import Program
from assistant.session import commands as cmd
from assistant.tui.messages import EditDone, ProgramPicked
from assistant.tui.screen_state import Phase
from assistant.tui.screens.session.layout import SessionLayout
from assistant.tui.screens.session.live_session import LiveSession
from assistant.tui.screens.try_call import ScratchScreen
from assistant.tui.session_export import share_session
from assistant.tui.view_model import code_text


class ProgramActions(SessionLayout):
    """The keys of the session screen that ask something of the session about a program."""

    def __init__(self, live: LiveSession, journal: Path | None) -> None:
        """`journal` is the file of a session that is only looked at."""
        super().__init__(live)
        self._looked_at = journal
        self._scratch: ScratchScreen | None = None
        """Open while the person tries a call."""

    @property
    def journal(self) -> Path | None:
        """The session's file; None where it was never opened."""
        session = self.live.session
        return session.path if session is not None else self._looked_at

    def submit(self, command: cmd.AnyCommand) -> None:
        """Have the session execute a command; feedback comes back into the box if it fails."""
        self.live.submit(command)
        self.present()

    def _branch(self) -> None:
        """What is said or done about a program that is looked back at goes on from there."""
        program = self.programs.branching_from(self.state)
        if program is not None:
            self.submit(cmd.ChooseProgram(program))

    # Programs.

    @on(ProgramPicked)
    def program_picked(self, message: ProgramPicked) -> None:
        self.programs.look_at(message.program, self.state)
        self.present()
        if message.chosen and self.programs.view.program is not None:
            self.action_branch()

    def action_branch(self) -> None:
        if self.programs.view.program is None or self.live.busy:
            self.notify("look back at a round first (Alt+Left), then branch from it")
        else:
            self._branch()

    def action_share(self) -> None:
        share_session(self.app, self.journal, tell_hidden=self._tells_hidden())

    def action_draw(self) -> None:
        """Another answer to what was asked: one that is there already, else one more of the model."""
        drawn = self.programs.next_draw(self.state)
        if drawn is not None:
            self.programs.look_at(drawn.id, self.state)
            self.present()
        elif not self.live.busy:
            self.submit(cmd.DrawAnother())

    # Editing, trying a call, tests.

    def _editable(self) -> Program | None:
        """The program that can be edited now; None with the reason said."""
        program = self.programs.shown(self.state) if self.phase is Phase.YOUR_TURN else None
        if program is None:
            self.notify("there is a program to edit once it is your turn")
        return program

    def action_edit(self) -> None:
        program = self._editable()
        if program is not None:
            self.programs.show_code_alone()
            self.live.edit(True)
            self.editing.open(program)
            self.present()

    @on(EditDone)
    def edit_done(self, message: EditDone) -> None:
        self.live.edit(False)
        self.editing.hide(keep=not message.run)
        self.present()
        self.feedback.box.focus()
        if message.run:
            self._submit_edit(message.code, "inline")

    def action_edit_outside(self) -> None:
        program = self._editable()
        if program is None:
            return
        self.live.edit(True)
        code = self.editing.edit_outside(program, self.state.problem)
        self.live.edit(False)
        if code is not None:
            self._submit_edit(code, "external")

    def _submit_edit(self, code: str, editor: str) -> None:
        """Have the person's version tested, unless nothing changed."""
        if code.strip() == code_text(self.programs.shown(self.state)).strip():
            self.notify("nothing changed, so nothing was run")
            if self.state.settings.person_alone:  # the editor stays
                self.action_edit()
            return
        effort = self.live.take_effort()
        self._branch()
        self.submit(cmd.EditCode(code.rstrip() + "\n", effort, editor))

    def action_scratch(self) -> None:
        entry_point = self.state.problem.entry_point if self.state.problem else ""
        self._branch()
        self._scratch = ScratchScreen(entry_point, self._evaluate)
        self.app.push_screen(self._scratch, self._scratch_closed)

    def _evaluate(self, expression: str) -> None:
        self.submit(cmd.Evaluate(expression))

    def _scratch_closed(self, test: str | None) -> None:
        self._scratch = None
        if test:
            self.submit(cmd.AddTest(AssertTest(code=test)))

    def action_remove_test(self) -> None:
        test = self.programs.added_test(self.state)
        if test is None:
            self.notify("Only a test that you added (F5) can be removed: choose it in the pane of tests")
            return
        self._branch()
        self.submit(cmd.RemoveTest(test))
