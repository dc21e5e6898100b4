"""When a simulated person's words may be called a stand-in for people's, and when the tool refuses to."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from assistant.bench.aggregates import Group, RowTally
from assistant.bench.feedback.stand_in_check import LEAST_PROBLEMS, NOT_SHOWN, TextPair, check_stand_in
from assistant.core.events import Settings
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.sandbox.local import LocalSandbox
from assistant.session.header import Held
from assistant.session.session import Session
from tests.bench.conftest import RIGHT, WRONG, Run, addition

VOCABULARY = [
    "it",
    "should",
    "add",
    "the",
    "two",
    "numbers",
    "but",
    "you",
    "take",
    "one",
    "away",
    "and",
    "empty",
    "list",
]


def group(name: str, solved: list[bool]) -> Group:
    rows = {f"r{i}": RowTally(f"r{i}", f"p{i}", samples=1, solved=int(won)) for i, won in enumerate(solved)}
    made = Group(name)
    made.rows = rows
    return made


def drawn(seed: int, problems: int, *, alike: bool) -> tuple[dict[str, Group], list[TextPair]]:
    """Arms and texts of as many problems: the model helps where people do and says the like, or neither."""
    draw = random.Random(seed)
    human = [draw.random() < 0.5 for _ in range(problems)]
    model = list(human) if alike else [draw.random() < 0.5 for _ in range(problems)]
    arms = {"human": human, "simulated": model}
    arms |= {name: [draw.random() < 0.1 for _ in range(problems)] for name in ("retry", "resample")}
    said = [" ".join(draw.choices(VOCABULARY, k=12)) for _ in range(problems)]
    other = [" ".join(draw.choices(VOCABULARY, k=12)) for _ in range(problems)]
    texts = [
        TextPair(a, b if alike else f"clause {b[:6]} invariant") for a, b in zip(said, other, strict=True)
    ]
    return {name: group(name, solved) for name, solved in arms.items()}, texts


@pytest.mark.parametrize("seed", range(4))
def test_words_that_help_and_read_alike_are_shown_to_stand_in(seed: int) -> None:
    found = check_stand_in(*drawn(seed, 60, alike=True))
    assert found.stands_in, found
    assert found.rows == found.problems == 60


@pytest.mark.parametrize("seed", range(4))
def test_words_that_help_elsewhere_or_read_otherwise_are_refused(seed: int) -> None:
    alike, other = drawn(seed, 60, alike=True), drawn(seed, 60, alike=False)
    for found in (check_stand_in(other[0], alike[1]), check_stand_in(alike[0], other[1])):
        assert not found.stands_in, found
        assert found.verdict == NOT_SHOWN


def test_with_few_problems_or_without_a_control_nothing_is_shown() -> None:
    groups, texts = drawn(0, LEAST_PROBLEMS - 1, alike=True)
    assert check_stand_in(groups, texts).verdict == NOT_SHOWN
    groups, texts = drawn(0, 60, alike=True)
    del groups["retry"]
    assert check_stand_in(groups, texts).correlation is None
    same = [TextPair(pair.person, pair.person) for pair in texts]
    assert check_stand_in(groups, same).distance == 0


def test_recorded_words_are_an_arm_of_the_feedback_bench(
    run: Run, tmp_path: Path, sandbox: LocalSandbox
) -> None:
    for name in ("test/a", "test/b"):
        engine, held = ScriptedEngine([WRONG]), Held(author="person")
        session = Session.begin(
            addition(name), Settings(), engine, sandbox, tmp_path / "s", annotator="t", held=held
        )
        list(session.start())
        list(session.feedback("use plus"))
        session.close()
    script, words = tmp_path / "s.txt", tmp_path / "words.jsonl"
    script.write_text(RIGHT)
    line = {"problem": "x", "round": 1, "program": "p", "tests": "t", "author": "model:claude", "words": "no"}
    words.write_text(json.dumps(line) + "\n")
    command = ["bench", "feedback", tmp_path / "s", "--engine", "scripted", "--script", script]
    command += ["--arms", "retry,resample,simulated"]
    status, _, talk = run(*command, "--words", words, "--out", tmp_path / "first")
    assert status == 0
    assert "2 of 2 rows have no recorded words" in talk
    waiting = [json.loads(text) for text in (tmp_path / "first" / "waiting.jsonl").read_text().splitlines()]
    assert {item["problem"] for item in waiting} == {"test/a", "test/b"}
    words.write_text(json.dumps({**waiting[0], "words": "add, please"}) + "\n")
    status, told, _ = run(*command, "--words", words, "--out", tmp_path / "second")
    assert status == 0
    assert f"{NOT_SHOWN} (1 rows" in told
    summary = json.loads((tmp_path / "second" / "summary.json").read_text())
    (found,) = summary["wordings"].values()
    assert found["arms"]["simulated"]["rows"] == 1
    assert found["stand_in"]["stands_in"] is False
