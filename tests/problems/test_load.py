"""Recognising a format from content, refusing what fits none, naming what is skipped."""

from __future__ import annotations

import ast
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.core.errors import ProblemSourceError, UsageError
from assistant.core.problem import AssertTest, CallTest, Problem
from assistant.problems.format_registry import convert_all, problem_formats
from assistant.problems.load import load_source

OWN = {
    "id": "mine/1",
    "text": "Add two numbers.",
    "entry_point": "add",
    "visible_tests": ["assert add(1, 2) == 3", {"kind": "call", "arguments": "[1, 1]", "expected": "2"}],
}


def lines(*records: object) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def save(folder: Path, text: str | bytes, name: str = "x") -> str:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_own_lines(tmp_path: Path) -> None:
    problem = load_source(save(tmp_path, lines(OWN))).get("mine/1")
    assert problem.visible_tests == (
        AssertTest(code="assert add(1, 2) == 3"),
        CallTest(arguments="[1, 1]", expected="2"),
    )


def test_own_lines_are_what_a_problem_dumps(tmp_path: Path) -> None:
    problem = load_source(save(tmp_path, lines(OWN))).problems[0]
    again = load_source(save(tmp_path, lines(problem.model_dump(mode="json")))).problems[0]
    assert again == problem and again.sha256 == problem.sha256


@pytest.mark.parametrize(
    "text",
    [
        lines(OWN),
        gzip.compress(lines(OWN).encode(), mtime=0),
        b"\xef\xbb\xbf" + lines(OWN).encode(),
        json.dumps([OWN]),
        json.dumps(OWN, indent=2),
        json.dumps({"1": OWN}, indent=2),
        "\n\n" + lines(OWN).replace("\n", "\r\n"),
    ],
)
def test_the_name_of_the_file_does_not_matter(tmp_path: Path, text: str | bytes) -> None:
    assert [problem.id for problem in load_source(save(tmp_path, text))] == ["mine/1"]


def test_bad_records_are_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    text = (
        lines(OWN)
        + "{broken\n"
        + lines(OWN | {"id": 7}, OWN, {"text": "x"}, OWN | {"id": "mine/2"})
        + "[1]\n"
    )
    collection = load_source(save(tmp_path, text))
    assert [problem.id for problem in collection] == ["mine/1", "mine/2"]
    two, three, four, five, seven = collection.skipped
    assert "line 2: not JSON" in two
    assert "line 3: id: " in three
    assert "line 4: mine/1 again (first at line 1)" in four
    assert "line 5: not a record of own JSON Lines: no id, entry_point, visible_tests" in five
    assert "line 7: a list, not an object" in seven


def test_a_line_separator_inside_a_string_does_not_split_the_record(tmp_path: Path) -> None:
    text = json.dumps(OWN | {"text": "a\u2028b"}, ensure_ascii=False)
    assert load_source(save(tmp_path, text)).problems[0].text == "a\u2028b"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            lines({"Feedback": "x", "task_id": 1}),
            r"have Feedback, task_id; expected .*MBPP \(task_id, text, code",
        ),
        ("", "holds no records"),
        ("[]", "holds no records"),
        ("[1, 2]", "holds no JSON objects"),
        ("hello\nworld\n", "holds no JSON objects .*not JSON"),
        ("[" * 100_000, "not JSON"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (gzip.compress(b"x" * 1000, mtime=0)[:20], "damaged gzip"),
        (lines(OWN | {"visible_tests": 3}), "no record of .* is a usable problem; .*line 1: visible_tests"),
        (lines(OWN | {"colour": "red"}), "line 1: colour"),
    ],
)
def test_what_fits_no_format_is_refused_in_one_line(tmp_path: Path, text: str | bytes, says: str) -> None:
    with pytest.raises(ProblemSourceError, match=says) as caught:
        load_source(save(tmp_path, text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"text": "half a pair: \ud800"},
        {"reference": "(" * 5000},
        {"visible_tests": [{"kind": "call", "arguments": "[1]", "expected": 3}]},
        {"visible_tests": ["assert add(1, 2) == 3", None]},
        {"id": ["a"]},
        {"tags": "one"},
    ],
)
def test_one_bad_record_among_good_ones(tmp_path: Path, change: dict[str, object]) -> None:
    bad = OWN | {"id": "mine/2"} | change
    collection = load_source(save(tmp_path, lines(OWN, bad)))
    assert collection.problems[0].id == "mine/1"
    assert len(collection.problems) + len(collection.skipped) == 2


