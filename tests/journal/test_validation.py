"""`verify` says which file and line is wrong, and is silent about what is right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.core import events as ev
from assistant.core.errors import UsageError
from assistant.journal.reader import read_journal
from assistant.journal.validation import check_folder, verify_folder
from tests.journal.build import PROBLEM, answer, feedback, header, verdict, whole_session, write_session


def kinds(folder: Path) -> list[tuple[str, int | None]]:
    return [(finding.kind, finding.line) for finding in verify_folder(folder)]


def test_a_sound_folder_has_no_findings(tmp_path: Path) -> None:
    for number in range(3):
        write_session(tmp_path, f"s{number}", whole_session(f"s{number}", feedbacks=number))
    (tmp_path / "README.md").write_text("about")
    (tmp_path / "schema.json").write_text("{}")
    checked = check_folder(tmp_path)
    assert checked.findings == ()
    assert [journal.events for journal in checked.journals] == [6, 11, 16]
    assert checked.journals[0].tip == read_journal(checked.journals[0].file).tip


def test_a_session_with_edits_branches_arms_and_resumption_is_sound(tmp_path: Path) -> None:
    resumed = ev.SessionResumed(app_version="2", model=header("s").model, sandbox={})
    events: list[ev.Event] = [
        header("s"),
        *answer(0, 0),
        *verdict(0, 0, passed=False, hidden=False),
        feedback("t0s0", 1),
        *answer(1, 1, "t0s0"),
        *verdict(1, 1, passed=False, hidden=False),
        *answer(2, 1, "t0s0", arm="retry"),
        *verdict(2, 1, passed=True, hidden=True, arm="retry"),
        ev.CodeEdited(turn=3, round=1, parent="t1s0", program="t3s0", code="def snake(n): ..."),
        resumed,
        ev.ProgramChosen(program="t0s0", branch=True, reason="better"),
        ev.ScratchCalled(program="t0s0", expression="snake('A')", actual="'a'"),
        feedback("t0s0", 1),
        ev.SessionEnded(reason="gave_up"),
    ]
    write_session(tmp_path, "s", events)
    assert kinds(tmp_path) == []


STORIES: list[tuple[Callable[[], list[ev.Event]], str, int]] = [
    (lambda: [*answer(0, 0)], "header", 1),
    (lambda: [header("s"), header("s")], "header", 2),
    (lambda: [header("another")], "header", 1),
    (lambda: [header("s", problem=PROBLEM.model_copy(update={"text": "easier"}))], "problem", 1),
    (lambda: [header("s"), *answer(0, 0), *answer(0, 0)], "reference", 4),
    (lambda: [header("s"), answer(0, 0)[1]], "reference", 2),
    (lambda: [header("s"), *answer(0, 0, "t7s0")], "reference", 2),
    (lambda: [header("s"), *verdict(0, 0, passed=True)], "reference", 2),
    (lambda: [header("s"), *answer(0, 0), *verdict(1, 0, passed=True, hidden=True)[1:]], "reference", 4),
    (lambda: [header("s"), feedback("t0s0", 1)], "reference", 2),
    (lambda: [header("s"), *answer(0, 0), feedback("t0s0", 3)], "reference", 4),
    (lambda: [header("s"), ev.ProgramChosen(program="t0s0")], "reference", 2),
    (lambda: [header("s"), ev.ScratchCalled(program="t0s0", expression="1")], "reference", 2),
    (
        lambda: [
            header("s"),
            *answer(0, 0),
            verdict(0, 0, passed=True)[0].model_copy(update={"code_sha256": "0" * 64}),
        ],
        "reference",
        4,
    ),
    (
        lambda: [header("s"), answer(0, 0)[0], answer(0, 0)[1].model_copy(update={"program": "t0s5"})],
        "reference",
        3,
    ),
    (
        lambda: [header("s"), ev.CodeEdited(turn=0, round=0, parent="t9s0", program="t0s0", code="")],
        "reference",
        2,
    ),
]


@pytest.mark.parametrize(("make", "kind", "line"), STORIES)
def test_events_that_do_not_fit_together(
    tmp_path: Path, make: Callable[[], list[ev.Event]], kind: str, line: int
) -> None:
    write_session(tmp_path, "s", make())
    assert (kind, line) == kinds(tmp_path)[0]
    finding = verify_folder(tmp_path)[0]
    assert finding.is_error
    assert str(finding).startswith(f"{tmp_path / '2026-11-23' / 's.jsonl'}, line {line}: ")


def edit(path: Path, number: int, change: Callable[[bytes], bytes]) -> None:
    """Change one line as an editor would, keeping its newline."""
    lines = path.read_bytes().split(b"\n")
    lines[number - 1] = change(lines[number - 1])
    path.write_bytes(b"\n".join(lines))


def test_edits_are_found_with_their_lines_and_the_rest_is_still_checked(tmp_path: Path) -> None:
    path = write_session(tmp_path, "s", whole_session("s", feedbacks=2))
    edit(path, 3, lambda line: line.replace(b'"t0s0"', b'"t0s9"'))
    edit(path, 6, lambda _: b"garbage")
    edit(path, 9, lambda line: line.replace(b'"seq":8', b'"seq":9'))
    edit(path, 12, lambda line: line.replace(b'"schema":1', b'"schema":8'))
    found = kinds(tmp_path)
    for expected in [
        ("chain", 4),
        ("json", 6),
        ("chain", 7),
        ("sequence", 9),
        ("schema", 12),
        ("reference", 3),
    ]:
        assert expected in found
    assert [line for kind, line in found if kind == "chain"] == [4, 7, 10, 13]


def test_torn_empty_copied_and_foreign_files_are_named(tmp_path: Path) -> None:
    day = tmp_path / "2026-11-23"
    torn = write_session(tmp_path, "torn")
    torn.write_bytes(torn.read_bytes() + b'{"schema"')
    (day / "aside.torn-1").write_bytes(b"{")
    (day / "running.lock").write_text("process 1 on host")
    (day / "empty.jsonl").write_bytes(b"")
    (day / "picture.png").write_bytes(b"")
    (day / "sub").mkdir()
    copy = tmp_path / "copies" / "torn.jsonl"
    copy.parent.mkdir()
    copy.write_bytes(torn.read_bytes())
    checked = check_folder(tmp_path)
    assert [(str(f.file.relative_to(tmp_path)), f.kind, f.line) for f in checked.findings] == [
        ("2026-11-23/aside.torn-1", "set_aside", None),
        ("2026-11-23/empty.jsonl", "empty", None),
        ("2026-11-23/picture.png", "foreign", None),
        ("2026-11-23/sub", "foreign", None),
        ("2026-11-23/torn.jsonl", "torn", 12),
        ("copies/torn.jsonl", "duplicate", 1),
        ("copies/torn.jsonl", "torn", 12),
    ]
    assert [f.kind for f in checked.findings if f.is_error] == ["duplicate"]
    assert not checked.ok


def test_a_torn_line_alone_is_no_error(tmp_path: Path) -> None:
    path = write_session(tmp_path, "s")
    path.write_bytes(path.read_bytes() + b"{")
    checked = check_folder(tmp_path)
    assert checked.ok
    assert [finding.kind for finding in checked.findings] == ["torn"]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        verify_folder(tmp_path / "none")
