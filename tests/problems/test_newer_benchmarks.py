"""LiveCodeBench, BigCodeBench (and Hard), MultiPL-E's Python and DS-1000, from small records of their published form.

The real files cannot be had where this was written. The records below are ours: their fields, the packing of private
tests and the shape of tests are as the publishers' own loaders read them (LiveCodeBench: `code_generation.py` and
`testing_util.py`; BigCodeBench: `bigcodebench.py` and its `eval`; MultiPL-E: `prompts/humaneval-py-reworded.json`;
DS-1000: its fields on the hub).
"""

from __future__ import annotations

import base64
import json
import os
import pickle
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.bench.scoring import ProgramJudge
from assistant.core.errors import ProblemSourceError
from assistant.core.problem import CallTest, Problem
from assistant.core.safe_ast import read_literal
from assistant.problems.formats.livecodebench import PRELUDE
from assistant.problems.load import load_source
from assistant.problems.reference_check import check_reference
from assistant.sandbox.guest.result_comparison import compared
from assistant.sandbox.local import LocalSandbox, open_sandbox
from assistant.sandbox.output_comparison import livecodebench_accepts

Record = dict[str, Any]


def packed(cases: list[Record]) -> str:
    """Private tests as LiveCodeBench publishes them."""
    return base64.b64encode(zlib.compress(pickle.dumps(json.dumps(cases)))).decode()


def case(given: str, wanted: str, kind: str = "stdin") -> Record:
    return {"input": given, "output": wanted, "testtype": kind}


STDIN: Record = {
    "question_title": "Sum", "question_content": "Print the sum of the numbers in a line.", "platform": "atcoder",
    "question_id": "abc900_a", "contest_id": "abc900", "contest_date": "2024-08-03T00:00:00", "starter_code": "",
    "difficulty": "easy", "metadata": "{}",
    "public_test_cases": json.dumps([case("1 2\n", "3\n")]),
    "private_test_cases": packed([case("4 -9\n", "-5\n"), case("7\n", "7\n")]),
}  # fmt: skip
CALL: Record = STDIN | {
    "question_id": "3900", "platform": "leetcode", "contest_date": "2025-01-11T18:30:00", "difficulty": "hard",
    "question_content": "Return the pairs of neighbours.", "metadata": json.dumps({"func_name": "pairs"}),
    "starter_code": "class Solution:\n    def pairs(self, xs: List[int], step: int) -> List[List[int]]:\n        ",
    "public_test_cases": json.dumps([case("[1, 2, 3]\n1", "[[1, 2], [2, 3]]", "functional")]),
    "private_test_cases": json.dumps([case("[5]\n1", "[]", "functional")]),
}  # fmt: skip
PAIRS = (
    "class Solution:\n    def pairs(self, xs: List[int], step: int) -> List[List[int]]:\n"
    "        return tuple((a, b) for a, b in zip(xs, xs[step:]))\n"
)

BIG: Record = {
    "task_id": "BigCodeBench/9001",
    "instruct_prompt": "Count the words of a text in any case.\nYou should write self-contained code starting with:\n"
    "```\nimport re\nfrom collections import Counter\ndef task_func(text):\n```",
    "complete_prompt": "import re\nfrom collections import Counter\n\ndef task_func(text):\n    '''Count words.'''\n",
    "code_prompt": "import re\nfrom collections import Counter\ndef task_func(text):\n",
    "canonical_solution": "    return dict(Counter(re.findall(r'[a-z]+', text.lower())))",
    "entry_point": "task_func", "libs": "['re', 'collections']", "doc_struct": "{}",
    "test": """import unittest
WORDS = {'a': 2}
class TestCases(unittest.TestCase):
    \"\"\"Tests of task_func.\"\"\"
    def setUp(self):
        self.text = 'A a'
    def expect(self, text, counted):
        self.assertEqual(task_func(text), counted)
    def test_case_1(self):
        self.expect(self.text, WORDS)
    def test_case_2(self):
        self.assertIsInstance(task_func('x'), dict)
    def test_case_3(self):
        self.expect('', {})
    def test_case_4(self):
        with self.assertRaises(AttributeError):
            task_func(3)
if __name__ == '__main__':
    unittest.main()
""",
}  # fmt: skip
MOCKED: Record = BIG | {
    "task_id": "BigCodeBench/9002", "entry_point": "task_func", "libs": "['subprocess']",
    "complete_prompt": "import subprocess\ndef task_func(words):\n    \"\"\"Run a command.\"\"\"\n",
    "code_prompt": "import subprocess\ndef task_func(words):\n",
    "canonical_solution": "    return subprocess.run(words).returncode",
    "test": """import unittest
from unittest.mock import patch
class TestCases(unittest.TestCase):
    @patch('subprocess.run')
    def test_status(self, run):
        run.return_value.returncode = 3
        self.assertEqual(task_func(['ls']), 3)
""",
}  # fmt: skip
POLYGLOT: Record = {
    "name": "HumanEval_900_double", "language": "py", "doctests": "transform", "prompt_terminology": "reworded",
    "original": "datasets/HumanEval_900_double.py", "stop_tokens": ["\ndef", "\nclass"],
    "prompt": "from typing import List\n\ndef double(xs: List[int]) -> List[int]:\n"
    "    \"\"\"Double each.\n    >>> double([1])\n    [2]\n    \"\"\"\n",
    "tests": "def check(candidate):\n    assert candidate([1]) == [2]\n    assert candidate([]) == []\n"
    "    assert candidate([2, 3]) == [4, 6]\n\ndef test_check():\n    check(double)\n\ntest_check()\n",
}  # fmt: skip
DS: Record = {
    "prompt": "Problem: …", "reference_code": "df = df.iloc[List]", "code_context": "import pandas as pd",
    "metadata": {"problem_id": 0, "library": "Pandas"},
}  # fmt: skip


