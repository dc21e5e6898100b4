"""What a format is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from assistant.datasets.features import PROVENANCE, Columns
from assistant.datasets.provenance import Place
from assistant.datasets.session_view import Row, SessionView

Make = Callable[[Sequence[SessionView], Place], Iterator[Row]]


@dataclass(frozen=True)
class Format:
    """A kind of dataset. `make` is handed all the sessions of one problem."""

    name: str
    own: Columns
    """Its columns, without those of provenance."""
    make: Make
    learned: tuple[str, ...]
    """Columns that rows are compared by to find duplicates; none where every row stands."""
    about: str
    """What a row is, for the card."""
    loss: str
    """Which part carries loss, for the card."""
    order: int = 100
    """Place among the formats: lower comes first."""

    @property
    def columns(self) -> Columns:
        return self.own | PROVENANCE

    def key(self, row: Row) -> str:
        """Equal for duplicates."""
        return json.dumps([row[name] for name in self.learned], ensure_ascii=False, sort_keys=True)
