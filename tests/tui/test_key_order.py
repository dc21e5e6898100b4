"""What was typed is what is recorded: keys written into a real terminal, in any order, in any pieces."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from assistant.journal.library import list_sessions
from assistant.journal.reader import read_journal
from tests.thoroughness import tries
from tests.tui.terminal import TURN, Terminal, environment_at

WRONG = "```python\ndef rotate_left(items, steps):\n    return items[{steps}:] + items[:steps]\n```"
RIGHT = (
    "```python\ndef rotate_left(items, steps):\n    if not items:\n        return []\n"
    "    steps %= len(items)\n    return items[steps:] + items[:steps]\n```"
)
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
            return [(chance.choice(("\n", "\x1b\r")), lambda box: box.insert("\n"))]
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
    """Line ends as `\\n` (a form feed is one), without control characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
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

    def events(self) -> list[dict[str, Any]]:
        lines = list_sessions(self.sessions)[0].path.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def said(self) -> list[str]:
        return [event["text"] for event in self.events() if event["type"] == "feedback_given"]

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
            if tested > round and TURN.search(self.terminal.text):
                return
            self.terminal.read()
        raise AssertionError(f"no turn after round {round}:\n{self.terminal.text}")


OpenApp = Callable[..., Terminal]


@pytest.fixture
def open_app(tmp_path: Path) -> Iterator[OpenApp]:
    """Opens the app in a terminal, its model giving the answers."""
    opened: list[Terminal] = []

    def open_(answers: list[str], *words: str, pace: float = 0.01, settings: str = "") -> Terminal:
        script = tmp_path / "script.jsonl"
        script.write_text(
            json.dumps({"entry_point": "rotate_left", "seconds_per_chunk": pace, "answers": answers})
        )
        environment = environment_at(tmp_path)
        with (tmp_path / "config" / "assistant" / "settings.toml").open("a") as file:
            file.write(settings)
        engine = ["--engine", "scripted", "--script", str(script), "--sessions", str(tmp_path / "sessions")]
        opened.append(Terminal([*engine, *words], environment, 120, 36))
        return opened[-1]

    yield open_
    for terminal in opened:
        terminal.kill()


@pytest.fixture
def typist(open_app: OpenApp, tmp_path: Path) -> Typist:
    """Someone in front of the app, the first answer there."""
    answers = [WRONG.format(steps=f"steps + {number % 7}") for number in range(101)]
    terminal = open_app(answers, "--rounds", "100", "--problem", "starter/rotate-left")
    terminal.until("your turn")
    return Typist(terminal, tmp_path / "sessions", random.Random(0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "messages"),
    [(1, 6), (2, 6), pytest.param(3, tries(20, 60), marks=pytest.mark.timeout(1800), id="long")],
)
def test_every_message_is_recorded_as_it_was_typed(typist: Typist, seed: int, messages: int) -> None:
    typist.chance.seed(seed)
    for number in range(1, messages + 1):
        message = random_keys(typist.chance, typist.chance.randint(3, 40))
        message.append(("w", lambda box: box.insert("w")))
        ahead = random_keys(typist.chance, typist.chance.randint(0, 6))  # typed on after Enter
        ahead = [key for key in ahead if key[0] != "\x1b"]  # which would stop the answer
        typist.type([*message, ("\r", Box.send), *ahead], stopped=typist.chance.random() < 0.4)
        typist.wait_until_said(number)
        assert typist.said() == typist.box.sent, f"seed {seed}: {typist.written}"


def spaces_and_joiners() -> str:
    """Every space and format character of Unicode but those that turn the direction of text around."""
    turning = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
    kept = [chr(code) for code in range(sys.maxunicode + 1) if code not in turning]
    return "".join(f"a{c}" for c in kept if unicodedata.category(c) in ("Zs", "Cf")) + "z"


@pytest.mark.slow
def test_every_space_and_joiner_is_recorded_typed_or_pasted(typist: Typist) -> None:
    said = spaces_and_joiners()
    pieces: list[Key] = [(c, lambda box, c=c: box.insert(c)) for c in said]
    typist.type([*pieces, ("\r", Box.send)], stopped=False)
    typist.wait_until_said(1)
    typist.type(
        [(f"\x1b[200~{said}\x1b[201~", lambda box: box.insert(said)), ("\r", Box.send)], stopped=False
    )
    typist.wait_until_said(2)
    assert typist.said() == [said, said]


