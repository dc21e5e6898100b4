"""Studies: the same annotator always gets the same order, squares are balanced, power is exact."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from assistant.core.errors import UsageError
from assistant.core.problem import AssertTest, Problem
from assistant.session.study import (
    Study,
    chosen_problems,
    condition_of,
    next_problem,
    order_for,
    settings_for,
)
from assistant.session.study_file import load_study
from assistant.session.study_tables import Conditions


def _problems(count: int) -> list[Problem]:
    test = AssertTest(code="assert f() == 1")
    return [
        Problem(id=f"p{i}", text="t", entry_point="f", visible_tests=(test,), source="x")
        for i in range(count)
    ]


@pytest.mark.parametrize("size", [4, 6])
def test_a_latin_square_balances_places_and_neighbours(size: int) -> None:
    people = tuple(f"a{i}" for i in range(size))
    study = Study(name="s", order="latin", annotators=people)
    problems = _problems(size)
    rows = [[p.id for p in order_for(study, problems, who)] for who in people]
    for place in range(size):
        assert len({row[place] for row in rows}) == size
    pairs = Counter((row[i], row[i + 1]) for row in rows for i in range(size - 1))
    assert set(pairs.values()) == {1}


def test_an_odd_square_is_balanced_over_twice_as_many() -> None:
    people = tuple(f"a{i}" for i in range(10))
    study = Study(name="s", order="latin", annotators=people)
    rows = [[p.id for p in order_for(study, _problems(5), who)] for who in people]
    pairs = Counter((row[i], row[i + 1]) for row in rows for i in range(4))
    assert set(pairs.values()) == {2}
    assert len(pairs) == 20


def test_random_order_is_the_annotators_own_and_stable() -> None:
    study = Study(name="s", order="random")
    problems = _problems(12)
    assert order_for(study, problems, "a") == order_for(study, problems, "a")
    assert order_for(study, problems, "a") != order_for(study, problems, "b")
    assert sorted(p.id for p in order_for(study, problems, "a")) == sorted(p.id for p in problems)


def test_the_next_problem_until_done() -> None:
    problems = _problems(3)
    assert next_problem(problems, []) == problems[0]
    assert next_problem(problems, ["p0", "p2"]) == problems[1]
    assert next_problem(problems, ["p0", "p1", "p2"]) is None


def test_conditions_are_counterbalanced() -> None:
    study = Study(name="s", annotators=("a", "b"), conditions=Conditions(failing_cases=(False, True)))
    problems = _problems(4)
    for problem in problems:
        got = {who: condition_of(study, problems, who, problem)["failing_cases"] for who in ("a", "b")}
        assert sorted(got.values()) == ["no", "yes"]


def test_the_first_sample_is_shared_or_not() -> None:
    [problem] = _problems(1)
    shared, apart = (
        Study(name="s", temperature=0.8),
        Study(name="s", temperature=0.8, same_first_sample=False),
    )
    condition = {"failing_cases": "no"}

    def seed(study: Study, who: str) -> int:
        return settings_for(study, problem, who, condition).sampling.seed

    assert seed(shared, "a") == seed(shared, "b")
    assert seed(apart, "a") != seed(apart, "b")


def test_a_bad_file_names_the_field(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text('name = "s"\nrounds = -1\n')
    with pytest.raises(UsageError, match="rounds"):
        load_study(path)
    path.write_text("name = \n")
    with pytest.raises(UsageError, match="not TOML"):
        load_study(path)
    with pytest.raises(UsageError, match="no study file"):
        load_study(tmp_path / "absent.toml")
    with pytest.raises(UsageError, match="nope"):
        chosen_problems(Study(name="s", problems=("nope",)), _problems(2))
