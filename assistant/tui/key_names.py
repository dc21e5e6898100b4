"""Keys as a person says them: `ctrl+b` is `Ctrl+B`, `circumflex_accent` is `^`."""

from __future__ import annotations

import unicodedata

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
