"""What an importer is: it recognises another dataset's rows and gives their sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from assistant.core import plugins
from assistant.datasets.importers.imported_session import ImportedSession
from assistant.problems.records import BadRecord

Row = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """A file's rows and what was said about them on the command line."""

    file: Path
    rows: list[Row]
    model_name: str = ""
    """The model that wrote the programs, where neither rows nor path say so."""
    tasks: Callable[[], Mapping[str, Row]] = dict
    """Tasks by name, read when they are asked for."""
    skipped: list[str] = field(default_factory=list)
    """Why rows were left out; filled while the sessions are taken."""


@dataclass(frozen=True)
class Importer:
    """Another dataset's rows as sessions; an entry point of the group `assistant.importers`."""

    name: str
    """Also the `--origin` under which its journals are exported."""
    recognise: Callable[[Row], bool]
    sessions: Callable[[Source], Iterator[ImportedSession]]
    licence: str
    """Of the released data, as a hub's card names it, e.g. `mit`; it stands in place of anybody's consent.
    Empty where people import logs of their own: those are exported with consent only."""
    about: str
    """How the data were collected, for the dataset card."""
    note: str = ""
    """What whoever imports it has to know, in one line."""
    rows: Callable[[str], list[Row]] | None = None
    """Reads a file that is neither JSON nor a table; gives nothing where the text is not of its form."""
    columns: tuple[str, ...] = ()
    """Of a table in Parquet, the columns to read; all where none is named."""


def importers() -> dict[str, Importer]:
    """Every importer that can be loaded, by name."""
    loaded: dict[str, Importer] = plugins.load_all("importers")
    return loaded


def each_row(session: Callable[[Row, Source], ImportedSession], source: Source) -> Iterator[ImportedSession]:
    """One session a row; a row that is none is left out with its number and the reason."""
    for number, row in enumerate(source.rows, start=1):
        try:
            yield session(row, source)
        except (BadRecord, KeyError, TypeError, ValidationError, SyntaxError) as error:
            source.skipped.append(f"row {number}: {reason(error)}")


def reason(error: Exception) -> str:
    """Why a row is left out, in one line."""
    if isinstance(error, KeyError):
        return f"has no field {error}"
    return " ".join(str(error).split())[:200]
