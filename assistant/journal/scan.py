"""Contents of a sessions folder: journals, files that belong to them, and other files."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from assistant.core.errors import JournalError
from assistant.journal.locking import UNBEGUN

JOURNAL = ".jsonl"
_COMPANION = re.compile(r".+\.(lock|torn-\d+)")
_EXPECTED_AT_TOP = frozenset(
    {
        "README.md",
        "schema.json",
        "example.jsonl",
        "consent.jsonl",
        "answers.jsonl",
        "invitations.sqlite3",
        "refills.sqlite3",
        ".gitignore",
    }
)


@dataclass(frozen=True)
class JournalFile:
    """A file that is named like a journal; `stamp` changes whenever its content does."""

    path: Path
    stamp: tuple[int, int]
    """Modification time in ns, and size in bytes."""


@dataclass(frozen=True)
class Unreadable:
    """An entry that could not be looked at, and why, in one line."""

    path: Path
    why: str


@dataclass
class Contents:
    """A folder's files: journals in order of their names, torn lines set aside, and everything else."""

    journals: list[JournalFile] = field(default_factory=list)
    torn: list[Path] = field(default_factory=list)
    foreign: list[Path] = field(default_factory=list)
    empty: list[Path] = field(default_factory=list)
    """Files named like journals that hold nothing: left by a kill before the first event, in older versions."""
    unreadable: list[Unreadable] = field(default_factory=list)


def scan(folder: Path) -> Contents:
    """The files of `folder` and of the folders in it (hidden ones are left alone).

    An entry that cannot be looked at is named in `unreadable`, and the others are found all the same. Raises
    `JournalError` where `folder` itself cannot be read.
    """
    contents = Contents()
    try:
        entries = _entries(folder)
    except FileNotFoundError:
        raise JournalError(f"there is no folder {folder}; name one with --sessions DIR") from None
    except OSError as error:
        raise JournalError(f"{folder} cannot be read ({error.strerror})") from None
    for entry in entries:
        try:
            _at_top(entry, contents)
        except OSError as error:
            contents.unreadable.append(_unreadable(entry, error))
    return contents


def _entries(folder: Path | str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _at_top(entry: os.DirEntry[str], contents: Contents) -> None:
    if entry.is_dir():
        if not entry.name.startswith("."):
            _scan_day(entry, contents)
    elif entry.name not in _EXPECTED_AT_TOP:
        _sort_in(entry, contents)


def _scan_day(day: os.DirEntry[str], contents: Contents) -> None:
    for entry in _entries(day.path):
        try:
            _sort_in(entry, contents)
        except OSError as error:
            contents.unreadable.append(_unreadable(entry, error))


def _unreadable(entry: os.DirEntry[str], error: OSError) -> Unreadable:
    return Unreadable(Path(entry.path), f"{entry.path} cannot be read ({error.strerror}); it is left out")


def _sort_in(entry: os.DirEntry[str], contents: Contents) -> None:
    path = Path(entry.path)
    if entry.name.startswith(".") and entry.name.endswith(UNBEGUN):
        return
    if entry.name.endswith(JOURNAL) and entry.is_file():
        status = entry.stat()
        if status.st_size == 0:
            contents.empty.append(path)
        else:
            contents.journals.append(JournalFile(path, (status.st_mtime_ns, status.st_size)))
    elif not _COMPANION.fullmatch(entry.name):
        contents.foreign.append(path)
    elif not entry.name.endswith(".lock"):
        contents.torn.append(path)
