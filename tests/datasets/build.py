"""Folders of journals to export: made by hand, event by event, with verdicts as told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assistant.core import events as ev
from assistant.core.generation import Finish, Message, Sampling
from assistant.core.outcome import CaseReport, Outcome, Report
from assistant.core.problem import AssertTest, Problem
from assistant.datasets.formats.base import format_names
from assistant.datasets.options import Rules, checked
from assistant.datasets.pipeline import ExportRequest
from assistant.journal.consent import add_answer
from assistant.journal.consistency import sha256_of_code
from assistant.journal.writer import write_journal
from tests.journal.build import MODEL

WRONG = "def add(a, b):\n    return a - b\n"
RIGHT = "def add(a, b):\n    return a + b\n"
MENDED = "def add(a, b):\n    return sum((a, b))\n"


def problem(number: int = 1, **changes: object) -> Problem:
    """A problem of its own; no two numbers are near-duplicates."""
    words = " ".join(f"w{number}x{n}" for n in range(8))
    made = Problem(
        id=f"made/{number}",
        text=f"Add two numbers {words}.",
        entry_point="add",
        visible_tests=(AssertTest(code=f"assert add({number}, 2) == {number + 2}"),),
        hidden_tests=(AssertTest(code=f"assert add({number}, -1) == {number - 1}"),),
        reference=RIGHT,
        source="made",
        licence="CC0-1.0",
    )
    return made.model_copy(update=changes)


class Script:
    """A session, told step by step; `write` puts its journal into a folder."""

    def __init__(
        self, task: Problem, *, annotator: str = "anon-a", imported_from: str = "", raw: bool = False
    ) -> None:
        self.task, self.raw = task, raw
        self.events: list[ev.Event] = [
            ev.SessionStarted(
                session="?", app_version="0.1.0", annotator=annotator, problem=task, problem_sha256=task.sha256,
                model=MODEL, settings=ev.Settings(arms=()), sandbox={"seccomp": True}, imported_from=imported_from,
            )
        ]  # fmt: skip
        self.turn, self.round = -1, 0
        self.last: str | None = None
        self.messages = [Message(role="user", content=f"{task.text}\n{task.test_texts()[0]}")]

    def consent(self, granted: bool = True) -> Script:
        self.events.append(ev.ConsentGiven(version="1", text_sha256="c" * 64, granted=granted))
        return self

    def answer(
        self, *codes: str | None, right: Sequence[bool], hidden: Sequence[bool] | None = None, sealed: bool = True,
        arm: ev.Arm = "human", redraw_of: int | None = None, draw_of: int | None = None,
    ) -> Script:  # fmt: skip
        """A turn of as many samples as there are codes; None is an answer without a program."""
        self.turn += 1
        self.events.append(
            ev.GenerationStarted(
                turn=self.turn, arm=arm, round=self.round, parent=self.last, messages=tuple(self.messages),
                sampling=Sampling(), samples=len(codes), raw=self.raw, template_sha256="7" * 64,
                redraw_of=redraw_of, draw_of=draw_of,
            )
        )  # fmt: skip
        for sample, code in enumerate(codes):
            name = f"t{self.turn}s{sample}"
            text = f"```python\n{code}```" if code else "I am sorry."
            finish = Finish(sample=sample, text=text, reason="stop")
            self.events.append(
                ev.GenerationFinished(
                    turn=self.turn, arm=arm, round=self.round, program=name, finish=finish, code=code
                )
            )
            if code:
                self._verdicts(name, code, right[sample], (hidden or right)[sample], sealed, arm)
        if arm == "human":
            self.last = f"t{self.turn}s0"
            self.messages.append(Message(role="assistant", content=f"```python\n{codes[0]}```"))
        return self

    def say(self, text: str, author: str = "person") -> Script:
        assert self.last is not None
        self.round += 1
        self.events.append(
            ev.FeedbackGiven.model_validate(
                {"program": self.last, "round": self.round, "text": text, "author": author}
            )
        )
        self.messages.append(Message(role="user", content=text))
        return self

    def edit(self, code: str, *, right: bool) -> Script:
        assert self.last is not None
        self.turn += 1
        name = f"t{self.turn}s0"
        self.events.append(
            ev.CodeEdited(turn=self.turn, round=self.round, parent=self.last, program=name, code=code)
        )
        self._verdicts(name, code, right, right, True, "human")
        self.last = name
        return self

    def end(self, reason: ev.EndReason = "solved") -> Script:
        self.events.append(ev.SessionEnded(reason=reason))
        return self

    def write(self, folder: Path, session: str) -> Path:
        header = self.events[0].model_copy(update={"session": session})
        path = folder / "2026-11-24" / f"{session}.jsonl"
        write_journal(path, [header, *self.events[1:]])
        return path

    def _verdicts(self, name: str, code: str, right: bool, hidden: bool, sealed: bool, arm: ev.Arm) -> None:
        where = {"turn": self.turn, "arm": arm, "round": self.round, "program": name}
        self.events += [
            ev.TestsFinished.model_validate(
                {**where, "code_sha256": sha256_of_code(code), "visible": _report(right, sealed)}
            ),
            ev.HiddenScored.model_validate({**where, "hidden": _report(hidden, sealed)}),
        ]


def _report(passed: bool, sealed: bool) -> Report:
    outcome = Outcome.PASSED if passed else Outcome.WRONG
    case = CaseReport(test="t", outcome=outcome, sealed=sealed)
    return Report(outcome=outcome, sealed=sealed, layers={}, cases=(case,))


def refined(number: int, words: str = "it must not subtract", annotator: str = "anon-a") -> Script:
    """Wrong, words, right; no consent yet."""
    script = Script(problem(number), annotator=annotator)
    return script.answer(WRONG, right=[False]).say(words).answer(RIGHT, right=[True]).end()


def folder_of(tmp_path: Path, count: int = 12) -> Path:
    """`count` sessions on as many problems, by one annotator who agreed."""
    folder = tmp_path / "sessions"
    for number in range(count):
        refined(number).write(folder, f"s{number:03}")
    add_answer(folder, "anon-a", "granted", version="1")
    return folder


def request(folder: Path, *formats: str, **rules: object) -> ExportRequest:
    """A request for `formats` (all when none) under the default rules but these."""
    return ExportRequest(folder, formats or format_names(), checked(**rules) if rules else Rules())
