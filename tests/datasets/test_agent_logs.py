"""Logs of other programs as sessions. All records here are made up, in the forms that these programs document."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from assistant.core.errors import UsageError
from assistant.core.events import CodeEdited, FeedbackGiven, GenerationFinished, SessionStarted, TestsFinished
from assistant.core.submission import Sandbox
from assistant.datasets.importers.detect_dataset import find_sessions
from assistant.datasets.importers.to_journal import write_imported
from assistant.journal.reader import read_journal
from assistant.journal.validation import check_folder
from assistant.sandbox.local import open_sandbox

ASKED, WORDS = "Write slug(text) in tools.py", "Capital letters count too"
FIRST = 'def slug(text):\n    return text.replace(" ", "-")\n'
SECOND = 'def slug(text):\n    return text.lower().replace(" ", "-")\n'
Rows = Sequence[dict[str, Any]]


def _lines(rows: Rows) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def _claude(kind: str, content: Any, **more: Any) -> dict[str, Any]:
    message = {"role": kind, "content": content, **({"model": "claude-x"} if kind == "assistant" else {})}
    return {
        "type": kind, "message": message, "sessionId": "5e55", "uuid": "u", "parentUuid": None, "isSidechain": False,
        "timestamp": "2026-11-01T10:00:00.000Z", "userType": "external", **more,
    }  # fmt: skip


def _use(name: str, **given: Any) -> list[dict[str, Any]]:
    return [
        {"type": "text", "text": "Done."},
        {
            "type": "tool_use",
            "id": "toolu_1",
            "name": name,
            "input": {"file_path": "/home/jane/p/tools.py", **given},
        },
    ]


CLAUDE = [
    {"type": "summary", "summary": "Slugs", "leafUuid": "u"},
    _claude("user", ASKED),
    _claude("assistant", _use("Write", content=FIRST)),
    _claude("user", [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "ok"}]),
    _claude("user", "Stop hook feedback:\nno", isMeta=True),
    _claude("user", "<command-name>/clear</command-name>"),
    _claude("assistant", _use("Write", content="def sub(): ...\n"), isSidechain=True),
    _claude("user", [{"type": "text", "text": WORDS}]),
    _claude("assistant", _use("Edit", old_string="text.replace", new_string="text.lower().replace")),
]


def _codex(kind: str, **payload: Any) -> dict[str, Any]:
    return {"timestamp": "2026-11-01T10:00:00.000Z", "type": kind, "payload": payload}


def _said(role: str, text: str) -> dict[str, Any]:
    part = "output_text" if role == "assistant" else "input_text"
    return _codex("response_item", type="message", role=role, content=[{"type": part, "text": text}])


_ADD = (
    "*** Begin Patch\n*** Add File: tools.py\n"
    + "".join(f"+{x}\n" for x in FIRST.splitlines())
    + "*** End Patch"
)
_UPDATE = (
    "*** Begin Patch\n*** Update File: tools.py\n@@ def slug(text):\n"
    '-    return text.replace(" ", "-")\n+    return text.lower().replace(" ", "-")\n*** End Patch'
)
CODEX = [
    _codex("session_meta", id="c0de", cwd="/home/jane/p", cli_version="0.65.0"),
    _said("user", "<environment_context>\n<cwd>/home/jane/p</cwd>\n</environment_context>"),
    _said("user", ASKED),
    _codex("turn_context", model="gpt-x-codex"),
    _codex("response_item", type="custom_tool_call", name="apply_patch", input=_ADD, call_id="1"),
    _said("assistant", "Done."),
    _codex("event_msg", type="user_message", message=WORDS),
    _said("user", WORDS),
    _codex(
        "response_item", type="function_call", name="shell", call_id="2",
        arguments=json.dumps({"command": ["bash", "-lc", f"apply_patch <<'EOF'\n{_UPDATE}\nEOF"]}),
    ),
    _said("assistant", "Fixed."),
]  # fmt: skip

AIDER = f"""
# aider chat started at 2026-11-01 10:00:00

> Model: some-model with diff edit format
> Git repo: .git with 1 files

#### {ASKED}

Here it is:

tools.py
```python
<<<<<<< SEARCH
=======
{FIRST}>>>>>>> REPLACE
```

> Applied edit to tools.py

#### /add tools.py

#### {WORDS}

