"""The dataset's card: a README.md with the header that hubs and `datasets` read, and text for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant import __version__
from assistant.datasets.card_text import body
from assistant.datasets.export_result import Outcome
from assistant.datasets.features import feature
from assistant.datasets.figure import picture, points
from assistant.datasets.formats.all import export_format
from assistant.datasets.importers.base import importers
from assistant.datasets.options import SPLITS, Rules

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


def write_card(folder: Path, formats: Sequence[str], rules: Rules, licence: str, outcome: Outcome) -> None:
    """Put README.md and the figure into the export."""
    found = points(outcome.solving)
    if found and outcome.answered:
        (folder / FIGURE).write_bytes(picture(found))
    chosen = licence or _imported_licence(rules.origin)
    if chosen.lower() not in HUB_LICENCES:
        (folder / LICENCE_FILE).write_text(_licence_file(chosen, outcome), encoding="utf-8")
    header = "\n".join(["---", *_header(formats, chosen, outcome), "---", ""])
    text = "\n".join(body(formats, rules, chosen, outcome, found, FIGURE, __version__))
    (folder / "README.md").write_text(f"{header}\n{text}\n", encoding="utf-8")


def _imported_licence(origin: str) -> str:
    """Imported journals carry the licence of their dataset in place of anybody's consent."""
    importer = importers().get(origin)
    return importer.licence if importer is not None else ""


def _licence_file(licence: str, outcome: Outcome) -> str:
    """What is known of a licence that hubs have no name for."""
    problems = ", ".join(sorted(filter(None, outcome.licences))) or "unknown"
    licence_line = (
        f"This dataset is published under {licence}; put that licence's text here."
        if licence
        else "No licence has been chosen for this dataset yet, so nobody may use it: export again with --licence ID."
    )
    return f"{licence_line}\nLicences of the problems in it: {problems} (column `licence`).\n"


def _header(formats: Sequence[str], licence: str, outcome: Outcome) -> Iterator[str]:
    problems = sorted(filter(None, outcome.licences)) if outcome.sessions["exported"] else []
    chosen = licence.lower() if licence.lower() in HUB_LICENCES else "other"
    known = [name.lower() for name in problems if name.lower() in HUB_LICENCES]
    named = list(dict.fromkeys((chosen, *known)))
    yield f"license: {json.dumps(named[0] if len(named) == 1 else named)}"
    if chosen == "other":
        yield f"license_name: {json.dumps(licence.lower() or NO_LICENCE)}"
        yield f"license_link: {LICENCE_FILE}"
    yield from ("language:", "- en", "pretty_name: Natural-language feedback on programs")
    yield from (
        "task_categories:",
        "- text-generation",
        "tags:",
        "- code",
        "- human-feedback",
        "- program-synthesis",
    )
    yield f"size_categories:\n- {_size(max((c['rows'] for c in outcome.rows.values()), default=0))}"
    filled = [name for name in formats if name in outcome.rows and outcome.rows[name]["rows"]]
    if not filled:
        return
    yield "configs:"
    for number, name in enumerate(filled):
        yield from _config(name, outcome, default=number == 0)
    yield "dataset_info:"
    for name in filled:
        yield from _info(name, outcome)


def splits_of(name: str, outcome: Outcome) -> list[str]:
    """Splits in which the format has rows."""
    return [split for split in SPLITS if outcome.rows[name][split]]


def _config(name: str, outcome: Outcome, *, default: bool) -> Iterator[str]:
    yield f"- config_name: {name}"
    if default:
        yield "  default: true"
    yield "  data_files:"
    for split in splits_of(name, outcome):
        yield f"  - split: {split}"
        yield f"    path: data/{name}/{split}-*.parquet"


def _info(name: str, outcome: Outcome) -> Iterator[str]:
    yield f"- config_name: {name}"
    yield "  features:"
    for column, kind in export_format(name).columns.items():
        yield from (f"  {line}" for line in feature(column, kind))
    yield "  splits:"
    for split in splits_of(name, outcome):
        yield f"  - name: {split}"
        yield f"    num_bytes: {outcome.bytes[name, split]}"
        yield f"    num_examples: {outcome.rows[name][split]}"


def _size(rows: int) -> str:
    bounds = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
    return next((name for bound, name in bounds if rows < bound), "n>1M")
