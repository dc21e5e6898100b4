"""A session under the rules: which of its programs are right, what was asked for them, where they come from."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import Any

from assistant.core.leakage import measure, secret_of
from assistant.core.problem import Problem
from assistant.core.thinking import without_thinking
from assistant.datasets.exported_session import DIALOGUE, Message, Program, Session, Words
from assistant.datasets.options import Rules
from assistant.datasets.pii import Finding, find
from assistant.session.prompting import Step, dialogue_prompt, load_template, task_turn

Row = dict[str, Any]


class View:
    """What the formats ask about a session."""

    def __init__(self, session: Session, rules: Rules) -> None:
        self.session = session
        self.rules = rules
        self._prompts: dict[str, list[Message]] = {}

    @property
    def problem(self) -> Problem:
        return self.session.problem

    @cached_property
    def counted(self) -> list[Program]:
        """Programs that may become rows: complete, of an arm that is exported, judged and not leaky by the rules."""
        return [program for program in self.session.programs if not self.why_not(program)]

    def why_not(self, program: Program) -> str:
        """Why a program becomes no row; empty where it may."""
        if program.arm not in DIALOGUE and program.arm not in self.rules.arms:
            return "control arm"
        if not program.complete or program.code is None:
            return "no complete program"
        if program.visible is None:
            return "not tested"
        if self.rules.unsealed == "drop" and not is_sealed(program):
            return "unsealed verdict"
        if self.rules.leaky == "drop" and self.leaky(program):
            return "leaky feedback"
        return ""

    def right(self, program: Program) -> bool | None:
        """Whether it is right by the rules; None where the hidden tests that should say so did not run."""
        seen = passed(program.visible)
        if self.rules.solved == "visible" or not seen:
            return seen
        if program.hidden is None:
            return None if self.problem.hidden_tests else True
        return passed(program.hidden)

    def leaky(self, program: Program) -> bool:
        """Whether any feedback on the way to it gave away the solution."""
        steps = self.session.path(program)
        return any(self._leaks(step.words) for step in steps if step.words is not None)

    def _leaks(self, words: Words) -> bool:
        key = id(words)
        if key not in self._leaky:
            about = self.session.by_id.get(words.about)
            self._leaky[key] = measure(self._secret, (about.code if about else "") or "", words.text).leaky
        return self._leaky[key]

    @cached_property
    def _leaky(self) -> dict[int, bool]:
        return {}

    @cached_property
    def _secret(self) -> Any:
        shown = self.session.header["settings"]["prompt"]["visible_tests"]
        return secret_for(self.problem, shown)

    @cached_property
    def personal(self) -> list[Finding]:
        """Personal data in the person's words and edits."""
        problem = self.problem
        own = "\n".join([problem.text, problem.stub, problem.reference, *_tests(problem)])
        texts = [w.text for w in self.session.words if w.author != "model"]
        edits = [p.code or "" for p in self.session.programs if p.edited]
        return find(self.session.id, [*texts, *edits], own)

    def prompt(self, program: Program) -> list[Message]:
        """The messages that it answers: as sent to a chat model, else put into the chat template.

        An edit answers what the edited program answered.
        """
        if program.id not in self._prompts:
            self._prompts[program.id] = self._prompt(program)
        return self._prompts[program.id]

    def _prompt(self, program: Program) -> list[Message]:
        if program.edited:
            return self.prompt(self.session.by_id[program.parent or ""])
        assert program.turn is not None
        return rebuilt(self, program) if program.turn.raw else program.turn.messages

    def opening(self, program: Program) -> list[Message]:
        """The task as first asked in this session, before any answer."""
        first = self.prompt(self.session.path(program)[0])
        answered = next((i for i, m in enumerate(first) if m["role"] == "assistant"), len(first))
        return first[:answered]

    def answer(self, program: Program) -> Message:
        """Its text without the thinking; an edit, or a base model's program, as a block of code."""
        said = "" if program.turn is None or program.turn.raw else without_thinking(program.text)
        return {"role": "assistant", "content": said if said.strip() else fenced(program.code or "")}


def passed(report: dict[str, Any] | None) -> bool:
    """Whether a report says that every case passed."""
    return report is not None and report["outcome"] == "passed"


def is_sealed(program: Program) -> bool:
    """Whether the program could forge neither of its verdicts."""
    return all(report["sealed"] for report in (program.visible, program.hidden) if report is not None)


def fenced(code: str) -> str:
    """A program as an answer of a chat model."""
    return load_template("paper").render("answer", code=code.rstrip())


def rebuilt(view: View, program: Program) -> list[Message]:
    """The dialogue up to this program in the chat template: base models were sent plain text."""
    template, problem = load_template("paper"), view.problem
    shown = view.session.header["settings"]["prompt"]["visible_tests"]
    path = view.session.path(program)
    steps = [
        Step(view.answer(before)["content"], after.words.text)
        for before, after in pairwise(path)
        if after.words is not None and not after.edited
    ]
    first = task_turn(template, problem, problem.visible_tests[:shown])
    prompt = dialogue_prompt(template, first, steps, entry_point=problem.entry_point)
    return [message.model_dump() for message in prompt.messages]


_SECRETS: dict[tuple[str, int | None], Any] = {}


def secret_for(problem: Problem, shown: int | None) -> Any:
    """What only the reference and unseen tests say; made once for each problem of a process."""
    key = (problem.reference + "\x00" + problem.content_sha256, shown)
    if key not in _SECRETS:
        if len(_SECRETS) > 64:
            _SECRETS.clear()
        _SECRETS[key] = secret_of(problem, shown)
    return _SECRETS[key]


def _tests(problem: Problem) -> list[str]:
    return [t.text(problem.entry_point) for t in (*problem.visible_tests, *problem.hidden_tests)]
