"""What counts as solved after how many interventions, what is paired with what, and what it cost."""

from __future__ import annotations

import pytest

from assistant.analysis.annotators import agreement, between, person_lifts
from assistant.analysis.baseline import alone_curve, flat_line
from assistant.analysis.costs import at_tokens, costs, spent
from assistant.analysis.effort import minutes, ways
from assistant.analysis.feedback_stats import clean_pairs, clean_solved_at, said, shares
from assistant.analysis.lift import ArmPair, all_pairs, lifts, pairs_of
from assistant.analysis.solve_curve import arm_curves, human_curve
from assistant.core.events import Effort
from assistant.journal.records import Edit
from tests.analysis.build import program, session, words
from tests.analysis.simulation import RIGHT

pytest.importorskip("scipy")


def test_rates_after_each_intervention() -> None:
    sessions = [
        session("a", [program(0, 0, solved=True, hidden_passed=True)], end="solved"),
        session(
            "b",
            [program(0, 0), program(1, 1, "t0s0", solved=True, hidden_passed=False)],
            end="solved",
            problem=2,
        ),
        session("c", [program(0, 0), program(1, 1, "t0s0"), program(2, 2, "t1s0")], end="gave_up", problem=3),
        session("d", [program(0, 0, complete=False)], end="open", problem=4),
    ]
    points = human_curve(sessions)
    assert [p.sessions for p in points] == [3] * 5
    assert [p.solved for p in points] == [1, 2, 2, 2, 2]
    assert [p.false_solves for p in points] == [0, 1, 1, 1, 1]
    assert [p.hidden_scored for p in points] == [1, 2, 2, 2, 2]
    assert [p.asked for p in points] == [3, 2, 1, 0, 0]
    assert [p.stopped for p in points] == [0, 0, 0, 1, 1]


def test_a_session_with_fewer_rounds_stays_in_every_point() -> None:
    sessions = [
        session("a", [program(0, 0), program(1, 1, "t0s0", solved=True)], rounds=1),
        session("b", [program(0, 0)], rounds=3, problem=2),
    ]
    assert [(p.sessions, p.solved) for p in human_curve(sessions)] == [(2, 0), (2, 1), (2, 1), (2, 1)]


def test_any_sample_of_a_round_may_solve_and_the_first_one_is_judged() -> None:
    samples = [
        program(0, 0),
        program(0, 0, sample=1, solved=True, hidden_passed=True),
        program(0, 0, sample=2, solved=True),
    ]
    (point, *_) = human_curve([session("a", samples, samples=3)])
    assert (point.solved, point.false_solves, point.hidden_scored) == (1, 0, 1)


def test_what_was_edited_by_hand_is_not_solved_by_words() -> None:
    programs = [
        program(0, 0),
        program(1, 0, "t0s0", solved=True, edited=True),
        program(2, 1, "t1s0", solved=True),
        program(3, 1, "t0s0"),
    ]
    mended = session("a", programs, edits=[Edit(5, "t1s0", 0, Effort(editing=30))])
    assert [p.solved for p in human_curve([mended])] == [0] * 5
    assert [p.id for p in mended.dialogue] == ["t0s0", "t3s0"]


def test_an_arm_stands_where_the_words_stood() -> None:
    sessions = [
        session("a", [program(0, 0, solved=True)], end="solved"),
        session(
            "b",
            [
                program(0, 0),
                program(1, 1, "t0s0"),
                program(2, 1, "t0s0", arm="retry", solved=True),
                program(3, 2, "t1s0", solved=True),
                program(4, 2, "t1s0", arm="retry"),
            ],
            problem=2,
        ),
        session("c", [program(0, 0), program(1, 1, "t0s0")], problem=3, end="open"),
    ]
    first, second = arm_curves(sessions)
    assert (first.arm, second.arm) == ("retry", "retry")
    # "c" was never asked again with this arm: "b" stands for it.
    assert (first.interventions, first.sessions, first.solved, first.asked) == (1, 3, 2, 1)
    assert (first.open, first.asked_solved, first.rate) == (2, 1, 1.0)
    assert (second.interventions, second.sessions, second.solved, second.asked) == (2, 3, 1, 1)


