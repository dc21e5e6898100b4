"""Which figures a group's results have."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.analysis import captions
from assistant.analysis.figures import cost, feedback, solve_rate
from assistant.analysis.figures import lift as lifting
from assistant.analysis.results import Results
from assistant.analysis.speaker_captions import relabelled, say_of
from assistant.core.control_arms import RECORDED
from assistant.reporting.plot_style import Draw

Size = tuple[float, float]
Figure = tuple[str, str, str, Draw, Size]
"""Name, title, sentence, drawing and size in inches."""
MOST_PEOPLE = 40
"""Annotators with the most pairs that the figure of people shows."""


def figures_of(results: Results) -> Iterator[Figure]:
    """Each figure that has anything to show; labels and sentences name who spoke."""
    say = say_of(results.group.speaker)
    for name, title, sentence, draw, size in _figures(results):
        yield name, say(title), say(sentence), relabelled(draw, say), size


def _figures(results: Results) -> Iterator[Figure]:
    if results.human:
        draw = solve_rate.solving(results.curve, results.flat)
        yield "solving", "Solved after each intervention", captions.solving(results), draw, (7.2, 4.8)
    overall = [lift for lift in results.lifts if lift.round == "all"]
    if overall:
        draw = lifting.lifting(results.lifts, results.clean_lifts)
        size = (7.2, 1.2 + 0.8 * len(overall))
        yield "lift", "Was it the feedback?", captions.lifting(results), draw, size
    if results.spent and results.alone:
        draw = cost.tokens(results.spent, results.alone)
        yield (
            "tokens",
            "With feedback and without, at equal tokens",
            captions.tokens(results),
            draw,
            (7.2, 4.2),
        )
    if results.minutes.timed:
        draw = cost.effort(results.minutes, results.ways)
        yield "effort", "What it costs the person", captions.effort(results), draw, (7.2, 3.4)
    if results.said:
        draw = feedback.wording(results.said, results.shares)
        size = (7.8, max(2.8, 1.4 + 0.24 * len(results.shares)))
        yield "words", "What people say", captions.wording(results), draw, size
        draw = feedback.leaking(results.human, results.clean_curve)
        yield "leaks", "Is the solution in the feedback?", captions.leaking(results), draw, (7.2, 4.2)
    yield from _people(results)


def _people(results: Results) -> Iterator[Figure]:
    for arm in RECORDED:
        lifts = [lift for lift in results.person_lifts if lift.arm == arm]
        if len(lifts) > 1:
            shown = sorted(lifts, key=lambda lift: -lift.pairs)[:MOST_PEOPLE]
            size = (7.2, 1.0 + 0.26 * len(shown))
            yield "people", "By annotator", captions.people(results), lifting.people(shown), size
            return
