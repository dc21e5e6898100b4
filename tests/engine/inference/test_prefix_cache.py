"""Which cache a request gets, and which ones are kept."""

from __future__ import annotations

import torch

from assistant.engine.inference.kv_cache import KeyValueCache
from assistant.engine.inference.prefix_cache import PrefixCache, common_prefix


def _filled(*rows: list[int]) -> KeyValueCache:
    """One layer whose keys are the tokens themselves."""
    cache = KeyValueCache(1, len(rows), max(map(len, rows)))
    for at, row in enumerate(rows):
        values = torch.tensor(row, dtype=torch.float32).view(1, -1, 1)
        cache.put(0, at, values, values)
    cache.lengths = [len(row) for row in rows]
    return cache


def _held(cache: KeyValueCache) -> list[int]:
    assert cache.keys[0] is not None
    return [int(v) for v in cache.keys[0][0, 0, : cache.lengths[0], 0].tolist()]


def _fresh() -> KeyValueCache:
    return KeyValueCache(1)


def test_the_longest_common_beginning_is_kept_and_the_last_token_fed_again() -> None:
    store = PrefixCache(4)
    store.keep("a", _filled([1, 2, 3, 4]), [[1, 2, 3, 4]])
    assert _held(store.lease("a", [1, 2, 9, 9], _fresh)) == [1, 2]
    store.keep("a", _filled([1, 2, 3, 4]), [[1, 2, 3, 4]])
    assert _held(store.lease("a", [1, 2, 3, 4], _fresh)) == [1, 2, 3]


def test_of_several_samples_the_one_that_was_chosen_is_found() -> None:
    store = PrefixCache(4)
    rows = [[1, 2, 3, 4], [1, 2, 7, 8, 9]]
    store.keep("a", _filled(*rows), rows)
    assert _held(store.lease("a", [1, 2, 7, 8, 5], _fresh)) == [1, 2, 7, 8]


def test_a_lease_takes_the_cache_out_so_that_a_failure_leaves_nothing_behind() -> None:
    store = PrefixCache(4)
    store.keep("a", _filled([1, 2, 3]), [[1, 2, 3]])
    store.lease("a", [1, 2, 3, 4], _fresh)
    assert store.lease("a", [1, 2, 3, 4], _fresh).lengths == [0]


def test_the_conversation_used_longest_ago_gives_way() -> None:
    store = PrefixCache(2)
    for name in "abc":
        store.keep(name, _filled([ord(name)] * 3), [[ord(name)] * 3])
    assert store.lease("a", [ord("a")] * 3, _fresh).lengths == [0]
    assert store.lease("b", [ord("b")] * 3, _fresh).lengths == [2]


def test_many_dialogues_are_kept_within_their_bytes_and_the_last_whatever_its_length() -> None:
    bytes_of_one = _filled([1]).nbytes
    store = PrefixCache(32, max_bytes=3 * bytes_of_one)
    for name in "abcd":
        store.keep(name, _filled([ord(name)] * 3), [[ord(name)] * 3])
    assert store.lease("a", [ord("a")] * 3, _fresh).lengths == [0]
    assert store.lease("b", [ord("b")] * 3, _fresh).lengths == [2]
    long = list(range(600))
    store.keep("e", _filled(long), [long])
    assert store.lease("c", [ord("c")] * 3, _fresh).lengths == [0]
    assert store.lease("e", long, _fresh).lengths == [599]


def test_a_long_beginning_of_another_conversation_is_copied() -> None:
    store = PrefixCache(4)
    task = list(range(100, 160))
    store.keep("a", _filled([*task, 1]), [[*task, 1]])
    copied = store.lease("b", [*task, 2, 3], _fresh)
    assert _held(copied) == task
    assert copied.keys[0] is not None
    copied.keys[0].zero_()
    assert _held(store.lease("a", [*task, 1, 5], _fresh)) == [*task, 1]


def test_requests_without_a_conversation_start_from_nothing() -> None:
    store = PrefixCache(4)
    store.keep("", _filled([1, 2, 3]), [[1, 2, 3]])
    assert store.lease("", [1, 2, 3, 4], _fresh).lengths == [0]


def test_common_prefix() -> None:
    assert common_prefix([1, 2, 3], [1, 2, 4, 5]) == 2
    assert common_prefix([], [1]) == 0
    assert common_prefix([1, 2], [1, 2, 3]) == 2