def test_pairs_are_states_with_both_answers() -> None:
    one = session(
        "a",
        [
            program(0, 0),
            program(1, 1, "t0s0", complete=False),
            program(2, 1, "t0s0", solved=True),
            program(3, 1, "t0s0"),  # the person went back and said something else
            program(4, 1, "t0s0", arm="retry"),
            program(5, 1, "t0s0", arm="retry", solved=True),  # made twice: the first counts
            program(6, 1, "t0s0", arm="tests", complete=False, solved=True),
        ],
    )
    (pair,) = pairs_of([one], "retry")
    assert (pair.human, pair.control, pair.difference) == (True, False, 1)
    assert list(pairs_of([one], "tests")) == []
    (overall, first) = lifts(all_pairs([one]))
    assert (overall.round, first.round) == ("all", "1")
    assert (overall.lift, overall.low, overall.only_human, overall.p_mcnemar) == (1.0, None, 1, 1.0)


def _tried(name: str, problem: int, *, first: bool, resamples: tuple[bool, ...] = ()) -> list[object]:
    made = [program(0, 0, solved=first)]
    made += [program(9 + i, 1, "t0s0", arm="resample", solved=s, tokens=200) for i, s in enumerate(resamples)]
    made.append(program(30, 2, "t9s0", arm="resample", solved=True))  # has the person's words in its prompt
    return [session(name, made, problem=problem)]


def test_samples_without_a_person() -> None:
    sessions = [
        *_tried("a", 1, first=True),
        *_tried("b", 2, first=False, resamples=(True,)),
        *_tried("c", 2, first=False, resamples=(False,)),
    ]
    one, two, three = alone_curve(sessions)  # type: ignore[arg-type]
    assert one.rate == pytest.approx(1 / 3)
    assert two.rate == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert three.rate == 1
    assert (one.tokens, two.tokens, three.tokens) == (
        100,
        pytest.approx((100 + 300 + 300) / 3),
        pytest.approx(300),
    )
    assert flat_line([one, two, three], rounds=4) == (3, 1.0)
    assert flat_line([one], rounds=4) is None


def test_failures_without_samples_are_stood_in_for() -> None:
    sessions = [
        *_tried("a", 1, first=True),
        *_tried("b", 2, first=False, resamples=(True,)),
        *_tried("c", 3, first=False),
    ]
    points = alone_curve(sessions)  # type: ignore[arg-type]
    assert [p.tries for p in points] == [1, 2]
    assert points[1].rate == 1
    assert points[1].measured == 1


def test_tokens_with_and_without_a_person() -> None:
    sessions = [
        session(
            "a",
            [
                program(0, 0),
                program(1, 1, "t0s0", solved=True, tokens=300),
                program(2, 1, "t0s0", arm="resample", tokens=100),
            ],
            rounds=1,
        )
    ]
    alone = alone_curve(sessions)
    start, end = spent(sessions, alone)
    assert (start.tokens, start.rate, end.tokens, end.rate, end.programs) == (100, 0, 400, 1, 2)
    assert (end.alone_equal_samples, end.alone_equal_tokens) == (0, None)
    assert at_tokens(alone, 150) == 0
    rows = {(c.arm, c.round): c for c in costs(sessions)}
    assert rows["human", 1].prompt_tokens == 150
    assert rows["resample", 1].generated_tokens == 50


