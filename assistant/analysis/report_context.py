"""The report's numbers, as texts in tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass

from assistant.analysis import captions
from assistant.analysis.results import Results
from assistant.analysis.solve_curve import CurvePoint
from assistant.analysis.speaker_captions import Say
from assistant.core.control_arms import RECORDED
from assistant.core.events import DRAW
from assistant.reporting.plot_style import NAMES

Cells = Sequence[Sequence[str]]


@dataclass(frozen=True)
class HtmlTable:
    """A table of the page; the page leaves out one without rows."""

    title: str
    head: Sequence[str]
    rows: Cells


def tables(results: Results, say: Say = str) -> Iterator[HtmlTable]:
    """Every table of the group; `say` names who spoke."""
    yield HtmlTable("Solve rates", *_rates((*results.curve, *results.with_draws), say))
    yield HtmlTable(
        say("Paired lift of human feedback"),
        (
            "over", "intervention", "pairs", "problems", "feedback", "control", "lift", "95% interval",
            "only feedback", "only control", "McNemar p", "problems p", "Holm p",
        ),
        [
            (NAMES[x.arm], x.round, str(x.pairs), str(x.problems), _percent(x.human), _percent(x.control),
             _points(x.lift), _interval(x.low, x.high), str(x.only_human), str(x.only_control),
             f"{x.p_mcnemar:.2g}", f"{x.p_problems:.2g}", f"{x.p_holm:.2g}" if x.round == "all" else "")
            for x in results.lifts
        ],
    )  # fmt: skip
    yield from _regression(results)
    yield from _times(results)
    yield HtmlTable(
        "Without feedback",
        ("samples", "solved", "95% interval", "measured on", "tokens", "written"),
        [
            (str(x.tries), _percent(x.rate), _interval(x.low, x.high, _percent), str(x.measured), f"{x.tokens:,.0f}",
             f"{x.generated_tokens:,.0f}")
            for x in results.alone
        ],
    )  # fmt: skip
    yield HtmlTable(
        "Price of the dialogue, per session",
        (
            "interventions", "solved", "programs", "tokens", "written", "not cached", "seconds",
            "alone, equal samples", "alone, equal tokens",
        ),
        [
            (str(x.interventions), _percent(x.rate), f"{x.programs:.1f}", f"{x.tokens:,.0f}",
             f"{x.generated_tokens:,.0f}", f"{x.computed_tokens:,.0f}", f"{x.seconds:.1f}",
             _percent(x.alone_equal_samples), _percent(x.alone_equal_tokens))
            for x in results.spent
        ],
    )  # fmt: skip
    counts = results.draws
    yield HtmlTable(
        "Answers that were drawn more than once",
        (
            "answers", "drawn again: same program", "drawn again: no program", "brought another",
            "with further draws", "offered", "taken", "taken and solved",
        ),
        [tuple(map(str, astuple(counts)))] if captions.drawing(results) else [],
    )  # fmt: skip
    yield HtmlTable(
        "Agreement on kinds of feedback",
        ("kind", "programs", "annotators", "Krippendorff's alpha", "Cohen's kappa"),
        [
            (x.kind, str(x.programs), str(x.annotators), _number(x.alpha), _number(x.kappa))
            for x in results.agreement
        ],
    )
    yield HtmlTable(
        "Spread of the lift between annotators",
        ("over", "annotators", "mean lift", "standard deviation", "p"),
        [
            (
                NAMES[x.arm],
                str(x.annotators),
                _points(x.mean),
                _number(100 * x.sd),
                f"{x.p:.2g}",
            )
            for x in results.between
        ],
    )


def _regression(results: Results) -> Iterator[HtmlTable]:
    """Odds ratios and average marginal effects."""
    yield HtmlTable(
        "Regression: solved ~ arm × intervention + order",
        ("term", "over", "odds ratio", "95% interval", "p"),
        [
            (
                x.term,
                NAMES[x.arm] if x.arm else "",
                captions.odds(x.odds_ratio),
                _interval(x.low, x.high, captions.odds),
                f"{x.p:.2g}",
            )
            for x in results.model.terms
        ],
    )
    yield HtmlTable(
        "Average marginal effect of feedback",
        ("over", "states", "effect", "95% interval"),
        [
            (NAMES[x.arm], str(x.states), _points(x.effect), _interval(x.low, x.high))
            for x in results.model.effects
        ],
    )


def _times(results: Results) -> Iterator[HtmlTable]:
    """Time to solved, and order."""
    yield HtmlTable(
        "Time to solved, of sessions whose first answer failed",
        ("unit", "sessions", "solved", "censored", "median", "95% interval"),
        [
            (x.unit, str(x.sessions), str(x.solved), str(x.censored), _time(x.median),
             f"{_time(x.low)} to {_time(x.high)}")
            for x in results.times
        ],
    )  # fmt: skip
    yield HtmlTable(
        "By place in the annotator's order, of sessions whose first answer failed",
        ("places", "sessions", "solved", "rate", "95% interval", "median seconds a feedback"),
        [
            (f"{x.first}–{x.last}", str(x.sessions), str(x.solved), _percent(x.rate),
             _interval(x.low, x.high, _percent), _time(x.median_seconds))
            for x in results.order
        ],
    )  # fmt: skip


def _time(value: float | None) -> str:
    return "–" if value is None else f"{value:g}" if value < 10 else f"{value:.0f}"


def _rates(curve: Sequence[CurvePoint], say: Say) -> tuple[Sequence[str], Cells]:
    head = (
        "arm", "interventions", "sessions", "problems", "solved", "rate", "Wilson", "by problem and annotator",
        "false solves", "took place in", "of", "stopped before",
    )  # fmt: skip
    order: dict[str, int] = {arm: place for place, arm in enumerate(("human", *RECORDED, DRAW))}
    rows = [
        (say(NAMES[p.arm]), str(p.interventions), str(p.sessions), str(p.problems), str(p.solved), _percent(p.rate),
         _interval(p.low, p.high, _percent), _interval(p.low_clustered, p.high_clustered, _percent),
         p.false_solves_text, str(p.asked), str(p.open), str(p.stopped))
        for p in sorted(curve, key=lambda p: (order[p.arm], p.interventions))
    ]  # fmt: skip
    return head, rows


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _points(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:+.1f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _interval(low: float | None, high: float | None, show: Callable[[float], str] = _points) -> str:
    return "–" if low is None or high is None else f"{show(low)} to {show(high)}"
