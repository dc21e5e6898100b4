"""Simulated studies whose truth is known: do the estimates find it, and the intervals hold it?"""

from __future__ import annotations

import pytest

from assistant.analysis.effort import ways
from assistant.analysis.feedback_stats import said
from assistant.analysis.lift import all_pairs, lift_of, lifts, pairs_of
from assistant.analysis.solve_curve import all_curves
from assistant.journal.load import read_sessions
from tests.analysis.simulation import World, write_world
from tests.thoroughness import tries

pytest.importorskip("duckdb")
numpy = pytest.importorskip("numpy")

WORLD = World(sessions=900, problems=90, annotators=10, spread=0.15, leaks=0.2, edits=0.05, seed=5)


def _true_rate(world: World, interventions: int) -> float:
    """Averaged over the uniform shift; mending by hand takes sessions out of the dialogue."""
    shifts = numpy.linspace(-world.spread, world.spread, 2001)
    failing = (1 - world.first - shifts).copy()
    solved = 1 - failing
    for _ in range(interventions):
        failing *= 1 - world.edits
        solved = solved + failing * (world.human + shifts)
        failing *= 1 - world.human - shifts
    return float(solved.mean())


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, WORLD)
    found, screened = read_sessions(folder)
    assert len(found) == WORLD.sessions
    assert screened.left_out == ()
    return found


@pytest.mark.slow
def test_the_curve_is_the_true_one(sessions) -> None:  # type: ignore[no-untyped-def]
    for point in all_curves(sessions):
        if point.arm == "human":
            assert point.rate == pytest.approx(_true_rate(WORLD, point.interventions), abs=0.05)
            assert point.low_clustered < _true_rate(WORLD, point.interventions) < point.high_clustered
            assert point.false_solves / point.hidden_scored == pytest.approx(WORLD.false_solves, abs=0.04)


@pytest.mark.slow
def test_the_lifts_are_the_true_ones(sessions) -> None:  # type: ignore[no-untyped-def]
    for lift in lifts(all_pairs(sessions)):
        truth = WORLD.human - WORLD.arms[lift.arm]
        if lift.round == "all":
            assert lift.low is not None and lift.high is not None
            assert lift.low < truth < lift.high
            assert lift.lift == pytest.approx(truth, abs=0.06)
            assert lift.p_holm < 0.05


@pytest.mark.slow
def test_leaks_and_mends_are_found(sessions) -> None:  # type: ignore[no-untyped-def]
    found = said(sessions)
    assert sum(item.leaky for item in found) / len(found) == pytest.approx(WORLD.leaks, abs=0.04)
    telling, editing = ways(sessions)
    assert editing.rate == 1
    assert telling.rate == pytest.approx(WORLD.human, abs=0.05)


@pytest.mark.slow
def test_no_false_alarm_where_the_words_do_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Studies without any effect: intervals hold 0 in about 95%, exact tests alarm in at most about 5%."""
    folder = tmp_path_factory.mktemp("null")
    studies = tries(100, 200)
    nothing = World(
        sessions=24 * studies, problems=24 * studies, annotators=1, first=0.2, human=0.35, arms={"retry": 0.35},
        spread=0.1, filler=0, seed=9,
    )  # fmt: skip
    write_world(folder, nothing)
    pairs = list(pairs_of(read_sessions(folder)[0], "retry"))
    by_session: dict[str, list] = {}
    for pair in pairs:
        by_session.setdefault(pair.session, []).append(pair)
    names = sorted(by_session)
    inside = alarms = 0
    for number in range(studies):
        study = [pair for name in names[number::studies] for pair in by_session[name]]
        lift = lift_of("retry", "all", study)
        assert lift.low is not None and lift.high is not None
        inside += lift.low <= 0 <= lift.high
        alarms += lift.p_problems < 0.05
    assert inside / studies == pytest.approx(0.95, abs=0.05)
    assert alarms / studies < 0.07
