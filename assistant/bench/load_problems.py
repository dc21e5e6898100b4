"""Problems made ready for a bench: expected values filled in, hidden tests attached, a part chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from assistant.core.errors import UsageError
from assistant.problems.collection import Collection
from assistant.problems.evalplus_tests import attach_plus, tasks_of
from assistant.problems.expected_cache import fill_collection_once
from assistant.problems.expected_values import LiteralRecorder
from assistant.problems.load import load_source
from assistant.settings.paths import cache_folder

Say = Callable[[str], None]
LEFT_OUT_SHOWN = 3


def load_ready(
    source: str,
    recorder: LiteralRecorder,
    say: Say,
    hidden: str = "",
    split: str = "",
    names: Iterable[str] = (),
) -> Collection:
    """The problems of `source`, of MBPP's `split` alone where one is named. Raises UsageError in one line.

    Where there are `names`, only the problems of these names are made ready; the others stay as they were loaded.
    """
    loaded = load_source(source)
    collection = _named(loaded, names)
    skipped = collection.skipped
    if hidden:
        collection = _with_hidden(collection, hidden, recorder, say)
    if split:
        collection = _of_split(collection, split)
    collection = _filled(collection, recorder, say)
    _say_left_out((*skipped, *(line for line in collection.skipped if line not in skipped)), say)
    return _with_others(collection, loaded, names, split)


def _named(collection: Collection, names: Iterable[str]) -> Collection:
    """Only the problems of these names, in their order; all where there are none. Raises UsageError."""
    wanted = {collection.get(name).id for name in names}
    if not wanted:
        return collection
    return replace(collection, problems=tuple(p for p in collection if p.id in wanted))


def _with_others(ready: Collection, loaded: Collection, names: Iterable[str], split: str) -> Collection:
    """`ready` among the problems of `loaded` that nobody asked for."""
    asked = {problem.id for problem in _named(loaded, names)}
    by_id = {problem.id: problem for problem in ready}
    others = {p.id for p in loaded if p.id not in asked and (not split or f"split:{split}" in p.tags)}
    problems = (by_id.get(p.id, p) for p in loaded if p.id in by_id or p.id in others)
    return replace(ready, problems=tuple(problems))


def first(collection: Collection, limit: int | None) -> Collection:
    """Only the first `limit` problems."""
    return replace(collection, problems=collection.problems[:limit])


def _with_hidden(collection: Collection, hidden: str, recorder: LiteralRecorder, say: Say) -> Collection:
    plus = _filled(tasks_of(collection, load_source(hidden)), recorder, say)
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
