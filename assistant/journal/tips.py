"""The last hashes of a folder's journals, kept elsewhere: they show what a chain cannot, that its end is gone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from assistant.core.errors import UsageError
from assistant.core.problem import FrozenModel
from assistant.storage.bounded_read import read_text
from assistant.storage.durable_io import replace_file


class Tip(FrozenModel):
    """One session as it stood when the tips were written."""

    session: str
    events: int
    tip: str
    """SHA-256 of its last whole line."""


def written(tips: Iterable[Tip]) -> str:
    """The tips as a file: a line of JSON each, in order of the sessions."""
    lines = sorted(tips, key=lambda tip: (tip.session, tip.tip))
    return "".join(json.dumps(tip.model_dump(), ensure_ascii=False) + "\n" for tip in lines)


def write_tips(path: Path, tips: Iterable[Tip]) -> None:
    """Put the tips into a file, in place of what it held. Raises `UsageError`."""
    try:
        replace_file(path, written(tips).encode())
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}): name another file") from None


def read_tips(path: Path) -> list[Tip]:
    """The tips in a file that `written` made. Raises `UsageError` naming the line that is none."""
    try:
        lines = read_text(path).split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UsageError(f"{path} cannot be read ({reason})") from None
    return [_tip(path, number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def _tip(path: Path, number: int, line: str) -> Tip:
    try:
        return Tip.model_validate_json(line)
    except ValidationError:
        raise UsageError(
            f"{path}, line {number}: not a session with its last hash; `assistant verify --tips FILE` writes those"
        ) from None


def compare(tips: Sequence[Tip], hashes: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Session and what became of it, where it does not go on from its tip; `hashes` are those of its lines."""
    for tip in tips:
        lines = hashes.get(tip.session)
        if lines is None:
            yield tip.session, f"session {tip.session} is gone: it had {tip.events} events"
        elif tip.tip not in lines:
            less = len(lines) < tip.events
            what = (
                f"it ends after {len(lines)} of {tip.events} events" if less else "its events were rewritten"
            )
            yield tip.session, f"session {tip.session} does not hold its last line of then: {what}"