def test_inputs_nested_beyond_reason(tmp_path: Path) -> None:
    deep = "[" * 900 + "]" * 900
    plus = {
        "task_id": "Mbpp/1",
        "prompt": '"""\nDo.\nassert f([1]) == 1\n"""',
        "entry_point": "f",
        "canonical_solution": "def f(x):\n  return 1",
        "base_input": [],
        "assertion": "assert f([1]) == 1",
    }
    text = json.dumps(plus)[:-1] + f', "plus_input": [[{deep}]]}}\n'
    good = lines(plus | {"task_id": "Mbpp/2", "plus_input": [[[2]]]})
    collection = load_source(save(tmp_path, text + good))
    assert "Mbpp/2" in {problem.id for problem in collection}
    assert len(collection.problems) == 2 and "nested" in collection.skipped[0]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("startr", "did you mean starter"),
        ("no/such/file.jsonl", "a file or a folder"),
        ("x" * 5000, "x…"),
        ("nul\0name", "no problem source"),
        ("", "question.txt|problem source"),
    ],
)
def test_unknown_sources(name: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProblemSourceError, match=says):
        load_source(name)


def test_unknown_problem_suggests_close_ones(tmp_path: Path) -> None:
    collection = load_source(save(tmp_path, lines(OWN, OWN | {"id": "mine/20"})))
    with pytest.raises(UsageError, match=r"did you mean mine/2"):
        collection.get("mine/2x")
    with pytest.raises(UsageError, match="list them with"):
        collection.get("q")
    assert collection.get("20").id == "mine/20" and collection.get("MINE/1").id == "mine/1"


def test_each_format_recognises_only_its_own_fields() -> None:
    for candidate in problem_formats():
        record = dict.fromkeys(candidate.FIELDS, "")
        assert next(f.NAME for f in problem_formats() if f.recognise(record)) == candidate.NAME


def test_hub_rows_are_mapped_by_their_fields(tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="the package datasets is not installed")
    save(tmp_path, lines(OWN), "train.jsonl")
    save(tmp_path, lines(OWN | {"id": "mine/2"}), "test.jsonl")
    collection = load_source(f"hub:{tmp_path}")
    assert {problem.id for problem in collection} == {"mine/1", "mine/2"}


def test_hub_without_datasets_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(ProblemSourceError, match="pip install datasets"):
        load_source("hub:openai/openai_humaneval")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(number=st.integers(0, len(problem_formats()) - 1), data=st.data())
def test_garbage_in_any_format_is_skipped_or_refused_never_a_crash(number: int, data: st.DataObject) -> None:
    record = {field: data.draw(json_values, label=field) for field in problem_formats()[number].FIELDS}
    try:
        problems, _ = convert_all("garbage", [("line 1", record)])
    except ProblemSourceError:
        return
    assert all(isinstance(problem, Problem) for problem in problems)


# -- Own problems as other tools write them ------------------------------------------------------------------

MINE = {"id": "mine/double", "text": "Write double.", "entry_point": "double", "visible_tests": ["assert 1"]}
OPTIONAL = (
    "hidden_tests",
    "test_setup",
    "stub",
    "reference",
    "source",
    "licence",
    "tags",
    "difficulty",
    "prelude",
)


def load_own(tmp_path: Path, **fields: Any) -> tuple[Problem, ...]:
    path = tmp_path / "own.jsonl"
    path.write_text(json.dumps({**MINE, **fields}) + "\n", encoding="utf-8")
    return load_source(str(path)).problems


@pytest.mark.parametrize("field", OPTIONAL)
def test_a_null_is_as_good_as_absent(tmp_path: Path, field: str) -> None:
    assert load_own(tmp_path, **{field: None}) == load_own(tmp_path)


def test_all_nulls_at_once_and_in_tests(tmp_path: Path) -> None:
    call = {"kind": "call", "arguments": "[1]", "expected": "2", "suites": None, "digest": None}
    (problem,) = load_own(tmp_path, **dict.fromkeys(OPTIONAL), visible_tests=[call])
    assert problem.visible_tests == (CallTest(arguments="[1]", expected="2"),)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("text", None, "text: is missing"),
        ("text", 3, "text: is not a text"),
        ("visible_tests", "assert 1", "visible_tests: is not a list"),
        ("hidden_tests", 5, "hidden_tests: is not a list"),
        ("hidden_tests", [5], "hidden_tests.0: is neither a text nor an object"),
        ("tags", "a", "tags: is not a list"),
        ("unknown", 1, "unknown: is not a field of this format"),
    ],
)
def test_what_is_wrong_is_said_in_the_words_of_json(
    tmp_path: Path, field: str, value: Any, told: str
) -> None:
    with pytest.raises(ProblemSourceError) as caught:
        load_own(tmp_path, **{field: value})
    assert told in str(caught.value) and "tuple" not in str(caught.value)


@pytest.mark.parametrize("name", ["cafe\u0301", "caf\u00e9", "\ufb01ne", "\uff46"])
def test_the_entry_point_is_named_as_python_does(tmp_path: Path, name: str) -> None:
    (problem,) = load_own(tmp_path, entry_point=name)
    assert problem.entry_point == ast.parse(name).body[0].value.id  # type: ignore[attr-defined]