def save(folder: Path, *records: Record) -> str:
    path = folder / "records.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return str(path)


def one(folder: Path, record: Record) -> Problem:
    (problem,) = load_source(save(folder, record))
    return problem


@pytest.fixture(scope="module")
def sandbox() -> Iterator[LocalSandbox]:
    sandbox = open_sandbox()
    yield sandbox
    sandbox.close()


def test_programs_are_judged_by_every_new_format(tmp_path: Path, sandbox: LocalSandbox) -> None:
    """A right and a wrong program of each; whether the column of the data set counts them."""
    big = one(tmp_path, BIG)
    subset = one(tmp_path, BIG | {"q_idx": 1, "score": 0.5, "question": "?", "_id": "x"})
    judge = ProgramJudge(sandbox)
    table = [
        (one(tmp_path, STDIN), "print(sum(map(int, input().split())))", True, "LiveCodeBench"),
        (one(tmp_path, STDIN), "print(sum(map(abs, map(int, input().split()))))", False, "LiveCodeBench"),
        (
            one(tmp_path, CALL),
            PAIRS,
            False,
            "LiveCodeBench",
        ),  # rows of tuples: its own checker wants lists there
        (one(tmp_path, CALL), PAIRS.replace("(a, b) for", "[a, b] for"), True, "LiveCodeBench"),
        (one(tmp_path, CALL), PAIRS.replace("xs[step:]", "xs"), False, "LiveCodeBench"),
        (big, big.reference, True, "BigCodeBench"),
        (
            big,
            "def task_func(text):\n    return dict(Counter(re.findall('[a-z]+', text)))",
            False,
            "BigCodeBench",
        ),
        (subset, subset.reference, True, "BigCodeBench-Hard"),
        (one(tmp_path, MOCKED), one(tmp_path, MOCKED).reference, True, "BigCodeBench"),
        (
            one(tmp_path, POLYGLOT),
            "def double(xs: List[int]):\n    return [2 * x for x in xs]",
            True,
            "MultiPL-E",
        ),
        (one(tmp_path, POLYGLOT), "def double(xs):\n    return xs * 2", False, "MultiPL-E"),
    ]
    for problem, program, right, suite in table:
        verdict = judge.score(problem, program)
        (name,) = problem.suites
        assert name.startswith(suite) and verdict.suites == {name: right}, (program, verdict)
    assert judge.score(one(tmp_path, CALL), PAIRS).solved, (
        "our own rule takes a tuple for a list at any depth"
    )


def test_references_of_unittest_classes_pass_and_each_method_is_a_test(
    tmp_path: Path, sandbox: LocalSandbox
) -> None:
    problem = one(tmp_path, BIG)
    assert (len(problem.visible_tests), len(problem.hidden_tests)) == (2, 2)
    shown = problem.test_texts()[0]
    assert "def setUp" in shown and "def expect" in shown and "test_case_2" not in shown
    checked = check_reference(problem, sandbox)
    assert checked.passed and checked.report is not None and checked.report.sealed
    assert one(tmp_path, MOCKED).tags == ("forbidden:subprocess",)
    assert (
        not one(tmp_path, BIG).difficulty
        and one(tmp_path, BIG | {"q_idx": 1, "score": 1}).difficulty == "hard"
    )


def test_what_the_sandbox_does_not_grant_is_said_for_each_problem(tmp_path: Path) -> None:
    numbers = BIG | {"task_id": "BigCodeBench/3", "libs": "['numpy']"}
    frames = BIG | {"task_id": "BigCodeBench/4", "libs": ["pandas", "sklearn.cluster"]}
    tested = BIG | {"task_id": "BigCodeBench/5", "test": "import faker\n" + BIG["test"]}
    collection = load_source(save(tmp_path, frames, BIG, numbers, tested))
    assert [problem.id for problem in collection] == ["BigCodeBench/9001", "BigCodeBench/3"]
    assert [line.partition(": ")[2] for line in collection.skipped] == [
        "it needs pandas, sklearn, and the sandbox grants programs numpy alone",
        "it needs faker, and the sandbox grants programs numpy alone",
    ]