def test_a_human_minute() -> None:
    sessions = [
        session("a", [program(0, 0, solved=True)], clock=Effort(reading=30)),
        session(
            "b",
            [program(0, 0), program(1, 1, "t0s0", solved=True)],
            feedback=[words("t0s0", 1, seq=5, seconds=30)],
            problem=2,
        ),
        session(
            "c",
            [program(0, 0), program(1, 0, "t0s0", edited=True, solved=True)],
            edits=[Edit(9, "t1s0", 0, Effort(editing=60, away=500))],
            problem=3,
        ),
        session("d", [program(0, 0)], problem=4),
    ]
    total = minutes(sessions)
    assert (total.sessions, total.timed, total.solved_by_person) == (4, 3, 2)
    assert total.active_minutes == pytest.approx(2)
    assert total.solved_per_minute == pytest.approx(1)
    assert total.away == pytest.approx(500 / 3)
    telling, editing = ways(sessions)
    assert (telling.times, telling.solved, telling.solved_per_minute) == (1, 1, pytest.approx(2))
    assert (editing.times, editing.solved, editing.median_seconds) == (1, 1, 60)


def test_words_that_give_the_answer_away_are_told_apart() -> None:
    secret = RIGHT.format(1).splitlines()[1].strip()
    leaky = session(
        "a",
        [program(0, 0), program(1, 1, "t0s0"), program(2, 2, "t1s0", solved=True)],
        feedback=[
            words("t0s0", 1, secret, seq=5),
            words("t1s0", 2, "the sign is wrong", seq=15, kinds=["logic"]),
        ],
    )
    fair = session(
        "b",
        [program(0, 0), program(1, 1, "t0s0", solved=True)],
        feedback=[words("t0s0", 1, seq=5)],
        problem=2,
    )
    found = said([leaky, fair])
    assert [(item.leaky, item.solved) for item in found] == [(True, False), (False, True), (False, True)]
    assert [p.solved for p in human_curve([leaky, fair], clean_solved_at(found))] == [0, 1, 1, 1, 1]
    assert [p.solved for p in human_curve([leaky, fair])] == [0, 1, 2, 2, 2]
    pairs = [
        ArmPair("a", leaky.problem_sha256, "anon-1", "retry", round_, about, human=True, control=False)
        for round_, about in ((1, "t0s0"), (2, "t1s0"))
    ]
    assert clean_pairs({"retry": pairs}, found) == {"retry": pairs[1:]}
    assert [(s.value, s.answered, s.solved) for s in shares(found)] == [
        ("logic", 1, 1),
        ("leaky", 1, 0),
        ("not leaky", 2, 2),
    ]


def test_annotators_of_the_same_first_program() -> None:
    def judged(name: str, problem: int, annotator: str, kind: str) -> object:
        return session(
            name, [program(0, 0)], problem=problem, annotator=annotator,
            feedback=[words("t0s0", 1, kinds=[kind])],
        )  # fmt: skip

    agreeing = [
        judged(f"{who}{n}", n, who, "logic" if n % 2 else "algebra") for n in range(6) for who in "ab"
    ]
    whole, algebra, logic = agreement(agreeing)  # type: ignore[arg-type]
    assert (whole.kind, whole.programs, whole.annotators, whole.alpha, whole.kappa) == (
        "all kinds",
        6,
        2,
        1,
        1,
    )
    assert (algebra.kind, algebra.alpha, logic.kappa) == ("algebra", 1, 1)
    assert agreement(agreeing[:1]) == []  # type: ignore[arg-type]


def test_lift_of_each_annotator() -> None:
    def pair(name: str, problem: int, annotator: str, human: bool, control: bool) -> object:
        made = [
            program(0, 0),
            program(1, 1, "t0s0", solved=human),
            program(2, 1, "t0s0", arm="retry", solved=control),
        ]
        return session(name, made, problem=problem, annotator=annotator)

    good = [pair(f"g{n}", n, "good", n != 3, n == 3) for n in range(12)]
    poor = [pair(f"p{n}", n, "poor", n == 1, n % 4 == 2) for n in range(12)]
    pairs = all_pairs([*good, *poor])  # type: ignore[list-item]
    found = {lift.annotator: lift for lift in person_lifts(pairs)}
    assert found["good"].lift == pytest.approx(10 / 12)
    assert found["poor"].lift == pytest.approx(-2 / 12)
    (spread,) = between(pairs)
    assert spread.sd > 0.4
    assert spread.p < 0.001
