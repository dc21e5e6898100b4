"""The dataset's card: a README.md with the header that hubs and `datasets` read, and text for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant import __version__
from assistant.datasets.card_text import shown
from assistant.datasets.export_result import ExportResult
from assistant.datasets.features import feature
from assistant.datasets.figure import picture, points
from assistant.datasets.formats.base import export_format
from assistant.datasets.importers.base import importers
from assistant.datasets.options import SPLITS, Rules
from assistant.reporting.templates import markdown_page

FIGURE = "solve_rate.png"
LICENCE_FILE = "LICENSE"
NO_LICENCE = "not-chosen-yet"
HUB_LICENCES = frozenset(
    (
        *(
            "apache-2.0",
            "mit",
            "cc0-1.0",
            "cc-by-2.0",
            "cc-by-3.0",
            "cc-by-4.0",
            "cc-by-sa-3.0",
            "cc-by-sa-4.0",
        ),
        *(
            "cc-by-nc-4.0",
            "cc-by-nc-sa-4.0",
            "cc-by-nc-nd-4.0",
            "cc-by-nd-4.0",
            "bsd",
            "bsd-2-clause",
            "bsd-3-clause",
        ),
        *(
            "gpl",
            "gpl-2.0",
            "gpl-3.0",
            "lgpl-3.0",
            "agpl-3.0",
            "mpl-2.0",
            "isc",
            "odbl",
            "odc-by",
            "pddl",
            "unlicense",
        ),
        *("wtfpl", "artistic-2.0", "cdla-permissive-1.0", "cdla-permissive-2.0", "unknown"),
    )
)
"""Licences that hubs know by these names; any other is `other`, with a name and a file that says more."""


def write_card(
    folder: Path, formats: Sequence[str], rules: Rules, licence: str, outcome: ExportResult
) -> None:
    """Put README.md and the figure into the export."""
    found = points(outcome.solving)
    if found and outcome.answered:
        (folder / FIGURE).write_bytes(picture(found))
    chosen = licence or _imported_licence(rules.origin)
    if chosen.lower() not in HUB_LICENCES:
        (folder / LICENCE_FILE).write_text(_licence_file(chosen, outcome), encoding="utf-8")
    card = markdown_page(
        "assistant.datasets", "card.md.j2", front_matter=_front_matter(formats, chosen, outcome), figure=FIGURE,
        version=__version__, **shown(formats, rules, chosen, outcome, found),
    )  # fmt: skip
    (folder / "README.md").write_text(card, encoding="utf-8")


def _imported_licence(origin: str) -> str:
    """Imported journals carry the licence of their dataset in place of anybody's consent."""
    importer = importers().get(origin)
    return importer.licence if importer is not None else ""


def _licence_file(licence: str, outcome: ExportResult) -> str:
    """What is known of a licence that hubs have no name for."""
    problems = ", ".join(sorted(filter(None, outcome.licences))) or "unknown"
    licence_line = (
        f"This dataset is published under {licence}; put that licence's text here."
        if licence
        else "No licence has been chosen for this dataset yet, so it may not be used: export again with --licence ID."
    )
    return f"{licence_line}\nLicences of the problems in it: {problems} (column `licence`).\n"


def _front_matter(formats: Sequence[str], licence: str, outcome: ExportResult) -> str:
    """The header in YAML, without its fences."""
    from huggingface_hub import DatasetCardData

    tables = [name for name in formats if export_format(name).files is None]
    filled = [name for name in tables if name in outcome.rows and outcome.rows[name]["rows"]]
    most = max((counts["rows"] for counts in outcome.rows.values()), default=0)
    data: dict[str, Any] = {
        **_licence(licence, outcome),
        "language": ["en"],
        "pretty_name": "Natural-language feedback on programs",
        "task_categories": ["text-generation"],
        "tags": ["code", "human-feedback", "program-synthesis"],
        "size_categories": [_size(most)],
    }
    if filled:
        data["configs"] = [_config(name, outcome, default=number == 0) for number, name in enumerate(filled)]
        data["dataset_info"] = [_info(name, outcome) for name in filled]
    return str(DatasetCardData(**data).to_yaml(original_order=list(data)))


def _licence(licence: str, outcome: ExportResult) -> dict[str, Any]:
    """The dataset's licence and those of its problems, by the names that hubs know."""
    problems = sorted(filter(None, outcome.licences)) if outcome.sessions["exported"] else []
    chosen = licence.lower() if licence.lower() in HUB_LICENCES else "other"
    known = [name.lower() for name in problems if name.lower() in HUB_LICENCES]
    named = list(dict.fromkeys((chosen, *known)))
    found: dict[str, Any] = {"license": named[0] if len(named) == 1 else named}
    if chosen == "other":
        found |= {
            "license_name": " ".join(licence.lower().split()) or NO_LICENCE,
            "license_link": LICENCE_FILE,
        }
    return found


def splits_of(name: str, outcome: ExportResult) -> list[str]:
    """Splits in which the format has rows."""
    return [split for split in SPLITS if outcome.rows[name][split]]


def _config(name: str, outcome: ExportResult, *, default: bool) -> dict[str, Any]:
    files = [{"split": split, "path": f"data/{name}/{split}-*.parquet"} for split in splits_of(name, outcome)]
    return {"config_name": name, **({"default": True} if default else {}), "data_files": files}


def _info(name: str, outcome: ExportResult) -> dict[str, Any]:
    return {
        "config_name": name,
        "features": [feature(column, kind) for column, kind in export_format(name).columns.items()],
        "splits": [
            {
                "name": split,
                "num_bytes": outcome.bytes[name, split],
                "num_examples": outcome.rows[name][split],
            }
            for split in splits_of(name, outcome)
        ],
    }


def _size(rows: int) -> str:
    bounds = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
    return next((name for bound, name in bounds if rows < bound), "n>1M")
