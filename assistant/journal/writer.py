"""The file that a session is written to: append-only, one event a line, on disk before anybody sees it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant.core.errors import JournalError
from assistant.core.events import Event, Stamp
from assistant.journal.append_only_file import AppendFile
from assistant.journal.codec import FIRST_PREV, encode, hash_of
from assistant.journal.locking import sweep
from assistant.journal.reader import Recording, parse_journal
from assistant.storage.durable_io import make_folders, replace_file, save_new_file


@dataclass(frozen=True)
class _End:
    """Where the next line goes; one value, so that an interrupt never leaves half of it changed."""

    size: int = 0
    seq: int = 0
    prev: str = FIRST_PREV


class Journal:
    """The single writer of one session's journal; safe to share between threads."""

    def __init__(self, file: AppendFile, end: _End) -> None:
        """Use `create` or `reopen`."""
        self._file = file
        self._end = end
        self._guard = threading.Lock()
        self.torn_file: Path | None = None
        """Where `reopen` put a torn last line."""

    @property
    def path(self) -> Path:
        return self._file.path

    @classmethod
    def create(cls, folder: Path, session: str) -> Journal:
        """A new, empty journal `folder/YYYY-MM-DD/session.jsonl` (today in UTC), there from its first event on.

        Raises `JournalError`.
        """
        path = folder / f"{datetime.now(UTC):%Y-%m-%d}" / f"{session}.jsonl"
        try:
            make_folders(path.parent)
            sweep(path.parent, keep=path)
            return cls(AppendFile(path, new=True, staged=True), _End())
        except FileExistsError:
            raise JournalError(f"{path} exists already: a journal is never written over") from None
        except OSError as error:
            raise JournalError(
                f"{path} cannot be created ({error.strerror}): choose another folder with --sessions"
            ) from None

    @classmethod
    def reopen(cls, path: Path) -> tuple[Journal, list[Event]]:
        """An existing journal opened for appending, and its events so far.

        A torn last line is first saved next to the journal (see `torn_file`), then cut off. Raises
        `SessionLocked` while another process writes it, `JournalError` where it is not a valid journal.
        """
        try:
            file = AppendFile(path)
        except OSError as error:
            raise JournalError(f"{path}: cannot be opened for writing ({error.strerror})") from None
        sweep(path.parent, keep=path)
        try:
            recording = parse_journal(path, file.content())
            journal = cls(file, _End(recording.size, len(recording.events), recording.tip))
            journal._set_aside(recording)
        except BaseException:
            file.close()
            raise
        return journal, recording.events

    def append(self, event: Event) -> Stamp:
        """Write `event`, and return its stamp once it is on disk.

        Raises `JournalError` (disk full, folder gone, read-only): then the event is not in the journal, and
        may be appended again once the cause is removed.
        """
        with self._guard:
            end = self._end
            stamp = Stamp(
                seq=end.seq,
                time=datetime.now(UTC).isoformat(timespec="microseconds"),
                mono=round(time.monotonic(), 6),
                prev=end.prev,
            )
            line = encode(stamp, event)
            self._file.append(line + b"\n", at=end.size)
            self._end = _End(end.size + len(line) + 1, end.seq + 1, hash_of(line))
            return stamp

    def close(self) -> None:
        """Close the journal; one without events is deleted. Safe to call again."""
        with self._guard:
            self._file.close(discard=self._end.seq == 0)

    def _set_aside(self, recording: Recording) -> None:
        """Save the torn line under `<session>.torn-<n>`, and only then cut it off. Raises `JournalError`."""
        if not recording.torn:
            return
        try:
            self.torn_file = save_new_file(f"{self.path.stem}.torn-{{}}", self.path.parent, recording.torn)
            self._file.truncate(recording.size)
        except OSError as error:
            raise JournalError(
                f"{self.path}: its torn last line cannot be set aside ({error.strerror}). Make the folder "
                "writable, then resume."
            ) from None


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
