"""The settings as rows: title, allowed values, and effect of each. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from assistant.core.plugins import engine_kinds
from assistant.settings.preferences import Preferences
from assistant.tui.actions import ACTIONS, binding_id, key_text, keys_of
from assistant.tui.text.spans import Line, Piece, shortened
from assistant.tui.themes import THEMES


@dataclass(frozen=True)
class Setting:
    """One row. `name` is the setting, or `keys.<action id>` for a key."""

    name: str
    title: str
    kind: Literal["choice", "text", "key"]
    help: str
    choices: tuple[str, ...] = ()


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
    Setting("model", "Model", "text", "Name, folder or GGUF file; list: assistant model; next start"),
    Setting("device", "Device", "choice", "At the next start", ("auto", "cuda", "mps", "cpu")),
    Setting("engine", "Engine", "choice", "At the next start", engine_kinds()),
    Setting("base_url", "Server", "text", "Address, for the engine openai; next start"),
    Setting("sessions", "Sessions folder", "text", "Where journals are written; next start"),
    Setting("annotator", "Pseudonym", "text", "Never your name; next start"),
)
KEYS = tuple(
    Setting(f"keys.{binding_id(action)}", action.title, "key", f"{action.where}: {action.help}")
    for action in ACTIONS
)
SETTINGS = (*GENERAL, *KEYS)


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
    if setting.name == "away_seconds":
        return float(shown) if shown.replace(".", "", 1).isdigit() else shown
    return shown


def next_choice(setting: Setting, shown: str) -> str:
    """The choice after the one that is shown."""
    index = setting.choices.index(shown) if shown in setting.choices else -1
    return setting.choices[(index + 1) % len(setting.choices)]


def clash(setting: Setting, key: str, chosen: Mapping[str, str]) -> str:
    """The title of another action of the same place, or everywhere, that has `key`; else an empty string."""
    name = setting.name.removeprefix("keys.")
    place = name.partition(".")[0]
    for action in ACTIONS:
        other = binding_id(action)
        if other == name or not {action.where, place} & {place, "app"} or action.where not in (place, "app"):
            continue
        if key in [part.strip() for part in (chosen.get(other) or action.keys).split(",")]:
            return action.title
    return ""


def setting_line(setting: Setting, preferences: Preferences) -> Line:
    """One row of the settings screen."""
    return (
        Piece(f" {setting.title:<28}", "line--strong"),
        Piece(f"{shortened(value_of(setting, preferences), 24) or '–':<25}", "line--link"),
        Piece(setting.help, "line--note"),
    )
