"""A question of a study, in a dialog that comes by itself: answered by words, a number, or one of a few answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from assistant.tui.unrequested_screens import Unasked

if TYPE_CHECKING:
    from assistant.core.questions import Question


class QuestionScreen(ModalScreen[str], Unasked[str]):
    """Gives an answer that the question takes; an empty one skips a question that may be skipped."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "skip", "Skip")]

    def __init__(self, asked: Question, about: str = "") -> None:
        """`about` names an earlier problem that is asked about."""
        super().__init__()
        self.asked = asked
        self._about = about
        keys = [str(place) for place in range(1, len(asked.options) + 1)]
        self._answers = dict(
            zip(asked.options if asked.kind == "scale" else keys, asked.options, strict=True)
        )
        """Answers by what is typed for them: steps of a scale by themselves, others by their place."""

    def compose(self) -> ComposeResult:
        words = f"{self._about}: {self.asked.text}" if self._about else self.asked.text
        with Vertical(classes="dialog"):
            yield Static(words, classes="question", markup=False)
            if self._answers:
                lines = (
                    f"{key}  {answer}" if key != answer else key for key, answer in self._answers.items()
                )
                yield OptionList(*(Option(Content(line)) for line in lines))
            else:
                yield Input()
            yield Static(self._hint(), classes="hint", markup=False)

    def _hint(self) -> str:
        skip = "" if self.asked.required else " · Esc skips the question"
        if self._answers:
            return f"arrows and Enter, or a digit{skip}"
        if self.asked.required:
            return "Enter keeps it"
        return "Enter keeps it · empty skips the question"

    def on_key(self, event: Key) -> None:
        answer = self._answers.get(event.character or "")
        if answer is not None:
            event.stop()
            self._answer(answer)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._answer(self.asked.options[event.option_index])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._answer(event.value.strip())

    def action_skip(self) -> None:
        self._answer("")

    def _answer(self, answer: str) -> None:
        fault = self.asked.fault(answer)
        if fault:
            self.query_one(".hint", Static).update(fault)
        else:
            self.dismiss(answer)
