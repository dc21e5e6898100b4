"""What holds for every set of sessions: curves never fall, missing controls move no arm, order is nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.analysis.annotators import between
from assistant.analysis.baseline import alone_curve
from assistant.analysis.costs import spent
from assistant.analysis.lift import all_pairs, lifts
from assistant.analysis.solve_curve import LEAST_COVERAGE, CurvePoint, all_curves, arm_curves, human_curve
from assistant.core.control_arms import RECORDED as ARMS
from assistant.journal.records import Feedback, ProgramRecord, SessionRecord
from tests.analysis.build import program, session, words
from tests.thoroughness import tries

pytest.importorskip("scipy")


@st.composite
def dialogues(draw: st.DrawFn, number: int) -> SessionRecord:
    """A dialogue of any length under any limit, with controls in any of its states."""
    rounds = draw(st.integers(1, 5))
    programs: list[ProgramRecord] = []
    parent = None
    for round_ in range(draw(st.integers(0, rounds)) + 1):
        before = parent
        made = program(
            len(programs),
            round_,
            before,
            solved=draw(st.booleans()),
            hidden_passed=draw(st.none() | st.booleans()),
        )
        programs.append(made)
        parent = made.id
        if before is not None:
            for arm in draw(st.sets(st.sampled_from(ARMS))):
                programs.append(program(len(programs), round_, before, arm=arm, solved=draw(st.booleans())))
        if made.solved and draw(st.booleans()):  # some go on though it passes
            break
    return session(
        f"s{number}", programs, problem=draw(st.integers(1, 4)), rounds=rounds,
        annotator=f"a{draw(st.integers(1, 3))}", end=draw(st.sampled_from(("open", "gave_up", "solved"))),
    )  # fmt: skip


@st.composite
def studies(draw: st.DrawFn) -> list[SessionRecord]:
    return [draw(dialogues(number)) for number in range(draw(st.integers(1, 9)))]


def by_arm(points: Sequence[CurvePoint]) -> dict[tuple[str, int], CurvePoint]:
    return {(point.arm, point.interventions): point for point in points}


@pytest.mark.slow
@settings(max_examples=tries(50, 500))
@given(studies())
def test_a_cumulative_curve_never_falls(sessions: list[SessionRecord]) -> None:
    for curve in (human_curve(sessions), spent(sessions, alone_curve(sessions))):
        rates = [point.rate for point in curve]  # type: ignore[attr-defined]
        assert rates == sorted(rates)
    assert len({point.sessions for point in human_curve(sessions)}) == 1


@pytest.mark.slow
@settings(max_examples=tries(50, 500))
@given(studies())
def test_rates_are_shares_and_counts_are_parts(sessions: list[SessionRecord]) -> None:
    for point in all_curves(sessions):
        assert 0 <= point.low <= point.rate <= point.high <= 1
        assert 0 <= point.low_clustered <= point.rate + 1e-12
        assert point.rate - 1e-12 <= point.high_clustered <= 1
        assert point.false_solves <= point.hidden_scored <= point.solved <= point.sessions
        assert point.asked_solved <= point.asked <= point.open <= point.sessions
        assert point.problems <= point.sessions
        settled = point.solved - point.asked_solved
        share = point.asked_solved / point.asked if point.asked else 0.0
        assert point.rate == pytest.approx((settled + point.open * share) / point.sessions)


@pytest.mark.slow
@settings(max_examples=tries(40, 400))
@given(studies())
def test_an_arm_has_a_point_only_where_its_controls_are(sessions: list[SessionRecord]) -> None:
    for point in arm_curves(sessions):
        assert point.asked and point.asked >= LEAST_COVERAGE * point.open
    bare = [replace(s, programs=tuple(p for p in s.programs if p.arm == "human")) for s in sessions]
    assert arm_curves(bare) == []
    assert human_curve(bare) == human_curve(sessions)


@pytest.mark.slow
@settings(max_examples=tries(40, 400))
@given(studies(), dialogues(99))
def test_a_session_without_controls_moves_no_arm(sessions: list[SessionRecord], other: SessionRecord) -> None:
    """What is known of an arm, the share of states in which it solved, is not touched by states without it."""
    other = replace(other, programs=tuple(p for p in other.programs if p.arm == "human"))
    before, after = by_arm(arm_curves(sessions)), by_arm(arm_curves([*sessions, other]))
    for place in before.keys() & after.keys():
        assert (before[place].asked, before[place].asked_solved) == (
            after[place].asked, after[place].asked_solved,
        )  # fmt: skip
    assert lifts(all_pairs(sessions)) == lifts(all_pairs([*sessions, other]))


@pytest.mark.slow
@settings(max_examples=tries(40, 400))
@given(studies(), st.randoms(use_true_random=False))
def test_the_order_of_sessions_is_nothing(sessions: list[SessionRecord], chance: random.Random) -> None:
    other = list(sessions)
    chance.shuffle(other)
    assert all_curves(other) == all_curves(sessions)
    for one, two in zip(between(all_pairs(other)), between(all_pairs(sessions)), strict=True):
        assert vars(one) == pytest.approx(vars(two))


def test_missing_controls_draw_no_arm_upwards() -> None:
    """The words solve nothing, the control nothing: an arm made in one state of three stays where the words are."""
    sessions = [session(f"s{n}", [program(0, 0, solved=True)], problem=n) for n in range(3)]
    asked = [program(0, 0), program(1, 1, "t0s0")]
    control = program(2, 1, "t0s0", arm="retry")
    sessions += [session(f"o{n}", [*asked, *([control] if n == 3 else [])], problem=n) for n in (3, 4, 5)]
    points = by_arm(all_curves(sessions))
    assert points["human", 1].rate == points["retry", 1].rate == 0.5
    assert (points["retry", 1].asked, points["retry", 1].open) == (1, 3)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.15, 0.5, 0.9])
def test_intervals_of_a_partly_made_arm_hold_the_truth(share: float) -> None:
    """400 studies in which only some states have the control: about 95% of intervals hold the truth."""
    chance = random.Random(f"partly {share}")
    first, rate, inside, width = 0.4, 0.3, 0, 0.0
    for _ in range(400):
        points = by_arm(arm_curves(_partly_made(chance, first, rate, share)))
        point = points.get(("retry", 1))
        if point is None:  # nothing was made: no claim
            inside += 1
            continue
        inside += point.low <= first + (1 - first) * rate <= point.high
        width += point.high - point.low
    assert inside / 400 >= 0.92
    assert width / 400 < 0.6


def _partly_made(chance: random.Random, first: float, rate: float, share: float) -> list[SessionRecord]:
    sessions = []
    for number in range(60):
        programs = [program(0, 0, solved=chance.random() < first)]
        if not programs[0].solved:
            programs.append(program(1, 1, "t0s0", solved=chance.random() < 0.5))
            if chance.random() < share:
                programs.append(program(2, 1, "t0s0", arm="retry", solved=chance.random() < rate))
        sessions.append(session(f"s{number}", programs, problem=number))
    return sessions


def test_who_was_always_or_never_helped_is_in_the_spread() -> None:
    """Four people, 20 problems each: lifts of 1, 0, 0.5 and 0.35 differ by far more than chance."""
    sessions = []
    for person, helped in (("a1", 20), ("a2", 0), ("a3", 10), ("a4", 7)):
        for n in range(20):
            made = [
                program(0, 0), program(1, 1, "t0s0", solved=n < helped), program(2, 1, "t0s0", arm="retry"),
            ]  # fmt: skip
            sessions.append(session(f"{person}-{n}", made, problem=n, annotator=person))
    late = [program(0, 0), program(1, 1, "t0s0"), program(2, 1, "t0s0", arm="retry")]
    sessions.append(session("late", late, problem=1, annotator="a5"))
    (spread,) = between(all_pairs(sessions))
    assert spread.annotators == 5  # a5, too, who spoke about one problem
    assert spread.mean == pytest.approx(0.4625, abs=0.1)
    assert spread.sd == pytest.approx(0.41, abs=0.06)
    assert spread.p < 1e-6


@pytest.mark.slow
def test_people_who_are_alike_seldom_seem_to_differ() -> None:
    chance = random.Random("alike")
    alarms = 0
    for _ in range(200):
        sessions = [
            session(
                f"a{person}-{n}",
                [
                    program(0, 0),
                    program(1, 1, "t0s0", solved=chance.random() < 0.3),
                    program(2, 1, "t0s0", arm="retry", solved=chance.random() < 0.15),
                ],
                problem=n, annotator=f"a{person}",
            )
            for person in range(5) for n in range(8)
        ]  # fmt: skip
        (spread,) = between(all_pairs(sessions))
        alarms += spread.p < 0.05
    assert alarms / 200 <= 0.09


@st.composite
def branching(draw: st.DrawFn, number: int) -> SessionRecord:
    """A person who may go back to any earlier program, speak about it again, or speak and get no answer."""
    programs, said = [program(0, 0, solved=draw(st.booleans()))], list[Feedback]()
    for turn in range(1, draw(st.integers(1, 7))):
        about = draw(st.sampled_from(programs))
        for nth in range(draw(st.integers(1, 2))):
            said.append(words(about.id, about.round + 1, seq=10 * turn - 2 + nth))
        answer = program(
            turn, about.round + 1, about.id, solved=draw(st.booleans()), complete=draw(st.booleans())
        )
        if answer.complete:
            programs.append(answer)
    return session(f"b{number}", programs, problem=draw(st.integers(1, 3)), feedback=said)


@pytest.mark.slow
@settings(max_examples=tries(50, 500))
@given(st.data())
def test_every_feedback_before_the_solve_is_counted(data: st.DataObject) -> None:
    """By hand: the first program shown that solves, and the feedbacks given before it, whatever path they were on."""
    sessions = [data.draw(branching(number)) for number in range(data.draw(st.integers(1, 5)))]
    points = human_curve(sessions)
    for point in points:
        solved = 0
        for s in sessions:
            first = next((p.seq for p in s.programs if p.solved), None)
            solved += first is not None and sum(f.seq < first for f in s.feedback) <= point.interventions
        assert point.solved == solved
    assert [p.rate for p in points] == sorted(p.rate for p in points)
    assert points[-1].solved == sum(s.solve is not None for s in sessions)


def test_an_arm_is_measured_in_the_state_of_its_intervention() -> None:
    """Two words on one path, then back to the start: the third intervention's control is that of round 1."""
    made = [program(0, 0), program(1, 1, "t0s0"), program(2, 2, "t1s0"), program(3, 1, "t0s0", solved=True)]
    control = program(4, 1, "t0s0", arm="retry", solved=True)
    said = [words("t0s0", 1, seq=5), words("t1s0", 2, seq=15), words("t0s0", 1, seq=25)]
    points = by_arm(all_curves([session("s", [*made, control], feedback=said, rounds=2)]))
    assert [points["human", n].solved for n in range(4)] == [0, 0, 0, 1]
    assert points["retry", 3].asked_solved == 1
