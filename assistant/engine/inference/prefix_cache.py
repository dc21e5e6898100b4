"""The caches of the conversations that were touched last, so that a new round feeds only what is new."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.engine.inference.kv_cache import KeyValueCache

_WORTH_COPYING = 32  # tokens; a shorter prefix of another conversation is computed anew


@dataclass
class _Kept:
    cache: KeyValueCache
    tokens: list[list[int]]
    """Per row of the cache, the tokens whose keys and values it holds."""

    def best_row(self, prompt: Sequence[int]) -> tuple[int, int]:
        """The row that shares most with `prompt`, and how many tokens that is."""
        shared = [common_prefix(row, prompt) for row in self.tokens]
        longest = max(shared)
        return shared.index(longest), longest


class PrefixCache:
    """At most `max_caches` caches by conversation, and `max_bytes` together; the one used longest ago gives way.

    The last one stays however long it is: its conversation goes on.
    With `share` requests without a conversation use it, too: what was said last stands for all of them.
    """

    def __init__(self, max_caches: int, *, max_bytes: int | None = None, share: bool = False) -> None:
        self._max = max_caches
        self._max_bytes = max_bytes
        self._share = share
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def lease(self, name: str, prompt: Sequence[int], fresh: Callable[[], KeyValueCache]) -> KeyValueCache:
        """A cache of one row that holds a prefix of `prompt`; its `lengths[0]` says how much.

        At least the last token of the prompt is left out: its logits are wanted. The conversation's cache is
        taken out of the store; `keep` brings it back. A longer prefix in another conversation is copied.
        """
        limit = len(prompt) - 1
        own = self._kept.pop(name, None) if name else None
        row, shared = own.best_row(prompt) if own else (0, 0)
        other, other_row, other_shared = self._best_other(prompt) if name or self._share else (None, 0, 0)
        if other is not None and other_shared >= shared + _WORTH_COPYING:
            own, row, shared = other, other_row, other_shared
            cache = own.cache.select([row])
        elif own is not None and shared > 0:
            cache = own.cache if own.cache.rows == 1 else own.cache.select([row])
        else:
            return fresh()
        cache.crop(0, min(shared, limit))
        return cache

    def keep(self, name: str, cache: KeyValueCache, tokens: Sequence[Sequence[int]]) -> None:
        """Remember `cache` under `name`; row r holds the first `cache.lengths[r]` of `tokens[r]`."""
        if (not name and not self._share) or self._max <= 0:
            return
        held = [list(row[:length]) for row, length in zip(tokens, cache.lengths, strict=True)]
        self._kept[name] = _Kept(cache, held)
        self._kept.move_to_end(name)
        while len(self._kept) > self._max or (len(self._kept) > 1 and self._is_full()):
            self._kept.popitem(last=False)

    def clear(self) -> None:
        """Free all caches."""
        self._kept.clear()

    def _is_full(self) -> bool:
        return self._max_bytes is not None and self._max_bytes < sum(
            kept.cache.nbytes for kept in self._kept.values()
        )

    def _best_other(self, prompt: Sequence[int]) -> tuple[_Kept | None, int, int]:
        found = [(kept, *kept.best_row(prompt)) for kept in self._kept.values()]
        return max(found, key=lambda item: item[2], default=(None, 0, 0))


def common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """How many tokens both begin with."""
    length = min(len(left), len(right))
    return next((i for i in range(length) if left[i] != right[i]), length)
