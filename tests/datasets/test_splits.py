"""Splits go by problem, near-duplicates together, the same in every export; test sets of others are noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.core.problem import AssertTest, Problem
from assistant.datasets.pipeline import earlier_splits, export, rehearse
from assistant.datasets.splits import assign
from assistant.problems.load import load_source
from tests.datasets.build import RIGHT, Script, folder_of, problem, refined, request

for module in ("pyarrow", "datasketch", "detect_secrets", "faker"):
    pytest.importorskip(module)

from assistant.datasets.contamination import known_tests, overlaps  # noqa: E402
from assistant.datasets.near_duplicates import fingerprint, groups  # noqa: E402


def _fibonacci(text: str, *tests: str, name: str = "fib") -> Problem:
    return problem(
        text=text, entry_point=name, visible_tests=tuple(AssertTest(code=t) for t in tests), hidden_tests=()
    )


def test_near_duplicates_are_one_group() -> None:
    values = {
        "a": _fibonacci(
            "Write a function fib(n) that returns the n-th Fibonacci number.", "assert fib(7) == 13"
        ),
        "b": _fibonacci("Return the n-th Fibonacci number", "assert fibonacci(9) == 34", name="fibonacci"),
        "c": _fibonacci("In der Folge jede Zahl", "assert f(1) == 1", "assert f(7) == 13", name="f"),
        "d": _fibonacci("Quite another wording here", "assert g(1)==1", "assert g(7)==13", name="g"),
        "e": _fibonacci("Sort the list of words by length", "assert fib(['a']) == ['a']"),
    }
    found = groups({key: fingerprint(value) for key, value in values.items()})
    assert found["a"] == found["b"]
    assert found["c"] == found["d"]
    assert len({found["a"], found["c"], found["e"]}) == 3


@pytest.mark.slow
def test_humaneval_is_recognised_in_other_words() -> None:
    original = next(p for p in load_source("humaneval").problems if p.id == "HumanEval/0")
    renamed = original.model_copy(update={"id": "mine/1", "source": "mine", "reference": ""})
    found = overlaps({"mine": fingerprint(renamed), "other": fingerprint(problem(3))})
    assert found == {"mine": ["HumanEval/0"], "other": []}


@pytest.mark.slow
def test_mbpps_test_problems_are_known_without_their_text() -> None:
    names = {name.partition("#")[0] for name in known_tests() if name.startswith("MBPP/")}
    assert names == {f"MBPP/{number}" for number in range(11, 511)}


@pytest.mark.slow
def test_mbpp_is_recognised(shared_data: Path) -> None:
    problems = load_source(str(shared_data / "mbpp" / "mbpp.jsonl")).problems
    found = overlaps({p.id: fingerprint(p) for p in problems})
    numbers = {key: int(key.rpartition("/")[2]) for key in found}
    assert all(f"MBPP/{n}" in found[key] for key, n in numbers.items() if 11 <= n <= 510)
    training = [key for key, n in numbers.items() if n > 600]
    assert sum(bool(found[key]) for key in training) < 0.2 * len(training)


@pytest.mark.slow
def test_overlap_can_be_excluded(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 2)
    known = next(p for p in load_source("humaneval").problems if p.id == "HumanEval/0")
    Script(known).answer(RIGHT, right=[True]).end().write(folder, "known")
    reported = rehearse(request(folder, "sft"))
    assert [name for names in reported.overlaps.values() for name in names] == ["HumanEval/0"]
    excluded = rehearse(request(folder, "sft", overlap="exclude"))
    assert (excluded.excluded, excluded.sessions["exported"]) == (["HumanEval/0"], 2)


@pytest.mark.slow
def test_a_problem_stays_where_it_was_whatever_comes_beside_it(tmp_path: Path) -> None:
    small = rehearse(request(folder_of(tmp_path / "a", 10))).splits
    large = rehearse(request(folder_of(tmp_path / "b", 40))).splits
    assert small == {content: large[content] for content in small}
    assert set(large.values()) == {"train", "validation", "test"}


@pytest.mark.slow
def test_an_earlier_export_decides_also_against_the_hash(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 10)
    export(request(folder, "sft"), tmp_path / "first")
    earlier = earlier_splits(tmp_path / "first")
    assert earlier == rehearse(request(folder, "sft")).splits
    content = next(iter(earlier))
    moved = assign({content: content, "f" * 64: content}, (1.0, 0.0, 0.0), {content: "test"})
    assert moved == {content: "test", "f" * 64: "test"}


@pytest.mark.slow
def test_no_group_of_near_duplicates_is_parted(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    for number in range(30):
        for twin in range(2):
            task = problem(number).model_copy(update={"id": f"made/{number}-{twin}", "licence": f"L{twin}"})
            task = task.model_copy(update={"text": task.text + " Please." * twin})
            script = Script(task).consent().answer(RIGHT, right=[True]).end()
            script.write(folder, f"s{number:03}-{twin}")
    outcome = rehearse(request(folder, "turns"))
    assert outcome.near_duplicates == 60
    assert all(count % 2 == 0 for count in outcome.problems.values())


@pytest.mark.slow
def test_rows_of_one_problem_are_in_one_split(tmp_path: Path) -> None:
    import pyarrow.parquet as parquet

    folder = folder_of(tmp_path, 20)
    for number in range(20):
        refined(number, "still wrong", annotator="anon-b").consent().write(folder, f"t{number:03}")
    export(request(folder, "turns"), tmp_path / "out")
    seen: dict[str, set[str]] = {}
    for file in (tmp_path / "out" / "data" / "turns").glob("*.parquet"):
        for content in parquet.read_table(file, columns=["content_sha256"]).column(0).to_pylist():
            seen.setdefault(content, set()).add(file.name.split("-")[0])
    assert len(seen) == 20
    assert all(len(splits) == 1 for splits in seen.values())
