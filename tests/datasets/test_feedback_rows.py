"""Rows for trainers that learn from words, edits and rewards: what stands in each column, which rows there are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.extras import need

need("pyarrow", "datasketch", "detect_secrets", "faker")

from assistant.core import events as ev  # noqa: E402
from assistant.datasets.pipeline import rehearse  # noqa: E402
from assistant.datasets.reward import sandbox_reward  # noqa: E402
from assistant.datasets.task_columns import TASK  # noqa: E402
from tests.datasets.build import MENDED, RIGHT, WRONG, Script, problem, refined, request  # noqa: E402

Rows = dict[str, list[dict[str, Any]]]


def _rows(folder: Path, **rules: object) -> Rows:
    return rehearse(request(folder, "feedback", "critique", "demonstration", "rl", **rules)).samples


def _text(message: dict[str, str]) -> str:
    return message["content"]


@pytest.mark.slow
def test_words_stand_with_the_state_that_they_are_about(tmp_path: Path) -> None:
    refined(1).consent().write(tmp_path, "s1")
    rows = _rows(tmp_path)
    (row,) = rows["feedback"]
    assert [m["role"] for m in row["prompt"]] == ["user"]
    assert (row["privileged_context"], row["wrong"], row["after"]) == ("it must not subtract", WRONG, RIGHT)
    assert row["failing_cases"] == "t  # wrong"
    assert row["privileged_context_with_cases"] == (
        "it must not subtract\n\nThese tests do not pass yet:\n\nt  # wrong"
    )
    assert f"```python\n{WRONG}```" in row["privileged_context_with_program"]
    assert row["privileged_context_with_program"].endswith("it must not subtract")
    before, after = ("visible_passed", "hidden_passed"), ("after_visible_passed", "after_hidden_passed")
    assert [row[name] for name in (*before, *after)] == [False, False, True, True]
    assert (row["program"], row["round"], row["speaker"]) == ("t0s0", 0, "people")
    (critique,) = rows["critique"]
    assert [m["role"] for m in critique["prompt"]] == ["user", "assistant", "user"]
    assert _text(critique["prompt"][1]) == f"```python\n{WRONG}```"
    assert "t  # wrong" in _text(critique["prompt"][2])
    assert critique["completion"] == [{"role": "assistant", "content": "it must not subtract"}]
    assert critique["helped"] is True


@pytest.mark.slow
def test_visible_and_hidden_tests_are_apart_and_pay_for_the_right_program_alone(tmp_path: Path) -> None:
    refined(1).consent().write(tmp_path, "s1")
    rows = _rows(tmp_path)
    for (row,) in (rows["feedback"], rows["rl"]):
        assert [json.loads(line)["code"] for line in row["visible_tests"]] == ["assert add(1, 2) == 3"]
        assert [json.loads(line)["code"] for line in row["hidden_tests"]] == ["assert add(1, -1) == 0"]
        columns = {name: [row[name]] * 2 for name in row if name in TASK or name == "prompt"}
        assert sandbox_reward([RIGHT, WRONG], **columns) == [1.0, 0.0]


@pytest.mark.slow
def test_each_feedback_is_a_row_and_a_task_is_one(tmp_path: Path) -> None:
    """Two rounds, an unanswered last word, and the same task in another session with less said about it."""
    long = (
        Script(problem(1)).consent().answer(WRONG, right=[False]).say("not so").answer(WRONG, right=[False])
    )
    long.say("still not so").end("gave_up").write(tmp_path, "s2")
    refined(1, "it must not subtract").consent().write(tmp_path, "s1")
    rows = _rows(tmp_path)
    said = [
        (r["session"], r["round"], r["privileged_context"], r["after_visible_passed"])
        for r in rows["feedback"]
    ]
    assert said == [
        ("s1", 0, "it must not subtract", True), ("s2", 0, "not so", False), ("s2", 1, "still not so", None),
    ]  # fmt: skip
    assert [row["helped"] for row in rows["critique"]] == [True, False, None]
    assert [len(row["prompt"]) for row in rows["feedback"]] == [1, 1, 3]
    (task,) = rows["rl"]
    assert (task["session"], task["feedback"]) == ("s1", ["it must not subtract"])
    assert (task["program"], [m["role"] for m in task["prompt"]]) == ("t0s0", ["user"])


@pytest.mark.slow
def test_the_same_state_without_the_words_stands_beside_them(tmp_path: Path) -> None:
    script = Script(problem(1)).consent().answer(WRONG, right=[False]).say("no")
    script.answer(WRONG, right=[False], arm="retry").answer(MENDED, right=[True], arm="resample")
    script.answer(RIGHT, right=[True], sealed=False, arm="tests").answer(WRONG, right=[False]).say("still no")
    script.answer(RIGHT, right=[True]).end().write(tmp_path, "s1")
    first, second = _rows(tmp_path)["feedback"]
    assert (first["controls"], first["controls_right"]) == (["resample", "retry"], [True, False])
    assert (second["controls"], second["controls_right"]) == ([], [])
    assert _rows(tmp_path, unsealed="keep")["feedback"][0]["controls"] == ["resample", "retry", "tests"]


@pytest.mark.slow
def test_what_was_said_of_a_right_program_is_no_feedback_on_a_wrong_one(tmp_path: Path) -> None:
    script = (
        Script(problem(1)).consent().answer(RIGHT, right=[True]).say("shorter").answer(MENDED, right=[True])
    )
    script.end().write(tmp_path, "s1")
    rows = _rows(tmp_path)
    assert (rows["feedback"], rows["critique"]) == ([], [])
    assert [row["feedback"] for row in rows["rl"]] == [["shorter"]]


@pytest.mark.slow
def test_words_that_give_the_solution_away_are_left_out_or_marked(tmp_path: Path) -> None:
    refined(1, "write return a + b instead").consent().write(tmp_path, "s1")
    dropped, kept = _rows(tmp_path), _rows(tmp_path, leaky="keep")
    assert (dropped["feedback"], dropped["critique"]) == ([], [])
    assert [row["feedback"] for row in dropped["rl"]] == [[]]
    assert [row["leaky"] for row in (*kept["feedback"], *kept["critique"])] == [True, True]
    assert [row["feedback"] for row in kept["rl"]] == [["write return a + b instead"]]


@pytest.mark.slow
def test_a_demonstration_is_what_a_person_made_right(tmp_path: Path) -> None:
    """Twice by hand, the second time right; the model's own right answer to that prompt is of another session."""
    script = Script(problem(1)).consent().answer(WRONG, right=[False]).say("no")
    script.edit(WRONG + "\n# ?\n", right=False).edit(MENDED, right=True).end().write(tmp_path, "s1")
    (alone,) = _rows(tmp_path)["demonstration"]
    assert alone["chosen_edited"]
    assert alone["chosen"] == alone["reference"]
    assert alone["privileged_context"] == _text(alone["reference"][0]) == f"```python\n{MENDED}```"
    assert _text(alone["rejected"][0]) == f"```python\n{WRONG}```"
    assert (alone["edited"], alone["rejected_edited"], alone["rejected_program"]) == (True, False, "t0s0")
    assert [m["role"] for m in alone["prompt"]] == ["user"]
    Script(problem(1)).consent().answer(RIGHT, right=[True]).end().write(tmp_path, "s2")
    (beside,) = _rows(tmp_path)["demonstration"]
    assert not beside["chosen_edited"]
    assert _text(beside["chosen"][0]) == f"```python\n{RIGHT}```"


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), [(True, True), (False, False)])
def test_an_edit_that_made_nothing_right_demonstrates_nothing(
    tmp_path: Path, before: bool, after: bool
) -> None:
    script = Script(problem(1)).consent().answer(WRONG, right=[before]).edit(MENDED, right=after)
    ending: ev.EndReason = "solved" if after else "gave_up"
    script.end(ending).write(tmp_path, "s1")
    assert _rows(tmp_path)["demonstration"] == []
