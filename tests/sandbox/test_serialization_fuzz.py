"""Bytes that no encoder wrote: the decoder refuses them, or gives a value; it never crashes, hangs or swells."""

from __future__ import annotations

import array
import collections
import contextlib
import json
import random
import resource
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.sandbox.guest import framing, serialization
from assistant.sandbox.guest.exception_info import checked_failure
from assistant.sandbox.guest.judge_link import Link, ProgramDied
from assistant.sandbox.guest.proxies import ProgramRefused
from assistant.sandbox.guest.serialization import base
from assistant.sandbox.verdicts import case_report
from tests.thoroughness import tries

TAGS = st.sampled_from(
    [*"ltszqdOCDBfibcRTkrKVIa", "Dlist", "dec", "frac", "date", "datetime", "time", "delta", "held", "", "x"]
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | TAGS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.builds(lambda tag, rest: [tag, *rest], TAGS, st.lists(inner, max_size=3))
        | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=25,
)


def decode_or_refuse(data: Any) -> None:
    origins = serialization.Origins()
    for value in ([1], {1: 2}, {3}, bytearray(b"a")):
        origins.add(value)
    try:
        serialization.ValueDecoder(origins).decode(data)
    except serialization.WireError:
        return


@given(JUNK)
@settings(max_examples=tries(120, 600))
def test_junk_is_refused_or_decoded(data: Any) -> None:
    decode_or_refuse(data)


@given(st.binary(max_size=300))
@settings(max_examples=tries(80, 400))
def test_bytes_are_refused_or_parsed(data: bytes) -> None:
    try:
        framing.parse(data)
    except framing.FrameError:
        return


@pytest.mark.slow
def test_mutated_messages_neither_crash_nor_hang_nor_swell() -> None:
    """Real messages with bytes flipped, cut, doubled and swapped, for a few seconds."""
    seeds = [
        json.dumps(
            serialization.ValueEncoder(serialization.Origins(), number_new=True).encode(value)
        ).encode()
        for value in (
            [[1, 2], {"a": (1.5, None)}],
            {frozenset({1}): b"x"},
            [2**80, "é", 1j, range(3)],
            [[[[]]]] * 3,
            [{1: 2}.items(), {1: 2}.keys(), array.array("i", [1]), collections.defaultdict(list, a=[1])],
        )
    ]
    chance = random.Random(0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    end, count = time.process_time() + 3.0, 0
    while time.process_time() < end:
        begun = time.process_time()
        with contextlib.suppress(ValueError, RecursionError):
            decode_or_refuse(json.loads(mutated(chance, chance.choice(seeds))))
        count += 1
        assert time.process_time() - begun < 2.0
    assert count > 500
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


def mutated(chance: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(4):
            case 0:
                changed[at:at] = chance.choice(
                    [b'"', b"[", b"]", b"9" * 30, b'"l",', b"null", b"-", b"1e999", b"{}"]
                )
            case 1:
                del changed[at : at + chance.randint(1, 8)]
            case 2:
                changed[at : at + 1] = bytes([chance.randrange(256)])
            case _:
                changed += changed[at : at + 40]
    return bytes(changed)


def test_bombs_are_refused_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "MAX_NODES", 20_000)
    wide = ["l", [["l", []]] * 2_000_000]
    deep: Any = ["l", []]
    for _ in range(500):
        deep = ["l", [deep]]
    for data in (
        wide,
        deep,
        ["i", "f" * 10_000_000],
        ["b", "zz"],
        ["f", "x" * 1000],
        ["dec", "1e" + "9" * 50],
    ):
        begun = time.process_time()
        decode_or_refuse(data)
        assert time.process_time() - begun < 5.0


class Liar:
    """A program's stream that says one thing, whatever it is asked, and is gone."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self._answers = [answer]

    def send(self, message: object) -> None:
        framing.pack(message)

    def receive(self) -> dict[str, Any]:
        if not self._answers:
            raise framing.FrameError("gone")
        return framing.parse(json.dumps(self._answers.pop()).encode())


FIELDS = st.sampled_from(["value", "after", "raised", "refused", "callback", "args", "kinds", "stop"])


@pytest.mark.slow
@given(st.dictionaries(FIELDS, JUNK, max_size=4))
@settings(max_examples=tries(120, 600))
def test_a_lying_program_gets_no_further_than_its_own_values(answer: dict[str, Any]) -> None:
    link = Link(Liar(answer))  # type: ignore[arg-type]
    given = [1, [2]]
    try:
        link.call({"name": "f"}, (given, print), {})
    except (ProgramRefused, ProgramDied):
        return
    except BaseException as error:
        assert error is link.raised


@given(JUNK)
@settings(max_examples=tries(80, 400))
def test_a_lying_judge_gets_a_report_of_the_right_shape(data: Any) -> None:
    answer = (
        data if isinstance(data, dict) else {"verdict": data, "raised": data, "expected": data, "line": data}
    )
    report = case_report("t", answer, sealed=True, stdout="")
    assert report.model_validate(report.model_dump()) == report
    assert checked_failure(data)["type"]
