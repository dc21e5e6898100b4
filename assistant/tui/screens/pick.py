"""The dialogs of the set-up: one of several lines is picked, or something else typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from assistant.engine.models.catalogue import DEFAULT
from assistant.session.prompting import known_templates
from assistant.tui.screens.dialogs import LineScreen
from assistant.tui.settings_model import Setting
from assistant.tui.setup import BUILT_IN, completed_path

if TYPE_CHECKING:
    from assistant.tui.context import AppContext

FITS = {"gpu": "on GPU", "cpu": "fits", "slow": "slowly", "no": "too big"}
"""Whether a model fits this machine, in a word."""
Choice = tuple[str, str]
"""What is picked, and its line."""


class PathSuggester(Suggester):
    """Completes the path that is being typed; the right arrow takes it."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        return completed_path(value)


class PickScreen(ModalScreen[str | None]):
    """Arrows and Enter pick a line; letters go to the field below, whose text Enter takes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back"),
        Binding("down,up", "to_lines", show=False),
    ]

    def __init__(
        self,
        question: str,
        read: Callable[[], Sequence[Choice]],
        *,
        now: str = "",
        typed: str = "",
        paths: bool = False,
    ) -> None:
        """`read` gives the lines and may take a while: it runs in a thread. `now` is the current choice, `typed` says
        what may be typed instead (nothing where it is empty), and `paths` completes it as a path."""
        super().__init__()
        self._question, self._read, self._now = question, read, now
        self._typed, self._paths = typed, paths

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide"):
            yield Static(self._question, classes="question", markup=False)
            yield OptionList(Option("reading …", disabled=True))
            if self._typed:
                suggester = PathSuggester() if self._paths else None
                yield Input(placeholder=self._typed, suggester=suggester, select_on_focus=False)
            completes = " · → completes a path" if self._paths else ""
            yield Static(f"Enter chooses{completes} · Esc goes back", classes="hint")

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self._fill()

    @work(thread=True, exit_on_error=False)
    def _fill(self) -> None:
        choices = list(self._read())
        self.app.call_from_thread(self._show, choices)

    def _show(self, choices: Sequence[Choice]) -> None:
        lines = self.query_one(OptionList)
        lines.clear_options()
        lines.add_options(Option(Content(line), id=str(number)) for number, (_, line) in enumerate(choices))
        self._values = [value for value, _ in choices]
        lines.highlighted = self._values.index(self._now) if self._now in self._values else 0

    def on_key(self, event: Key) -> None:
        fields = self.query(Input)
        if fields and event.is_printable and event.character and self.focused is not fields.first():
            event.stop()
            fields.first().focus()
            fields.first().insert_text_at_cursor(event.character)

    def action_to_lines(self) -> None:
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._values[int(event.option_id or 0)])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self.dismiss(event.value.strip())


def chooser(setting: Setting, app: AppContext) -> ModalScreen[str | None]:
    """The dialog for a choice of the session."""
    name, now, question = setting.name, app.setup.value(setting.name), f"{setting.title}: {setting.help}"
    if name == "problems":
        sources = (*BUILT_IN, *app.preferences.recent_problems)
        what = "A file of MBPP, HumanEval, APPS, … or hub:NAME"
        return PickScreen(question, lambda: [(s, s) for s in sources], now=now, typed=what, paths=True)
    if name == "model":
        what = "Another Hugging Face name, a folder or a GGUF file"
        return PickScreen(
            question, model_lines, now=app.launch.choice.model or DEFAULT, typed=what, paths=True
        )
    if name == "template":
        return PickScreen(question, lambda: [(t, t) for t in known_templates()], now=now)
    if name == "server":
        hint = "ADDRESS, or ADDRESS MODEL, e.g. http://localhost:8000/v1 · empty: the model on this machine"
        return LineScreen(question, now, hint)
    return LineScreen(question, now, "Enter takes it · Esc leaves it as it was")


def model_lines() -> list[Choice]:
    """Known models: memory they need, whether this machine can hold them, and whether they are here."""
    from assistant.engine.models.capacity import size_text
    from assistant.engine.models.inventory import listed_models
    from assistant.settings.paths import cache_folder

    lines = []
    for listed in listed_models(cache_folder()):
        model = listed.model
        here = "here" if listed.here else f"↓ {size_text(model.download_bytes)}"
        line = f"{model.name:<40} {size_text(listed.needed_bytes):>7} {FITS[listed.fits]:<7} {here}"
        lines.append((model.name, line))
    return lines
