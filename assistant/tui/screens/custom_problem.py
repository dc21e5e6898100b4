"""Custom problem: text, tests, and tests that the model proposes; on a second page name, hidden tests, solution."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Input, Static, TextArea

from assistant.core.errors import UsageError
from assistant.core.generation import Finish, Message, Request, Sampling
from assistant.core.problem import Problem
from assistant.problems.own_tests import asserts_in
from assistant.tui.actions import bindings
from assistant.tui.custom_problems import OwnDraft, asserts_in_answer, own_problem, pasted, request_for_tests
from assistant.tui.messages import TestsProposed
from assistant.tui.screens.dialogs import ConfirmScreen
from assistant.tui.unrequested_screens import PAUSE
from assistant.tui.widgets.checklist import Checklist
from assistant.tui.widgets.key_footer import KeyFooter
from assistant.tui.widgets.text_field import TextField
from assistant.tui.widgets.too_small import TooSmall

if TYPE_CHECKING:
    from assistant.tui.context import AppContext


class OwnProblemScreen(Screen[Problem | None]):
    """Gives the problem, or None when the person goes back."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("own problem")
    PLACES: ClassVar = ("own problem",)
    app: AppContext

    def __init__(self, problem: Problem | None = None) -> None:
        """`problem` is one of the person's own that is edited; without one a new problem is written."""
        super().__init__()
        self._problem = problem
        self._stop = threading.Event()
        """Set when proposed tests are no longer needed."""
        self._asked_at: float | None = None

    def compose(self) -> ComposeResult:
        yield Static("A problem of your own", id="title")
        yield TextField(id="text", placeholder="What should the function do? One clear sentence is enough.")
        yield TextField(
            id="tests", placeholder="assert double(2) == 4\nassert double(0) == 0", soft_wrap=False
        )
        yield Checklist(id="proposed")
        yield Input(id="name", placeholder="double")
        yield TextField(id="hidden", placeholder="assert double(-1) == -2", soft_wrap=False)
        yield TextField(id="reference", placeholder="def double(n):\n    return 2 * n", soft_wrap=False)
        yield Static("", id="trouble", markup=False)
        yield KeyFooter()
        yield TooSmall()

    def on_mount(self) -> None:
        for name, title in (
            ("text", "Task"),
            ("tests", "Tests, one assert a line; a function of yours may stand before them"),
            ("proposed", "Proposed tests"),
            ("name", "Name"),
            ("hidden", "Hidden tests, shown when the session is over"),
            ("reference", "A right solution, if you have one"),
        ):
            self.query_one(f"#{name}").border_title = title
        self._show_page(second=False)
        self.query_one("#proposed").display = False
        draft = OwnDraft.of(self._problem) if self._problem else self.app.navigator.draft()
        for name in ("text", "tests", "hidden", "reference"):
            self.query_one(f"#{name}", TextArea).load_text(getattr(draft, name))
        self.query_one("#name", Input).value = draft.name
        self._begun = self.draft

    def _show_page(self, *, second: bool) -> None:
        for name in ("text", "tests", "proposed"):
            self.query_one(f"#{name}").display = not second
        for name in ("name", "hidden", "reference"):
            self.query_one(f"#{name}").display = second
        self.query_one("#proposed").display = not second and self.query_one(Checklist).line_count > 0

    def action_other_page(self) -> None:
        second = not self.query_one("#hidden").display
        self._show_page(second=second)
        self.query_one("#hidden" if second else "#tests").focus()

    def _typed(self) -> OwnDraft:
        """What is typed, with the proposed tests that are marked."""
        marked = self.query_one(Checklist).marked
        return self.draft._replace(tests="\n".join([self.draft.tests, *marked]))

    def action_keep_problem(self) -> None:
        own = self._problem.id if self._problem else ""
        problems = self.app.problems.problems if self.app.problems else ()
        try:
            self.dismiss(
                own_problem(self._typed(), [problem.id for problem in problems if problem.id != own])
            )
        except UsageError as error:
            self._tell(str(error))

    def action_propose_tests(self) -> None:
        typed = self._typed()
        try:
            words = request_for_tests(typed.text, pasted(typed.tests)[1])
        except UsageError as error:
            self._tell(str(error))
            return
        if self.app.services.model is None:
            self._tell("the model is getting ready; try again in a moment")
            return
        self._stop.clear()
        self._asked_at = time.monotonic()
        self._tell_waiting()
        self._ask(words)

    def _tell_waiting(self) -> None:
        """How long the model has been thinking, while it does."""
        if self._asked_at is not None:
            self._tell(f"the model is writing tests … {time.monotonic() - self._asked_at:.0f} s (Esc leaves)")
            self.set_timer(1.0, self._tell_waiting)

    @work(thread=True, group="tests", exclusive=True, exit_on_error=False)
    def _ask(self, words: str) -> None:
        engine = self.app.services.engine
        assert engine is not None
        request = Request(
            messages=(Message(role="user", content=words),), sampling=Sampling(max_new_tokens=300)
        )
        pieces = list(engine.generate(request, self._stop))
        answer = next((piece for piece in pieces if isinstance(piece, Finish)), None)
        text = answer.text if answer else ""
        self.post_message(
            TestsProposed(tuple(asserts_in_answer(text)), answer.error if answer else "no answer")
        )

    def on_tests_proposed(self, message: TestsProposed) -> None:
        self._asked_at = None
        try:
            given = asserts_in(pasted(self._typed().tests)[1])
        except UsageError:
            given = []
        fresh = [test for test in message.tests if test not in given]
        kept = list(self.query_one(Checklist).marked)
        if not fresh:
            self._tell(message.error or "the model proposed no usable test")
            return
        proposed = self.query_one(Checklist)
        proposed.show([(test, test) for test in [*kept, *fresh]], tuple(kept))
        proposed.display = True
        if time.monotonic() - self.app.typed_at >= PAUSE:
            proposed.focus()
        self._tell("Tab goes to the list; Space marks those that are right: a model's tests can be wrong")

    def _tell(self, text: str) -> None:
        self.query_one("#trouble", Static).update(text)

    def action_close(self) -> None:
        if self._problem is not None and self.draft != self._begun:
            question = "Leave, and drop what you changed in this problem?"
            self.app.push_screen(ConfirmScreen(question), self._leave_if)
            return
        if self._problem is None and any(text.strip() for text in self.draft):
            self.notify("what you wrote is kept: it is there again when you write a problem")
        self.dismiss(None)

    def _leave_if(self, yes: bool | None) -> None:
        if yes:
            self.dismiss(None)

    @property
    def draft(self) -> OwnDraft:
        """The problem as it is typed."""
        texts = {
            name: self.query_one(f"#{name}", TextArea).text
            for name in ("text", "tests", "hidden", "reference")
        }
        return OwnDraft(name=self.query_one("#name", Input).value, **texts)

    def on_text_area_changed(self) -> None:
        """What is written stays until it is a problem, also when the app ends meanwhile."""
        if self._problem is None:
            self.app.navigator.keep_draft(self.draft)

    def on_input_changed(self) -> None:
        self.on_text_area_changed()

    def on_unmount(self) -> None:
        self._stop.set()
