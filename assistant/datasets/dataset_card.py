"""What goes with the rows: the card, a data statement, a citation, Croissant metadata, an uncommon licence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assistant import __version__
from assistant.datasets.card_header import TITLE, front_matter
from assistant.datasets.card_text import shown
from assistant.datasets.citation import CITATION, citation
from assistant.datasets.croissant import CROISSANT, croissant
from assistant.datasets.export_result import ExportResult
from assistant.datasets.figure import picture, points
from assistant.datasets.importers.base import importers
from assistant.datasets.licences import LICENCE_FILE, is_known, licence_file
from assistant.datasets.options import Publication, Rules
from assistant.reporting.templates import markdown_page

FIGURE = "solve_rate.png"
STATEMENT = "DATA_STATEMENT.md"


def write_card(
    folder: Path, formats: Sequence[str], rules: Rules, publication: Publication, outcome: ExportResult
) -> None:
    """Put README.md, the figure and the files for those who cite, judge and load the dataset into the export."""
    found = points(outcome.solving)
    if found and outcome.answered:
        (folder / FIGURE).write_bytes(picture(found))
    chosen = publication.licence or _imported_licence(rules.origin)
    if not is_known(chosen):
        _write(folder / LICENCE_FILE, licence_file(chosen, outcome.licences))
    values = shown(formats, rules, chosen, outcome, found)
    values = {**values, "title": TITLE, "version": __version__, "statement": STATEMENT, "figure": FIGURE}
    header = front_matter(formats, rules, chosen, outcome)
    _write(
        folder / "README.md", markdown_page("assistant.datasets", "card.md.j2", front_matter=header, **values)
    )
    _write(folder / STATEMENT, markdown_page("assistant.datasets", "data_statement.md.j2", **values))
    _write(folder / CITATION, citation(rules.origin, chosen, publication, outcome))
    _write(folder / CROISSANT, croissant(formats, rules, chosen, publication, outcome))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _imported_licence(origin: str) -> str:
    """Imported journals carry the licence of their dataset in place of anybody's consent."""
    importer = importers().get(origin)
    return importer.licence if importer is not None else ""
