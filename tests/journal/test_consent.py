"""The ledger of consent: whatever is left at its end, the next answer is whole and counts."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from assistant.core.errors import JournalError
from assistant.journal.consent import NAME, add_answer, read_answers
from assistant.storage import durable_io

WHOLE = json.dumps({"time": "2026-01-01T00:00:00+00:00", "annotator": "a", "answer": "granted"}).encode()


@pytest.mark.parametrize("cut", range(len(WHOLE) + 2))
def test_a_line_cut_anywhere_never_swallows_the_next_answer(tmp_path: Path, cut: int) -> None:
    first = WHOLE.replace(b'"a"', b'"z"') + b"\n"
    (tmp_path / NAME).write_bytes(first + (WHOLE + b"\n")[:cut])
    expected = {"z": "granted"} | ({"a": "granted"} if cut >= len(WHOLE) else {})
    read = read_answers(tmp_path, without_torn=True)
    assert {who: given.answer for who, given in read.items()} == expected
    if 0 < cut < len(WHOLE):
        with pytest.raises(JournalError, match=r"line 2: not an answer .* repeat that answer"):
            read_answers(tmp_path)
    add_answer(tmp_path, "b", "withdrawn")
    answers = {who: given.answer for who, given in read_answers(tmp_path).items()}
    assert answers == expected | {"b": "withdrawn"}
    torn = [path.read_bytes() for path in tmp_path.glob("consent.torn-*")]
    assert torn == ([WHOLE[:cut]] if 0 < cut < len(WHOLE) else [])


@pytest.mark.parametrize("written", [0, 1, 30])
def test_a_failed_attempt_leaves_the_ledger_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    add_answer(tmp_path, "a", "granted")
    before = (tmp_path / NAME).read_bytes()

    def full(descriptor: int, data: bytes) -> None:
        os.write(descriptor, data[:written])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(durable_io, "write_all", full)
    with pytest.raises(JournalError, match="nothing was recorded"):
        add_answer(tmp_path, "a", "withdrawn")
    assert (tmp_path / NAME).read_bytes() == before
    monkeypatch.undo()
    add_answer(tmp_path, "a", "withdrawn")
    assert read_answers(tmp_path)["a"].answer == "withdrawn"


def test_a_wrong_line_in_the_middle_is_named(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"nonsense\n" + WHOLE + b"\n")
    with pytest.raises(JournalError, match="line 1: not an answer"):
        read_answers(tmp_path)


def test_who_recorded_it_and_the_text_are_on_record_and_old_lines_are_read(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(WHOLE + b"\n")
    add_answer(tmp_path, "b", "granted", version="1", text="May we?", recorded_by="researcher")
    answers = read_answers(tmp_path)
    assert (answers["a"].recorded_by, answers["a"].text) == ("", "")
    assert (answers["b"].recorded_by, answers["b"].text) == ("researcher", "May we?")
