"""Which files of a folder are sound journals, each session once; every other one is named, with the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from assistant.journal.fast_validation import LeftOut, ValidatedJournal
from assistant.journal.scan import Contents


@dataclass(frozen=True)
class Screened:
    """A folder, sorted into what takes part and what does not."""

    journals: Mapping[int, ValidatedJournal]
    """By number."""
    left_out: tuple[LeftOut, ...]

    @property
    def sha256(self) -> str:
        """Hash that names the data: SHA-256 over the sorted hashes of the journals, one a line."""
        return data_sha256([journal.tip for journal in self.journals.values()])

    @property
    def events(self) -> int:
        return sum(journal.events for journal in self.journals.values())


def data_sha256(tips: Sequence[str]) -> str:
    """The name of a set of journals: SHA-256 over their sorted hashes, each followed by a newline."""
    return hashlib.sha256("".join(f"{tip}\n" for tip in sorted(tips)).encode()).hexdigest()


def left_out_of(contents: Contents) -> list[LeftOut]:
    """The files of a folder that are no journals, with the reason."""
    return [
        *(LeftOut(path, "foreign", "not a file of ours") for path in contents.foreign),
        *(LeftOut(path, "empty", "empty: nothing was recorded in it") for path in contents.empty),
        *(LeftOut(item.path, "unreadable", item.why) for item in contents.unreadable),
    ]


class Named(Protocol):
    """A journal as far as it is known: its file, and the session in it."""

    @property
    def path(self) -> Path: ...

    @property
    def session(self) -> str: ...


_Named = TypeVar("_Named", bound=Named)


def once(
    journals: Iterable[_Named], fingerprint: Callable[[_Named], str]
) -> tuple[list[_Named], list[LeftOut]]:
    """Each session once. Of copies that are equal to the byte the first counts; of differing ones none is believed.

    `fingerprint` stands for a file's content; it is asked only where a session has several files.
    """
    by_session: dict[str, list[_Named]] = {}
    for journal in journals:
        by_session.setdefault(journal.session, []).append(journal)
    kept: list[_Named] = []
    twice: list[LeftOut] = []
    for session, copies in by_session.items():
        if len(copies) > 1 and len(set(map(fingerprint, copies))) > 1:
            why = f"session {session} has other files with other content"
            twice += [LeftOut(copy.path, "duplicate", why) for copy in copies]
            continue
        kept.append(copies[0])
        why = f"the same as {copies[0].path.name}, which is read"
        twice += [LeftOut(copy.path, "duplicate", why) for copy in copies[1:]]
    return kept, twice


def settle(journals: Mapping[int, ValidatedJournal], left_out: Sequence[LeftOut]) -> Screened:
    """Each session once, under its number."""
    kept, twice = once(journals.values(), lambda journal: journal.tip)
    paths = {journal.path for journal in kept}
    chosen = {number: journal for number, journal in journals.items() if journal.path in paths}
    return Screened(chosen, tuple(sorted([*left_out, *twice], key=lambda item: item.path)))
