"""SIGKILL at any moment: every event that was said to be recorded is in the journal, and the session goes on."""

from __future__ import annotations

import os
import random
import signal
import struct
import time
from pathlib import Path

import pytest

from assistant.core import events as ev
from assistant.journal.reader import read_journal
from assistant.journal.writer import Journal
from tests.journal.build import header

SESSIONS, KILLS = 12, 20


@pytest.mark.slow
def test_no_event_that_was_shown_is_lost_over_240_kills(tmp_path: Path) -> None:
    dice = random.Random(20261123)
    counts = [killed_session(tmp_path, f"s{number}", dice) for number in range(SESSIONS)]
    appending, shown, torn = (sum(count) for count in zip(*counts, strict=True))
    print(f"{SESSIONS * KILLS} kills, {appending} while appending, {shown} events shown, {torn} torn lines")
    assert appending > SESSIONS * KILLS // 2, "most kills must hit a child that was appending"


def killed_session(folder: Path, session: str, dice: random.Random) -> tuple[int, int, int]:
    """A session whose writer is killed again and again; each child resumes where the last one was killed.

    Returns how many children had appended when they were killed, the events shown, and torn lines set aside.
    """
    journal = Journal.create(folder, session)
    journal.append(header(session))
    journal.close()
    shown = {0: "header"}
    appending = 0
    for kill in range(KILLS):
        told = killed_child(journal.path, kill, dice.uniform(0.0005, 0.02))
        assert not told.keys() & shown.keys(), "a number is given to one event only"
        shown |= told
        appending += bool(told)
    recorded = {seq: text_of(event) for seq, event in enumerate(read_journal(journal.path).events)}
    assert shown.items() <= recorded.items()
    assert len(recorded) - len(shown) <= KILLS, "at most one unshown event a kill"
    return appending, len(shown), len(list(journal.path.parent.glob(f"{session}.torn-*")))


def text_of(event: ev.Event) -> str:
    return event.text if isinstance(event, ev.DraftSaved) else "header"


def killed_child(path: Path, kill: int, after: float) -> dict[int, str]:
    """What a child told of, by seq, until it was killed `after` seconds from its resuming."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        append_for_ever(path, kill, writing)
    os.close(writing)
    assert os.read(reading, 1) == b"r", "the child could not resume the session"
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    data = b""
    while piece := os.read(reading, 65536):
        data += piece
    os.close(reading)
    numbers = struct.unpack(f"<{len(data) // 8}q", data[: len(data) // 8 * 8])
    return {seq: text_number(kill, count) for count, seq in enumerate(numbers)}


def append_for_ever(path: Path, kill: int, told: int) -> None:
    """The child: tells the number of every event once `append` has returned. Sizes vary up to 100 kB."""
    try:
        journal, _ = Journal.reopen(path)
        os.write(told, b"r")
        count = 0
        while True:
            stamp = journal.append(ev.DraftSaved(text=text_number(kill, count)))
            os.write(told, struct.pack("<q", stamp.seq))
            count += 1
    finally:
        os._exit(1)


def text_number(kill: int, count: int) -> str:
    """The text of a child's event: told apart from every other, and of very different lengths."""
    return f"{kill}.{count}:" + "x" * (100_000 if (kill + count) % 17 == 0 else count % 700)
