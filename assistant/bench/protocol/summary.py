"""What a protocol run measured: the curve by visible and by hidden tests, every arm, false solves, and the words.

The curves are computed by `analysis` and come in as they are; nothing is counted twice here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from assistant.bench import metrics
from assistant.bench import run_folder as folders
from assistant.bench.aggregates import tally_groups
from assistant.bench.benchmark_run import parts_of
from assistant.bench.costs import Prices, costs_of
from assistant.bench.jobs import Sample
from assistant.bench.paired_stats import any_honest, difference_of
from assistant.bench.protocol.outcomes import SAID, write_samples
from assistant.bench.sample_log import read_samples, write_parquet
from assistant.core.events import Arm
from assistant.core.state import replay
from assistant.journal.load import read_recordings, read_sessions
from assistant.journal.records import SessionRecord
from assistant.session.arms.build import missing_arms

Json = folders.Json
Measure = Callable[[Sequence[SessionRecord]], Json]
"""Curves, lifts and words of some sessions, as JSON (`analysis` computes them)."""


def summarise(
    folder: Path,
    sessions: Path,
    total: int,
    arms: Sequence[Arm],
    became: Mapping[str, int],
    measure: Measure,
    prices: Prices,
) -> Json:
    """The summary of a run folder, whose `samples.jsonl` and `samples.parquet` are written on the way."""
    states = [replay(recording.events) for recording in read_recordings(sessions)[0]]
    records, _ = read_sessions(sessions)
    samples = write_samples(folder / folders.SAMPLES, states)
    if samples:
        write_parquet(folder / folders.SAMPLES, folder / folders.TABLE)
    over = sum(state.is_over for state in states)
    arms_made = not any(missing_arms(state, arms) for state in states)
    asked = folders.read_json(folder / folders.CONFIG).get("asked", {})
    return {
        "samples": over,
        "of": total,
        "complete": over >= total and arms_made and not became.get("failed"),
        "waiting": became.get("waiting", 0),
        "failed": became.get("failed", 0),
        "origin": "simulated",
        "person": asked.get("person", ""),
        "left_out": asked.get("left_out", {}),
        "shown": asked.get("shown", ""),
        **measure(records),
        "hidden_test_said": _said(folder),
        "costs": _costs(folder, records, prices),
    }


def words_by_round(rows: Iterable[tuple[int, int, bool]]) -> list[Json]:
    """From (round, number of words, whether they give the answer away) of each feedback."""
    found: dict[int, list[tuple[int, bool]]] = {}
    for round_, words, leaky in rows:
        found.setdefault(round_, []).append((words, leaky))
    return [
        {
            "round": round_,
            "feedbacks": len(said),
            "mean_words": sum(words for words, _ in said) / len(said),
            "leaky": sum(leaky for _, leaky in said),
        }
        for round_, said in sorted(found.items())
    ]


def _said(folder: Path) -> list[Json]:
    """After each number of feedbacks: solved by all tests where a failing hidden test is said; what that added."""
    groups = tally_groups(_samples(folder), [])
    points = []
    for told in range(len(groups)):
        with_test, without = groups.get(f"after {told}{SAID}"), groups.get(f"after {told}")
        if with_test is None or without is None:
            break
        rows = metrics.rows_of(with_test)
        added = difference_of(with_test, without, any_honest)
        points.append(
            {
                "interventions": told,
                **metrics.share(sum(row.honest > 0 for row in rows), len(rows)).model_dump(),
                "added": None if added is None else added.model_dump(),
            }
        )
    return points


def _samples(folder: Path) -> Iterable[Sample]:
    path = folder / folders.SAMPLES
    return read_samples(path) if path.exists() else ()


def _costs(folder: Path, records: Sequence[SessionRecord], prices: Prices) -> Json:
    programs = [program for record in records for program in record.programs]
    prompt = sum(program.prompt_tokens for program in programs)
    generated = sum(program.generated_tokens for program in programs)
    return {
        **costs_of([], prices, parts_of(folder)),
        "prompt_tokens": prompt,
        "generated_tokens": generated,
        "tokens_per_sample": generated / len(programs) if programs else None,
        "cost": prices.cost(prompt, generated),
    }
