"""Paired lift of the person's words: over each control, and person by person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.analysis.annotators import PersonLift
from assistant.analysis.lift import Lift
from assistant.reporting.plot_style import COLOURS, MARKERS, NAMES, Draw


def lifting(lifts: Sequence[Lift], clean: Sequence[Lift]) -> Draw:
    """A row for each arm: all pairs, and hollow below it those whose words give nothing away."""

    def draw(figure: Any) -> None:
        axis = figure.add_subplot()
        rows = [lift for lift in lifts if lift.round == "all"]
        without = {lift.arm: lift for lift in clean if lift.round == "all"}
        for place, lift in enumerate(reversed(rows)):
            _row(axis, place, lift, filled=True)
            if lift.arm in without and without[lift.arm].pairs < lift.pairs:
                _row(axis, place - 0.22, without[lift.arm], filled=False)
        labels = [f"over {NAMES[lift.arm]}\n{lift.pairs} pairs" for lift in reversed(rows)]
        axis.set_yticks(range(len(rows)), labels)
        axis.set_ylim(-0.6, len(rows) - 0.4)
        _lift_axis(axis)

    return draw


def people(lifts: Sequence[PersonLift]) -> Draw:
    """A row for each annotator; one arm's lifts."""

    def draw(figure: Any) -> None:
        axis = figure.add_subplot()
        ordered = sorted(lifts, key=lambda lift: (lift.lift, lift.annotator))
        for place, lift in enumerate(ordered):
            low, high = (
                (lift.lift, lift.lift) if lift.low is None or lift.high is None else (lift.low, lift.high)
            )
            axis.plot([low, high], [place, place], color=COLOURS["human"], linewidth=1.2)
            axis.plot([lift.lift], [place], color=COLOURS["human"], marker="o", markersize=5)
        labels = [f"{lift.annotator} ({lift.pairs})" for lift in ordered]
        axis.set_yticks(range(len(ordered)), labels, fontsize=8)
        axis.set_ylim(-0.7, len(ordered) - 0.3)
        _lift_axis(axis)

    return draw


def _row(axis: Any, place: float, lift: Lift, *, filled: bool) -> None:
    colour = COLOURS[lift.arm]
    if lift.low is not None and lift.high is not None:
        axis.plot([lift.low, lift.high], [place, place], color=colour, linewidth=2.2 if filled else 1.2)
    axis.plot(
        [lift.lift], [place], color=colour, marker=MARKERS[lift.arm], markersize=7 if filled else 5,
        markerfacecolor=colour if filled else "white",
    )  # fmt: skip
    note = f"{100 * lift.lift:+.0f}" + ("" if filled else " without leaks")
    axis.annotate(
        note, (lift.lift, place), xytext=(0, 7 if filled else -13), textcoords="offset points", ha="center",
        fontsize=9 if filled else 8, color=colour,
    )  # fmt: skip


def _lift_axis(axis: Any) -> None:
    axis.axvline(0, color=COLOURS["ink"], linewidth=1)
    axis.margins(x=0.12)  # the labels next to the outermost points need space
    axis.set_xlabel("lift of human feedback, percentage points")
    axis.xaxis.set_major_formatter(lambda value, _: f"{100 * value:+.0f}" if value else "0")
    axis.grid(visible=False, axis="y")
