"""The settings as rows: title, allowed values, and effect of each. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding, BindingType
from textual.keys import key_to_character
from textual.widgets import Input, TextArea

from assistant.core.plugins import engine_kinds
from assistant.settings.preferences import Preferences
from assistant.tui.actions import ACTIONS, FIXED_KEYS, PLACES, binding_id
from assistant.tui.key_names import key_text, keys_of
from assistant.tui.text.spans import Line, Piece, shortened
from assistant.tui.themes import THEMES


@dataclass(frozen=True)
class Setting:
    """One row. `name` is the setting, or `keys.<action id>` for a key."""

    name: str
    title: str
    kind: Literal["choice", "text", "key", "set-up"]
    help: str
    choices: tuple[str, ...] = ()


SETUP = (
    Setting("problems", "Problems", "set-up", "starter, humaneval, a file; the list at once"),
    Setting("model", "Model", "set-up", "What fits this machine, what is here; at once"),
    Setting("server", "Server", "set-up", "Address of an OpenAI-compatible server; tried at once"),
    Setting("rounds", "Rounds", "set-up", "Tries after the first answer; from the next problem on"),
    Setting("samples", "Samples", "set-up", "Programs in each round; from the next problem on"),
    Setting("temperature", "Temperature", "set-up", "0: the likeliest answer; from the next problem on"),
    Setting("template", "Wording", "set-up", "How the prompt is put; from the next problem on"),
)
"""Choices of the session (`setup.SetUpFlow`), the only ones that a study fixes."""
GENERAL = (
    Setting(
        "theme",
        "Theme",
        "choice",
        "Colours; two have high contrast",
        tuple(t.name for t in THEMES),
    ),
    Setting(
        "notify",
        "When a long answer is ready",
        "choice",
        "After 5 s and more of waiting",
        ("bell", "desktop", "both", "none"),
    ),
    Setting("propose_kinds", "Propose labels", "choice", "What your words seem to be about", ("yes", "no")),
    Setting(
        "away_seconds",
        "Stop my clock after",
        "text",
        "So many seconds without a key count as away",
    ),
    Setting("draws", "Further draws", "text", "Per answer, while you read: auto, 0 (none), 3, …; next start"),
    Setting("device", "Device", "choice", "At the next start", ("auto", "cuda", "mps", "cpu")),
    Setting("engine", "Engine", "choice", "At the next start", engine_kinds()),
    Setting("sessions", "Sessions folder", "text", "Where journals are written; next start"),
    Setting("annotator", "Pseudonym", "text", "Never your name; next start"),
)
KEYS = tuple(
    Setting(f"keys.{binding_id(action)}", action.title, "key", f"{action.where}: {action.help}")
    for action in ACTIONS
)
SETTINGS = (*SETUP, *GENERAL, *KEYS)
_ENTER = Binding("enter", "enter", "New line")
TEXT_FIELDS: dict[str, Sequence[BindingType]] = {
    "app": (*Input.BINDINGS, *TextArea.BINDINGS),
    "library": Input.BINDINGS,
    "sessions": Input.BINDINGS,
    "work": TextArea.BINDINGS,
    "feedback": TextArea.BINDINGS,
    "editor": (*TextArea.BINDINGS, _ENTER),
    "own problem": (*TextArea.BINDINGS, _ENTER),
}
"""By place, the keys of the text field that has the focus there."""


def value_of(setting: Setting, preferences: Preferences) -> str:
    """The value as it is shown."""
    if setting.kind == "key":
        return key_text(keys_of(setting.name.removeprefix("keys."), preferences.keys))
    value = getattr(preferences, setting.name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if setting.name == "theme":
        return value or THEMES[0].name
    return str(value)


def parsed(setting: Setting, shown: str) -> object:
    """The value to keep for what is shown."""
    if setting.name == "propose_kinds":
        return shown == "yes"
    if setting.name == "draws" and shown.strip().isdigit():
        return int(shown)
    if setting.name == "away_seconds":
        return float(shown) if shown.replace(".", "", 1).isdigit() else shown
    return shown


def next_choice(setting: Setting, shown: str) -> str:
    """The choice after the one that is shown."""
    index = setting.choices.index(shown) if shown in setting.choices else -1
    return setting.choices[(index + 1) % len(setting.choices)]


def clash(setting: Setting, key: str, chosen: Mapping[str, str]) -> str:
    """What has `key` already where this action is offered; empty where the action can have it.

    That is another action, or what a pane or a text field does by itself: the focused one takes its keys first, so
    that the action would never be reached. The app's own keys fit together and are always free for their action.
    """
    name = setting.name.removeprefix("keys.")
    own = next(action for action in ACTIONS if binding_id(action) == name)
    default = key in _split(own.keys)
    for action in ACTIONS:
        if action is own or action.where not in _met_with(own.where):
            continue
        taken = chosen.get(binding_id(action)) or ("" if default else action.keys)
        if key in _split(taken):
            return action.title
    return "" if default else _fixed_use(own.where, key)


def _split(keys: str) -> list[str]:
    return [key.strip() for key in keys.split(",")]


def _met_with(place: str) -> Sequence[str]:
    """Places whose keys work at the same time as those of `place`."""
    if place == "app":
        return tuple(PLACES)
    return ("app", "work", "feedback") if place in ("work", "feedback") else ("app", place)


def _fixed_use(place: str, key: str) -> str:
    """What a pane or text field of a place does with a key; empty where it does nothing."""
    for action in FIXED_KEYS:
        if action.where in (place, "app", "panes") and key in _split(action.keys):
            return action.title
    if place not in TEXT_FIELDS:
        return ""
    character = key_to_character(key)
    if character is not None and character.isprintable():
        return "typing"
    uses = {part.key: part.description for part in Binding.make_bindings(TEXT_FIELDS[place])}
    return f"{uses[key]} (text field)" if key in uses else ""


def setting_line(setting: Setting, value: str) -> Line:
    """One row of the settings screen."""
    return (
        Piece(f" {setting.title:<28}", "line--strong"),
        Piece(f"{shortened(value, 24) or '–':<25}", "line--link"),
        Piece(setting.help, "line--note"),
    )
