"""A file of answers, one JSON line each, that only grows: read line by line, appended to on disk.

A last line that a crash cut off was never confirmed; the next answer sets it aside.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from assistant.core.errors import JournalError
from assistant.storage.durable_io import append_line, exclusive_lock

Row = TypeVar("Row", bound=BaseModel)


@dataclass(frozen=True)
class Ledger(Generic[Row]):
    """Such a file; its lines are `row`s."""

    path: Path
    row: type[Row]
    line_is: str
    """What a line holds, for messages: `an answer about consent`."""
    without: str = ""
    """What is not done while the file cannot be read, for messages."""
    repair: str = ""
    """What to do about a wrong line, for messages."""

    def rows(self, *, without_torn: bool = False) -> Iterator[Row]:
        """All; `without_torn` leaves out a last one that was cut off. Raises `JournalError`, naming a wrong one."""
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return
        except OSError as error:
            lost = f": without it {self.without}" if self.without else ""
            raise JournalError(f"{self.path} cannot be read ({error.strerror}){lost}") from None
        if not lines[-1] or (without_torn and not self._is_whole(lines[-1])):
            lines.pop()
        for number, line in enumerate(lines, start=1):
            try:
                yield self.row.model_validate_json(line)
            except ValidationError:
                todo = f"; {self.repair}" if self.repair else ""
                raise JournalError(f"{self.path}, line {number}: not {self.line_is}{todo}") from None

    def add(self, rows: Iterable[Row]) -> None:
        """Append them, on disk when this returns. Raises `JournalError`."""
        folder = self.path.parent
        try:
            with exclusive_lock(folder):
                for row in rows:
                    line = json.dumps(row.model_dump(), ensure_ascii=False).encode("utf-8", "replace")
                    append_line(self.path, line, self._is_whole)
        except OSError as error:
            raise JournalError(
                f"{self.path} cannot be written ({error.strerror}): nothing was recorded; repair that, then repeat"
            ) from None

    def _is_whole(self, line: bytes) -> bool:
        try:
            self.row.model_validate_json(line)
        except ValidationError:
            return False
        return True
