"""A journal written at once, from events that are all there already: imported sessions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from assistant.core.errors import JournalError
from assistant.core.events import Event, Stamp
from assistant.journal.codec import FIRST_PREV, encode, hash_of
from assistant.storage.durable_io import replace_file


def write_journal(path: Path, events: Sequence[Event]) -> None:
    """Write `events` as the journal at `path`: it is there whole, or not at all. Raises `JournalError`."""
    if path.exists():
        raise JournalError(f"{path} exists already: a journal is never written over")
    lines: list[bytes] = []
    prev = FIRST_PREV
    for seq, event in enumerate(events):
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        lines.append(encode(Stamp(seq=seq, time=now, mono=round(time.monotonic(), 6), prev=prev), event))
        prev = hash_of(lines[-1])
    try:
        replace_file(path, b"".join(line + b"\n" for line in lines))
    except OSError as error:
        raise JournalError(
            f"{path} cannot be written ({error.strerror}): choose another folder with --sessions"
        ) from None
