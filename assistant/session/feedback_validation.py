"""What a person typed, made fit to be sent and kept."""

from __future__ import annotations

import re
import unicodedata

from assistant.core.errors import UsageError

LONGEST = 8_000
"""Characters of one feedback. A person who needs more is pasting something else."""
LINE_BREAK = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
"""What ends a line for `str.splitlines` and for the feedback box, which keeps text by lines."""


def clean_feedback(text: str) -> str:
    """`text` as it was said (`clean_text`), without outer white space.

    Raises UsageError when nothing is left or it is longer than `LONGEST` characters.
    """
    kept = clean_text(text).strip()
    if not kept:
        raise UsageError("say what is wrong in a few words: the feedback is empty")
    if len(kept) > LONGEST:
        raise UsageError(
            f"the feedback has {len(kept):,} characters and at most {LONGEST:,} are sent: shorten it"
        )
    return kept


def clean_text(text: str) -> str:
    """`text` with its line breaks as `\\n` and without what is no text: every space and joiner is kept.

    Left out are control characters but tabs, lone surrogates, and the marks that turn the direction of text
    around (U+202A to U+202E, U+2066 to U+2069): they hide what is said.
    """
    return "".join(c for c in LINE_BREAK.sub("\n", text) if is_text(c))


def is_text(c: str) -> bool:
    """Whether `clean_text` keeps this character."""
    if c in "\n\t":
        return True
    code = ord(c)
    turns = 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069
    return not turns and unicodedata.category(c) not in ("Cc", "Cs")
