"""What the dataset card's template shows: origin of the data, counts, splits and limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assistant.datasets.export_result import ExportResult
from assistant.datasets.features import PROVENANCE_WORDS
from assistant.datasets.figure import SolvedPoint
from assistant.datasets.formats.base import NEWEST_TRL, OLDEST_TRL, export_format
from assistant.datasets.importers.base import importers
from assistant.datasets.options import SPLITS, Rules, stated
from assistant.datasets.pii import DETECTOR, measured
from assistant.reporting.templates import markdown_text

Shown = Mapping[str, Any]
MOST_NAMED = 20
"""Test problems of benchmarks that the card names; the column `overlaps` has all."""
_COLLECTED = {
    "people": "A person picked a small programming task. A language model wrote a Python function, and its tests "
    "ran in a sandbox. Where it was wrong, the person said why in their own words, and the model wrote again. Every "
    "step was logged in an append-only journal; these rows were made from the journals alone.",
    "simulated": "A language model wrote a Python function, its tests ran in a sandbox, and **another program, not a "
    "person,** said what was wrong. Never mix these rows with people's feedback.",
    "unknown": "A language model wrote a Python function, its tests ran in a sandbox, and **a speaker that is not "
    "recorded** said what was wrong: a person, or a program that drove the tool.",
}


def _collected(origin: str) -> str:
    """How the data came to be: an importer says it of its own."""
    importer = importers().get(origin) if origin not in _COLLECTED else None
    return importer.about if importer is not None else _COLLECTED.get(origin, _COLLECTED["people"])


def shown(
    formats: Sequence[str], rules: Rules, licence: str, outcome: ExportResult, solved: Sequence[SolvedPoint]
) -> Shown:
    """Every value of `card.md.j2` but the header, the figure and the version. Names from elsewhere are escaped."""
    origin = rules.origin
    return {
        "collected": _collected(origin),
        "origin": origin,
        "imported": origin not in _COLLECTED,
        "of_people": origin == "people",
        "licence": markdown_text(licence),
        "data_sha256": outcome.data_sha256,
        "solved": [_solved(point) for point in solved] if outcome.answered else [],
        "rules": stated(rules),
        "columns": list(PROVENANCE_WORDS.items()),
        "trainers": _trainers(formats),
        "trl": f"{OLDEST_TRL} to {NEWEST_TRL}",
        "training": _training(formats),
        **_counts(formats, outcome),
        **_names(outcome),
        **_left_out(outcome),
        **_splits(rules, outcome),
        **_personal(rules, outcome),
        "languages": _languages(outcome),
    }


def _counts(formats: Sequence[str], outcome: ExportResult) -> Shown:
    """Sessions, people and problems; a row for each format, with its rows in each split."""
    rows = []
    for name in formats:
        counts, made = outcome.rows.get(name, Counter()), export_format(name)
        numbers = [counts[split] for split in SPLITS]
        rows.append({"name": name, "counts": numbers, "about": made.about, "loss": made.loss})
    counted = [
        ("exported" if why == "exported" else f"left out: {why}", count)
        for why, count in sorted(outcome.sessions.items())
        if count
    ]
    if outcome.left_out:
        counted.append(("left out: not a sound journal", len(outcome.left_out)))
    return {
        "splits": SPLITS,
        "rows": rows,
        "problem_counts": [outcome.problems[split] for split in SPLITS],
        "sessions": outcome.sessions["exported"],
        "session_counts": counted,
        "annotators": len(outcome.annotators),
        "answers": outcome.answers,
        "problems": len(outcome.splits),
    }


def _names(outcome: ExportResult) -> Shown:
    """Names from the journals, as Markdown."""
    return {
        "speakers": _listed(outcome.speakers, "nobody spoke"),
        "models": _listed(outcome.models, "none"),
        "consents": _listed(outcome.consents, "given outside a session (`assistant consent`)"),
        "licences": _listed(filter(None, outcome.licences), "unknown"),
    }


def _listed(names: Iterable[str], otherwise: str) -> str:
    return ", ".join(map(markdown_text, sorted(names))) or otherwise


def _solved(point: SolvedPoint) -> Shown:
    return {
        "round": point.round,
        "visible": _share(point.visible, point.sessions, point.visible_interval),
        "whole": _share(point.whole, point.sessions, point.whole_interval),
        "sessions": point.sessions,
    }


def _share(count: int, sessions: int, interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{count} = {count / sessions:.0%} ({low:.0%} to {high:.0%})"


def _left_out(outcome: ExportResult) -> Shown:
    """What makes no row, and how many rows were left out of which format."""

    def rows(why: str) -> str:
        return ", ".join(f"{counts[why]} of `{name}`" for name, counts in outcome.rows.items() if counts[why])

    return {
        "programs": ", ".join(f"{why} ({count})" for why, count in sorted(outcome.programs.items())),
        "duplicates": rows("duplicates"),
        "contradictions": rows("contradictions"),
    }


_PLACED = {
    "test": "They and their near-duplicates are in the `test` split, so that no training row is about them.",
    "report": "They are in **any split, also in `train`**: a model trained on them must not be measured on those "
    "benchmarks.",
    "exclude": "",
}


def _splits(rules: Rules, outcome: ExportResult) -> Shown:
    """Near-duplicates, and problems that are also test problems of MBPP or HumanEval."""
    names = sorted({name for found in outcome.overlaps.values() for name in found})
    more = len(names) - MOST_NAMED
    return {
        "shares": rules.shares,
        "near_duplicates": outcome.near_duplicates,
        "lumped": outcome.lumped,
        "excluded": ", ".join(map(markdown_text, outcome.excluded)),
        "empty": outcome.about_empty(rules),
        "held_out": outcome.held_out,
        "held_out_rows": ", ".join(f"{n} of `{name}`" for name, n in outcome.held_out_rows.items() if n)
        or "none",
        "overlapping": len(outcome.overlaps),
        "overlaps": ", ".join(map(markdown_text, names[:MOST_NAMED])),
        "overlaps_more": f" and {more} more (column `overlaps`)" if more > 0 else "",
        "placed": _PLACED[rules.overlap],
    }


def _languages(outcome: ExportResult) -> str:
    """Languages of the words with their sessions, the most frequent first."""
    told = sorted(outcome.languages.items(), key=lambda item: (-item[1], item[0]))
    total = outcome.languages.total()
    counts = [f"`{language}` in {count} of {total} sessions" for language, count in told if language]
    short = outcome.languages[""]
    return ", ".join([*counts, *([f"{short} too short to tell"] if short else [])]) or "nothing to tell it by"


def _personal(rules: Rules, outcome: ExportResult) -> Shown:
    kinds, told = Counter(finding.kind for finding in outcome.findings), measured()
    return {
        "found": ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "nothing",
        "found_are": {"redact": "replaced by `[kind]`", "refuse": "refused", "keep": "left as they are"}[
            rules.personal
        ],
        "detector": DETECTOR,
        "probes_found": _of(told["found"]),
        "probes_held_out": _of(told["found_held_out"]),
        "clean_touched": _of(told["touched"]),
        "detector_measured": told["measured"],
    }


def _of(count: Sequence[int]) -> str:
    return f"{count[0]} of {count[1]} ({count[0] / count[1]:.1%})"


def _trainers(formats: Sequence[str]) -> list[Shown]:
    """Every trainer that takes one of the formats, as its `Format` says."""
    return [
        {
            "format": name,
            "path": f"{trainer.module}.{trainer.name}",
            "versions": trainer.versions,
            "reads": ", ".join(f"`{column}`" for column in trainer.reads),
            "note": trainer.note,
        }
        for name in formats
        for trainer in export_format(name).trainers
    ]


def _training(formats: Sequence[str]) -> Shown | None:
    """The trainer for the first format that needs no more than its rows."""
    plain = ("refinement", "sft", "preference", "kto", "critique", "demonstration")
    first = next((name for name in plain if name in formats), "")
    if not first:
        return None
    trainer = export_format(first).trainers[0]
    return {"format": first, "module": trainer.module, "trainer": trainer.name, "config": trainer.config}
