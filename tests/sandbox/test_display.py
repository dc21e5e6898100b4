"""Text of untrusted programs: what a terminal obeys, hides or turns around is shown as an escape."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from assistant.sandbox.sanitize import safe, safe_line

OBEYED = [chr(code) for code in (*range(32), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"]
INVISIBLE = [
    "\u034f",
    "\u115f",
    "\u1160",
    "\u17b4",
    "\u180b",
    "\u2800",
    "\u3164",
    "\ufe0f",
    "\uffa0",
    "\U000e0101",
]


@pytest.mark.parametrize("character", [*OBEYED, *INVISIBLE, "\u202e", "\u2066", "\u200b", "\u2028", "\ud800"])
def test_what_cannot_be_seen_is_escaped(character: str) -> None:
    assert safe(f"a{character}b") == "a" + character.encode("unicode_escape", "surrogatepass").decode() + "b"


@pytest.mark.slow
def test_no_format_or_control_character_of_unicode_is_let_through() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    shown = safe(everything, limit=len(everything))
    assert not {c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - {"\n", "\t"}


def test_cleaning_twice_changes_nothing() -> None:
    once = safe_line("\x1b[2J\n\u202eé")
    assert safe_line(once) == once
