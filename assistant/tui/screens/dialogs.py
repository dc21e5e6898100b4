"""Dialogs: yes or no, a line of text, a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from assistant.tui.unrequested_screens import Unasked

KEEP_HINT = "Enter keeps it · Esc leaves it as it was · empty means the app's own choice"


class ConsentScreen(ModalScreen[bool], Unasked[bool]):
    """A study's consent text; the word yes or no and Enter decide, and the answer is recorded with every session."""

    AUTO_FOCUS = "#agree"

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text.strip()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide"):
            with VerticalScroll(id="consent"):
                yield Static(self._text, markup=False)
            yield Static("Do you agree? Type yes or no, then Enter.", classes="question")
            yield Input(placeholder="yes or no", id="agree")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        answer = event.value.strip().lower()
        if answer in ("yes", "y", "no", "n"):
            self.dismiss(answer.startswith("y"))
        else:
            self.query_one(".question", Static).update("Please type the word yes or no, then Enter.")


class ConfirmScreen(ModalScreen[bool]):
    """`y` or Enter says yes; `n` or Esc says no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "answer(True)", "Yes"),
        Binding("n,escape", "answer(False)", "No"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._question, classes="question", markup=False)
            yield Static("Y yes · N no", classes="hint")

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)


class ChoiceScreen(ModalScreen[str | None]):
    """A letter, a click, or arrows and Enter choose one of a few things; Esc none."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Back")]

    def __init__(self, question: str, choices: Sequence[tuple[str, str]]) -> None:
        """`choices` are letters and what they stand for; the letter is the answer."""
        super().__init__()
        self._question, self._choices = question, tuple(choices)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._question, classes="question", markup=False)
            yield OptionList(
                *(Option(Content(f"{letter.upper()}  {title}"), id=letter) for letter, title in self._choices)
            )
            yield Static("Esc goes back", classes="hint")

    def on_key(self, event: Key) -> None:
        if event.key in dict(self._choices):
            event.stop()
            self.dismiss(event.key)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)


class LineScreen(ModalScreen[str | None]):
    """One line of text; Esc leaves everything as it was."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Back")]

    def __init__(self, question: str, value: str = "", hint: str = KEEP_HINT) -> None:
        super().__init__()
        self._question, self._value, self._hint = question, value, hint

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._question, classes="question", markup=False)
            yield Input(self._value)
            yield Static(self._hint, classes="hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value.strip())


class KeyScreen(ModalScreen[str | None]):
    """The next key that is pressed; Esc leaves everything as it was, Backspace goes back to the app's own."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(f"Press the new key for: {self._title}", classes="question", markup=False)
            yield Static("Esc leaves it as it was · Backspace takes the app's own key", classes="hint")

    def on_key(self, event: Key) -> None:
        event.stop()
        event.prevent_default()
        if event.key == "escape":
            self.dismiss(None)
        else:
            self.dismiss("" if event.key == "backspace" else event.key)
