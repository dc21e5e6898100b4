"""What a format is, and every format by name: the entry points `assistant.export_formats`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.core import plugins
from assistant.core.errors import UsageError
from assistant.datasets.features import PROVENANCE, Columns
from assistant.datasets.provenance import Place
from assistant.datasets.session_view import Row, SessionView

Make = Callable[[Sequence[SessionView], Place], Iterator[Row]]
WriteFiles = Callable[[Path, str, Iterator[Row]], None]
"""Puts the rows of one split (`train`, …) into the dataset's folder, in the form of another program."""
OLDEST_TRL = "1.10"
"""The oldest TRL that the extra `train` takes."""
NEWEST_TRL = "1.16"
"""The newest in which the trainers were looked up."""
REWARDED = "`reward_funcs=sandbox_reward` (`from assistant import sandbox_reward`)"
"""What has to be set for trainers that let the model write its own programs."""


@dataclass(frozen=True)
class Trainer:
    """A trainer of TRL that takes a format's rows as they are."""

    name: str
    module: str = "trl"
    """Those below `trl.experimental` may move with any version."""
    reads: tuple[str, ...] = ()
    """The columns that it reads."""
    note: str = ""
    """What has to be set, for the card."""
    last: str = ""
    """The last version of TRL that has it; empty where `NEWEST_TRL` does."""

    @property
    def config(self) -> str:
        """The name of its arguments, in the same module."""
        return f"{self.name.removesuffix('Trainer')}Config"

    @property
    def versions(self) -> str:
        return f"{OLDEST_TRL} to {self.last}" if self.last else f"{OLDEST_TRL} and later"


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
    trainers: tuple[Trainer, ...] = ()
    """Who takes its rows, the usual one first."""
    files: WriteFiles | None = None
    """Writes its rows as files for another program; None where they are Parquet, for `datasets` and trainers."""
    needs: str = ""
    """The module that writes them, of the extra of the format's name."""

    @property
    def columns(self) -> Columns:
        return self.own | PROVENANCE

    def key(self, row: Row) -> str:
        """Equal for duplicates."""
        return json.dumps([row[name] for name in self.learned], ensure_ascii=False, sort_keys=True)


def export_format(name: str) -> Format:
    """The format of that name. Raises PluginError where there is none or it cannot be loaded."""
    loaded: Format = plugins.load("export_formats", name)
    return loaded


def format_names() -> tuple[str, ...]:
    """The names of all formats of rows that can be loaded, in their order: what `all` stands for."""
    return _ordered({name: made for name, made in _loaded().items() if made.files is None})


def _loaded() -> dict[str, Format]:
    formats: dict[str, Format] = plugins.load_all("export_formats")
    return formats


def _ordered(formats: dict[str, Format]) -> tuple[str, ...]:
    return tuple(sorted(formats, key=lambda name: formats[name].order))


def parse_formats(words: str) -> tuple[str, ...]:
    """`sft,kto` or `all`. Raises `UsageError`, and PluginError for a named format that cannot be loaded."""
    if words == "all":
        return format_names()
    known = plugins.names("export_formats")
    names = tuple(word.strip() for word in words.split(",") if word.strip())
    for name in names:
        if name not in known:
            raise UsageError(f"there is no format {name!r}; known: {', '.join(_ordered(_loaded()))}, all")
    if not names:
        raise UsageError(f"no format was named: choose --format {', '.join(_ordered(_loaded()))}, or all")
    return tuple(sorted(dict.fromkeys(names), key=lambda name: export_format(name).order))