KEYS_IN_A_PASTE = (
    "one \x1b two\r\x0c three",
    "a stray end \x1b[201~\r\x0cof a paste",
    "\x1b[200~twice\x1b[200~",
    "\x1bOP\x1b[15~\x1b[1;3D\x1b\x1b",
    "\x03\x11\x1a\x00\x1f",
)


@pytest.mark.slow
def test_nothing_of_a_paste_is_a_key(typist: Typist) -> None:
    for number, pasted in enumerate(KEYS_IN_A_PASTE, start=1):
        whole = f"\x1b[200~{pasted} end\x1b[201~"
        typist.type(
            [(whole, lambda box: box.insert("")), ("!", lambda box: box.insert("!")), ("\r", Box.send)],
            stopped=True,
        )
        typist.wait_until_said(number)
        assert len(typist.said()) == number and typist.said()[-1].endswith("end!"), repr(pasted)
        assert TURN.search(typist.terminal.text) and typist.terminal.child.isalive(), repr(pasted)


@pytest.mark.slow
def test_a_line_break_typed_quickly_in_the_editor_comes_after_what_was_typed_before(typist: Typist) -> None:
    typist.terminal.press("\x1bOQ# one\r# two\r\x1bOQ")  # F2, two lines, F2
    deadline = time.monotonic() + 60
    edits: list[str] = []
    while not edits and time.monotonic() < deadline:
        typist.terminal.read()
        edits = [event["code"] for event in typist.events() if event["type"] == "code_edited"]
    assert edits[0].startswith("# one\n# two\ndef rotate_left")


@pytest.mark.slow
def test_a_filter_and_enter_in_one_piece_open_what_was_filtered(open_app: OpenApp, tmp_path: Path) -> None:
    terminal = open_app([WRONG.format(steps=1)])
    terminal.until("Problems  96 of 96")
    terminal.press("to-slug\rsome words typed on")
    terminal.until("some words typed on")
    deadline = time.monotonic() + 60
    while not (sessions := list_sessions(tmp_path / "sessions")) and time.monotonic() < deadline:
        terminal.read()
    assert [session.problem for session in sessions] == ["starter/to-slug"]


@pytest.mark.slow
@pytest.mark.parametrize("between", [0.0, 0.15])
def test_words_typed_on_when_the_session_ends_are_no_commands(
    open_app: OpenApp, tmp_path: Path, between: float
) -> None:
    terminal = open_app([WRONG.format(steps=1), RIGHT], "--problem", "starter/rotate-left", pace=0.05)
    terminal.until("your turn")
    terminal.press("wrap around\r")
    for letter in "and so on: null sells cars":
        terminal.press(letter)
        deadline = time.monotonic() + between
        while time.monotonic() < deadline:
            terminal.read()
    terminal.until("Solved")
    terminal.press("nscl\r")
    terminal.until("what you type stays")
    terminal.press("\x1b")  # look again
    terminal.until("and so on: null sells carsnscl")
    assert len(list_sessions(tmp_path / "sessions")) == 1
    assert not Path("rotate_left.py").exists()


@pytest.mark.slow
def test_a_send_key_of_ones_own_waits_for_the_letters_too(open_app: OpenApp, tmp_path: Path) -> None:
    settings = tmp_path / "config" / "assistant" / "settings.toml"
    terminal = open_app(
        [WRONG.format(steps=1)] * 3,
        "--problem",
        "starter/rotate-left",
        settings='[keys]\n"feedback.send" = "ctrl+y"\n',
    )
    assert "ctrl+y" in settings.read_text()
    terminal.until("your turn")
    terminal.press("one two\x19three")
    terminal.until("three")
    deadline = time.monotonic() + 60
    said: list[str] = []
    while not said and time.monotonic() < deadline:
        terminal.read()
        events = read_journal(list_sessions(tmp_path / "sessions")[0].path).events
        said = [event.text for event in events if event.type == "feedback_given"]
    assert said == ["one two"]
