"""The power of a study: the analysis's own test, an independent simulation, and what moves it."""

from __future__ import annotations

import pytest

from assistant.core.stats.crossed import crossed_test
from assistant.core.stats.exact_tests import holm
from assistant.session.power_analysis import Design, p_of, power

numpy = pytest.importorskip("numpy")
optimize = pytest.importorskip("scipy.optimize")


@pytest.mark.parametrize(
    ("problems", "people", "shared"), [(14, 1, True), (20, 3, True), (12, 7, True), (9, 9, False)]
)
def test_the_test_of_the_power_is_that_of_the_analysis(problems: int, people: int, shared: bool) -> None:
    dice = numpy.random.default_rng(problems)
    for _ in range(12):
        pairs = numpy.broadcast_to(dice.random((problems, 1 if shared else people)) < 0.7, (problems, people))
        differences = dice.choice([-1.0, 0.0, 1.0], (problems, people), p=[0.2, 0.4, 0.4])
        cells = {
            (f"p{j:02}", f"a{i:02}"): (float(differences[j, i]), 1)
            for j in range(problems) for i in range(people) if pairs[j, i]
        }  # fmt: skip
        assert p_of(differences, pairs) == pytest.approx(crossed_test(cells), abs=0.006)


@pytest.mark.slow
@pytest.mark.parametrize(("people", "feedback", "at_least"), [(1, 0.35, 0.25), (8, 0.45, 0.6)])
def test_power_is_that_of_an_independent_simulation(people: int, feedback: float, at_least: float) -> None:
    """Drawn another way: whole tables of outcomes, rates found by a root finder, the analysis's own test."""
    found = power(Design(people, 2, 0.4, feedback, 0.15, True, True), 50)
    expected = _independent(people, 50, feedback, studies=60)
    assert found == pytest.approx(expected, abs=0.15)
    assert found >= at_least


def _independent(people: int, problems: int, feedback: float, studies: int) -> float:
    dice = numpy.random.default_rng(3)
    spread = dice.normal(size=20_000)

    def odds(rate: float, sd: float) -> float:
        return float(
            optimize.brentq(lambda at: (1 / (1 + numpy.exp(-at - sd * spread))).mean() - rate, -9, 9)
        )

    words, control = odds(feedback / 0.95, (0.7**2 + 1) ** 0.5), odds(0.15, 1.0)
    found = 0
    for _ in range(studies):
        ease, skill = dice.normal(size=problems), 0.7 * dice.normal(size=people)
        open_ = numpy.flatnonzero(dice.random(problems) >= 0.4)
        rates = 1 / (1 + numpy.exp(-(words + ease[:, None] + skill)))
        solved = dice.binomial(1, 0.95 * rates)
        ps = []
        for _ in range(2):
            alone = dice.binomial(1, 1 / (1 + numpy.exp(-(control + ease))))
            ps.append(
                crossed_test(
                    {
                        (f"{j}", f"{i}"): (float(solved[j, i] - alone[j]), 1)
                        for j in open_
                        for i in range(people)
                    }
                )
            )
        found += holm(ps)[0] <= 0.05
    return found / studies


@pytest.mark.slow
def test_power_grows_with_people_and_problems_and_falls_with_arms_and_first_solves() -> None:
    def at(problems: int = 60, **changes: object) -> float:
        values: dict[str, object] = {
            "annotators": 1, "arms": 1, "first": 0.3, "feedback": 0.35, "control": 0.15, "shared_first": True,
            "shared_control": True,
        }  # fmt: skip
        return power(Design(**values | changes), problems)  # type: ignore[arg-type]

    assert at(120) > at() > at(arms=4)
    assert at(annotators=12) > at() > at(first=0.6)
    assert at(feedback=0.15, annotators=12) < 0.1
    assert at(annotators=12) > at(annotators=12, harm=0.2, feedback=0.3)
    assert at(annotators=12) > at(annotators=12, per_problem=1)
    assert at() == at()
