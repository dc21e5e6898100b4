"""Bytes of a terminal as keys: nothing is lost or changes places, in whatever pieces they come."""

from __future__ import annotations

import random

import pytest
from textual.events import Key, Paste
from textual.message import Message

from assistant.tui.terminal_input import TerminalInput

KEYS = {
    "a": "a", "é": "é", "京": "京", "Z": "upper_z", "\r": "enter", "\x7f": "backspace", "\t": "tab",
    "\x1b[A": "up", "\x1bOP": "f1", "\x1b[15~": "f5", "\x1b[1;3D": "alt+left", "\x1b[27u": "escape",
}  # fmt: skip


class Clock:
    """Stands still unless it is told to go on."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def told(messages: list[Message]) -> list[str]:
    return [message.key if isinstance(message, Key) else f"paste {message.text}"  # type: ignore[attr-defined]
            for message in messages if isinstance(message, Key | Paste)]  # fmt: skip


@pytest.mark.parametrize("seed", range(30))
def test_keys_and_pastes_come_out_as_they_went_in_whatever_the_pieces(seed: int) -> None:
    chance, source = random.Random(seed), TerminalInput(clock=Clock())
    written, expected = "", []
    for _ in range(60):
        if chance.random() < 0.2:
            pasted = "".join(chance.choices([*KEYS, "\x1b", "text"], k=5))
            written += f"\x1b[200~{pasted}\x1b[201~"
            expected.append(f"paste {pasted}")
        else:
            key = chance.choice(list(KEYS))
            written += key
            name = KEYS[key]
            expected.append(name if name != "upper_z" else "Z")
    out: list[Message] = []
    while written:
        size = chance.choice((1, 2, 3, 50))
        out += source.feed(written[:size])
        out += source.tick()
        written = written[size:]
    assert [name.replace("upper_z", "Z") for name in told(out)] == expected


@pytest.mark.parametrize(
    ("read", "keys"),
    [
        ("\x1bwords", ["escape", *"words"]),
        ("\x1bbut no", ["escape", "b", "u", "t", "space", "n", "o"]),
        ("\x1bOnly", ["escape", "O", "n", "l", "y"]),
        ("\x1b[oops", ["escape", "left_square_bracket", *"oops"]),
        ("\x1b\x1b[A", ["escape", "up"]),
        ("\x1bb", ["ctrl+left"]),
        ("a\x1bbe", ["a", "escape", *"be"]),
        ("\x1b\r", ["alt+enter"]),
        ("a\x1b\rb\r", ["a", "alt+enter", "b", "enter"]),
        ("\x1b", ["escape"]),
        ("a\x1b", ["a", "escape"]),
    ],
)
def test_an_escape_before_letters_is_an_escape_and_the_letters(read: str, keys: list[str]) -> None:
    for cut in range(len(read) + 1):
        clock = Clock()
        source = TerminalInput(clock=clock)
        out = [*source.feed(read[:cut]), *source.tick(), *source.feed(read[cut:]), *source.tick()]
        clock.now = 5.0
        out += source.tick()
        assert told(out) == keys, f"cut after {cut}"


def test_a_paste_whose_end_is_late_is_shown_and_still_no_key() -> None:
    clock = Clock()
    source = TerminalInput(clock=clock)
    out = list(source.feed("\x1b[200~first\r"))
    clock.now = 2.0
    out += source.tick()
    out += source.feed("second\x1b[201~x")
    assert told(out) == ["paste first\r", "paste second", "x"]
