"""States of layers that keep no keys and values (recurrent, convolution), and how a dialogue goes back in them.

A state cannot be cropped: what a token added to it cannot be taken out. So a copy is made where going back is likely:
after a prompt, after an answer, and before a guess that may be refused. Going back restores the last copy that is not
too late, and the tokens after it are fed again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_COPIES = 8
MOST_BYTES = 256 * 2**20
"""Of all copies of one dialogue; two are kept in any case, the newest and that before a guess."""


@dataclass(frozen=True)
class _Copy:
    """What the layers held after `length` tokens."""

    length: int
    layers: Mapping[int, dict[str, Any]]

    @property
    def size(self) -> int:
        """Bytes."""
        held = [value for layer in self.layers.values() for value in layer.values()]
        parts = [part for value in held for part in (value.values() if isinstance(value, dict) else (value,))]
        return sum(getattr(part, "nbytes", 0) for part in parts)


class RecurrentStates:
    """transformers' cache layers by their place in the model, all rows in lockstep. New ones hold no token."""

    def __init__(self, new_layers: Callable[[], Mapping[int, Any]]) -> None:
        self._new_layers = new_layers
        self.layers = layers = new_layers()
        self._empty = _Copy(0, _copied(layers))
        self._copies: list[_Copy] = []
        """In the order of their lengths; of one row each: what rows share was fed before they parted."""
        self._before_guess: _Copy | None = None

    def keep(self, length: int) -> None:
        """Remember the states after `length` tokens, the present ones."""
        if length and all(copy.length != length for copy in self._copies):
            self._copies.append(_Copy(length, _copied(self.layers)))
            self._copies.sort(key=lambda copy: copy.length)
            self._drop_some()

    def guess(self, length: int) -> None:
        """Remember the present states until the next guess."""
        self._before_guess = _Copy(length, _copied(self.layers))

    def go_back(self, length: int) -> int:
        """To at most `length` tokens; returns to how many."""
        before = [copy for copy in (*self._copies, self._before_guess) if copy and copy.length <= length]
        found = max(before, key=lambda copy: copy.length, default=self._empty)
        for place, attributes in found.layers.items():
            vars(self.layers[place]).update(_copied_attributes(attributes))
        self._copies = [copy for copy in self._copies if copy.length <= length]
        self._before_guess = None
        return found.length

    def select(self, rows: Sequence[int]) -> RecurrentStates:
        """A copy that holds `rows` (which may repeat) in that order."""
        import torch

        other = RecurrentStates(self._new_layers)
        for place, attributes in _copied(self.layers).items():
            vars(other.layers[place]).update(attributes)
            other.layers[place].reorder_cache(torch.tensor(rows))
        other._copies = list(self._copies)
        return other

    def _drop_some(self) -> None:
        """Let go of those that are too many: the oldest but the first, whose prompt all rounds begin with."""
        most = max(2, min(MOST_COPIES, MOST_BYTES // max(1, self._copies[-1].size)))
        while len(self._copies) > most:
            del self._copies[1]


_ATTRIBUTES = (
    "conv_states",
    "recurrent_states",
    "is_conv_states_initialized",
    "is_recurrent_states_initialized",
    "has_previous_state",
    "conv_kernel_size",
    "device",
    "dtype",
)
"""What transformers' layers with a state know of it."""


def _copied(layers: Mapping[int, Any]) -> dict[int, dict[str, Any]]:
    return {place: _copied_attributes(vars(layer)) for place, layer in layers.items()}


def _copied_attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Copies: transformers writes new states into the old ones' memory."""
    kept = {name: attributes[name] for name in _ATTRIBUTES if name in attributes}
    return {
        name: {key: _clone(part) for key, part in value.items()} if isinstance(value, dict) else _clone(value)
        for name, value in kept.items()
    }


def _clone(value: Any) -> Any:
    return value.clone() if hasattr(value, "clone") else value
