"""What was typed is what is recorded: keys written into a real terminal, in any order, in any pieces."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from assistant.store.library import list_sessions
from tests.tui.terminal import Terminal, environment_at

WRONG = "```python\ndef rotate_left(items, steps):\n    return items[{steps}:] + items[:steps]\n```"
LETTERS = "abcdefghijklmnopqrstuvwxyzNSCLy ?[]0123456789éß東京"
PASTED = (
    "two words",
    "a\tb",
    "first\r\nsecond\nthird",
    "NBSP\u00a0here",
    "tail \x1b esc\r\x0c end",
    "q\u3000w",
)


@dataclass
class Box:
    """The reference: what the feedback box holds after the keys so far, and what was sent."""

    before: str = ""
    after: str = ""
    sent: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return self.before + self.after

    def insert(self, text: str) -> None:
        self.before += text

    def backspace(self) -> None:
        self.before = self.before[:-1]

    def left(self) -> None:
        self.before, self.after = self.before[:-1], self.before[-1:] + self.after

    def right(self) -> None:
        self.before, self.after = self.before + self.after[:1], self.after[1:]

    def send(self) -> None:
        if self.text.strip():
            self.sent.append(self.text.strip())
            self.before = self.after = ""


Key = tuple[str, Callable[[Box], None]]
"""What is written to the terminal, and what it does."""


def random_keys(chance: random.Random, length: int) -> list[Key]:
    """Keys of one message, without the Enter that sends it."""
    keys: list[Key] = []
    while len(keys) < length:
        keys += _some_keys(chance)
    return keys


def _some_keys(chance: random.Random) -> list[Key]:
    match chance.choices(range(8), weights=[24, 3, 3, 2, 2, 2, 2, 2])[0]:
        case 0:
            letter = chance.choice(LETTERS)
            return [(letter, lambda box: box.insert(letter))]
        case 1:
            pasted = chance.choice(PASTED)
            return [(f"\x1b[200~{pasted}\x1b[201~", lambda box: box.insert(as_pasted(pasted)))]
        case 2:
            return [("\x7f", Box.backspace)]
        case 3:
            return [("\n", lambda box: box.insert("\n"))]
        case 4:
            return [("\x1b[D", Box.left)]
        case 5:
            return [("\x1b[C", Box.right)]
        case 6:  # to the next pane or the one before: the letter after it comes back to the box
            letter = chance.choice("xyzk")
            return [
                (chance.choice(("\t", "\x1b[Z")), lambda box: None),
                (letter, lambda box: box.insert(letter)),
            ]
        case _:
            letter = chance.choice("xyzb")
            return [("\x1b", lambda box: None), (letter + "e", lambda box: box.insert(letter + "e"))]


def as_pasted(text: str) -> str:
    """Line breaks as `\\n`, without control characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c in "\n\t" or ord(c) >= 32)


class Typist:
    """Types into the app in pieces of any size, and reads what its journal says was said."""

    def __init__(self, terminal: Terminal, sessions: Path, chance: random.Random) -> None:
        self.terminal, self.sessions, self.chance = terminal, sessions, chance
        self.box = Box()
        self.written: list[str] = []
        """The last pieces, as the terminal got them."""

    def type(self, keys: list[Key], *, stopped: bool) -> None:
        """Write `keys`; with `stopped`, the app sleeps meanwhile and reads them at once."""
        for _, effect in keys:
            effect(self.box)
        if stopped:
            os.kill(self.terminal.child.pid, signal.SIGSTOP)
        self.written = list(self._pieces([written for written, _ in keys]))
        for piece in self.written:
            self.terminal.press(piece)
            self.terminal.read() if not stopped else time.sleep(self.chance.choice((0, 0, 0.01)))
        if stopped:
            time.sleep(0.3)
            os.kill(self.terminal.child.pid, signal.SIGCONT)

    def _pieces(self, written: list[str]) -> Iterator[str]:
        """Whole keys, one or many at a time."""
        rest = list(written)
        while rest:
            size = self.chance.choice((1, 2, 5, 40))
            yield "".join(rest[:size])
            del rest[:size]

    def said(self) -> list[str]:
        lines = list_sessions(self.sessions)[0].path.read_text(encoding="utf-8").splitlines()
        events = [json.loads(line) for line in lines]
        return [event["text"] for event in events if event["type"] == "feedback_given"]

    def wait_until_said(self, count: int) -> None:
        """Until `count` messages are in the journal and the next can be sent."""
        deadline = time.monotonic() + 60
        while len(self.said()) < count and time.monotonic() < deadline:
            self.terminal.read()
        assert len(self.said()) >= count, f"not sent; the screen shows:\n{self.terminal.text}"
        self._wait_for_turn(count)

    def _wait_for_turn(self, round: int) -> None:
        path = list_sessions(self.sessions)[0].path
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            tested = path.read_text(encoding="utf-8").count('"type":"tests_finished"')
            if tested > round and "your turn" in self.terminal.text:
                return
            self.terminal.read()
        raise AssertionError(f"no turn after round {round}:\n{self.terminal.text}")


@pytest.fixture
def typist(tmp_path: Path) -> Iterator[Typist]:
    """Someone in front of the app, the first answer there."""
    script = tmp_path / "script.jsonl"
    answers = [WRONG.format(steps=f"steps + {number % 7}") for number in range(101)]
    script.write_text(
        json.dumps({"entry_point": "rotate_left", "seconds_per_chunk": 0.01, "answers": answers})
    )
    sessions = tmp_path / "sessions"
    words = ["--engine", "scripted", "--script", str(script), "--sessions", str(sessions)]
    terminal = Terminal(
        [*words, "--rounds", "100", "--problem", "starter/rotate-left"], environment_at(tmp_path), 120, 36
    )
    typist = Typist(terminal, sessions, random.Random(0))
    terminal.until("your turn")
    yield typist
    os.kill(terminal.child.pid, signal.SIGCONT)
    terminal.child.close(force=True)


@pytest.mark.parametrize(
    ("seed", "count"),
    [(1, 6), (2, 6), pytest.param(3, 60, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])],
)
def test_every_message_is_recorded_as_it_was_typed(typist: Typist, seed: int, count: int) -> None:
    typist.chance.seed(seed)
    for number in range(1, count + 1):
        message = random_keys(typist.chance, typist.chance.randint(3, 40))
        message.append(("w", lambda box: box.insert("w")))
        ahead = random_keys(typist.chance, typist.chance.randint(0, 6))  # typed on after Enter
        typist.type([*message, ("\r", Box.send), *ahead], stopped=typist.chance.random() < 0.4)
        typist.wait_until_said(number)
        assert typist.said() == typist.box.sent, f"seed {seed}: {typist.written}"
