"""A folder of several users: who may write where, whatever the umask; one bad entry hides nothing else."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.core.errors import JournalError
from assistant.core.questions import Question
from assistant.journal.consent import add_answer, read_answers
from assistant.journal.library import find_session, list_sessions
from assistant.journal.scan import scan
from assistant.journal.study_answers import add_study_answers, read_study_answers
from assistant.journal.validation import check_folder
from assistant.journal.writer import Journal
from assistant.server.invitations import Invitations
from tests.journal.build import header, write_session

LAB, OTHERS = 54321, (54322, 54323)
"""A group and two users that need not exist."""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for two users")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def act_as(user: int, umask: int, act: Callable[[], object]) -> str:
    """What `act` raised in a process of this user, as text; empty when it went well."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([LAB])
            os.setgid(user)
            os.setuid(user)
            os.umask(umask)
            act()
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}"[:2000].encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as said:
        result = said.read().decode()
    os.waitpid(child, 0)
    return result


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A folder that belongs to a group, below folders that everybody may pass through."""
    below = Path(tempfile.gettempdir())
    for parent in [tmp_path, *tmp_path.parents]:
        if parent != below and parent.is_relative_to(below):  # pytest-xdist has a folder more
            parent.chmod(mode(parent) | 0o011)
    folder = tmp_path / "lab"
    folder.mkdir()
    os.chown(folder, 0, LAB)
    folder.chmod(0o2770)
    return folder


def work_a_day(folder: Path, day: str, who: str) -> None:
    """A session on `day`, resumed later, read and listed, with an answer about consent."""
    os.environ["ASSISTANT_CACHE"] = f"/nonexistent/{who}"
    journal = Journal.create(folder, f"{day}-{who}")
    journal.append(header(f"{day}-{who}", annotator=who))
    journal.close()
    again, events = Journal.reopen(journal.path)
    again.close()
    assert len(events) == 1
    add_answer(folder, who, "granted", version=day)
    assert any(summary.annotator == who for summary in list_sessions(folder))
    assert all(summary.state == "open" for summary in list_sessions(folder))


@as_root
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002, 0o027])
def test_two_users_work_in_one_folder_for_days_under_any_umask(lab: Path, umask: int) -> None:
    for day in ("one", "two"):
        for user in OTHERS:
            assert act_as(user, umask, lambda: work_a_day(lab, day, f"u{user}")) == ""  # noqa: B023
        for folder in list(lab.iterdir()):
            if folder.is_dir() and not folder.name.startswith("2026-01"):
                assert folder.stat().st_gid == LAB
                assert mode(folder) == 0o2770
                folder.rename(lab / f"2026-01-0{1 + (day == 'two')}")
    assert {mode(path) for path in lab.rglob("*.jsonl")} == {0o660}
    assert set(read_answers(lab)) == {f"u{user}" for user in OTHERS}
    assert len(scan(lab).journals) == 4
    assert check_folder(lab).findings == ()


def run_a_study(folder: Path, who: str) -> None:
    """What a researcher's terminal makes beside journals: an invitation that works, answers, the list of people."""
    (secret,) = Invitations(folder).invite([who]).values()
    assert Invitations(folder).holder(secret) is not None
    Invitations(folder).has_joined(who)
    asked = Question(text="Years?", kind="number")
    add_study_answers(folder, ("lab", "0" * 64), who, "entry", [(asked, "3")])
    assert read_study_answers(folder, "lab", who, "entry") == {"Years?": "3"}


