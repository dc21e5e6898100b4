"""What lies in a folder of sessions: journals, what belongs beside them, and what does not."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from assistant.domain.errors import JournalError

JOURNAL = ".jsonl"
_COMPANION = re.compile(r".+\.(lock|torn-\d+)")
_EXPECTED_AT_TOP = frozenset({"README.md", "schema.json", "example.jsonl", "consent.jsonl", ".gitignore"})


@dataclass(frozen=True)
class Found:
    """A file that is named like a journal; `stamp` changes whenever its content does."""

    path: Path
    stamp: tuple[int, int]
    """Modification time in ns, and size in bytes."""


@dataclass
class Contents:
    """A folder's files: journals in order of their names, torn lines set aside, and everything else."""

    journals: list[Found] = field(default_factory=list)
    torn: list[Path] = field(default_factory=list)
    foreign: list[Path] = field(default_factory=list)


def scan(folder: Path) -> Contents:
    """The files of `folder` and of the folders in it (hidden ones are left alone). Raises `JournalError`."""
    contents = Contents()
    try:
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if entry.is_dir():
                if not entry.name.startswith("."):
                    _scan_day(entry.path, contents)
            elif entry.name not in _EXPECTED_AT_TOP:
                _sort_in(entry, contents)
    except FileNotFoundError:
        raise JournalError(f"there is no folder {folder}; name one with --sessions DIR") from None
    except OSError as error:
        raise JournalError(f"{folder} cannot be read ({error.strerror})") from None
    return contents


def _scan_day(folder: str, contents: Contents) -> None:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        _sort_in(entry, contents)


def _sort_in(entry: os.DirEntry[str], contents: Contents) -> None:
    path = Path(entry.path)
    if entry.name.endswith(JOURNAL) and entry.is_file():
        status = entry.stat()
        contents.journals.append(Found(path, (status.st_mtime_ns, status.st_size)))
    elif not _COMPANION.fullmatch(entry.name):
        contents.foreign.append(path)
    elif not entry.name.endswith(".lock"):
        contents.torn.append(path)
