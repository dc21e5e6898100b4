"""The feedback itself: length, kinds, and what it gives away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.analysis.feedback_stats import FeedbackMeasures, FeedbackRate
from assistant.analysis.solve_curve import CurvePoint
from assistant.reporting.plot_style import COLOURS, Draw, percent_axis, rate_rows


def wording(said: Sequence[FeedbackMeasures], shares: Sequence[FeedbackRate]) -> Draw:
    """How long feedback is, and how often the next program solves, by sort."""

    def draw(figure: Any) -> None:
        lengths, rates = figure.subplots(1, 2, width_ratios=(1, 1.4))
        counts = [item.words for item in said]
        top = max(counts, default=1)
        lengths.hist(counts, bins=min(24, top), range=(0, top + 1), color=COLOURS["human"], alpha=0.85)
        lengths.set_xlabel("words in a feedback")
        lengths.set_ylabel("feedbacks")
        lengths.grid(visible=False, axis="x")
        shown = [share for share in shares if share.answered]
        for place, share in enumerate(reversed(shown)):
            rates.plot([share.low, share.high], [place, place], color=COLOURS["human"], linewidth=1.2)
            rates.plot([share.rate], [place], color=COLOURS["human"], marker="o", markersize=5)
        labels = [f"{s.value} ({s.answered})" for s in reversed(shown)]
        rate_rows(rates, labels, "solved by the next program", fontsize=8)

    return draw


def leaking(curve: Sequence[CurvePoint], clean: Sequence[CurvePoint]) -> Draw:
    """The person's curve, and the same where a solve after leaky words does not count."""

    def draw(figure: Any) -> None:
        axis = figure.add_subplot()
        for points, colour, line, name in (
            (curve, COLOURS["human"], "-", "all feedback"),
            (clean, COLOURS["shuffled"], "--", "solves after leaky feedback not counted"),
        ):
            x = [p.interventions for p in points]
            axis.plot(
                x, [p.rate for p in points], color=colour, linestyle=line, marker="o", linewidth=2, label=name
            )
            low, high = [p.low_clustered for p in points], [p.high_clustered for p in points]
            axis.fill_between(x, low, high, color=colour, alpha=0.10, linewidth=0)
        percent_axis(axis)
        axis.set_xticks([p.interventions for p in curve])
        axis.set_xlabel("interventions")
        axis.set_ylabel("problems solved")
        figure.legend(loc="outside lower center", ncols=2)

    return draw
