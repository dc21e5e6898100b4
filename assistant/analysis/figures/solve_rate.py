"""The paper's figure, with what it lacked: controls at equal interventions, and false solves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.analysis.solve_curve import CurvePoint
from assistant.core.control_arms import RECORDED
from assistant.reporting.plot_style import COLOURS, MARKERS, NAMES, Draw, percent_axis


def solving(points: Sequence[CurvePoint], alone: tuple[int, float] | None = None) -> Draw:
    """Solve rate by interventions; `alone` is the flat line of (tries, rate) without a person."""

    def draw(figure: Any) -> None:
        axis = figure.add_subplot()
        human = [p for p in points if p.arm == "human"]
        _person(axis, human)
        made = [arm for arm in RECORDED if any(p.arm == arm for p in points)]
        for place, arm in enumerate(made):
            shift = 0.10 * (place + 1)
            _arm(axis, [p for p in points if p.arm == arm], arm, shift)
        if alone is not None:
            tries, rate = alone
            label = f"{tries} {NAMES['alone']}: {rate:.0%}"
            axis.axhline(rate, color=COLOURS["alone"], linestyle=(0, (6, 3)), linewidth=1.4, label=label)
        percent_axis(axis)
        axis.set_xlim(-0.3, max((p.interventions for p in human), default=0) + 0.7)
        axis.set_xticks(range(len(human)))
        axis.set_xlabel("interventions")
        axis.set_ylabel("problems solved")
        axis.grid(visible=False, axis="x")
        handles, labels = axis.get_legend_handles_labels()
        order = sorted(range(len(labels)), key=lambda i: labels[i] != NAMES["human"])
        figure.legend(
            [handles[i] for i in order], [labels[i] for i in order], loc="outside lower center", ncols=3
        )

    return draw


def _person(axis: Any, human: Sequence[CurvePoint]) -> None:
    x = [p.interventions for p in human]
    rates = [p.rate for p in human]
    axis.errorbar(
        x, rates, yerr=_bars(human), color=COLOURS["human"], marker="o", markersize=6, linewidth=2,
        capsize=3, elinewidth=1.2, label=NAMES["human"], zorder=5,
    )  # fmt: skip
    for point in human:
        axis.annotate(
            f"{point.rate:.0%}", (point.interventions, point.rate), xytext=(-5, 7), ha="right",
            textcoords="offset points", color=COLOURS["human"], fontsize=9, zorder=6,
        )  # fmt: skip
    if any(p.false_solves for p in human):
        honest = [(p.solved - p.false_solves) / p.sessions if p.sessions else 0 for p in human]
        axis.plot(
            x, honest, color=COLOURS["human"], marker="o", markersize=5, markerfacecolor="white",
            linewidth=1, linestyle=":", label="without false solves (hidden tests)", zorder=4,
        )  # fmt: skip
        axis.fill_between(x, honest, rates, color=COLOURS["human"], alpha=0.12, linewidth=0)


def _arm(axis: Any, points: Sequence[CurvePoint], arm: str, shift: float) -> None:
    axis.errorbar(
        [p.interventions + shift for p in points], [p.rate for p in points], yerr=_bars(points),
        color=COLOURS[arm], marker=MARKERS[arm], markersize=5, linestyle="none", capsize=2, elinewidth=0.9,
        label=NAMES[arm],
    )  # fmt: skip


def _bars(points: Sequence[CurvePoint]) -> list[list[float]]:
    """Lengths down and up. Clustered intervals: Wilson's own where no problem comes twice."""
    return [
        [max(0.0, p.rate - p.low_clustered) for p in points],
        [max(0.0, p.high_clustered - p.rate) for p in points],
    ]
