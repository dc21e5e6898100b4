"""The solve rate by feedback round, as counts with intervals and as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.core.stats.proportion import clustered_wilson
from assistant.datasets.build_rows import Solving
from assistant.datasets.extras import need


@dataclass(frozen=True)
class SolvedPoint:
    """Sessions that were right within so many feedbacks, of all that had a first answer."""

    round: int
    sessions: int
    visible: int
    whole: int
    visible_interval: tuple[float, float]
    """95%, with sessions of one problem as a cluster, as in `assistant analyze`."""
    whole_interval: tuple[float, float]


def points(solving: Sequence[Solving]) -> list[SolvedPoint]:
    """One point a round, up to the longest session's limit."""
    return [_point(solving, round_) for round_ in range(max((s.rounds for s in solving), default=-1) + 1)]


def _point(solving: Sequence[Solving], round_: int) -> SolvedPoint:
    visible, whole = ([0 <= found <= round_ for found in each] for each in _rounds_of(solving))
    return SolvedPoint(
        round_, len(solving), sum(visible), sum(whole), _interval(solving, visible), _interval(solving, whole)
    )


def _rounds_of(solving: Sequence[Solving]) -> tuple[list[int], list[int]]:
    return [s.visible for s in solving], [s.whole for s in solving]


def _interval(solving: Sequence[Solving], solved: Sequence[bool]) -> tuple[float, float]:
    clusters: dict[str, list[int]] = {}
    for session, success in zip(solving, solved, strict=True):
        counts = clusters.setdefault(session.problem, [0, 0])
        counts[0] += success
        counts[1] += 1
    return clustered_wilson([(x, n) for x, n in clusters.values()])


def picture(found: Sequence[SolvedPoint]) -> bytes:
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
        bounds = [getattr(point, f"{name}_interval") for point in found]
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
