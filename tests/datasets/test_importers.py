"""Other people's feedback as journals: sound, analysable, exportable, never mixed."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from assistant.core import events as ev
from assistant.core.errors import UsageError
from assistant.datasets.importers.detect_dataset import find_sessions
from assistant.datasets.importers.to_journal import write_imported
from assistant.journal.reader import read_journal
from assistant.journal.validation import check_folder
from assistant.sandbox.local import open_sandbox
from tests.datasets.test_agent_logs import CLAUDE, SWE_CHAT

REPOSITORY = Path(__file__).resolve().parents[2]
ILF_ROW = {
    "task_id": 700,
    "prompt": '"""\nWrite a function to halve a number.\n\n>>> Example: half(3) = 1.5\n"""\n\ndef half(n):\n',
    "test": "from pytest import approx\n\ndef check(candidate):\n"
    '\tassert candidate(3) ==approx( 1.5), "candidate(3) ==approx( 1.5)"\n'
    '\tassert candidate(1) ==approx( 0.5), "candidate(1) ==approx( 0.5)"',
    "Feedback": "The code uses floor division.\r\nUse true division.",
    "completion": "    return n / 2",
    "original_model_completion": '"""\nWrite a function to halve a number.\n\n>>> Example: half(3) = 1.5\n"""\n\n'
    "def half(n):\n    return n // 2\n",
    "worker_id": None,
}
MINT_ROW = {
    "state": {
        "history": [
            {"role": "user", "content": "Task:\nWrite a function to double.\nassert double(2) == 4"},
            {"role": "assistant", "content": "<solution>\ndef double(n):\n    return n\n</solution>"},
            {"role": "user", "content": "Observation:\nWrong.\n\nExpert feedback:\nThis is BAD. Multiply."},
            {"role": "assistant", "content": "<solution>\ndef double(n):\n    return 2 * n\n</solution>"},
        ]
    },
    "task": {
        "task_name": "mbpp", "task_id": 5, "prompt": "Write a function to double.\nassert double(2) == 4",
        "reference": "assert double(2) == 4\nassert double(-1) == -2",
    },
}  # fmt: skip
TASK = {
    "name": "add_one", "task_description": "Add one to a number.", "function_signature": "def add_one(n):",
    "unit_test": 'assert add_one(1) == 2, "Test 1"\nassert add_one(-1) == 0, "Test 2"',
    "solution": "def add_one(n):\n    return n + 1",
}  # fmt: skip


def _chats() -> list[dict[str, Any]]:
    first = [{"role": "user", "content": "write add_one"}]
    answer = "```python\ndef add_one(n):\n    return n + 2\n```"
    second = [*first, {"role": "assistant", "content": answer}, {"role": "user", "content": "it adds two"}]
    good = "```python\ndef add_one(n):\n    return n + 1\n```"
    common = {"programmer_id": 63, "model": "GPT-3.5 (chat)", "task_name": "add_one"}
    return [
        {"request": str(first), "response": answer, "timestamp": 0.0, **common},
        {"request": str(second), "response": good, "timestamp": 9.0, **common},
    ]


def _jsonl(path: Path, *rows: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _table(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def _imported(file: Path, folder: Path) -> list[str]:
    found = find_sessions(file)
    sandbox = open_sandbox()
    try:
        for session in found.sessions:
            assert write_imported(folder, session, sandbox)
            assert not write_imported(folder, session, sandbox)
    finally:
        sandbox.close()
    assert check_folder(folder).findings == ()
    return found.skipped


def _kinds(folder: Path) -> list[tuple[str, object]]:
    (path,) = folder.glob("imported-*/*.jsonl")
    told: list[tuple[str, object]] = []
    for event in read_journal(path).events:
        verdict = getattr(event, "visible", None) or getattr(event, "hidden", None)
        author = event.author if isinstance(event, ev.FeedbackGiven) else None
        told.append((event.type, verdict.passed if verdict else author))
    return told


def test_ilf(tmp_path: Path) -> None:
    assert _imported(_jsonl(tmp_path / "ilf.jsonl", ILF_ROW), tmp_path / "s") == []
    assert _kinds(tmp_path / "s") == [
        ("session_started", None), ("generation_started", None), ("generation_finished", None),
        ("tests_finished", False), ("feedback_given", "person"), ("code_edited", None), ("tests_finished", True),
        ("session_ended", None),
    ]  # fmt: skip


def test_mint_keeps_the_models_words_apart(tmp_path: Path) -> None:
    place = tmp_path / "outputs" / "some-model" / "F=gpt-4-0613" / "results.jsonl"
    other = {**MINT_ROW, "task": {**MINT_ROW["task"], "task_name": "gsm8k"}}
    skipped = _imported(_jsonl(place, MINT_ROW, other), tmp_path / "s")
    assert skipped == ["row 2: is about gsm8k, not about writing a function to tests (mbpp)"]
    kinds = _kinds(tmp_path / "s")
    assert ("feedback_given", "model") in kinds
    assert [value for kind, value in kinds if kind in ("tests_finished", "hidden_scored")] == [
        False,
        False,
        True,
        True,
    ]
    (path,) = (tmp_path / "s").glob("*/*.jsonl")
    header = read_journal(path).events[0]
    assert (header.annotator, header.model.name) == ("mint-gpt-4-0613", "some-model")  # type: ignore[attr-defined]


@pytest.mark.parametrize("tasks", [True, False])
def test_chats_are_joined_and_judged_where_tests_are_known(tmp_path: Path, tasks: bool) -> None:
    if tasks:
        _table(tmp_path / "tasks_data.csv", [TASK])
    assert _imported(_table(tmp_path / "chat_data.csv", _chats()), tmp_path / "s") == []
    verdicts = [value for kind, value in _kinds(tmp_path / "s") if kind == "tests_finished"]
    assert verdicts == ([False, True] if tasks else [])
    assert [value for kind, value in _kinds(tmp_path / "s") if kind == "feedback_given"] == ["person"]


def test_other_files_are_refused_with_their_fields(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"of no known dataset.*first row has a, b"):
        find_sessions(_jsonl(tmp_path / "x.jsonl", {"a": 1, "b": 2}))
    (tmp_path / "y.jsonl").write_text('{"a": 1}\n{broken\n')
    with pytest.raises(UsageError, match="line 2: not JSON"):
        find_sessions(tmp_path / "y.jsonl")


@pytest.mark.slow
def test_imports_can_be_analysed_and_exported_each_by_itself(tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    pytest.importorskip("datasketch")
    from assistant.analysis.analyze import analyze
    from assistant.analysis.output_tables import tables_of
    from assistant.core.errors import AssistantError
    from assistant.datasets.pipeline import rehearse
    from assistant.journal.load import read_sessions
    from tests.datasets.build import request

    folder = tmp_path / "s"
    _table(tmp_path / "tasks_data.csv", [TASK])
    sandbox = open_sandbox()
    try:
        for file in (
            _jsonl(tmp_path / "ilf.jsonl", ILF_ROW),
            _jsonl(tmp_path / "F=gpt-4" / "r.jsonl", MINT_ROW),
            _table(tmp_path / "chat_data.csv", _chats()),
        ):
            for session in find_sessions(file).sessions:
                write_imported(folder, session, sandbox)
    finally:
        sandbox.close()
    sessions, _ = read_sessions(folder)
    assert {s.origin for s in sessions} == {
        "imported from ilf",
        "imported from mint, model gpt-4",
        "imported from realhumaneval",
    }
    with pytest.raises(AssistantError, match="1 origin ilf, 1 origin mint, 1 origin realhumaneval"):
        rehearse(request(folder))
    tables = {table.name: table for table in tables_of(analyze(folder))}
    arms = {name: [c for c, _ in tables[name].columns].index("arm") for name in ("curve", "programs")}
    heads = {(row[0], row[at]) for name, at in arms.items() for row in tables[name].rows}
    assert {arm for group, arm in heads if "mint" in group} == {"simulated"}
    assert {arm for group, arm in heads if "mint" not in group} == {"human"}
    for name, author in (("ilf", "person"), ("mint", "model"), ("realhumaneval", "person")):
        outcome = rehearse(request(folder, "refinement", origin=name, leaky="keep"))
        (row,) = outcome.samples["refinement"]
        assert (row["origin"], row["author"]) == (name, author)
        assert row["arm"] == ("human" if author == "person" else "simulated")
        assert [m["role"] for m in row["prompt"]][-3:] == ["user", "assistant", "user"]


@pytest.mark.slow
def test_every_released_row_of_ilf(shared_data: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "assistant", "import", str(shared_data / "ilf" / "human-feedback.jsonl"),
            "--limit", "15", "--sessions", str(tmp_path),
        ],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "15 sessions imported from ilf, 0 were there, 0 rows left out\n"
    for path in tmp_path.glob("*/*.jsonl"):
        verdicts = [e.visible.passed for e in read_journal(path).events if e.type == "tests_finished"]  # type: ignore[attr-defined]
        assert verdicts == [False, True], path.name


def _mint_row(*verdicts: bool, task: int = 5) -> dict[str, Any]:
    """A MINT dialogue with one attempt for each verdict and feedback between them."""
    history = [{"role": "user", "content": "Task:\nWrite a function to double.\nassert double(2) == 4"}]
    for number, right in enumerate(verdicts):
        if number:
            history.append({"role": "user", "content": "Observation:\nSo.\n\nExpert feedback:\nTry again."})
        body = "2 * n" if right else "n"
        code = f"<solution>\ndef double(n):\n    return {body}\n</solution>"
        history.append({"role": "assistant", "content": code})
    return {"state": {"history": history}, "task": {**MINT_ROW["task"], "task_id": task}}


@pytest.mark.slow
def test_a_dialogue_that_ended_when_solved_stays_in_every_rate(tmp_path: Path) -> None:
    """The limit is the dataset's, whatever a dialogue came to; so a solve rate over them never falls."""
    pytest.importorskip("duckdb")
    from assistant.analysis.solve_curve import human_curve
    from assistant.journal.load import read_sessions

    rows = (
        _mint_row(True, task=1), _mint_row(False, True, task=2), _mint_row(False, True, False, task=3),
        _mint_row(False, False, False, False, False, task=4), _mint_row(False, False, task=5),
    )  # fmt: skip
    _imported(_jsonl(tmp_path / "F=gpt-4" / "r.jsonl", *rows), tmp_path / "s")
    sessions, _ = read_sessions(tmp_path / "s")
    assert {session.rounds for session in sessions} == {4}
    assert [session.end for session in sessions] == [
        "solved", "solved", "solved", "rounds_used_up", "gave_up",
    ]  # fmt: skip
    assert [(p.solved, p.sessions) for p in human_curve(sessions)] == [(1, 5), *[(3, 5)] * 4]


