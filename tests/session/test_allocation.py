"""Who gets which problems and conditions, what questions take, and the problem for practice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.core.errors import UsageError
from assistant.core.problem import AssertTest, Problem
from assistant.core.questions import Question
from assistant.core.submission import Sandbox
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.session.annotation_queue import AnnotationQueue
from assistant.session.header import Held
from assistant.session.study import Study, chosen_problems, condition_of, order_for
from assistant.session.study_file import parse_study
from tests.session.conftest import RIGHT, WRONG

TEST = AssertTest(code="assert add(1, 2) == 3")
BEFORE_KINDS = "fa7bca24b72d039a675199a71864c95f8a8293ca9e837ffc36b69f166e873230"
"""Hash of the study `x` with the questions `a` and `b`, as it was when questions were texts alone."""


def problems(count: int) -> list[Problem]:
    return [
        Problem(id=f"t/{n}", text="Write add.", entry_point="add", visible_tests=(TEST,), source="t")
        for n in range(count)
    ]


@given(people=st.integers(1, 30), count=st.integers(1, 20), each=st.integers(1, 30), common=st.integers(0, 3))
def test_each_problem_comes_to_its_number_of_people_in_equal_shares(
    people: int, count: int, each: int, common: int
) -> None:
    each, common = min(each, people), min(common, count)
    table = {"per_problem": each, "gold": [f"t/{n}" for n in range(common)]}
    study = Study.model_validate({"name": "s", "participants": {"count": people}, "allocation": table})
    shares = [[p.id for p in order_for(study, problems(count), who)] for who in study.annotators]
    found = Counter(name for share in shares for name in share)
    assert found == {f"t/{n}": people if n < common else each for n in range(count)}
    sizes = {len(share) for share in shares}
    assert max(sizes) - min(sizes) <= 1 and all(len(set(share)) == len(share) for share in shares)


@pytest.mark.parametrize("people", [4, 10, 11])
def test_between_people_each_has_one_condition_and_the_shares_are_equal(people: int) -> None:
    study = Study.model_validate(
        {"name": "s", "participants": {"count": people}, "conditions": {"failing_cases": [False, True]},
         "allocation": {"between_people": True, "gold": ["t/1"], "attention": ["t/2"]}}
    )  # fmt: skip
    own = {who: [condition_of(study, problems(4), who, p) for p in problems(4)] for who in study.annotators}
    arms = {who: {found["failing_cases"] for found in each} for who, each in own.items()}
    assert all(len(arm) == 1 for arm in arms.values())
    counts = Counter(next(iter(arm)) for arm in arms.values())
    assert abs(counts["yes"] - counts["no"]) <= 1
    in_turn = ["yes" if number % 2 else "no" for number in range(people)]
    assert people < 10 or [next(iter(arm)) for arm in arms.values()] != in_turn, "drawn, not in turn"
    assert [{"gold", "attention"} & set(found) for found in own["p001"]] == [
        set(),
        {"gold"},
        {"attention"},
        set(),
    ]


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("Why?", ["x"], [""]),
        ({"text": "?", "required": False}, ["", "x"], []),
        ({"text": "?", "kind": "choice", "choices": ["a", "b"]}, ["a", "b"], ["", "c", "A", "a b"]),
        ({"text": "?", "kind": "scale", "highest": 5}, ["1", "5"], ["0", "6", "2.5", "x", ""]),
        ({"text": "?", "kind": "scale"}, ["7"], ["8"]),
        ({"text": "?", "kind": "number", "lowest": 0, "highest": 80}, ["0", "2,5"], ["-1", "81", "nan", "x"]),
    ],
)  # fmt: skip
def test_what_a_question_takes(question: object, right: list[str], wrong: list[str]) -> None:
    asked = Question.model_validate(question)
    assert [asked.fault(answer) for answer in right] == [""] * len(right)
    assert all(asked.fault(answer) for answer in wrong)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('participants.entry_questions = [{ text = "?", kind = "choice" }]', "a choice needs two or more"),
        ('participants.entry_questions = [{ text = "?", kind = "scale", highest = 1e9 }]', "2 to 21 steps"),
        ('participants.entry_questions = [{ text = "?", kind = "scale", highest = 1 }]', "2 to 21 steps"),
        ('participants.end_questions = ["a", "a"]', "a question twice"),
        ('questions = ["a", { text = "a", kind = "number" }]', "a question twice"),
        (
            'questions = [{ text = "a", kin = "number" }]',
            "`questions.0.kin` is no key (`kind`?); there are: text",
        ),
        ('participants.completion_url = "javascript:alert(1)"', "must begin with https://"),
        ('problems = ["a"]\nparticipants.practice = "a"', "take it out of `problems`"),
        ('annotators = ["a"]\nparticipants.count = 2', "differ"),
        ("allocation.per_problem = 2", "0 annotators are named"),
        ('problems = ["a"]\nallocation.gold = ["b"]', "not among `problems`"),
        ('base_urls = ["gpu1:8000"]', "'gpu1:8000' must start with http://"),
        ('base_urls = ["http://me:key@gpu1"]', "without name and password"),
        ('base_urls = ["http://gpu1"]\nengine = "transformers"', 'not "transformers"'),
        ("participants.nonsense = 1", "`participants.nonsense` is no key; there are: count"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_study(f'name = "x"\n{text}', "study.toml")
    assert said in str(refused.value)


def test_texts_alone_among_the_questions_keep_their_meaning_and_their_studies_hash() -> None:
    study = parse_study('name = "x"\nquestions = ["a", { text = "b" }]', "study.toml")
    assert [(asked.text, asked.required) for asked in study.questions] == [("a", False), ("b", True)]
    assert Study(name="x", questions=("a", "b")).sha256 == BEFORE_KINDS
    assert parse_study('name = "x"\nquestions = ["a", "a"]', "").questions == (study.questions[0],) * 2


@pytest.mark.parametrize("passes", [True, False])
def test_practice_has_to_be_solved_and_does_not_count(tmp_path: Path, sandbox: Sandbox, passes: bool) -> None:
    study = Study.model_validate(
        {"name": "s", "rounds": 0, "participants": {"practice": "t/0", "practice_tries": 2}}
    )
    available = problems(3)
    assert [p.id for p in chosen_problems(study, available)] == ["t/1", "t/2"]
    with pytest.raises(UsageError, match="has no problem t/0 to practise on"):
        chosen_problems(study, available[1:])
    queue = AnnotationQueue.open(study, available, "a1", tmp_path)
    for answers in ([WRONG], [RIGHT if passes else WRONG]):
        first = queue.next()
        assert first is not None and first.problem.id == "t/0" and not queue.failed_practice
        assert first.info.condition["practice"] == "yes"
        session = queue.hold(first, ScriptedEngine(answers), sandbox, Held(author="person", interface="app"))
        list(session.start())
        session.close()
    then = queue.next()
    assert queue.failed_practice is not passes
    assert (then and (then.problem.id, then.place, then.of)) == (("t/1", 1, 2) if passes else None)
