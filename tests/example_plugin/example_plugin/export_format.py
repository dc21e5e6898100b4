"""A dataset of every right program alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.datasets.formats.base import Format
from assistant.datasets.provenance import Place, provenance
from assistant.datasets.session_view import Row, SessionView


def _rows(views: Sequence[SessionView], place: Place) -> Iterator[Row]:
    for view in views:
        for program in view.counted:
            if view.right(program):
                yield {"code": program.code, **provenance(view, program, place)}


PROGRAMS = Format(
    "example_programs", {"code": "string"}, _rows, ("code",), "A right program.", "All of `code`."
)
