"""`assistant sessions`, `show` and `verify` as functions: data on stdout, talk on stderr, exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.cli.sessions import sessions, show, verify
from assistant.core import events as ev
from assistant.core.errors import JournalError, UsageError
from tests.conftest import REPOSITORY
from tests.journal.build import answer, feedback, header, verdict, whole_session, write_session

Output = pytest.CaptureFixture[str]


def test_sessions_lists_one_a_line_and_names_what_it_cannot_read(tmp_path: Path, capsys: Output) -> None:
    write_session(tmp_path, "s1", whole_session("s1", hidden=False))
    write_session(tmp_path, "s2", [header("s2")])
    (tmp_path / "odd.jsonl").write_text("odd\nodd\n")
    assert sessions(sessions=tmp_path) == 0
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == ["s2", "s1", "odd"]
    assert "solved (false)" in out
    assert "odd.jsonl, line 1: not JSON" in err
    assert f"3 sessions in {tmp_path}, 1 of them unreadable" in err


def test_sessions_of_one_person_in_a_folder_of_several(tmp_path: Path, capsys: Output) -> None:
    for name, who in (("s1", "ann"), ("s2", "bo"), ("s3", "ann")):
        write_session(tmp_path, name, [header(name).model_copy(update={"annotator": who})])
    (tmp_path / "odd.jsonl").write_text("odd\n")
    assert sessions(sessions=tmp_path, annotator="ann") == 0
    out, _ = capsys.readouterr()
    assert sorted(line.split()[0] for line in out.splitlines()) == ["odd", "s1", "s3"]


def test_sessions_as_json_is_an_object_a_line(tmp_path: Path, capsys: Output) -> None:
    write_session(tmp_path, "s1")
    assert sessions(sessions=tmp_path, json_=True) == 0
    [row] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (row["id"], row["state"], row["rounds"]) == ("s1", "solved", 1)


def test_sessions_of_a_folder_that_is_not_there_are_none(tmp_path: Path, capsys: Output) -> None:
    assert sessions(sessions=tmp_path / "none") == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "0 sessions in" in err


def rich_session() -> list[ev.Event]:
    """Feedback, a control arm, an edit, a branch, a scratch call, control characters."""
    return [
        header("s1"),
        *answer(0, 0),
        *verdict(0, 0, passed=False, hidden=False),
        feedback("t0s0", 1, "no underscore first\x1b[31m"),
        *answer(1, 1, "t0s0"),
        *verdict(1, 1, passed=False, hidden=False),
        *answer(2, 1, "t0s0", arm="retry"),
        *verdict(2, 1, passed=True, hidden=True, arm="retry"),
        ev.ScratchCalled(program="t1s0", expression="snake('X')", actual="'_x'"),
        ev.ProgramChosen(program="t0s0", branch=True, reason="it was nearer"),
        ev.CodeEdited(
            turn=3, round=0, parent="t0s0", program="t3s0", code="def snake(n):\n    return n.lower()"
        ),
    ]


def test_show_tells_the_session_in_order(tmp_path: Path, capsys: Output) -> None:
    path = write_session(tmp_path, "s1", [*rich_session(), ev.SessionEnded(reason="gave_up", note="enough")])
    assert show("s1", sessions=tmp_path) == 0
    out = capsys.readouterr().out
    parts = [
        "session s1  (gave up)",
        "CamelCase into snake_case",
        "round 0, program t0s0",
        "expected 'camel_case', got '_camel_case'",
        "feedback on t0s0 (reading 8 s, typing 12 s)",
        "> no underscore first\\x1b[31m",
        "round 1, program t1s0",
        "tried snake('X'): '_x'",
        "went back to t0s0: it was nearer",
        "t0s0 edited by hand: program t3s0",
        "note: enough",
        "gave up after 1 round of feedback, 0 of them on this branch",
        "retry     round 1, from t0s0: 3 of 3 visible, 6 of 6 hidden",
        "effort: reading 8 s, typing 12 s",
        str(path),
    ]
    places = [out.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)
    assert "\x1b" not in out


@pytest.mark.parametrize("end", [[], [ev.SessionEnded(reason="interrupted")]], ids=["open", "interrupted"])
def test_show_keeps_hidden_tests_and_arms_to_itself_while_the_session_goes_on(
    tmp_path: Path, capsys: Output, end: list[ev.Event]
) -> None:
    write_session(tmp_path, "s1", [*rich_session(), *end])
    for json_ in (False, True):
        assert show("s1", sessions=tmp_path, json_=json_) == 0
        out = capsys.readouterr().out
        assert "AbAb" not in out
        assert "retry" not in out
        assert '"hidden' not in out
        assert '"reference"' not in out
        assert "t2s0" not in out


def test_show_as_json_has_programs_and_words(tmp_path: Path, capsys: Output) -> None:
    write_session(tmp_path, "s1", [*rich_session(), ev.SessionEnded(reason="gave_up")])
    assert show("s1", sessions=tmp_path, json_=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["summary"]["state"] == "gave_up"
    assert [program["id"] for program in told["programs"]] == ["t0s0", "t1s0", "t2s0", "t3s0"]
    assert told["programs"][2]["hidden"]["outcome"] == "passed"
    assert told["feedback"][0]["program"] == "t0s0"
    assert told["problem"]["hidden_tests"]
    assert told["effort"]["typing"] == 12


def test_show_tells_of_a_torn_line(tmp_path: Path, capsys: Output) -> None:
    path = write_session(tmp_path, "s1")
    path.write_bytes(path.read_bytes() + b"{")
    assert show("s1", sessions=tmp_path) == 0
    assert "last line was cut off" in capsys.readouterr().err


def test_show_refuses_what_it_cannot_tell(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no session zzz"):
        show("zzz", sessions=tmp_path)
    write_session(tmp_path, "astray", [header("astray"), ev.ProgramChosen(program="t9s0")])
    with pytest.raises(JournalError, match="do not fit together"):
        show("astray", sessions=tmp_path)


def test_verify_exits_with_one_where_something_is_wrong(tmp_path: Path, capsys: Output) -> None:
    path = write_session(tmp_path, "s1")
    assert verify(tmp_path) == 0
    assert capsys.readouterr().out == "1 journals, 11 events: 0 wrong, 0 notes\n"
    path.write_bytes(path.read_bytes().replace(b"Camel", b"camel", 1) + b"{")
    assert verify(sessions=tmp_path) == 1
    out = capsys.readouterr().out
    assert f"wrong: {path}, line 2: does not carry the hash" in out
    assert f"note: {path}, line 12: the last line was cut off" in out
    assert out.endswith("1 journals, 11 events: 2 wrong, 1 notes\n")
    assert verify(tmp_path, json_=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert [finding["kind"] for finding in told["findings"]] == ["problem", "chain", "torn"]
    assert len(told["journals"][0]["tip"]) == 64


@pytest.mark.slow
def test_the_commands_need_neither_torch_nor_textual() -> None:
    code = (
        "import sys; import assistant.cli.sessions, assistant.journal.library, assistant.journal.validation, "
        "assistant.journal.writer; sys.exit(any(m in sys.modules for m in ('torch', 'textual', 'transformers')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False).returncode == 0
