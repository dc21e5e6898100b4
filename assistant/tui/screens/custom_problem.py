"""Custom problem: text, tests, and tests that the model proposes."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Footer, Static, TextArea

from assistant.core.errors import UsageError
from assistant.core.generation import Finish, Message, Request, Sampling
from assistant.core.problem import Problem
from assistant.tui.actions import bindings
from assistant.tui.custom_problems import asserts_in, asserts_in_answer, own_problem, request_for_tests
from assistant.tui.messages import TestsProposed
from assistant.tui.unrequested_screens import PAUSE
from assistant.tui.widgets.checklist import Checklist
from assistant.tui.widgets.text_field import TextField
from assistant.tui.widgets.too_small import TooSmall

if TYPE_CHECKING:
    from assistant.tui.context import AppContext


class OwnProblemScreen(Screen[Problem | None]):
    """Gives the problem, or None when the person goes back."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("own problem")
    PLACES: ClassVar = ("own problem",)
    app: AppContext

    def __init__(self) -> None:
        super().__init__()
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
        yield Static("", id="trouble", markup=False)
        yield Footer(show_command_palette=False, compact=True)
        yield TooSmall()

    def on_mount(self) -> None:
        for name, title in (
            ("text", "Task"),
            ("tests", "Tests, one assert a line"),
            ("proposed", "Proposed tests"),
        ):
            self.query_one(f"#{name}").border_title = title
        self.query_one("#proposed").display = False
        text, tests = self.app.navigator.draft()
        self.query_one("#text", TextArea).load_text(text)
        self.query_one("#tests", TextArea).load_text(tests)

    def _typed(self) -> tuple[str, str]:
        """The task, and the tests typed and those marked."""
        marked = self.query_one(Checklist).marked
        tests = self.query_one("#tests", TextArea).text
        return self.query_one("#text", TextArea).text, "\n".join([tests, *marked])

    def action_keep_problem(self) -> None:
        text, tests = self._typed()
        taken = [problem.id for problem in self.app.problems.problems] if self.app.problems else []
        try:
            self.dismiss(own_problem(text, tests, taken))
        except UsageError as error:
            self._tell(str(error))

    def action_propose_tests(self) -> None:
        text, tests = self._typed()
        try:
            words = request_for_tests(text, tests)
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
            given = asserts_in(self._typed()[1])
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
        if any(text.strip() for text in self.draft):
            self.notify("what you wrote is kept: it is there again when you write a problem")
        self.dismiss(None)

    @property
    def draft(self) -> tuple[str, str]:
        """The task and the tests as they are typed."""
        return self.query_one("#text", TextArea).text, self.query_one("#tests", TextArea).text

    def on_text_area_changed(self) -> None:
        """What is written stays until it is a problem, also when the app ends meanwhile."""
        self.app.navigator.keep_draft(self.draft)

    def on_unmount(self) -> None:
        self._stop.set()
