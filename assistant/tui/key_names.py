"""Which keys an action has, and keys as a person says them: `ctrl+b` is `Ctrl+B`, `circumflex_accent` is `^`."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from assistant.tui.actions import ACTIONS, binding_id

KEY_NAMES = {
    "question_mark": "?",
    "escape": "Esc",
    "enter": "Enter",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "space": "Space",
    "underscore": "_",
    "backslash": "\\",
    "pageup": "PageUp",
    "pagedown": "PageDown",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "a…z": "letters",
}


def key_text(keys: str) -> str:
    """`ctrl+b,f1` as a person says it: `Ctrl+B, F1`."""
    return ", ".join(_one(key.strip()) for key in keys.split(","))


def _one(key: str) -> str:
    return "+".join(_part(part) for part in key.split("+"))


def _part(part: str) -> str:
    """`ctrl` as `Ctrl`, `a` as `A`, `circumflex_accent` as `^`: Textual names signs as Unicode does."""
    if part in KEY_NAMES:
        return KEY_NAMES[part]
    if len(part) == 1:
        return part.upper()
    try:
        sign = unicodedata.lookup(part.replace("_", " "))
    except KeyError:
        return part.capitalize()
    return sign if sign.isprintable() and not sign.isspace() else part.capitalize()


def keymap(chosen: Mapping[str, str]) -> dict[str, str]:
    """Those of the person's keys that name an action."""
    known = {binding_id(action) for action in ACTIONS}
    return {name: keys for name, keys in chosen.items() if name in known and keys.strip()}


def unknown_keys(chosen: Mapping[str, str]) -> list[str]:
    """Names in the person's keys that are no action."""
    return sorted(set(chosen) - set(keymap(chosen)))


def first_key(name: str, chosen: Mapping[str, str]) -> str:
    """The key of an action to name in a sentence, as a person says it."""
    return key_text(keys_of(name, chosen).partition(",")[0])


def keys_of(name: str, chosen: Mapping[str, str]) -> str:
    """The keys of the action of this name: the person's, else the app's."""
    own = next(action.keys for action in ACTIONS if binding_id(action) == name)
    return chosen.get(name) or own
