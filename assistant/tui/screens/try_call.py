"""Call of the program with chosen arguments, which can become a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from assistant.core.events import ScratchCalled
from assistant.core.safe_ast import read_expression
from assistant.tui.text.spans import displayable, shortened


class ScratchScreen(ModalScreen[str | None]):
    """Enter evaluates; with a value in the second field, Enter there makes a test and closes with it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Close")]

    def __init__(self, entry_point: str, evaluate: Callable[[str], None]) -> None:
        """`evaluate` has an expression evaluated; `show_result` is called with what it gave."""
        super().__init__()
        self._evaluate = evaluate
        called = entry_point.partition(".")[0]  # of a method its class
        self._begin = f"{called}(" if called else ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide"):
            yield Static("Try a call: Enter runs it in the sandbox", classes="question")
            yield Input(
                self._begin, placeholder="an expression, e.g. f(1, 2)", id="expression", select_on_focus=False
            )
            with VerticalScroll(id="results", can_focus=False):
                yield Static(id="result", markup=False)
            yield Static("Expected result? Enter adds it as a test of this session.", classes="question")
            yield Input(placeholder="the right value, e.g. [1, 2]", id="expected", disabled=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.input.id == "expression":
            self._ask(event.value)
        else:
            self._make_test(event.value)

    def _ask(self, expression: str) -> None:
        expression = with_brackets_closed(expression.strip())
        if trouble := not_an_expression(expression):
            self._show(trouble)
            return
        self._show("…")
        self._evaluate(expression)

    def show_result(self, event: ScratchCalled) -> None:
        """What the call gave."""
        self._show(f"= {event.actual}" if event.actual is not None else event.message or "no value")
        expected = self.query_one("#expected", Input)
        expected.disabled = False
        if event.actual is not None and not expected.value:
            expected.value = event.actual if not_an_expression(event.actual) == "" else ""

    def _make_test(self, value: str) -> None:
        expression = with_brackets_closed(self.query_one("#expression", Input).value.strip())
        trouble = not_an_expression(expression) or not_an_expression(value.strip())
        if trouble:
            self._show(trouble)
        else:
            self.dismiss(f"assert {expression} == {value.strip()}")

    def _show(self, text: str) -> None:
        lines = [displayable(line) for line in shortened(text, 20_000).splitlines()]
        self.query_one("#result", Static).update(Content("\n".join(lines)))

    def action_close(self) -> None:
        self.dismiss(None)


def with_brackets_closed(expression: str) -> str:
    """`f([1, 2` as `f([1, 2])`: brackets that are still open at its end are closed; else the text as it is."""
    if not not_an_expression(expression):
        return expression
    closing = _closing(expression)
    closed = expression + "".join(reversed(closing))
    return closed if closing and not not_an_expression(closed) else expression


def _closing(expression: str) -> list[str]:
    """The brackets that `expression` leaves open, as their other halves, the outermost first."""
    pairs, waiting, quote = {"(": ")", "[": "]", "{": "}"}, list[str](), ""
    escaped = False
    for character in expression:
        if quote:
            if character == quote and not escaped:
                quote = ""
            escaped = character == "\\" and not escaped
        elif character in "'\"":
            quote = character
        elif character in pairs:
            waiting.append(pairs[character])
        elif waiting and character == waiting[-1]:
            waiting.pop()
    return waiting


def not_an_expression(text: str) -> str:
    """Why `text` is no Python expression, or an empty string."""
    try:
        read_expression(text)
    except (SyntaxError, ValueError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        return f"not a Python expression: {reason}"
    return ""
