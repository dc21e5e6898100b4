"""A session in a child process that is killed: what it told, what is recorded, and how it goes on."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.core import events as ev
from assistant.core.events import EVENT
from assistant.core.state import State, replay
from assistant.journal.reader import read_journal

WORDS = ("the sum is wrong", "negative numbers are wrong", "still wrong")
PACE = 0.0005
"""Seconds between two pieces of an answer."""
FILLER = "".join(f"    # line {number} of a comment that makes the answer longer\n" for number in range(6))
ANSWERS = [
    f"```python\ndef add(a, b):\n{FILLER}    return {body}\n```"
    for body in ("a - b", "a * b", "abs(a) + abs(b) + 1", "b - a", "a + b + 1")
]

Life = Callable[[int], None]
"""What a child does with its life; it tells through the descriptor, one JSON object a line."""


@dataclass(frozen=True)
class Told:
    """What a child said before it died, whole lines only, and whether it died of our signal."""

    events: tuple[dict[str, Any], ...]
    killed: bool


class Listener(threading.Thread):
    """Hears what a child tells, so that no full pipe holds the child up."""

    def __init__(self, told: int) -> None:
        super().__init__(daemon=True)
        self._told = told
        self.over = threading.Event()
        self.data = b""

    def run(self) -> None:
        while piece := os.read(self._told, 1 << 16):
            self.data += piece
        os.close(self._told)
        self.over.set()

    @property
    def steps(self) -> int:
        """Lines that the session itself told."""
        data = self.data
        return (
            data.count(b"\n") - data.count(b'"type": "draft_saved"') - data.count(b'"type": "clock_changed"')
        )


Wait = Callable[[Listener], object]
"""Returns when the child is to be killed."""


def killed_child(live: Life, words: str, wait: Wait) -> Told:
    """Fork, let the child live on `words` as its standard input, kill it when `wait` returns."""
    told, telling = os.pipe()
    input_, feeding = os.pipe()
    os.write(feeding, words.encode())
    child = os.fork()
    if child == 0:
        os.close(feeding)
        os.close(told)
        _live(live, input_, telling)
    os.close(telling)
    os.close(input_)
    listener = Listener(told)
    listener.start()
    wait(listener)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(feeding)
    listener.join()
    *lines, _ = listener.data.split(b"\n")
    return Told(tuple(json.loads(line) for line in lines), os.WIFSIGNALED(status))


def _live(live: Life, input_: int, telling: int) -> None:
    """The child's whole life: its own input and output, nothing of pytest's, and no return."""
    status = 1
    try:
        os.dup2(input_, 0)
        sys.stdin, sys.stdout = io.TextIOWrapper(io.FileIO(0)), io.TextIOWrapper(io.FileIO(telling, "w"))
        sys.stderr = io.StringIO()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        live(telling)
        status = 0
    finally:
        os._exit(status)


def after_telling(lines: int, seconds: float) -> Wait:
    """Wait until the child has told so many lines (or has ended), then for `seconds`: as random on a busy machine.

    Drafts and readings of the clock, which come whether or not the session gets on, are not counted.
    """

    def wait(listener: Listener) -> None:
        while not listener.over.is_set() and listener.steps < lines:
            time.sleep(0.0005)
        time.sleep(seconds)

    return wait


def any_moment(seconds: float) -> Wait:
    """Wait for `seconds` from the fork on: the child may not have begun to tell."""
    return lambda listener: time.sleep(seconds)


def at_its_end(listener: Listener) -> None:
    """Wait until the child has told all."""
    assert listener.over.wait(120), "the child did not come to its end"


def nothing_shown_is_lost(path: Path, told: Told, before: int) -> State:
    """Every event that the child showed is in the journal, in order, behind the `before` older ones.

    Returns the state that the journal leads to.
    """
    events = read_journal(path).events
    recorded = [_text(event.model_dump(mode="json")) for event in events]
    shown = [_text(event) for event in told.events if event["type"] != "streamed"]
    # Drafts and clock are told by another thread, hidden verdicts are held back until the end.
    aside = ("draft_saved", "clock_changed", "hidden_scored")
    mine = [text for text in shown if json.loads(text)["type"] not in aside]
    # A session that is resumed or begun shows its header, which may be older.
    assert not Counter(shown) - Counter(recorded), "an event was shown and is not in the journal"
    rest = iter(recorded[0 if before == 0 else before :])
    assert all(text in rest for text in mine), "the journal has another order than the screen"
    return replay(events)


def _text(event: dict[str, Any]) -> str:
    return json.dumps(EVENT.validate_python(event).model_dump(mode="json"), sort_keys=True)


def tale(path: Path) -> list[tuple[Any, ...]]:
    """What the person's dialogue came to, without times and turn numbers: an uninterrupted session has the same."""
    state = replay(read_journal(path).events)
    asked = {e.turn: e for e in read_journal(path).events if isinstance(e, ev.GenerationStarted)}
    return [
        (
            p.round, p.sample, p.feedback, p.code, asked[p.turn].sampling, asked[p.turn].messages,
            _verdict(p.visible), _verdict(p.hidden),
        )
        for p in sorted(_answered_last(state), key=lambda p: (p.round, p.sample))
    ]  # fmt: skip


def _answered_last(state: State) -> Iterator[Any]:
    """The programs of the last whole turn of each round: those before it were cut off by a kill."""
    last = {p.round: p.turn for p in state.human_programs if p.complete}
    return (p for p in state.human_programs if last[p.round] == p.turn)


def _verdict(report: Any) -> Any:
    return None if report is None else (report.outcome, [case.outcome for case in report.cases])


def clock_never_goes_back(path: Path) -> bool:
    """The clock's totals grow over resumes."""
    totals = [e.effort for e in read_journal(path).events if isinstance(e, ev.ClockChanged)]
    sums = [total.reading + total.waiting + total.typing for total in totals]
    return sums == sorted(sums)


def one_journal(folder: Path) -> Path | None:
    """The folder's only journal with an event in it; None where there is none yet."""
    found = [path for path in folder.rglob("*.jsonl") if b"\n" in path.read_bytes()]
    assert len(found) <= 1
    return found[0] if found else None


def spoken(path: Path | None) -> int:
    """How many of the words are in the journal."""
    events = read_journal(path).events if path else []
    return sum(isinstance(event, ev.FeedbackGiven) for event in events)


def tell(descriptor: int, event: dict[str, Any]) -> None:
    """One line, in one write."""
    os.write(descriptor, json.dumps(event).encode() + b"\n")


class Pen(threading.Thread):
    """Saves drafts and reads the clock beside the session, as the screen's timers do."""

    def __init__(self, session: Any, descriptor: int, dice: random.Random) -> None:
        super().__init__(daemon=True)
        self._session, self._descriptor, self._dice = session, descriptor, dice
        self.over = threading.Event()

    def run(self) -> None:
        total = self._session.state.clock
        number = 0
        while not self.over.wait(self._dice.uniform(0.005, 0.03)) and self._session.state.ended is None:
            number += 1
            words = f"draft {os.getpid()} {number}"
            total = total + ev.Effort(typing=0.01)
            self._session.save_draft(words)
            if self._session.state.ended is None:  # else it may have come too late to be recorded
                tell(self._descriptor, {"type": "draft_saved", "text": words})
            self._session.clock("read", total)
            if self._session.state.ended is None:
                change = ev.ClockChanged(change="read", effort=total)
                tell(self._descriptor, change.model_dump(mode="json"))