tools.py
```python
<<<<<<< SEARCH
    return text.replace(" ", "-")
=======
    return text.lower().replace(" ", "-")
>>>>>>> REPLACE
```

> Applied edit to tools.py
"""


def _rating(rating: int, comment: str, after: str = "") -> dict[str, Any]:
    """A record of Open WebUI; the rated answer is the first, `after` is what was written next."""
    texts = [("user", ASKED), ("assistant", f"```python\n{FIRST}```")]
    texts += [("user", after)] if after else []
    texts += [("assistant", f"```python\n{SECOND}```")]
    messages = {
        f"m{n}": {"id": f"m{n}", "parentId": f"m{n - 1}" if n else None, "role": role, "content": text}
        for n, (role, text) in enumerate(texts)
    }
    history = {"messages": messages, "currentId": f"m{len(texts) - 1}"}
    return {
        "id": f"f{rating}", "user_id": "jane", "version": 0, "type": "rating", "created_at": 1, "updated_at": 1,
        "data": {"rating": rating, "model_id": "llama-x", "reason": "not_factually_correct", "comment": comment},
        "meta": {"message_id": "m1", "chat_id": "c", "arena": False},
        "snapshot": {"chat": {"id": "c", "chat": {"history": history}}},
    }  # fmt: skip


def _turn(number: int, kind: str, content: str = "", **more: Any) -> dict[str, Any]:
    role = "user" if kind == "user_prompt" else "assistant"
    return {
        "session_id": "2026-01-05-aa", "turn_number": number, "role": role, "turn_type": kind, "content": content,
        "model": "claude-y", "user_id": "dev", "tool_name": None, "tool_input_json": None, **more,
    }  # fmt: skip


def _edit(number: int, name: str, **given: Any) -> dict[str, Any]:
    given = {"file_path": "/p/tools.py", **given}
    return _turn(number, "tool_use", tool_name=name, tool_input_json=json.dumps(given))


SWE_CHAT = [
    _edit(5, "Edit", old_string="text.replace", new_string="text.lower().replace"), _turn(1, "user_prompt", ASKED),
    _edit(2, "Write", content=FIRST), _turn(3, "assistant_thinking", "hm"), _turn(4, "user_prompt", WORDS),
]  # fmt: skip

FILES: dict[str, tuple[str, str, str, str]] = {
    "claude_code": ("s.jsonl", _lines(CLAUDE), "claude-x", "claude_code-user"),
    "codex": ("rollout-1.jsonl", _lines(CODEX), "gpt-x-codex", "codex-user"),
    "aider": (".aider.chat.history.md", AIDER, "some-model", "aider-user"),
    "open_webui": ("feedback.json", json.dumps([_rating(-1, WORDS)]), "llama-x", "open_webui-"),
    "swe_chat": ("conversations.jsonl", _lines(SWE_CHAT), "claude-y", "swe_chat-"),
}  # fmt: skip
Import = Callable[..., tuple[Path, list[str]]]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with closing(open_sandbox()) as opened:
        yield opened


@pytest.fixture
def imported(tmp_path: Path, sandbox: Sandbox) -> Import:
    """Imports a text under a file's name; gives the folder of journals, and what was left out."""

    def run(name: str, text: str, **options: Any) -> tuple[Path, list[str]]:
        (tmp_path / name).write_text(text, encoding="utf-8")
        found = find_sessions(tmp_path / name, **options)
        for session in found.sessions:
            assert write_imported(tmp_path / "s", session, sandbox)
        assert check_folder(tmp_path / "s").findings == () if (tmp_path / "s").exists() else True
        return tmp_path / "s", found.skipped

    return run


@pytest.mark.parametrize("dataset", FILES)
def test_words_between_two_programs_are_feedback(dataset: str, imported: Import) -> None:
    name, text, model, annotator = FILES[dataset]
    folder, skipped = imported(name, text)
    (path,) = folder.glob("imported-*/*.jsonl")
    events = read_journal(path).events
    header = events[0]
    assert isinstance(header, SessionStarted)
    assert (header.imported_from, header.author, header.model.name) == (dataset, "person", model)
    assert header.annotator.startswith(annotator)
    assert header.problem.text == ASKED
    assert [e.code for e in events if isinstance(e, GenerationFinished)] == [FIRST, SECOND]
    assert [e.text for e in events if isinstance(e, FeedbackGiven)] == [WORDS]
    assert not [e for e in events if isinstance(e, TestsFinished | CodeEdited)]
    assert skipped == []
    assert "jane" not in path.read_text()