@as_root
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_two_researchers_invite_and_watch_in_one_folder(lab: Path, umask: int) -> None:
    for user in (*OTHERS, OTHERS[0]):
        assert act_as(user, umask, lambda: run_a_study(lab, f"u{user}")) == ""  # noqa: B023
    key = Invitations(lab).signing_key()
    for user in OTHERS:
        assert act_as(user, umask, lambda: _same(Invitations(lab).signing_key(), key)) == ""
    assert [person.name for person in Invitations(lab).people()] == [f"u{user}" for user in OTHERS]
    assert mode(lab / "invitations.sqlite3") == 0o660
    Path(lab / "invitations.sqlite3").chmod(0o600)  # as versions before made it
    told = act_as(OTHERS[1], umask, lambda: Invitations(lab).people())
    assert (
        told.startswith("UsageError: ")
        and "invitations.sqlite3 cannot be used" in told
        and "chmod g+rw" in told
        and "\n" not in told
    )


def test_the_key_of_the_cookies_is_never_for_all(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    Invitations(tmp_path).invite(["a"])
    assert mode(tmp_path / "invitations.sqlite3") == 0o600


def _same(one: object, other: object) -> None:
    assert one == other, "both serve the same cookies"


@pytest.mark.parametrize(
    ("parent", "folder", "file"),
    [(0o755, 0o700, 0o600), (0o2775, 0o2775, 0o664), (0o2750, 0o2750, 0o640), (0o777, 0o777, 0o666)],
)
def test_what_is_made_follows_a_shared_folder_and_the_umask_elsewhere(
    tmp_path: Path, parent: int, folder: int, file: int
) -> None:
    root = tmp_path / "sessions"
    root.mkdir()
    root.chmod(parent)
    before = os.umask(0o077)
    try:
        path = write_journal(root)
        add_answer(root, "a", "granted")
    finally:
        os.umask(before)
    assert (mode(path.parent), mode(path), mode(root / "consent.jsonl")) == (folder, file, file)


def write_journal(folder: Path) -> Path:
    journal = Journal.create(folder, "s")
    journal.append(header("s"))
    journal.close()
    return journal.path


def _loop(day: Path) -> None:
    (day / "loop").symlink_to("loop")


def _loop_like_a_journal(day: Path) -> None:
    (day / "x.jsonl").symlink_to("x.jsonl")


def _loop_at_top(day: Path) -> None:
    (day.parent / "loop").symlink_to("loop")


def _dangling(day: Path) -> None:
    (day / "gone.jsonl").symlink_to("nowhere")


def _pipe(day: Path) -> None:
    os.mkfifo(day / "pipe.jsonl")


def _closed_folder(day: Path) -> None:
    closed = day.parent / "private"
    closed.mkdir()
    (closed / "s.jsonl").write_text("{}")
    closed.chmod(0)


def _closed_file(day: Path) -> None:
    closed = day / "closed.jsonl"
    closed.write_text("{}")
    closed.chmod(0)


BAD = (_loop, _loop_like_a_journal, _loop_at_top, _dangling, _pipe, _closed_folder, _closed_file)


def look_at(folder: Path, whole: Path, bad: str) -> None:
    """Every way to read the folder finds the whole journal and names the bad entry or leaves it aside."""
    summaries = list_sessions(folder)
    assert [summary.path for summary in summaries if summary.state == "solved"] == [whole]
    assert find_session(folder, whole.stem) == whole
    checked = check_folder(folder)
    assert any(journal.file == whole and not journal.findings for journal in checked.journals)
    named = [str(finding) for finding in checked.findings] + [summary.trouble for summary in summaries]
    assert any(bad in line for line in named), named


@as_root
@pytest.mark.parametrize("spoil", BAD)
def test_one_bad_entry_is_named_and_hides_nothing(
    lab: Path, spoil: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ASSISTANT_CACHE", str(tmp_path / "cache"))
    whole = write_session(lab, "whole")
    before = set(lab.rglob("*"))
    spoil(whole.parent)
    (bad,) = {path.name for path in lab.rglob("*")} - {path.name for path in before} - {"s.jsonl"}
    assert act_as(OTHERS[0], 0o022, lambda: look_at(lab, whole, bad)) == ""


def test_a_folder_that_cannot_be_read_itself_is_said(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="there is no folder"):
        scan(tmp_path / "absent")
