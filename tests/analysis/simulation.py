"""Journals of a simulated study whose true rates are known: the same lines that the app writes, hash chain and all.

Every chance of a problem is shifted by the same amount, so the true lift of the person's words over an arm is the
difference of the two chances, whatever the selection of problems that are still unsolved in later rounds.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from assistant.core.control_arms import RESAMPLE_TEMPERATURE, control_seed
from assistant.core.generation import sample_seed
from assistant.core.problem import AssertTest, CallTest, Problem
from assistant.journal.codec import FIRST_PREV

_BEGUN = datetime(2026, 11, 23, 3, tzinfo=UTC)
WRONG = "def solve_{0}(values):\n    total = 0\n    for value in values:\n        total -= value\n    return total\n"
RIGHT = "def solve_{0}(values):\n    return sum(value * {0} for value in values if value > {0})\n"
WORDS = (
    "the sum should grow", "it must not subtract", "close but the sign is wrong", "skip the small values first",
    "you forgot to multiply", "the loop is fine", "return a number and not a list", "look at the second test again",
)  # fmt: skip
KINDS = ("logic", "missing step", "formatting", "algebra")


@dataclass(frozen=True)
class World:
    """A study and its true chances. Rates are of a problem of average difficulty."""

    sessions: int = 60
    problems: int = 30
    annotators: int = 3
    rounds: int = 4
    first: float = 0.35
    human: float = 0.40
    arms: Mapping[str, float] = field(
        default_factory=lambda: {"retry": 0.15, "tests": 0.25, "resample": 0.15, "shuffled": 0.10}
    )
    spread: float = 0.0
    """Half the width of the uniform shift between problems."""
    person_spread: float = 0.0
    """Half the width of the uniform shift between annotators, on the human arm only."""
    false_solves: float = 0.1
    leaks: float = 0.0
    """Share of feedbacks that hold the reference's code."""
    edits: float = 0.0
    """Share of unsolved rounds at which the person mends the code, with success, and the session ends."""
    filler: int = 2
    """Drafts and clock readings before each feedback."""
    author: str = "person"
    imported_from: str = ""
    model: str = "Qwen2.5-Coder-1.5B-Instruct"
    seed: int = 1


def write_world(folder: Path, world: World) -> list[Path]:
    """The world's journals under `folder/2026-11-23`, one for each session."""
    day = folder / "2026-11-23"
    day.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(world.sessions):
        name = (
            f"20261123T{number // 3600:02}{number // 60 % 60:02}{number % 60:02}-{world.seed:04}{number:06}"
        )
        path = day / f"{name}.jsonl"
        path.write_bytes(b"".join(line + b"\n" for line in chained(session_events(world, number, name))))
        paths.append(path)
    return paths