def test_tests_for_a_functions_name_judge_its_versions(imported: Import, tmp_path: Path) -> None:
    (tmp_path / "tests.jsonl").write_text(
        _lines([{"name": "slug", "unit_test": "assert slug('A b') == 'a-b'"}])
    )
    folder, _ = imported("s.jsonl", _lines(CLAUDE), tasks=tmp_path / "tests.jsonl")
    (path,) = folder.glob("*/*.jsonl")
    assert [e.visible.passed for e in read_journal(path).events if isinstance(e, TestsFinished)] == [
        False,
        True,
    ]


def test_what_an_answer_was_praised_for_is_no_feedback(imported: Import) -> None:
    record = _rating(1, "Thanks, great", after=WORDS)
    folder, _ = imported("feedback.json", json.dumps([record]))
    (path,) = folder.glob("*/*.jsonl")
    assert [e.text for e in read_journal(path).events if isinstance(e, FeedbackGiven)] == [WORDS]


BROKEN: dict[str, tuple[str, str, list[str]]] = {
    "a torn last line": ("s.jsonl", _lines(CLAUDE) + '{"type": "user", "mess', ["line 10: not JSON"]),
    "a line of no object": ("s.jsonl", _lines(CLAUDE) + "17\n", ["line 10: no JSON object"]),
    "content of no known form": (
        "s.jsonl", _lines([*CLAUDE, _claude("user", 17)]), ["row 10: message.content is neither a text nor a list"],
    ),
    "a block that is none": (
        "s.jsonl", _lines([*CLAUDE, _claude("user", ["x"])]), ["row 10: a block of message.content is no object"],
    ),
    "a payload that is none": (
        "r.jsonl", _lines([*CODEX, {"type": "response_item", "payload": 1}]), ["row 11: payload is no object"],
    ),
    "arguments that are no JSON": (
        "r.jsonl",
        _lines([*CODEX, _codex("response_item", type="function_call", name="shell", arguments="{x")]),
        ["row 11: arguments of a call are no JSON"],
    ),
    "a tool's input that is no JSON": (
        "c.jsonl", _lines([*SWE_CHAT, _turn(9, "tool_use", tool_name="Write", tool_input_json="{")]),
        ["session 2026-01-05-aa, turn 9: tool_input_json is no JSON"],
    ),
    "a turn without its number": (
        "c.jsonl", _lines([*SWE_CHAT, {**_turn(9, "user_prompt", "x"), "turn_number": None}]),
        ["row 6: session_id or turn_number is missing or no number"],
    ),
    "a rating without its chat": (
        "f.json", json.dumps([_rating(-1, WORDS), {**_rating(1, ""), "snapshot": None}]),
        ["row 2: has no snapshot of its chat: export from Admin Panel, Evaluations, Feedbacks"],
    ),
    "a chat without a second program": (
        "f.json", json.dumps([_rating(-1, WORDS), _rating(1, "ok")]),
        ["row 2: no words stand between two Python programs"],
    ),
    "files without words between": (
        "s.jsonl",
        _lines([*CLAUDE, _claude("assistant", [{"type": "tool_use", "name": "Write", "input": {
            "file_path": "/p/other.py", "content": "def other(): ...\n"}}])]),
        ["1 of 2 Python files have no words between two versions"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_read_is_left_out_by_name(case: str, imported: Import) -> None:
    name, text, expected = BROKEN[case]
    folder, skipped = imported(name, text)
    assert len(list(folder.glob("*/*.jsonl"))) == 1
    assert len(skipped) == len(expected)
    assert all(line.startswith(start) for line, start in zip(skipped, expected, strict=True)), skipped


def test_transcripts_of_swe_chat_are_not_ones_own(imported: Import) -> None:
    folder, _ = imported("2026-01-05-aa.jsonl", _lines(CLAUDE), dataset="swe_chat")
    (path,) = folder.glob("*/*.jsonl")
    header = read_journal(path).events[0]
    assert isinstance(header, SessionStarted)
    assert (header.imported_from, header.problem.licence) == ("swe_chat", "odc-by")


def test_a_dataset_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "s.jsonl").write_text(_lines(CLAUDE))
    with pytest.raises(UsageError, match=r"there is no dataset 'x'; known: .*claude_code"):
        find_sessions(tmp_path / "s.jsonl", dataset="x")
