"""What a person typed, made fit to be sent and kept."""

from __future__ import annotations

from assistant.domain.errors import UsageError

LONGEST = 8_000
"""Characters of one feedback. A person who needs more is pasting something else."""


def clean_feedback(text: str) -> str:
    """`text` without control characters (line breaks and tabs stay) and outer white space.

    Raises UsageError when nothing is left or it is longer than `LONGEST` characters.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(
        c for c in text if c in "\n\t" or ((c.isprintable() or ord(c) > 0xFF) and not _is_unsafe(c))
    ).strip()
    if not kept:
        raise UsageError("say what is wrong in a few words: the feedback is empty")
    if len(kept) > LONGEST:
        raise UsageError(
            f"the feedback has {len(kept):,} characters and at most {LONGEST:,} are sent: shorten it"
        )
    return kept


def _is_unsafe(c: str) -> bool:
    """Surrogates and marks that turn the direction of text around (they can hide what is said)."""
    code = ord(c)
    return 0xD800 <= code <= 0xDFFF or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069
