"""Which files of a folder are sound journals, each session once; every other one is named, with the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.journal.fast_validation import Journal, LeftOut
from assistant.journal.scan import Contents


@dataclass(frozen=True)
class Screened:
    """A folder, sorted into what takes part and what does not."""

    journals: Mapping[int, Journal]
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


def settle(journals: Mapping[int, Journal], left_out: Sequence[LeftOut]) -> Screened:
    """Each session once. Of copies that are equal to the byte one counts; of differing ones none is believed."""
    tips: dict[str, set[str]] = {}
    for journal in journals.values():
        tips.setdefault(journal.session, set()).add(journal.tip)
    kept: dict[int, Journal] = {}
    first: dict[str, Path] = {}
    twice: list[LeftOut] = []
    for number, journal in journals.items():
        session, path = journal.session, journal.path
        if len(tips[session]) > 1:
            twice.append(LeftOut(path, "duplicate", f"session {session} has other files with other content"))
        elif session in first:
            twice.append(LeftOut(path, "duplicate", f"the same as {first[session].name}, which is read"))
        else:
            first[session], kept[number] = path, journal
    return Screened(kept, tuple(sorted([*left_out, *twice], key=lambda item: item.path)))
