"""The header of the dataset's card, in YAML: what hubs search by, and how `datasets` finds and reads the files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from assistant.core.speaker import PEOPLE, UNKNOWN
from assistant.datasets.export_result import ExportResult
from assistant.datasets.features import feature
from assistant.datasets.formats.base import export_format
from assistant.datasets.licences import HUB_LICENCES, LICENCE_FILE, NOT_CHOSEN, is_known
from assistant.datasets.options import SPLITS, Rules

TITLE = "Natural-language feedback on programs"
PAPER = "2108.07732"
"""On arXiv: the experiment that the sessions follow."""
OWN = ("people", "simulated", "unknown")
"""Origins of sessions that were recorded here; any other is the name of an imported dataset."""
_PROBLEM_SOURCES = {
    "mbpp": "mbpp", "mbpp-sanitized": "mbpp", "mbpp+": "mbpp", "ilf": "mbpp", "humaneval": "openai_humaneval",
    "humaneval+": "openai_humaneval", "apps": "apps", "mathqa-python": "other-mathqa-python",
}  # fmt: skip
"""The hub's names of the datasets that problems come from, by a problem's `source`."""


def front_matter(formats: Sequence[str], rules: Rules, licence: str, outcome: ExportResult) -> str:
    """The header in YAML, without its fences."""
    from huggingface_hub import DatasetCardData

    filled = filled_formats(formats, outcome)
    most = max((counts["rows"] for counts in outcome.rows.values()), default=0)
    languages = outcome.detected_languages
    words = words_by(rules.origin, outcome.speakers)
    data: dict[str, Any] = {
        **_licence(licence, outcome),
        **({"language": languages} if languages else {}),
        **({"multilinguality": [_multilinguality(languages)]} if languages else {}),
        "annotations_creators": list(dict.fromkeys((words, "machine-generated"))),
        "language_creators": list(dict.fromkeys((words, "machine-generated"))),
        "source_datasets": source_datasets(rules.origin, outcome.sources),
        "pretty_name": TITLE,
        "task_categories": ["text-generation"],
        "tags": keywords(rules.origin, outcome.speakers),
        "size_categories": [_size(most)],
    }
    if filled:
        data["configs"] = [_config(name, outcome, default=number == 0) for number, name in enumerate(filled)]
        data["dataset_info"] = [_info(name, outcome) for name in filled]
    return str(DatasetCardData(**data).to_yaml(original_order=list(data)))


def _multilinguality(languages: Sequence[str]) -> str:
    return "monolingual" if len(languages) == 1 else "multilingual"


def words_by(origin: str, speakers: Collection[str]) -> str:
    """Who said what is wrong, in the hub's words for creators. The verdicts of tests are always a machine's."""
    if speakers and all(is_model(speaker) for speaker in speakers):
        return "machine-generated"
    if origin not in OWN:
        return "found"
    return "crowdsourced" if origin == "people" else "other"


def is_model(speaker: str) -> bool:
    """Whether a speaker, as the column `speaker` names it, is a model."""
    return speaker not in (PEOPLE, UNKNOWN)


def keywords(origin: str, speakers: Collection[str]) -> list[str]:
    """What it is found by. What models said is never called human."""
    feedback = {"machine-generated": "synthetic", "other": "feedback"}.get(
        words_by(origin, speakers), "human-feedback"
    )
    return ["code", feedback, "program-synthesis", "multi-turn", "trl", f"arxiv:{PAPER}"]


def filled_formats(formats: Sequence[str], outcome: ExportResult) -> list[str]:
    """Formats that have rows in tables."""
    tables = [name for name in formats if export_format(name).files is None]
    return [name for name in tables if name in outcome.rows and outcome.rows[name]["rows"]]


def source_datasets(origin: str, sources: Iterable[str]) -> list[str]:
    """What the data extend, in the hub's words: own sessions are `original`."""
    known = sorted({_PROBLEM_SOURCES[source] for source in sources if source in _PROBLEM_SOURCES})
    first = "original" if origin in OWN else f"extended|other-{origin}"
    return [first, *(f"extended|{name}" for name in known)]


def _licence(licence: str, outcome: ExportResult) -> dict[str, Any]:
    """The dataset's licence and those of its problems, by the names that hubs know."""
    problems = sorted(filter(None, outcome.licences)) if outcome.sessions["exported"] else []
    chosen = licence.lower() if is_known(licence) else "other"
    known = [name.lower() for name in problems if name.lower() in HUB_LICENCES]
    named = list(dict.fromkeys((chosen, *known)))
    found: dict[str, Any] = {"license": named[0] if len(named) == 1 else named}
    if chosen == "other":
        found |= {
            "license_name": " ".join(licence.lower().split()) or NOT_CHOSEN,
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
