"""What it costs: the machine's tokens, the person's seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.analysis.baseline import Alone
from assistant.analysis.costs import Spent
from assistant.analysis.effort import Minutes, Repair
from assistant.reporting.plot_style import COLOURS, NAMES, Draw, percent_axis, rate_rows

_PARTS = (
    ("reading", "#0b5fa5"), ("typing", "#4f9bd9"), ("editing", "#c8811a"), ("waiting", "#b9bec7"),
    ("away", "#e3e5ea"),
)  # fmt: skip


def tokens(spent: Sequence[Spent], alone: Sequence[Alone]) -> Draw:
    """Solve rate by tokens: with a person, and by samples without one."""

    def draw(figure: Any) -> None:
        axis = figure.add_subplot()
        axis.plot(
            [s.tokens for s in spent], [s.rate for s in spent], color=COLOURS["human"], marker="o", linewidth=2,
            label=f"{NAMES['human']} (label: interventions)",
        )  # fmt: skip
        for step in spent:
            _label(axis, str(step.interventions), step.tokens, step.rate, "human", 6)
        axis.plot(
            [a.tokens for a in alone], [a.rate for a in alone], color=COLOURS["alone"], marker="x",
            linestyle=(0, (6, 3)), label=f"{NAMES['alone']} (label: samples)",
        )  # fmt: skip
        for point in (p for p in alone if p.tries <= 5 or p.tries % 5 == 0):
            _label(axis, str(point.tries), point.tokens, point.rate, "alone", -13)
        percent_axis(axis)
        axis.set_xlim(left=0)
        axis.set_xlabel("tokens read and written per session")
        axis.set_ylabel("problems solved")
        figure.legend(loc="outside lower center", ncols=2)

    return draw


def effort(minutes: Minutes, ways: Sequence[Repair]) -> Draw:
    """One bar of seconds per session, and solves per minute by feedback and by hand."""

    def draw(figure: Any) -> None:
        bar, rates = figure.subplots(2, 1, height_ratios=(1, 1.3))
        _seconds(bar, minutes)
        for place, way in enumerate(reversed(ways)):
            rates.barh(
                place, way.rate, color=COLOURS["human"] if way.way == "telling" else "#c8811a", height=0.5
            )
            rates.plot([way.low, way.high], [place, place], color=COLOURS["ink"], linewidth=1.2)
        labels = [f"{_WAYS[way.way]}\n{way.times} times" for way in reversed(ways)]
        rate_rows(rates, labels, "solved by the next program", 0.6)

    return draw


_WAYS = {"telling": "feedback to the model", "editing": "editing by hand"}


def _seconds(axis: Any, minutes: Minutes) -> None:
    left = 0.0
    for name, colour in _PARTS:
        value = getattr(minutes, name)
        if value > 0:
            axis.barh(0, value, left=left, color=colour, height=0.5, label=f"{name} {value:.0f} s")
            left += value
    axis.set_yticks([])
    axis.set_ylim(-0.5, 0.9)
    axis.set_xlabel("mean seconds of a session")
    axis.grid(visible=False, axis="y")
    if left:
        axis.legend(loc="upper center", ncols=5, bbox_to_anchor=(0.5, 1.15), handlelength=1, columnspacing=1)


def _label(axis: Any, text: str, x: float, y: float, arm: str, below: int) -> None:
    axis.annotate(
        text,
        (x, y),
        xytext=(0, below),
        textcoords="offset points",
        ha="center",
        fontsize=8,
        color=COLOURS[arm],
    )
