"""Which files of a folder take part in an analysis; every other one is named, with the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.analysis.trimming import trimmed
from assistant.journal.fast_validation import Journal, LeftOut, judge
from assistant.journal.process_map import mapped
from assistant.journal.scan import scan

MANY = 1000
"""From so many journals on, they are judged by several processes."""
CHUNK = 32
"""Journals that a process judges at a time."""


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


def screen(
    folder: Path,
    take: Callable[[int, Journal], None] = lambda number, journal: None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Screened:
    """Every file of `folder`, sorted; `take(n, journal)` is handed each sound journal with its lines.

    A journal may turn out later to be one of a session's two: trust `Screened`, whose journals keep their
    numbers. Raises `JournalError` where the folder itself cannot be read.
    """
    contents = scan(folder)
    left_out = [LeftOut(path, "foreign", "not a file of ours") for path in contents.foreign]
    left_out += [LeftOut(path, "empty", "empty: nothing was recorded in it") for path in contents.empty]
    left_out += [LeftOut(item.path, "unreadable", item.why) for item in contents.unreadable]
    journals: dict[int, Journal] = {}
    paths = [found.path for found in contents.journals]
    for number, judged in enumerate(_all_judged(paths)):
        progress(number, len(paths))
        if isinstance(judged, Journal):
            take(number, judged)
            journals[number] = replace(judged, lines=b"")
        else:
            left_out.append(judged)
    return settle(journals, left_out)


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


def _all_judged(paths: Sequence[Path]) -> Iterator[Journal | LeftOut]:
    """Every file judged, in order; by as many processes as there are cores where that is worth it."""
    chunks = [
        [(n, paths[n]) for n in range(start, min(start + CHUNK, len(paths)))]
        for start in range(0, len(paths), CHUNK)
    ]
    for judged in mapped(_judged, chunks, alone=len(paths) < MANY):
        yield from judged


def _judged(chunk: Sequence[tuple[int, Path]]) -> list[Journal | LeftOut]:
    return [judge(number, path, trim=trimmed) for number, path in chunk]
