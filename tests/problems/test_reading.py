"""Files as they come: numbers of any length, damaged records, formats that are not read; MBPP+ in the hub's form."""

from __future__ import annotations

import bz2
import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from assistant.core.cores import ENVIRONMENT, cores, quota
from assistant.core.errors import ProblemSourceError
from assistant.core.problem import CallTest
from assistant.core.safe_ast import read_literal
from assistant.problems.load import load_source
from assistant.problems.records import literal
from tests.thoroughness import tries

PLUS: dict[str, Any] = {
    "prompt": "def f(x):\n    '''Give it back.\n    >>> f(5)\n    5\n    '''\n",
    "entry_point": "f",
    "canonical_solution": "    return x\n",
    "base_input": [[1]],
    "plus_input": [[2]],
    "atol": 0,
}


def test_whole_numbers_of_any_length_survive(tmp_path: Path) -> None:
    """HumanEval/83 and 139 hold such numbers; Python reads and writes no more than 4300 digits in decimal."""
    long = 7**9000
    for bits in (1, 12_000, 14_280, 14_300, 40_000):
        for number in (2**bits - 1, -(2**bits) + 1):
            assert read_literal(literal([number, {"k": (number,)}])) == [number, {"k": (number,)}]
    row = json.dumps(PLUS | {"task_id": "HumanEval/83", "plus_input": "LONG"}).replace(
        '"LONG"', f"[[{_digits(long)}]]"
    )
    path = tmp_path / "plus.jsonl"
    path.write_text(row + "\n" + json.dumps(PLUS | {"task_id": "HumanEval/84"}) + "\n", encoding="utf-8")
    problems = load_source(str(path))
    assert len(problems) == 2 and problems.skipped == ()
    test = problems.get("HumanEval/83").hidden_tests[-1]
    assert isinstance(test, CallTest) and read_literal(test.arguments) == [long]
    path.write_text(f"[{row}]", encoding="utf-8")
    assert load_source(str(path)).get("83").hidden_tests[-1] == test


def _digits(number: int) -> str:
    """Decimal digits of a number that `str` refuses."""
    head, tail = divmod(number, 10**4000)
    return (str(head) if head < 10**4000 else _digits(head)) + str(tail).zfill(4000)


@pytest.mark.parametrize("bad", ['{"task_id": 1e}', '{"a": ' + "[" * 3000 + "]" * 3000 + "}", "7"])
def test_one_damaged_record_of_a_list_takes_no_other_with_it(tmp_path: Path, bad: str) -> None:
    good = [json.dumps(PLUS | {"task_id": f"HumanEval/{n}", "note": '"],[{'}) for n in (1, 2)]
    path = tmp_path / "list.json"
    path.write_text(f"[{good[0]}, {bad}, {good[1]}]", encoding="utf-8")
    problems = load_source(str(path))
    assert [problem.id for problem in problems] == ["HumanEval/1", "HumanEval/2"]
    assert len(problems.skipped) == 1 and "record 2" in problems.skipped[0]


@pytest.mark.parametrize(
    ("raw", "hint"),
    [
        (b"PAR1\x15\x04", "Parquet"),
        (b"\x28\xb5\x2f\xfd\x04", "unzstd"),
        (bz2.compress(b"{}"), "bunzip2"),
        (lzma.compress(b"{}"), "unxz"),
        (b"PK\x03\x04\x14", "unzip"),
    ],
)
def test_packed_files_get_a_hint(tmp_path: Path, raw: bytes, hint: str) -> None:
    path = tmp_path / "data"
    path.write_bytes(raw)
    with pytest.raises(ProblemSourceError, match=hint) as told:
        load_source(str(path))
    assert "\n" not in str(told.value)


def test_inputs_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    path = tmp_path / "plus.jsonl"
    path.write_text(
        json.dumps(PLUS | {"task_id": "HumanEval/1", "plus_input": [[float("nan")], [3]]}), "utf-8"
    )
    problems = load_source(str(path))
    assert len(problems.skipped) == 1 and "plus_input 0: NaN" in problems.skipped[0]


