"""Session ids: sortable by time, unique over many machines without asking any of them."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: nothing that reads like something else


def new_session_id(now: datetime | None = None) -> str:
    """`20261123-030001-4fx7k2m9qz`: UTC second, two characters of its 1024ths, and 40 random bits."""
    now = datetime.now(UTC) if now is None else now.astimezone(UTC)
    fraction = now.microsecond * 1024 // 1_000_000
    tail = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{now:%Y%m%d-%H%M%S}-{ALPHABET[fraction // 32]}{ALPHABET[fraction % 32]}{tail}"
