"""APPS in its three shapes (folder of folders, one folder, JSONL) and MathQA-Python."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from assistant.core.errors import ProblemSourceError
from assistant.core.prelude import needed
from assistant.core.problem import CallTest, StdinTest, Test, ValueTest
from assistant.core.safe_ast import read_literal
from assistant.problems.load import load_source
from assistant.sandbox.guest.result_comparison import compared

CALL: dict[str, Any] = {
    "problem_id": 7,
    "question": "Sort the list.",
    "input_output": json.dumps({"fn_name": "order", "inputs": [[[2, 1]], [[3]]], "outputs": [[1, 2], [3]]}),
    "solutions": json.dumps(["print 'python 2'", "def order(xs):\n    return sorted(xs)"]),
    "starter_code": "",
    "difficulty": "introductory",
}


def save(folder: Path, record: object) -> str:
    path = folder / "rows.jsonl"
    path.write_text(json.dumps(record), encoding="utf-8")
    return str(path)


def load_one(folder: Path, record: object) -> Any:
    (problem,) = load_source(save(folder, record))
    return problem


def holds(test: Test, value: object) -> bool:
    """Whether the sandbox's judge takes this value for the call."""
    assert isinstance(test, CallTest) and test.expected is not None
    return compared(value, read_literal(test.expected), test.model_dump(mode="json"))[0]


def test_function_rows(tmp_path: Path) -> None:
    problem = load_one(tmp_path, CALL)
    assert problem.id == "apps/0007" and problem.difficulty == "introductory"
    assert problem.entry_point == "order" and problem.suites == ("APPS",)
    assert problem.reference == "def order(xs):\n    return sorted(xs)", "Python 2 is passed over"
    first = problem.visible_tests[0]
    wanted = read_literal(first.expected) if isinstance(first, CallTest) and first.expected else []
    assert holds(first, wanted) and holds(first, tuple(wanted)) and not holds(first, [*wanted, 1])


def test_results_wrapped_in_a_list_of_one_may_come_unwrapped(tmp_path: Path) -> None:
    cases = {"fn_name": "total", "inputs": [[[1, 2]]], "outputs": [[3]]}
    test = load_one(tmp_path, CALL | {"input_output": json.dumps(cases)}).visible_tests[0]
    assert holds(test, 3) and holds(test, [3]) and not holds(test, 4)


def test_keys_of_dicts_in_a_list_are_numbers_again(tmp_path: Path) -> None:
    cases = {"fn_name": "count", "inputs": [[{"1": 2}]], "outputs": [[{"1": 3, "-2": 4}]]}
    test = load_one(tmp_path, CALL | {"input_output": json.dumps(cases)}).visible_tests[0]
    assert isinstance(test, CallTest) and test.arguments == "[{1: 2}]"
    assert holds(test, {1: 3, -2: 4}) and holds(test, [{1: 3, -2: 4}]) and not holds(test, {"1": 3})


def test_inputs_without_outputs_are_counted(tmp_path: Path) -> None:
    cases = {"inputs": ["1", "2", "3"], "outputs": ["1"]}
    collection = load_source(save(tmp_path, CALL | {"input_output": cases}))
    assert len(collection.problems[0].visible_tests) == 1
    assert collection.skipped[0].endswith("3 inputs and 1 outputs: 1 tests are used, 2 have no counterpart")


def test_a_method_of_solution_with_the_imports_it_relies_on(tmp_path: Path) -> None:
    starter = "class Solution:\n    def top(self, xs: List[int]) -> int:\n        "
    record = CALL | {
        "starter_code": starter,
        "input_output": {"fn_name": "top", "inputs": [[[2, 1]]], "outputs": [2]},
        "solutions": [starter + "return heapq.nlargest(1, xs)[0]"],
    }
    problem = load_one(tmp_path, record)
    assert problem.entry_point == "Solution.top"
    assert problem.stub.startswith("from typing import List\n\nclass Solution")
    assert problem.visible_tests[0].text("Solution.top") == "Solution.top([2, 1]) == 2"
    names: dict[str, Any] = {}
    exec(problem.reference, names)
    assert names["Solution"]().top([2, 1]) == 2


def test_programs_read_stdin(tmp_path: Path) -> None:
    cases = {"inputs": [["1", "2"], "3\n", "4", "5", "x" * 5000], "outputs": [["3", "4"], "3", "4", "5", "y"]}
    problem = load_one(tmp_path, CALL | {"input_output": cases})
    assert problem.entry_point == "" and problem.tags == ("stdin",)
    assert problem.visible_tests[0] == StdinTest(stdin="1\n2", expected="3\n4", suites=("APPS",))
    assert len(problem.visible_tests) == 3 and len(problem.hidden_tests) == 2


@pytest.mark.parametrize("cases", ["", "{}", '{"inputs": [], "outputs": []}', '{"inputs": [[1]]}', "{"])
def test_rows_without_tests_are_refused(tmp_path: Path, cases: str) -> None:
    with pytest.raises(ProblemSourceError, match="input_output"):
        load_one(tmp_path, CALL | {"input_output": cases})


def test_real_folders(shared_data: Path) -> None:
    both = load_source(str(shared_data / "apps"))
    assert [problem.id for problem in both] == ["apps/0001", "apps/2404"]
    stdin, method = both
    assert isinstance(stdin.visible_tests[0], StdinTest) and stdin.difficulty == "interview"
    assert method.entry_point == "Solution.findKthPositive"
    assert method.test_texts() == ["Solution.findKthPositive([2, 3, 4, 7, 11], 5) == 9"]
    assert load_source(str(shared_data / "apps" / "2404")).problems == (method,)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProblemSourceError, match=r"question\.txt"):
        load_source(str(tmp_path))


MATHQA: dict[str, Any] = {
    "prompt": "# A shop sells 3 apples for 1,200. \n# What is the gcd?\n",
    "code": "import scipy\nn0 = 12.0\nn1 = 18.0\nanswer = scipy.gcd(n0, n1)\n",
    "rationale": "…",
    "answer": "6",
    "task_id": 12,
}


def test_mathqa(tmp_path: Path) -> None:
    problem = load_one(tmp_path, MATHQA)
    assert problem.id == "mathqa/12" and problem.entry_point == ""
    assert problem.text == "A shop sells 3 apples for 1,200.\nWhat is the gcd?"
    assert problem.visible_tests == (ValueTest(expected=6.0, suites=("MathQA-Python",)),)
    names: dict[str, Any] = {}
    with patch.dict(sys.modules):  # the stand-in for scipy ends with the test
        exec(needed(problem.prelude, problem.reference) + "\n" + problem.reference, names)
    assert names["answer"] == 6


def test_mathqa_code_without_the_dropped_functions_is_kept_as_it_is(tmp_path: Path) -> None:
    record = MATHQA | {"code": "answer = 6.0\n", "text": "Six?"}
    del record["prompt"]
    problem = load_one(tmp_path, record)
    assert problem.reference == "answer = 6.0\n" and problem.text == "Six?"


def test_mathqa_answer_must_be_a_number(tmp_path: Path) -> None:
    with pytest.raises(ProblemSourceError, match="answer 'six' is not a number"):
        load_one(tmp_path, MATHQA | {"answer": "six"})
