"""The results as plain text: what a person reads first."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from assistant.analysis import captions
from assistant.analysis.results import Analysis, Results
from assistant.analysis.solve_curve import CurvePoint
from assistant.analysis.study_plan import PlannedStudy, notes, plan_of_group
from assistant.core.control_arms import RECORDED
from assistant.core.events import DRAW
from assistant.core.speaker import PEOPLE
from assistant.reporting.terminal_tables import table

WIDTH = 100
"""Columns of sentences; tables take what they need."""


def account(analysis: Analysis) -> Iterator[str]:
    """The whole result, line by line."""
    chosen = f", {analysis.sessions} of them chosen ({analysis.selection})" if analysis.selection else ""
    yield f"{analysis.journals} journals, {analysis.events:,} events{chosen}; data {analysis.data_sha256[:16]}"
    for note in notes(analysis.plans, analysis.alone, analysis.excluded):
        yield from wrap(note, WIDTH, subsequent_indent="  ")
    if analysis.answers:
        yield analysis.answers
    for results in analysis.groups:
        yield from _group(results, plan_of_group(analysis.plans, results.group.sessions))


def left_out(analysis: Analysis) -> Iterator[str]:
    """Each file that took no part, and how many."""
    for item in analysis.left_out:
        yield f"left out: {item.path}: {item.message}"
    if analysis.left_out:
        yield f"{len(analysis.left_out)} files were left out"


def _group(results: Results, plan: PlannedStudy | None) -> Iterator[str]:
    group = results.group
    yield ""
    yield f"{group.name}: {group.size}"
    yield ""
    head, rows = _rates(results)
    if rows:
        yield from table(head, rows, justify=())
        yield ""
    for name, sentence in captions.all_sentences(results):
        if plan is not None:
            sentence = f"[{plan.mark(name)}] {sentence}"
        yield from wrap(sentence, WIDTH, initial_indent="  ", subsequent_indent="    ")
    if results.cautions:
        yield ""
    for caution in results.cautions:
        yield from wrap(caution, WIDTH, initial_indent="  ! ", subsequent_indent="    ")


def _rates(results: Results) -> tuple[list[str], list[list[str]]]:
    """Solve rates: a row for each number of interventions, a column for each arm."""
    points = (*results.curve, *results.with_draws)
    arms = ["human", *(arm for arm in (*RECORDED, DRAW) if any(p.arm == arm for p in points))]
    cells = {(p.arm, p.interventions): p for p in points}
    names = ["with draws" if arm == DRAW else arm for arm in arms]
    shown = names if results.group.speaker == PEOPLE else ["feedback", *names[1:]]
    head = ["interventions", "sessions", *shown, "false solves"]
    rows = []
    for point in results.human:
        shares = [_cell(cells.get((arm, point.interventions))) for arm in arms]
        rows.append([str(point.interventions), str(point.sessions), *shares, point.false_solves_text])
    return head, rows


def _cell(point: CurvePoint | None) -> str:
    return "–" if point is None else f"{point.rate:4.0%} {point.low_clustered:.0%}–{point.high_clustered:.0%}"
