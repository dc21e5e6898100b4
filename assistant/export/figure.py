"""The solve rate by feedback round, as counts with intervals and as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.domain.stats.proportion import wilson
from assistant.export.extras import need
from assistant.export.making import Solving


@dataclass(frozen=True)
class Point:
    """Sessions that were right within so many feedbacks, of all that had a first answer."""

    round: int
    sessions: int
    visible: int
    whole: int

    def interval(self, count: int) -> tuple[float, float]:
        """95% (Wilson 1927), sessions taken as independent."""
        return wilson(count, self.sessions)


def points(solving: Sequence[Solving]) -> list[Point]:
    """One point a round, up to the longest session's limit."""
    last = max((s.rounds for s in solving), default=-1)
    return [
        Point(
            round_,
            len(solving),
            sum(0 <= s.visible <= round_ for s in solving),
            sum(0 <= s.whole <= round_ for s in solving),
        )
        for round_ in range(last + 1)
    ]


def picture(found: Sequence[Point]) -> bytes:
    """A PNG: the same bytes for the same numbers and the same matplotlib."""
    figure_class = need("matplotlib.figure").Figure
    figure = figure_class(figsize=(6, 3.6), dpi=130, layout="constrained")
    axes = figure.subplots()
    for name, label, colour in (
        ("visible", "visible tests pass", "#8a8f98"),
        ("whole", "hidden tests pass too", "#1f6feb"),
    ):
        counts = [getattr(point, name) for point in found]
        shares = [count / point.sessions for count, point in zip(counts, found, strict=True)]
        bounds = [point.interval(count) for count, point in zip(counts, found, strict=True)]
        rounds = [point.round for point in found]
        axes.fill_between(
            rounds, [b[0] for b in bounds], [b[1] for b in bounds], alpha=0.15, color=colour, lw=0
        )
        axes.plot(rounds, shares, marker="o", color=colour, label=label)
    axes.set(xlabel="feedbacks given", ylabel="share of sessions solved", ylim=(0, 1))
    axes.set_xticks([point.round for point in found])
    axes.set_title(f"Solved within so many feedbacks (n = {found[0].sessions} sessions)", fontsize=10)
    axes.legend(frameon=False, loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": "assistant"})
    return file.getvalue()
