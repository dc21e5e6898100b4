"""Whether one file is a sound journal, and if not, why.

A journal takes part when each of its lines is of a known schema, in sequence, and carries the hash of the line
before. Lines as the app writes them are checked by their bytes; anything else is read slowly and strictly.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.core.errors import JournalError
from assistant.core.events import SCHEMA, SessionStarted
from assistant.core.problem import Problem, sha256_of
from assistant.journal.codec import FIRST_PREV, encode
from assistant.journal.reader import Recording, examine, load_bytes, parse_journal, split_lines

Reason = Literal[
    "foreign", "unreadable", "empty", "truncated", "json", "schema", "event", "changed", "duplicate"
]  # fmt: skip

NOT_ASKED = frozenset(
    {"draft_saved", "scratch_called", "question_answered", "session_ending", "test_added", "test_removed"}
)
"""Types of events that no record of a session needs."""
CLOCK = "clock_changed"
"""Of the readings of the clock, totals all of them, only the last is needed."""
_SKIPPED, _CLOCK = frozenset(name.encode() for name in NOT_ASKED), CLOCK.encode()
_FIRST = FIRST_PREV.encode()
_START = b'{"schema":%d,"seq":' % SCHEMA
_PREV, _TYPE = b'"prev":"', b'","type":"'
_STAMP_BYTES = 200
"""Within so many bytes of its start, a line as the app writes it has said `prev` and `type`."""
_REASONS: dict[str, Reason] = {
    "json": "json", "schema": "schema", "event": "event", "sequence": "changed", "chain": "changed",
}  # fmt: skip


@dataclass(frozen=True)
class ValidatedJournal:
    """A journal that takes part. `tip`, the hash of its last line, stands for its whole content."""

    path: Path
    session: str
    tip: str
    events: int
    lines: tuple[bytes, ...] = ()
    """The events that a record needs, in today's wording; empty once they are read."""


@dataclass(frozen=True)
class LeftOut:
    """A file that takes no part, and why, in one line."""

    path: Path
    reason: Reason
    message: str


def _whole(kind: bytes, line: bytes) -> bytes:
    return line


def judge(path: Path, trim: Callable[[bytes, bytes], bytes] = _whole) -> ValidatedJournal | LeftOut:
    """One file: by its bytes where it is written as the app writes, else strictly, line by line.

    Events that no record needs are checked like all others, but are not among the journal's `lines`; of the others
    `trim(type, line)` may leave out what the reader has no use for.
    """
    try:
        data = load_bytes(path)
    except JournalError as error:
        return LeftOut(path, "unreadable", str(error).removeprefix(f"{path}: "))
    return _by_bytes(path, data, trim) or judge_strictly(path, data)


def judge_strictly(path: Path, data: bytes) -> ValidatedJournal | LeftOut:
    """One file by the meaning of every line; slow, but it can say what is wrong."""
    lines, torn = split_lines(data)
    if not lines:
        return LeftOut(path, "empty", "holds no complete event")
    for line in examine(lines):
        if line.troubles:
            trouble = line.troubles[0]
            return LeftOut(path, _REASONS[trouble.kind], f"line {line.number}: {trouble.message}")
    if torn:
        return LeftOut(path, "truncated", "its last line was cut off (resuming the session sets that aside)")
    return _of_recording(parse_journal(path, data))


def _of_recording(recording: Recording) -> ValidatedJournal | LeftOut:
    path, header = recording.path, recording.events[0]
    if not isinstance(header, SessionStarted):
        return LeftOut(path, "event", "line 1: not the start of a session")
    if header.problem_sha256 != header.problem.sha256:
        return LeftOut(path, "changed", "line 1: the problem does not have the hash recorded for it")
    pairs = zip(recording.stamps, recording.events, strict=True)
    asked = [
        (event.type.encode(), encode(stamp.model_copy(update={"schema_": SCHEMA}), event))
        for stamp, event in pairs
        if event.type not in NOT_ASKED
    ]
    return ValidatedJournal(
        path, header.session, recording.tip, len(recording.events), _with_last_clock(asked)
    )


def _with_last_clock(asked: Sequence[tuple[bytes, bytes]]) -> tuple[bytes, ...]:
    """The lines of `asked` (type and line), without the readings of the clock but the last."""
    clocks = [place for place, (kind, _) in enumerate(asked) if kind == _CLOCK]
    dropped = set(clocks[:-1])
    return tuple(line for place, (_, line) in enumerate(asked) if place not in dropped)


def _by_bytes(path: Path, data: bytes, trim: Callable[[bytes, bytes], bytes]) -> ValidatedJournal | None:
    """The journal, where every line is exactly as the app writes it; None sends it to the strict reading."""
    lines = data.split(b"\n")
    torn = lines.pop()
    session = _session_of(lines[0]) if lines else None
    if session is None or torn or not _is_object(lines[-1]):
        return None
    prev, digest, asked = _FIRST, hashlib.sha256, list[tuple[bytes, bytes]]()
    for seq, line in enumerate(lines):
        at = line.find(_PREV, 40, _STAMP_BYTES) + len(_PREV)
        kind = at + 64 + len(_TYPE)
        if (
            line[at : at + 64] != prev
            or not line.startswith(_TYPE, at + 64)
            or not line.startswith(b'%b%d,"time":"' % (_START, seq))
        ):
            return None
        prev = digest(line).hexdigest().encode()
        name = line[kind : line.find(b'"', kind)]
        if name not in _SKIPPED:
            asked.append((name, trim(name, line)))
    return ValidatedJournal(path, session, prev.decode(), len(lines), _with_last_clock(asked))


_SESSION = b'"type":"session_started","session":"'
_PROBLEM, _PROBLEM_HASH = b',"problem":', b',"problem_sha256":"'
_KNOWN: set[tuple[bytes, bytes]] = set()
"""Problems (SHA-256 of their bytes in a header) that have been found to have the hash recorded for them."""


def _session_of(line: bytes) -> str | None:
    """The session that this first line starts, on a problem that has the hash recorded for it; else None.

    Quotes inside JSON texts are escaped, so what is looked for with its quotes is never part of one.
    """
    start = line.find(_SESSION, 40, _STAMP_BYTES) + len(_SESSION)
    problem, end = line.find(_PROBLEM) + len(_PROBLEM), line.find(_PROBLEM_HASH)
    if start < len(_SESSION) or problem < len(_PROBLEM) or end < problem:
        return None
    claimed = end + len(_PROBLEM_HASH)
    known = (hashlib.sha256(line[problem:end]).digest(), line[claimed : claimed + 64])
    if known not in _KNOWN:
        if not _is_honest(line):
            return None
        _KNOWN.add(known)
    return line[start : line.find(b'"', start)].decode()


def _is_honest(line: bytes) -> bool:
    """Whether the header's problem is one, and has the hash recorded for it."""
    try:
        record = json.loads(line)
        Problem.model_validate(record["problem"])
        return bool(sha256_of(record["problem"]) == record["problem_sha256"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return False


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