def chained(events: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Each event as a line that carries the hash of the one before."""
    prev = FIRST_PREV
    for seq, event in enumerate(events):
        stamp = {
            "schema": 1,
            "seq": seq,
            "time": (_BEGUN + timedelta(minutes=10 * seq)).isoformat(timespec="microseconds"),
            "mono": 600.0 * seq,
            "prev": prev,
        }
        line = json.dumps(stamp | event, separators=(",", ":"), ensure_ascii=False).encode()
        prev = hashlib.sha256(line).hexdigest()
        yield line


def problem_of(number: int) -> Problem:
    """Problem `number`: add up multiples of what exceeds it."""
    name = f"solve_{number}"
    return Problem(
        id=f"simulated/{number}",
        text=f"Write a function {name}(values) that adds up {number} times every value above {number}. " * 2,
        entry_point=name,
        visible_tests=tuple(
            AssertTest(code=f"assert {name}([{n}, {number + n}]) == {number * (number + n)}")
            for n in range(1, 4)
        ),
        hidden_tests=tuple(
            CallTest(arguments=f"[[{number + n}, 700]]", expected=str(number * (number + n + 700)))
            for n in range(1, 7)
        ),
        reference=RIGHT.format(number),
        source="simulated",
    )


_PROBLEMS: dict[int, tuple[Problem, dict[str, Any], str]] = {}


def _known(number: int) -> tuple[Problem, dict[str, Any], str]:
    if number not in _PROBLEMS:
        problem = problem_of(number)
        _PROBLEMS[number] = (problem, problem.model_dump(mode="json"), problem.sha256)
    return _PROBLEMS[number]


def session_events(world: World, number: int, name: str) -> Iterator[dict[str, Any]]:
    """One session's events, as the round loop would write them."""
    return _Play(world, number, name).events()


class _Play:
    """One session, acted out. Sessions of a problem differ; their random numbers depend on nothing else."""

    def __init__(self, world: World, number: int, name: str) -> None:
        self.world = world
        self.name = name
        self.random = random.Random(f"{world.seed} {number}")
        self.problem_number = number % world.problems
        self.annotator = (number // world.problems) % world.annotators
        self.problem, self.problem_json, self.problem_sha256 = _known(self.problem_number)
        self.shift = world.spread * (2 * random.Random(f"{world.seed} p{self.problem_number}").random() - 1)
        self.touch = world.person_spread * (2 * random.Random(f"{world.seed} a{self.annotator}").random() - 1)
        self.turn = self.draws = 0
        self.effort = [0.0, 0.0, 0.0, 0.0, 0.0]
        self.messages = [
            {"role": "user", "content": "\n".join([self.problem.text, *self.problem.test_texts()])}
        ]

    def events(self) -> Iterator[dict[str, Any]]:
        yield self.header()
        solved = self.chance(self.world.first)
        yield from self.answer("human", 0, None, solved)
        parent, reason = "t0s0", "solved"
        for round_ in range(1, self.world.rounds + 1):
            if solved:
                break
            if self.random.random() < self.world.edits:
                yield from self.edit(round_ - 1, parent)
                break
            yield from self.say(parent, round_)
            solved = self.chance(self.world.human + self.touch)
            said, parent = parent, f"t{self.turn}s0"
            yield from self.answer("human", round_, said, solved)
            for arm, rate in self.world.arms.items():
                yield from self.answer(arm, round_, said, self.chance(rate))
        else:
            reason = "solved" if solved else "rounds_used_up"
        if self.world.filler:
            yield {"type": "clock_changed", "change": "read", "effort": self.spent(), "reason": ""}
        yield {"type": "session_ended", "reason": reason, "effort": self.spent(), "note": ""}

    def chance(self, rate: float) -> bool:
        return self.random.random() < rate + self.shift

    def header(self) -> dict[str, Any]:
        return {
            "type": "session_started", "session": self.name, "app_version": "0.1.0",
            "annotator": f"anon-{self.annotator}", "problem": self.problem_json,
            "problem_sha256": self.problem_sha256,
            "model": {
                "engine": "scripted", "name": self.world.model, "revision": "", "weights_sha256": "0" * 64,
                "dtype": "bfloat16", "precision": "", "device": "cpu", "device_name": "", "context_length": 32768,
                "chat_template_sha256": "", "is_chat": True, "threads": 2, "base_url": "", "versions": {},
            },
            "settings": {
                "rounds": self.world.rounds, "samples": 1,
                "sampling": {"temperature": 0.0, "top_p": 1.0, "max_new_tokens": 640, "seed": 0},
                "prompt": {
                    "template": "paper", "template_sha256": "0" * 64, "visible_tests": None,
                    "failing_cases": False, "overflow": "drop",
                },
                "arms": list(self.world.arms),
            },
            "sandbox": {"seccomp": True, "landlock": "abi 6"}, "machine": {"python": "3.11"},
            "study": {
                "name": "simulated", "sha256": "1" * 64,
                "condition": {"failing_cases": "yes" if self.problem_number % 2 else "no"},
            },
            "imported_from": self.world.imported_from,
        }  # fmt: skip

    def answer(self, arm: str, round_: int, parent: str | None, solved: bool) -> Iterator[dict[str, Any]]:
        """A generation, its program and both verdicts."""
        turn, self.turn = self.turn, self.turn + 1
        code = (RIGHT if solved else WRONG).format(self.problem_number)
        text = f"```python\n{code}```\n"
        where = {"turn": turn, "arm": arm, "round": round_}
        last, length = self.asked(arm), len(self.messages)
        program = f"t{turn}s0"
        tokens = 60 + self.random.randrange(40)
        seed = 1000 * self.draws if arm == "human" else control_seed(self.name, arm, parent or "", round_)
        self.draws += arm == "human"
        temperature = RESAMPLE_TEMPERATURE if arm == "resample" else 0.0
        yield {
            "type": "generation_started", **where, "parent": parent, "messages": list(last),
            "sampling": {"temperature": temperature, "top_p": 1.0, "max_new_tokens": 640, "seed": seed},
            "samples": 1, "raw": False, "stop": [], "template_sha256": "0" * 64, "dropped_rounds": 0,
        }  # fmt: skip
        yield {
            "type": "generation_finished", **where, "program": program,
            "finish": {
                "sample": 0, "text": text, "reason": "stop", "error": "", "overflow": 0,
                "seed": sample_seed(seed, 0),
                "seed_honoured": True, "prompt_tokens": 90 * length, "reused_tokens": 80 * (length - 1),
                "generated_tokens": tokens, "drafted_tokens": 0, "accepted_tokens": 0,
                "first_token_seconds": 0.2, "seconds": 2.0 + self.random.random(), "prompt_sha256": "2" * 64,
                "output_ids": list(range(1000, 1000 + tokens)), "notes": [],
            },
            "code": code, "answer_problem": "",
        }  # fmt: skip
        if arm == "human":
            self.messages = [*self.messages, {"role": "assistant", "content": text}]
        digest = hashlib.sha256(code.encode()).hexdigest()
        visible = self.report(self.problem.visible_tests, solved)
        yield {
            "type": "tests_finished", **where, "program": program, "code_sha256": digest, "visible": visible
        }  # fmt: skip
        honest = solved and self.random.random() >= self.world.false_solves
        yield {
            "type": "hidden_scored", **where, "program": program,
            "hidden": self.report(self.problem.hidden_tests, honest),
        }  # fmt: skip

    def asked(self, arm: str) -> list[dict[str, str]]:
        """The dialogue as an arm sends it; a control comes after the person's answer."""
        if arm == "human":
            return self.messages
        if arm == "resample":
            return self.messages[:-3]
        return [*self.messages[:-2], {"role": "user", "content": "Try again."}]

    def report(self, tests: tuple[Any, ...], passed: bool) -> dict[str, Any]:
        cases = [
            {
                "test": test.text(self.problem.entry_point), "outcome": "passed" if passed or n else "wrong",
                "expected": (wanted := test.text("f").rpartition(" == ")[2]),
                "actual": wanted if passed or n else "-13", "message": "", "line": None,
                "seconds": 0.0004, "stdout": "", "sealed": True,
            }
            for n, test in enumerate(tests)
        ]  # fmt: skip
        return {
            "outcome": cases[0]["outcome"], "sealed": True, "layers": {"seccomp": True, "landlock": "abi 6"},
            "cases": cases, "stdout": "", "message": "", "seconds": 0.02,
        }  # fmt: skip

    def say(self, parent: str, round_: int) -> Iterator[dict[str, Any]]:
        """Drafts, clock readings, then the words."""
        text = ", ".join(self.random.sample(WORDS, 1 + self.random.randrange(3)))
        if self.random.random() < self.world.leaks:
            text = f"write {self.problem.reference.splitlines()[1].strip()}"
        for step in range(self.world.filler):
            if step % 2:
                yield {"type": "draft_saved", "text": text[: 1 + len(text) * step // self.world.filler]}
            else:
                yield {"type": "clock_changed", "change": "read", "effort": self.spent(), "reason": ""}
        before = list(self.effort)
        for index, mean in enumerate((12.0, 9.0, 3.0, 1.0, 0.0)):
            self.effort[index] += round(self.random.expovariate(1 / mean), 3) if mean else 0.0
        effort = [now - then for now, then in zip(self.effort, before, strict=True)]
        self.messages = [*self.messages, {"role": "user", "content": text}]
        yield {
            "type": "feedback_given", "program": parent, "round": round_, "text": text,
            "kinds": [self.random.choice(KINDS)], "effort": self.spent(effort), "author": self.world.author,
        }  # fmt: skip

    def edit(self, round_: int, parent: str) -> Iterator[dict[str, Any]]:
        """The person mends the code by hand, rightly."""
        code = RIGHT.format(self.problem_number)
        program, turn, self.turn = f"t{self.turn}s0", self.turn, self.turn + 1
        self.effort[4] += 40.0
        yield {
            "type": "code_edited", "turn": turn, "round": round_, "parent": parent, "program": program,
            "code": code, "effort": self.spent([0.0, 0.0, 0.0, 0.0, 40.0]), "editor": "inline",
        }  # fmt: skip
        yield {
            "type": "tests_finished", "turn": turn, "arm": "human", "round": round_, "program": program,
            "code_sha256": hashlib.sha256(code.encode()).hexdigest(),
            "visible": self.report(self.problem.visible_tests, True),
        }  # fmt: skip

    def spent(self, seconds: list[float] | None = None) -> dict[str, float]:
        names = ("reading", "typing", "waiting", "away", "editing")
        return dict(zip(names, self.effort if seconds is None else seconds, strict=True))