def test_texts_of_humaneval_stay_texts(tmp_path: Path) -> None:
    """HumanEval/34 is called with 'j' among texts; its docstring shows numbers."""
    record = PLUS | {
        "task_id": "HumanEval/34",
        "prompt": "def f(x):\n    '''Unique.\n    >>> f([5, 3])\n    [3, 5]\n    '''\n",
        "plus_input": [[["e", "j", "inf", "1_0", "nan"]]],
    }
    path = tmp_path / "plus.jsonl"
    path.write_text(json.dumps(record), encoding="utf-8")
    test = load_source(str(path)).get("34").hidden_tests[-1]
    assert isinstance(test, CallTest) and read_literal(test.arguments) == [["e", "j", "inf", "1_0", "nan"]]


HUB: dict[str, Any] = {
    "task_id": 2, "prompt": "Shared elements.", "source_file": "x", "test_imports": [],
    "code": "def similar_elements(a, b):\n  return tuple(set(a) & set(b))\n",
    "test_list": ["assert set(similar_elements((3, 4),(5, 4))) == set((4,))"],
    "test": "import numpy as np\nfrom math import inf\n\ndef assertion(out, exp, atol):\n    pass\n\n"
    "inputs = [[(3, 4), (5, 4)], [(1, inf), (inf, 2)], [(), (1,)]]\nresults = [(4,), (inf,), ()]\n"
    "for i, (inp, exp) in enumerate(zip(inputs, results)):\n    assertion(similar_elements(*inp), exp, 0)\n",
}  # fmt: skip


def test_the_hub_form_of_mbpp_plus_keeps_its_tests(tmp_path: Path) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_text(json.dumps(HUB), encoding="utf-8")
    problem = load_source(str(path)).get("Mbpp/2")
    assert problem.suites == ("MBPP", "MBPP+ base", "MBPP+") and len(problem.hidden_tests) == 3
    second = problem.hidden_tests[1]
    assert isinstance(second, CallTest) and second.compare == "set"
    assert (second.arguments, second.expected) == ("[(1, 1e999), (1e999, 2)]", "(1e999,)")


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("import unittest\n", "holds no list of inputs"),
        ("inputs = [[1]]\nresults = []\nresults = [1, 2]\n", ""),
        ("inputs = [[f(1)]]\n", "no literal"),
        ("inputs = [", "not Python"),
    ],
)
def test_hub_scripts_that_cannot_be_read_are_named(tmp_path: Path, script: str, told: str) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_text(
        json.dumps(HUB) + "\n" + json.dumps(HUB | {"task_id": 3, "test": script}), encoding="utf-8"
    )
    problems = load_source(str(path))
    assert "Mbpp/2" in {problem.id for problem in problems}
    assert told == "" or (len(problems.skipped) == 1 and told in problems.skipped[0])


@pytest.mark.slow
def test_both_forms_of_mbpp_plus_call_with_the_same_values(shared_data: Path) -> None:
    """The hub's scripts hold arguments as Python: the types that EvalPlus gives back are those that we give back."""
    folder = shared_data / "mbppplus"
    hub, plus = (load_source(str(folder / f"MbppPlus{form}.jsonl.gz")) for form in ("-OriginFmt", ""))
    assert len(hub) == len(plus) == 378
    for problem in list(plus)[:: tries(3, 1)]:
        ours, theirs = (
            {repr(_zeros(read_literal(t.arguments))) for t in p.hidden_tests if isinstance(t, CallTest)}
            for p in (problem, hub.get(problem.id))
        )
        assert ours == theirs, problem.id


def _zeros(value: object) -> object:
    """Complex numbers without a minus before a zero, whose sign the two forms write differently."""
    if isinstance(value, complex):
        return complex(value.real + 0.0, value.imag + 0.0)
    return [_zeros(item) for item in value] if isinstance(value, list) else value


def test_cores_are_those_of_the_control_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "slurm" / "job"
    inner.mkdir(parents=True)
    (inner / "cpu.max").write_text("max 100000\n", encoding="utf-8")
    assert quota(tmp_path, {"": "/slurm/job"}) > 1000
    (tmp_path / "slurm" / "cpu.max").write_text("350000 100000\n", encoding="utf-8")
    assert quota(tmp_path, {"": "/slurm/job"}) == 4
    old = tmp_path / "cpu" / "docker"
    old.mkdir(parents=True)
    (old / "cpu.cfs_quota_us").write_text("50000\n", encoding="utf-8")
    (old / "cpu.cfs_period_us").write_text("100000\n", encoding="utf-8")
    assert quota(tmp_path, {"cpu": "/docker"}) == 1
    monkeypatch.setenv(ENVIRONMENT, "3")
    assert cores() == 3
    monkeypatch.setenv(ENVIRONMENT, "none")
    assert cores() >= 1
