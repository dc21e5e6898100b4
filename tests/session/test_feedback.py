"""Words are kept as they were said: every code point of Unicode, one cleaning for box, plain lines and sessions."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from assistant.core.errors import UsageError
from assistant.session.feedback_validation import LONGEST, clean_feedback, clean_text

TURNING = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
LINE_ENDS = {ord(c) for c in map(chr, range(sys.maxunicode + 1)) if len(f"a{c}b".splitlines()) > 1}


@pytest.mark.slow
def test_every_character_is_kept_but_those_that_are_no_text() -> None:
    for code in set(range(sys.maxunicode + 1)) - LINE_ENDS:
        c = chr(code)
        kept = c == "\t" or (unicodedata.category(c) not in ("Cc", "Cs") and code not in TURNING)
        assert clean_text(f"a{c}b") == (f"a{c}b" if kept else "ab"), hex(code)


@pytest.mark.parametrize("end", ["\r\n", *map(chr, sorted(LINE_ENDS))])
def test_every_line_end_is_one_line_end(end: str) -> None:
    assert clean_text(f"a{end}b") == "a\nb"


@pytest.mark.parametrize("text", ["", " \t\n", "\x00\x1b", "\u202e", "\u3000\u00a0"])
def test_words_that_say_nothing_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="a few words"):
        clean_feedback(text)


def test_words_are_counted_after_cleaning() -> None:
    assert clean_feedback("\x00" * 10 + "x" * LONGEST) == "x" * LONGEST
    with pytest.raises(UsageError, match="shorten it"):
        clean_feedback("x" * (LONGEST + 1))