def test_livecodebench_records(tmp_path: Path) -> None:
    stdin, call = load_source(save(tmp_path, STDIN, CALL))
    assert (
        stdin.id == "livecodebench/abc900_a"
        and stdin.entry_point == ""
        and call.entry_point == "Solution.pairs"
    )
    assert [len(problem.hidden_tests) for problem in (stdin, call)] == [2, 1]
    assert set(call.tags) == {"call", "leetcode", "date:2025-01-11"} and call.difficulty == "hard"
    assert one(tmp_path, CALL | {"private_test_cases": ""}).hidden_tests == ()


class Hostile:
    """A pickle of this runs a command where it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize(
    ("pickled", "says"),
    [
        (lambda mark: pickle.dumps(Hostile(mark)), "pickle with"),
        (lambda mark: pickle.dumps(Hostile(mark), protocol=0), "pickle with"),
        (lambda mark: pickle.dumps(["[]"]), "pickle with"),
        (lambda mark: pickle.dumps(b"[]"), "pickle with"),
        (lambda mark: b"", "no pickled text"),
        (lambda mark: b"not a pickle", "no pickled text"),
        (lambda mark: pickle.dumps("{"), "not JSON"),
        (lambda mark: pickle.dumps("[1]"), "not a list of tests"),
    ],
)
def test_a_pickle_of_anything_but_a_text_is_refused_and_never_run(
    tmp_path: Path, pickled: Any, says: str
) -> None:
    mark = tmp_path / "was-run"
    private = base64.b64encode(zlib.compress(pickled(mark))).decode()
    with pytest.raises(ProblemSourceError, match=says):
        load_source(save(tmp_path, STDIN | {"private_test_cases": private}))
    assert not mark.exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("text", ["é" * 300, "a\nb\\"])
def test_texts_pickled_by_any_protocol_are_read(tmp_path: Path, protocol: int, text: str) -> None:
    pickled = pickle.dumps(json.dumps([case(text, text)]), protocol)
    private = base64.b64encode(zlib.compress(pickled)).decode()
    (hidden,) = one(tmp_path, STDIN | {"private_test_cases": private}).hidden_tests
    assert hidden.kind == "stdin" and hidden.stdin == text


def test_release_dates_cut_a_source_down(tmp_path: Path) -> None:
    path = save(tmp_path, STDIN, CALL)
    table = {
        "2024-08..": 2, "2024-08-04..": 1, "..2024-12": 1, "..2025-01": 2, "2025..2025": 1,
        "2024-08-03..2024-08-03": 1,
    }  # fmt: skip
    assert {dates: len(load_source(f"{path}@{dates}")) for dates in table} == table
    with pytest.raises(ProblemSourceError, match="are of 2024-08-03 to 2025-01-11"):
        load_source(f"{path}@2026-01..")
    with pytest.raises(ProblemSourceError, match="no dates"):
        load_source("starter@2024..")


def test_other_languages_and_ds1000_are_refused_with_a_word(tmp_path: Path) -> None:
    collection = load_source(save(tmp_path, POLYGLOT | {"language": "cpp"}, POLYGLOT))
    assert len(collection) == 1 and "in cpp: only MultiPL-E's Python" in collection.skipped[0]
    assert collection.problems[0].text.startswith("Double each.") and collection.problems[0].reference == ""
    with pytest.raises(ProblemSourceError, match=r"DS-1000 is not read: .* numpy alone") as refused:
        load_source(save(tmp_path, DS))
    assert "\n" not in str(refused.value)


def test_livecodebench_rules() -> None:
    """Beside the publisher's own words: stripped lines alike, or exactly equal decimals in each."""
    right = [("3\n", "3"), (" 3 \n 4", "3\n4"), ("1.0 2", "1 2.00"), ("1e2", "100"), ("\n3\n", "3")]
    wrong = [
        ("3 ", "4"),
        ("3\n\n4", "3\n4"),
        ("4 3", "3 4"),
        ("0.3333", "0.3334"),
        ("a  b", "a b"),
        ("", "0"),
    ]
    assert all(livecodebench_accepts(given.encode(), wanted) for given, wanted in right)
    assert not any(livecodebench_accepts(given.encode(), wanted) for given, wanted in wrong)
    test = CallTest(arguments="[]", expected="[3]", compare="livecodebench").model_dump(mode="json")
    verdicts = {value: compared(value, [3], test) for value in ((3,), 3)}
    assert verdicts == {(3,): (True, True), 3: (False, False)}, "the item of a list of one is no list"
    nested = test | {"expected": "[[1]]"}
    assert compared([(1,)], read_literal(nested["expected"]), nested) == (True, False)


def test_the_prelude_leaves_modules_under_their_names() -> None:
    names: dict[str, Any] = {}
    exec(PRELUDE.replace("sys.setrecursionlimit(50000)\n", ""), names)
    assert names["bisect"].__name__ == "bisect" and names["datetime"].datetime and names["copy"].copy
    assert not {"pow", "open", "sum", "max"} & names.keys(), "builtins stay what they are"
