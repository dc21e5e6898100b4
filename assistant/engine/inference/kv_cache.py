"""Keys and values of past tokens, in memory allocated once, so that forgetting a token costs nothing."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from assistant.engine.inference.recurrent_states import RecurrentStates

BLOCK = 128
"""Tokens: capacities are multiples of this, and the buffers are zero where nothing was written yet."""


class KeyValueCache:
    """Per layer two buffers [rows, heads, capacity, head size]; row r holds `lengths[r]` tokens.

    Rows are sequences that share a batch. Cropping sets a length; what lies beyond it is overwritten later.
    """

    def __init__(self, layers: int, rows: int = 1, capacity: int = BLOCK) -> None:
        self.keys: list[Tensor | None] = [None] * layers
        self.values: list[Tensor | None] = [None] * layers
        self.lengths = [0] * rows
        self.capacity = _whole_blocks(capacity)
        self.states: RecurrentStates | None = None
        """Of layers that keep no keys and values."""
        self.foreign: Any = None
        """transformers' own cache, for models in which one cannot go back."""

    @property
    def rows(self) -> int:
        return len(self.lengths)

    @property
    def nbytes(self) -> int:
        """Bytes of the buffers."""
        return sum(buffer.nbytes for buffer in (*self.keys, *self.values) if buffer is not None)

    def crop(self, row: int, length: int) -> None:
        """Forget all but the first `length` tokens of a row.

        Recurrent layers may have to forget more, which is fed again: `lengths` says it.
        """
        if length < self.lengths[row]:
            self.lengths[row] = length if self.states is None else self.states.go_back(length)

    def reserve(self, more: Sequence[int]) -> None:
        """Make room for `more[r]` tokens more in row r."""
        tokens = max(length + count for length, count in zip(self.lengths, more, strict=True))
        if tokens <= self.capacity:
            return
        self.capacity = _whole_blocks(tokens)
        used = max(self.lengths)
        for buffers in (self.keys, self.values):
            for layer, old in enumerate(buffers):
                if old is not None:
                    buffers[layer] = new = old.new_zeros(*old.shape[:2], self.capacity, old.shape[3])
                    new[:, :, :used] = old[:, :, :used]

    def allocate(self, heads: int, size: int) -> None:
        """Have float32 buffers in every layer, for who writes to them himself."""
        import torch

        for buffers in (self.keys, self.values):
            for layer, old in enumerate(buffers):
                if old is None:
                    buffers[layer] = torch.zeros(self.rows, heads, self.capacity, size)

    def addresses(self, layer: int) -> tuple[list[int], list[int]]:
        """Where each row's float32 keys and values [heads, capacity, size] of a layer begin in memory."""
        keys, values = self.keys[layer], self.values[layer]
        assert keys is not None and values is not None
        return _row_addresses(keys), _row_addresses(values)

    @property
    def capacities(self) -> list[int]:
        """Of each row."""
        return [self.capacity] * self.rows

    def put(self, layer: int, row: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Store [heads, tokens, size] after what the row holds; return the row's whole buffers."""
        self.write(layer, row, self.lengths[row], keys.unsqueeze(0), values.unsqueeze(0))
        buffers = self.keys[layer], self.values[layer]
        assert buffers[0] is not None and buffers[1] is not None
        return buffers[0][row], buffers[1][row]

    def scatter(
        self, layer: int, places: Tensor, keys: Tensor, values: Tensor, reach: int
    ) -> tuple[Tensor, Tensor]:
        """Store [rows, tokens, heads, size] at `places` [rows, tokens]; return `reach` places of the buffers."""
        pair = []
        for buffers, new in ((self.keys, keys), (self.values, values)):
            buffer = buffers[layer]
            if buffer is None:
                buffer = new.new_zeros(self.rows, new.shape[2], self.capacity, new.shape[3])
                buffers[layer] = buffer
            index = places.view(*places.shape, 1, 1).expand_as(new).transpose(1, 2)
            buffer.scatter_(2, index, new.transpose(1, 2))
            pair.append(buffer[:, :, :reach])
        return pair[0], pair[1]

    def used_blocks(self, new: int) -> int:
        """Places that hold tokens once every row has got `new` more, in whole blocks."""
        return min(_whole_blocks(max(self.lengths) + new), self.capacity)

    def move(self, home: KeyValueCache) -> None:
        """Keep the tokens in the buffers of `home` from now on, which are as many rows and at least as long."""
        used = max(self.lengths)
        for mine, theirs in ((self.keys, home.keys), (self.values, home.values)):
            for layer, (old, new) in enumerate(zip(mine, theirs, strict=True)):
                if old is not None and new is not None:
                    new[:, :, :used] = old[:, :, :used]
                    mine[layer] = new
        self.capacity = home.capacity

    def write(self, layer: int, row: int, start: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Store [n, heads, tokens, size] for rows from `row` at `start`; return all up to there, as views."""
        n, _, tokens, _ = keys.shape
        end = start + tokens
        pair = []
        for buffers, new in ((self.keys, keys), (self.values, values)):
            buffer = buffers[layer]
            if buffer is None:
                buffer = new.new_zeros(self.rows, new.shape[1], self.capacity, new.shape[3])
                buffers[layer] = buffer
            buffer[row : row + n, :, start:end] = new
            pair.append(buffer[row : row + n, :, :end])
        return pair[0], pair[1]

    def copy_row(self, source: int, target: int, start: int) -> None:
        """Have row `target` hold what `source` does; the first `start` tokens of both are the same."""
        import torch

        end = self.lengths[source]
        with torch.inference_mode():  # the forwards' own buffers are changed nowhere else
            for buffer in (*self.keys, *self.values):
                if buffer is not None:
                    buffer[target, :, start:end] = buffer[source, :, start:end]
        self.lengths[target] = end

    def select(self, rows: Sequence[int], *, capacity: int = 0) -> KeyValueCache:
        """A copy that holds `rows` (which may repeat) in that order."""
        lengths = [self.lengths[row] for row in rows]
        used = max(lengths)
        other = KeyValueCache(len(self.keys), len(rows), max(capacity, used))
        other.lengths = lengths
        for mine, theirs in ((self.keys, other.keys), (self.values, other.values)):
            for layer, old in enumerate(mine):
                if old is not None:
                    theirs[layer] = new = old.new_zeros(len(rows), old.shape[1], other.capacity, old.shape[3])
                    for at, row in enumerate(rows):
                        new[at, :, :used] = old[row, :, :used]
        other.states = None if self.states is None else self.states.select(rows)
        other.foreign = self._select_foreign(rows)
        return other

    def _select_foreign(self, rows: Sequence[int]) -> Any:
        if self.foreign is None:
            return None
        import torch

        other = copy.deepcopy(self.foreign)
        other.reorder_cache(torch.tensor(rows))
        return other


class JoinedCaches:
    """The rows of several caches as if they were one's, for a step that requests share. Nothing is copied."""

    def __init__(self, caches: Sequence[KeyValueCache]) -> None:
        self._caches = caches
        self._places = [(cache, row) for cache in caches for row in range(cache.rows)]

    @property
    def rows(self) -> int:
        return len(self._places)

    @property
    def lengths(self) -> list[int]:
        return [cache.lengths[row] for cache, row in self._places]

    @lengths.setter
    def lengths(self, lengths: Sequence[int]) -> None:
        for (cache, row), length in zip(self._places, lengths, strict=True):
            cache.lengths[row] = length

    @property
    def capacity(self) -> int:
        """Of the row with most."""
        return max(cache.capacity for cache in self._caches)

    @property
    def capacities(self) -> list[int]:
        """Of each row."""
        return [cache.capacity for cache, _ in self._places]

    def reserve(self, more: Sequence[int]) -> None:
        """Make room for `more[r]` tokens more in row r."""
        begin = 0
        for cache in self._caches:
            cache.reserve(more[begin : begin + cache.rows])
            begin += cache.rows

    def allocate(self, heads: int, size: int) -> None:
        """Have float32 buffers in every layer."""
        for cache in self._caches:
            cache.allocate(heads, size)

    def addresses(self, layer: int) -> tuple[list[int], list[int]]:
        """Where each row's keys and values of a layer begin in memory."""
        pairs = [cache.addresses(layer) for cache in self._caches]
        return [at for keys, _ in pairs for at in keys], [at for _, values in pairs for at in values]

    def put(self, layer: int, row: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Store [heads, tokens, size] after what the row holds; return the row's whole buffers."""
        cache, own = self._places[row]
        return cache.put(layer, own, keys, values)

    def used_blocks(self, new: int) -> int:
        """Places that hold tokens once every row has got `new` more, in whole blocks."""
        return max(cache.used_blocks(new) for cache in self._caches)


AnyCache = KeyValueCache | JoinedCaches


def _row_addresses(buffer: Tensor) -> list[int]:
    first, size = buffer.data_ptr(), buffer.stride(0) * buffer.element_size()
    return [first + row * size for row in range(buffer.shape[0])]


def _whole_blocks(tokens: int) -> int:
    return max(1, -(-tokens // BLOCK)) * BLOCK
