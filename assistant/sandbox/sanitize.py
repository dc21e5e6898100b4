"""Text from untrusted code made safe to display: bounded, what cannot be seen escaped."""

from __future__ import annotations

from assistant.core.printable import exact


def safe(text: str, limit: int = 2200) -> str:
    """At most `limit` characters; what a terminal would obey, hide or turn around is written as an escape."""
    return exact(text if len(text) <= limit else text[:limit] + "…")


def safe_line(text: str, limit: int = 600) -> str:
    """`safe` on one line."""
    return safe(text, limit).replace("\n", "\\n").replace("\t", "\\t")


def safe_output(data: bytes, limit: int) -> str:
    """Printed bytes as text: undecodable ones replaced, the end cut off at `limit` bytes and said so."""
    text = data[:limit].decode("utf-8", "replace").replace("\r\n", "\n")
    return safe(text, limit) + ("\n… (output cut)" if len(data) > limit else "")
