"""Reads journals: strict about every whole line, tolerant of a last line that was cut off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.core.errors import JournalError
from assistant.core.events import Event, Stamp
from assistant.journal.codec import FIRST_PREV, LineError, decode, hash_of, parse
from assistant.journal.migrations import upgrade


@dataclass(frozen=True)
class Recording:
    """A journal as it was read: `events[i]` was written with `stamps[i]`."""

    path: Path
    events: list[Event]
    stamps: list[Stamp]
    torn: bytes
    """A last line that was cut off while being written; empty when there is none."""
    size: int
    """Bytes of whole lines, newlines included."""
    tip: str
    """SHA-256 of the last whole line: with it, not even the last line can be changed unseen."""


@dataclass(frozen=True)
class Trouble:
    """Something wrong with one line: `kind` is `json`, `schema`, `event`, `sequence` or `chain`."""

    kind: str
    message: str


@dataclass(frozen=True)
class Line:
    """One whole line, examined. `stamp` and `event` are None where it is not an event."""

    number: int
    """From 1, as an editor counts."""
    stamp: Stamp | None
    event: Event | None
    troubles: tuple[Trouble, ...]


def read_journal(path: Path) -> Recording:
    """Every event of the journal at `path`, of any schema up to today's.

    Raises `JournalError` naming file and line for a line that is not an event, is out of sequence, or does
    not carry the hash of the one before; and for a file without a single whole event.
    """
    return parse_journal(path, load_bytes(path))


def load_bytes(path: Path) -> bytes:
    """The file's content. Raises `JournalError`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise JournalError(f"{path}: cannot be read ({error.strerror or error})") from None


def parse_journal(path: Path, data: bytes) -> Recording:
    """`data` as the journal that `path` names in messages; see `read_journal`."""
    lines, torn = split_lines(data)
    if not lines:
        raise JournalError(f"{path}: holds no complete event; nothing was recorded before it was cut off")
    events: list[Event] = []
    stamps: list[Stamp] = []
    for line in examine(lines):
        if line.troubles or line.event is None or line.stamp is None:
            raise JournalError(f"{path}, line {line.number}: {line.troubles[0].message}")
        events.append(line.event)
        stamps.append(line.stamp)
    return Recording(path, events, stamps, torn, len(data) - len(torn), hash_of(lines[-1]))


def split_lines(data: bytes) -> tuple[list[bytes], bytes]:
    """Whole lines without their newlines, and what was torn off at the end (no newline, or no JSON).

    Only the newline byte separates lines: U+2028 and its like are ordinary text in JSON.
    """
    *lines, torn = data.split(b"\n")
    if not torn and lines and not _is_json(lines[-1]):
        torn = lines.pop() + b"\n"
    return lines, torn


def examine(lines: Sequence[bytes]) -> Iterator[Line]:
    """Each line with its event and everything that is wrong with it, in order."""
    prev = FIRST_PREV
    for number, raw in enumerate(lines, start=1):
        yield _examine(number, raw, prev)
        prev = hash_of(raw)


def _examine(number: int, raw: bytes, prev: str) -> Line:
    try:
        stamp, event = decode(upgrade(parse(raw)))
    except LineError as error:
        return Line(number, None, None, (Trouble(error.kind, str(error)),))
    troubles: list[Trouble] = []
    if stamp.seq != number - 1:
        troubles.append(Trouble("sequence", f"seq is {stamp.seq}, expected {number - 1}"))
    if stamp.prev != prev:
        change = f"line {number - 1} was changed or removed" if number > 1 else "lines before it are gone"
        troubles.append(Trouble("chain", f"does not carry the hash of the line before: {change}"))
    return Line(number, stamp, event, tuple(troubles))


def _is_json(line: bytes) -> bool:
    try:
        parse(line)
    except LineError:
        return False
    return True
