"""Problems made ready for a bench: expected values filled in, hidden tests attached, a part chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from assistant.core.errors import UsageError
from assistant.problems.collection import Collection
from assistant.problems.evalplus_tests import attach_plus
from assistant.problems.expected_cache import fill_collection_once
from assistant.problems.expected_values import LiteralRecorder
from assistant.problems.load import load_source
from assistant.settings.paths import cache_folder

Say = Callable[[str], None]
LEFT_OUT_SHOWN = 3


def load_ready(
    source: str, recorder: LiteralRecorder, say: Say, hidden: str = "", split: str = ""
) -> Collection:
    """The problems of `source`, of MBPP's `split` alone where one is named. Raises UsageError in one line."""
    collection = load_source(source)
    skipped = collection.skipped
    if hidden:
        collection = _with_hidden(collection, hidden, recorder, say)
    if split:
        collection = _of_split(collection, split)
    collection = _filled(collection, recorder, say)
    _say_left_out((*skipped, *(line for line in collection.skipped if line not in skipped)), say)
    return collection


def first(collection: Collection, limit: int | None) -> Collection:
    """Only the first `limit` problems."""
    return replace(collection, problems=collection.problems[:limit])


def _with_hidden(collection: Collection, hidden: str, recorder: LiteralRecorder, say: Say) -> Collection:
    plus = _filled(load_source(hidden), recorder, say)
    attached = attach_plus(collection, plus)
    attached = replace(attached, skipped=(*attached.skipped, *plus.skipped))
    pairs = zip(collection, attached, strict=True)
    more = sum(len(new.hidden_tests) > len(old.hidden_tests) for old, new in pairs)
    if not more:
        raise UsageError(f"{hidden} has no tests for the problems of {collection.name}")
    say(f"hidden tests attached to {more} of {len(collection)} problems")
    return attached


def _of_split(collection: Collection, split: str) -> Collection:
    chosen = tuple(p for p in collection if f"split:{split}" in p.tags)
    if not chosen:
        raise UsageError(
            f"{collection.name} has no split {split!r}: MBPP has prompt, test, validation, train"
        )
    return replace(collection, problems=chosen)


def _filled(collection: Collection, recorder: LiteralRecorder, say: Say) -> Collection:
    def progress(done: int, total: int) -> None:
        if done == 1:
            say(f"recording what {total} reference solutions give (once) …")

    return fill_collection_once(collection, recorder, cache_folder(), progress)


def _say_left_out(lines: tuple[str, ...], say: Say) -> None:
    for line in lines[:LEFT_OUT_SHOWN]:
        say(f"left out: {line}")
    if len(lines) > LEFT_OUT_SHOWN:
        say(f"left out: {len(lines) - LEFT_OUT_SHOWN} more like these (all are named in config.json)")
