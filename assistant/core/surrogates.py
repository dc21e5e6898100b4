"""Text that can be written down: JSON may hold halves of characters, which no file takes."""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")


def whole_characters(text: str) -> str:
    """`text` with halves of one character (surrogates) joined, and lone halves replaced by U+FFFD."""
    if _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def half_at_end(text: str) -> str:
    """The first half of a character at the end of `text`, whose second half may still come; else empty."""
    return text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
