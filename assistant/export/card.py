"""The dataset's card: a README.md with the header that hubs and `datasets` read, and the words that people do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant import __version__
from assistant.export.card_words import body
from assistant.export.columns import feature
from assistant.export.figure import picture, points
from assistant.export.formats.all import BY_NAME
from assistant.export.outcome import Outcome
from assistant.export.rules import SPLITS, Rules

IMPORTED_LICENCES = {"ilf": "mit", "mint": "apache-2.0", "realhumaneval": "mit"}
"""Imported journals carry the licence of their dataset in place of anybody's consent."""
FIGURE = "solve_rate.png"


def write_card(folder: Path, formats: Sequence[str], rules: Rules, licence: str, outcome: Outcome) -> None:
    """Put README.md and the figure into the export."""
    found = points(outcome.solving)
    if found and outcome.answered:
        (folder / FIGURE).write_bytes(picture(found))
    chosen = licence or IMPORTED_LICENCES.get(rules.origin, "")
    header = "\n".join(["---", *_header(formats, chosen, outcome), "---", ""])
    text = "\n".join(body(formats, rules, chosen, outcome, found, FIGURE, __version__))
    (folder / "README.md").write_text(f"{header}\n{text}\n", encoding="utf-8")


def _header(formats: Sequence[str], licence: str, outcome: Outcome) -> Iterator[str]:
    problems = sorted(filter(None, outcome.licences)) if outcome.sessions["exported"] else []
    named = list(dict.fromkeys(name.lower() for name in (licence or "other", *problems)))
    yield f"license: {json.dumps(named[0] if len(named) == 1 else named)}"
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
    for column, kind in BY_NAME[name].columns.items():
        yield from (f"  {line}" for line in feature(column, kind))
    yield "  splits:"
    for split in splits_of(name, outcome):
        yield f"  - name: {split}"
        yield f"    num_bytes: {outcome.bytes[name, split]}"
        yield f"    num_examples: {outcome.rows[name][split]}"


def _size(rows: int) -> str:
    bounds = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
    return next((name for bound, name in bounds if rows < bound), "n>1M")
