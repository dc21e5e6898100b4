"""A session under the rules: which of its programs are right, what was asked for them, where they come from."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import Any

from assistant.core.events import DIALOGUE_ARMS, DRAW
from assistant.core.leakage import measure, secret_of
from assistant.core.problem import Problem
from assistant.core.speaker import MIXED, PEOPLE, UNKNOWN
from assistant.core.thinking import without_thinking
from assistant.datasets.options import Rules
from assistant.datasets.pii import PersonalData, find
from assistant.journal.records import Feedback, ProgramRecord, SessionRecord
from assistant.session.prompting import Exchange, dialogue_prompt, load_template, task_turn

Row = dict[str, Any]
Message = dict[str, str]


class SessionView:
    """What the formats ask about a session."""

    def __init__(self, session: SessionRecord, rules: Rules) -> None:
        self.session = session
        self.rules = rules
        self._prompts: dict[str, list[Message]] = {}

    @property
    def problem(self) -> Problem:
        return self.session.problem

    @cached_property
    def counted(self) -> list[ProgramRecord]:
        """Programs that may become rows: complete, of an arm that is exported, judged and not leaky by the rules."""
        return [program for program in self.session.programs if not self.why_not(program)]

    def why_not(self, program: ProgramRecord) -> str:
        """Why a program becomes no row; empty where it may."""
        if program.arm not in (*DIALOGUE_ARMS, DRAW) and program.arm not in self.rules.arms:
            return "control arm"
        if not program.complete or program.code is None:
            return "no complete program"
        if not program.judged:
            return "not tested"
        if self.rules.unsealed == "drop" and not is_sealed(program):
            return "unsealed verdict"
        if self.rules.leaky == "drop" and self.leaky(program):
            return "leaky feedback"
        return ""

    def right(self, program: ProgramRecord) -> bool | None:
        """Whether it is right by the rules; None where the hidden tests that should say so did not run."""
        if self.rules.solved == "visible" or not program.solved:
            return program.solved
        if program.hidden_passed is None:
            return None if self.problem.hidden_tests else True
        return program.hidden_passed

    def leaky(self, program: ProgramRecord) -> bool:
        """Whether any feedback on the way to it gave away the solution."""
        steps = self.session.path(program)
        return any(self.leaks(given) for step in steps if (given := self.session.feedback_of(step)))

    def leaks(self, given: Feedback) -> bool:
        """Whether the feedback gives away the solution."""
        if given.seq not in self._leaky:
            self._leaky[given.seq] = measure(self._secret, given.code, given.text).leaky
        return self._leaky[given.seq]

    @cached_property
    def _leaky(self) -> dict[int, bool]:
        return {}

    @cached_property
    def _secret(self) -> Any:
        return secret_for(self.problem, self.session.visible_tests)

    @cached_property
    def personal(self) -> list[PersonalData]:
        """Personal data in the person's words and edits."""
        problem = self.problem
        own = "\n".join([problem.text, problem.stub, problem.reference, *_tests(problem)])
        texts = [given.text for given in self.session.feedback if given.author != "model"]
        edits = [p.code or "" for p in self.session.programs if p.edited]
        return find(self.session.id, [*texts, *edits], own)

    def prompt(self, program: ProgramRecord) -> list[Message]:
        """The messages that it answers: as sent to a chat model, else put into the chat template.

        An edit answers what the edited program answered.
        """
        if program.id not in self._prompts:
            self._prompts[program.id] = self._prompt(program)
        return self._prompts[program.id]

    def _prompt(self, program: ProgramRecord) -> list[Message]:
        if program.edited:
            return self.prompt(self.session.by_id[program.parent or ""])
        sent = program.texts.prompt
        assert sent is not None
        return rebuilt(self, program) if sent.raw else list(sent.messages)

    def opening(self, program: ProgramRecord) -> list[Message]:
        """The task as first asked in this session, before any answer."""
        first = self.prompt(self.session.path(program)[0])
        answered = next((i for i, m in enumerate(first) if m["role"] == "assistant"), len(first))
        return first[:answered]

    def answer(self, program: ProgramRecord) -> Message:
        """Its text without the thinking; an edit, or a base model's program, as a block of code."""
        sent = program.texts.prompt
        said = "" if sent is None or sent.raw else without_thinking(program.texts.text)
        return {"role": "assistant", "content": said if said.strip() else fenced(program.code or "")}


def export_origin(session: SessionRecord) -> str:
    """`people`, `simulated`, `unknown`, the dataset that it was imported from, or `mixed`, never exported."""
    if session.speaker == MIXED:
        return "mixed"
    if session.imported_from:
        return session.imported_from
    return {PEOPLE: "people", UNKNOWN: "unknown"}.get(session.speaker, "simulated")


def is_sealed(program: ProgramRecord) -> bool:
    """Whether the program could forge neither of its verdicts."""
    reports = (program.texts.visible, program.texts.hidden)
    return all(report["sealed"] for report in reports if report is not None)


def fenced(code: str) -> str:
    """A program as an answer of a chat model."""
    return load_template("paper").render("answer", code=code.rstrip())


def rebuilt(view: SessionView, program: ProgramRecord) -> list[Message]:
    """The dialogue up to this program in the chat template: base models were sent plain text."""
    template, problem = load_template("paper"), view.problem
    path = view.session.path(program)
    steps = [
        Exchange(view.answer(before)["content"], given.text)
        for before, after in pairwise(path)
        if not after.edited and (given := view.session.feedback_of(after))
    ]
    first = task_turn(template, problem, problem.visible_tests[: view.session.visible_tests])
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
