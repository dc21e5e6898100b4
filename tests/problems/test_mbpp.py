"""MBPP's two releases: which tests are shown, when setup runs, which function is meant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.problems.formats.mbpp import mbpp_split
from assistant.problems.load import load_source

FULL: dict[str, Any] = {
    "text": "Write a function to double a number.",
    "code": "def helper(x):\r\n  return x\r\ndef double(x):\r\n  return helper(x) * 2\r\n",
    "task_id": 42,
    "test_setup_code": "",
    "test_list": ["assert double(1) == 2", "assert double(helper(2)) == 4", "assert double(0) == 0"],
    "challenge_test_list": ["assert double(-1) == -2"],
}


def write(folder: Path, *records: object, name: str = "problems.jsonl") -> str:
    path = folder / name
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return str(path)


def test_full_release(tmp_path: Path) -> None:
    problem = load_source(write(tmp_path, FULL)).get("mbpp/42")
    assert problem.entry_point == "double"
    assert problem.test_texts() == FULL["test_list"]
    assert [test.text("double") for test in problem.hidden_tests] == ["assert double(-1) == -2"]
    assert "\r" not in problem.reference
    assert problem.source == "mbpp" and problem.licence == "CC-BY-4.0"
    assert "split:test" in problem.tags


def test_entry_point_is_the_function_and_not_the_class_it_is_given(tmp_path: Path) -> None:
    record = FULL | {
        "code": "class Pair:\n  def __init__(self, a, b):\n    self.a = a\ndef first(pairs):\n  return pairs[0].a",
        "test_list": ["assert first([Pair(5, 2), Pair(1, 2)]) == 5"],
    }
    assert load_source(write(tmp_path, record)).problems[0].entry_point == "first"


def test_entry_point_bound_by_assignment(tmp_path: Path) -> None:
    record = FULL | {"code": "double = lambda x: 2 * x", "test_list": ["assert double(1) == 2"]}
    assert load_source(write(tmp_path, record)).problems[0].entry_point == "double"


def test_entry_point_missing_from_the_reference_is_a_bad_record(tmp_path: Path) -> None:
    wrong = FULL | {"task_id": 43, "code": "def triple(x):\n  return 3 * x"}
    collection = load_source(write(tmp_path, FULL, wrong))
    assert [problem.id for problem in collection] == ["mbpp/42"]
    assert len(collection.skipped) == 1
    assert "line 2" in collection.skipped[0] and "no function that the tests call" in collection.skipped[0]


def test_sanitized_release_takes_its_text_and_imports(tmp_path: Path) -> None:
    record = {
        "source_file": "x.ipynb",
        "task_id": 82,
        "prompt": "Write a function to find the volume of a sphere.",
        "code": "import math\ndef volume(r):\n  return 4 / 3 * math.pi * r ** 3",
        "test_imports": ["import math"],
        "test_list": ["assert math.isclose(volume(10), 4188.79, rel_tol=0.001)"],
    }
    path = tmp_path / "anything.json"
    path.write_text(json.dumps([record]), encoding="utf-8")
    problem = load_source(str(path)).problems[0]
    assert problem.test_setup == "import math"
    assert problem.entry_point == "volume"
    assert problem.text == record["prompt"]
    assert problem.source == "mbpp-sanitized"


@pytest.mark.parametrize(
    ("task", "split"),
    [(1, "prompt"), (10, "prompt"), (11, "test"), (510, "test"), (511, "validation"), (600, "validation"),
     ("mbpp/601", "train"), ("Mbpp/974", "train")],
)  # fmt: skip
def test_splits_of_the_paper(task: int | str, split: str) -> None:
    assert mbpp_split(task) == split


def test_no_split_beyond_the_last_task() -> None:
    with pytest.raises(ValueError, match="974"):
        mbpp_split(975)


@pytest.mark.slow
def test_real_full_release(shared_data: Path) -> None:
    collection = load_source(str(shared_data / "mbpp" / "mbpp.jsonl"))
    assert len(collection) == 974 and not collection.skipped
    assert sum(bool(problem.hidden_tests) for problem in collection) == 11
    assert all(len(problem.visible_tests) == 3 for problem in collection)
    assert not any("\r" in problem.model_dump_json() for problem in collection)
    by_class = collection.get("mbpp/367")
    assert by_class.entry_point == "is_tree_balanced" and "Node(1)" in by_class.test_setup
    assert collection.get("601").entry_point == "max_chain_length"
    assert "releases-differ" in collection.get("596").tags


def test_real_sanitized_release(shared_data: Path) -> None:
    collection = load_source(str(shared_data / "mbpp" / "sanitized-mbpp.json"))
    assert len(collection) == 427 and not collection.skipped
    assert collection.get("mbpp/2").entry_point == "similar_elements"
