"""All the sessions of a folder: listed, found by the start of their id, taken away."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.core.errors import JournalError, SessionLocked, UsageError
from assistant.core.optional_deps import no_garbage_collection
from assistant.journal.locking import is_locked
from assistant.journal.process_map import mapped
from assistant.journal.scan import JOURNAL, JournalFile, scan
from assistant.journal.session_index import load_index, save_index
from assistant.journal.session_summary import SessionSummary, summarize
from assistant.settings.paths import cache_folder
from assistant.storage.durable_io import make_folders, sync_folder

__all__ = ["SessionSummary", "delete_session", "find_session", "list_sessions"]

CHUNK = 50
"""Journals that are read at a time."""
MANY = 500
"""From so many changed journals on, several processes read them."""


def list_sessions(
    folder: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> list[SessionSummary]:
    """Every session of `folder`, newest first; files that cannot be read are in the list, with the reason.

    Journals that have changed since the last time are read anew; `progress(done, total)` counts those.
    Raises `JournalError` where the folder itself cannot be read; one that is not there yet has no sessions.
    """
    if not folder.exists():
        return []
    contents = scan(folder)
    files = contents.journals
    index = (
        cache_folder() / "sessions" / f"{hashlib.sha256(bytes(folder.absolute())).hexdigest()[:16]}.sqlite3"
    )
    known = load_index(index, files)
    changed = [found for found in files if found.path not in known]
    fresh = _summarized(changed, progress)
    if fresh:
        save_index(index, fresh)
    summaries = [*known.values(), *(summary for _, summary in fresh)]
    summaries += [
        SessionSummary(id=item.path.name, path=item.path, state="unreadable", trouble=item.why)
        for item in contents.unreadable
    ]
    return sorted(summaries, key=lambda summary: (summary.started, summary.id), reverse=True)


def _summarized(
    changed: Sequence[JournalFile], progress: Callable[[int, int], None]
) -> list[tuple[JournalFile, SessionSummary]]:
    """Each journal with its summary; by as many processes as there are cores where there are many."""
    chunks = [
        [found.path for found in changed[start : start + CHUNK]] for start in range(0, len(changed), CHUNK)
    ]
    summaries: list[SessionSummary] = []
    for made in mapped(_summaries, chunks, alone=len(changed) < MANY):
        for _ in made:
            progress(len(summaries), len(changed))
            summaries.append(made[len(summaries) % CHUNK])
    return list(zip(changed, summaries, strict=True))


@no_garbage_collection()
def _summaries(paths: Sequence[Path]) -> list[SessionSummary]:
    return [summarize(path) for path in paths]


def find_session(folder: Path, id_or_prefix: str) -> Path:
    """The journal whose id starts with `id_or_prefix` (or whose random part does), or the file of that name.

    Raises `UsageError` where there is none, or more than one.
    """
    wanted = id_or_prefix.strip()
    if wanted.endswith(JOURNAL) and Path(wanted).is_file():
        return Path(wanted)
    if not wanted:
        raise UsageError("no session was named: give the start of its id; `assistant sessions` lists them")
    paths = [found.path for found in scan(folder).journals] if folder.exists() else []
    exact = [path for path in paths if path.stem == wanted]
    begun = [path for path in paths if path.stem.startswith(wanted)]
    ending = [path for path in paths if path.stem.rpartition("-")[2].startswith(wanted)]
    matches = exact or begun or ending
    if not matches:
        raise UsageError(f"there is no session {wanted} in {folder}; `assistant sessions` lists them")
    if len(matches) > 1:
        some = ", ".join(path.stem for path in matches[:4]) + (", …" if len(matches) > 4 else "")
        places = f" ({', '.join(str(path) for path in matches[:4])})" if exact else ""
        raise UsageError(
            f"{len(matches)} sessions fit {wanted}: {some}{places}; give more of the id, or the file"
        )
    return matches[0]


def delete_session(folder: Path, path: Path, *, for_good: bool = False) -> Path | None:
    """Move a journal and its torn lines to `folder/.trash` (returned), or remove them for good.

    Raises `SessionLocked` while it is being written, `JournalError` where it cannot be moved.
    """
    if is_locked(path):
        raise SessionLocked(f"session {path.stem} is being written: close it first")
    trash = folder / ".trash"
    files = [path, *sorted(path.parent.glob(f"{path.stem}.torn-*")), path.with_suffix(".lock")]
    try:
        if not for_good:
            make_folders(trash)
        for file in files:
            if for_good or file.suffix == ".lock":
                file.unlink(missing_ok=file != path)
            else:
                file.rename(_free(trash / file.name))
        sync_folder(path.parent)
    except OSError as error:
        raise JournalError(f"{path} cannot be deleted ({error.strerror})") from None
    return None if for_good else trash


def _free(path: Path) -> Path:
    """`path`, or with a number where that name is taken: the trash forgets nothing either."""
    number = 1
    free = path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}.{number}")
    return free