def test_a_table_of_swe_chat_in_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    import pyarrow
    import pyarrow.parquet as parquet

    rows = [{**row, "tool_name": row["tool_name"] or "", "more": "not read"} for row in SWE_CHAT]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "conversations.parquet")
    (session,) = find_sessions(tmp_path / "conversations.parquet").sessions
    assert session.dataset == "swe_chat"
    (tmp_path / "torn.parquet").write_bytes(b"PAR1")
    with pytest.raises(UsageError, match="cannot be read as Parquet"):
        find_sessions(tmp_path / "torn.parquet")


@pytest.mark.slow
def test_logs_of_ones_own_are_exported_with_consent_only(tmp_path: Path) -> None:
    for module in ("pyarrow", "datasketch", "detect_secrets", "faker"):
        pytest.importorskip(module)
    from assistant.core.errors import AssistantError
    from assistant.datasets.pipeline import rehearse
    from assistant.journal.consent import add_answer
    from tests.datasets.build import request

    tests = _jsonl(tmp_path / "tests.jsonl", {"name": "slug", "unit_test": "assert slug('A b') == 'a-b'"})
    folder = tmp_path / "s"
    with closing(open_sandbox()) as sandbox:
        for file in (_jsonl(tmp_path / "own.jsonl", *CLAUDE), _jsonl(tmp_path / "released.jsonl", *SWE_CHAT)):
            for session in find_sessions(file, tests).sessions:
                write_imported(folder, session, sandbox)
    with pytest.raises(AssistantError, match="1 nobody was asked for consent"):
        rehearse(request(folder, "refinement", origin="claude_code"))
    assert len(rehearse(request(folder, "refinement", origin="swe_chat")).samples["refinement"]) == 1
    add_answer(folder, "claude_code-user", "granted", version="1")
    (row,) = rehearse(request(folder, "refinement", origin="claude_code")).samples["refinement"]
    assert (row["origin"], row["feedback"], row["arm"]) == (
        "claude_code",
        "Capital letters count too",
        "human",
    )
