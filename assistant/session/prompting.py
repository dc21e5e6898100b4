"""Prompts: templates as data, and the dialogue that a template makes of a session's state.

`build_prompt` makes every prompt of a session: the person's turn, its prefill, and those of the control arms. A
template's hash goes into the journal, so that prompts of different templates can be distinguished.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from assistant.core.errors import UsageError
from assistant.core.generation import Message, ModelInfo, without_system
from assistant.core.outcome import CaseReport, Outcome, Report
from assistant.core.problem import Problem, StdinTest, Test, ValueTest
from assistant.core.state import Program, State
from assistant.core.thinking import without_thinking


@dataclass(frozen=True)
class Template:
    """One template of the dialogue. `texts` holds its texts by name (see templates/*.toml)."""

    id: str
    kind: str
    sha256: str
    texts: dict[str, str]
    stops_after_program: bool = False
    """Whether an answer ends where its program is complete, whatever the model would have said of it."""
    examples: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """For base models: (task, (code, feedback, code, …)) shown before the real task."""

    def render(self, name: str, **values: str) -> str:
        """The text `name` with `{value}`s filled in; braces inside the values stay as they are."""
        text = self.texts[name].removeprefix("\n") if name != "stub" else self.texts[name]
        return re.sub(r"\{(\w+)\}", lambda m: values.get(m[1], m[0]), text)


@dataclass(frozen=True)
class Exchange:
    """One exchange of a dialogue: the model's answer, and the next user turn."""

    answer: str
    feedback: str


@dataclass(frozen=True)
class Prompt:
    """What is sent to an engine."""

    messages: tuple[Message, ...]
    raw: bool = False
    stop: tuple[str, ...] = ()
    until_program: str | None = None
    dropped_rounds: int = 0


@dataclass(frozen=True)
class UserTurn:
    """The last user turn of a prompt: what is said of `program`'s answer."""

    program: str
    """Its id; the dialogue that is sent leads to it."""
    text: str
    is_feedback: bool = True
    """Put as the template puts a person's feedback; False for a control arm's turn, which is sent as it is."""


def build_prompt(state: State, model: ModelInfo, turn: UserTurn | None, dropped: int = 0) -> Prompt:
    """What the model is sent: the task, the dialogue up to `turn.program`, and `turn`; without one, the task alone.

    `dropped` leaves out the oldest rounds, for a context that is full.
    """
    assert state.problem is not None
    template = load_template(state.settings.prompt.template, is_chat=model.is_chat)
    first = first_turn(state, template)
    steps = _steps(state, template, first, turn) if turn is not None else []
    prompt = dialogue_prompt(template, first, steps, dropped, entry_point=state.problem.entry_point)
    return fitted(prompt, model)


def pending_turn(state: State) -> UserTurn | None:
    """The person's feedback that no answer has followed yet; None before the first answer."""
    if state.pending_feedback is None:
        return None
    return UserTurn(state.current or state.pending_feedback.program, state.pending_feedback.text)


def first_turn(state: State, template: Template) -> str:
    """The first user turn: the task with the tests that the settings show."""
    assert state.problem is not None
    return task_turn(template, state.problem, state.visible_tests()[: state.settings.prompt.visible_tests])


def _steps(state: State, template: Template, first: str, last: UserTurn) -> list[Exchange]:
    """Each answer on the way to `last.program` with the user turn after it.

    An edit replaces the answer it changes: it has the same round and no feedback of its own.
    """
    path = state.path(last.program)
    texts = [*(program.feedback for program in path[1:]), last.text]
    steps = []
    for program, text in zip(path, texts, strict=True):
        if text:
            as_it_is = program is path[-1] and not last.is_feedback
            said = text if as_it_is else person_turn(state, template, program, text, first)
            steps.append(Exchange(answer_turn(template, program), said))
    return steps


def person_turn(state: State, template: Template, program: Program, feedback: str, first: str) -> str:
    """Feedback on `program` as the settings have it put: with its failing cases or without them."""
    failing = failing_cases(program.visible) if state.settings.prompt.failing_cases else ()
    return feedback_turn(template, feedback, failing, first)


@cache
def load_template(template_id: str, *, is_chat: bool = True) -> Template:
    """A template of the package by id; its `-base` twin for models without a chat format. Raises UsageError."""
    known = known_templates()
    if template_id not in known:
        raise UsageError(f"there is no prompt template `{template_id}`; known: {', '.join(known)}")
    if is_chat or template_id.endswith("-base"):
        return parse_template(_template_bytes(template_id))
    twin = f"{template_id}-base"
    return parse_template(_template_bytes(twin if twin in known else "paper-base"))


def known_templates() -> list[str]:
    """Ids of the package's templates."""
    items = (resources.files("assistant.session") / "templates").iterdir()
    return sorted(item.name.removesuffix(".toml") for item in items if item.name.endswith(".toml"))


def _template_bytes(template_id: str) -> bytes:
    return (resources.files("assistant.session") / "templates" / f"{template_id}.toml").read_bytes()


def parse_template(data: bytes) -> Template:
    """A template from the bytes of its TOML file; keys that are missing come from the template it `extends`."""
    fields = tomllib.loads(data.decode("utf-8"))
    if "extends" in fields:
        below = _template_bytes(fields["extends"])
        fields = tomllib.loads(below.decode("utf-8")) | fields
        data = below + data
    return Template(
        id=fields["id"],
        kind=fields["kind"],
        sha256=hashlib.sha256(data).hexdigest(),
        texts={name: text for name, text in fields.items() if isinstance(text, str)},
        stops_after_program=fields.get("stop_after_program", False),
        examples=tuple(
            (e["task"].strip("\n"), tuple(t.strip("\n") for t in e["turns"]))
            for e in fields.get("examples", ())
        ),
    )


def task_turn(template: Template, problem: Problem, tests: Sequence[Test]) -> str:
    """The first user turn: the task as in the paper, with `tests` shown (none when empty)."""
    listed = "\n".join(test.text(problem.entry_point) for test in tests)
    kinds = {type(test) for test in problem.visible_tests + problem.hidden_tests}
    if StdinTest in kinds:
        text = template.render("task_program", text=problem.text, tests=listed)
    elif ValueTest in kinds:
        name = next(t.name for t in problem.visible_tests + problem.hidden_tests if isinstance(t, ValueTest))
        text = template.render("task_value", text=problem.text, entry_point=name)
    else:
        which = "task" if tests else "task_without_tests"
        text = template.render(
            which, text=problem.text.rstrip(), tests=listed, entry_point=problem.entry_point
        )
    return text + (template.render("stub", stub=problem.stub.rstrip()) if problem.stub.strip() else "")


def feedback_turn(
    template: Template, feedback: str, failing: Sequence[CaseReport] = (), task: str = ""
) -> str:
    """The person's feedback as a user turn, with the failing cases where the setting asks for them.

    `task` is the first user turn, for templates that repeat it.
    """
    if not failing:
        return template.render("feedback", feedback=feedback, task=task)
    return template.render(
        "feedback_with_cases", feedback=feedback, cases=cases_text(template, failing), task=task
    )


def answer_turn(template: Template, program: Program) -> str:
    """The assistant's turn: its text without the thinking (as chat templates do), or the person's edit as code."""
    messages = "" if program.edited else without_thinking(program.text)
    return messages if messages.strip() else template.render("answer", code=(program.code or "").rstrip())


def failing_cases(report: Report | None) -> tuple[CaseReport, ...]:
    """The cases that did not pass."""
    return tuple(case for case in report.cases if not case.passed) if report else ()


def dialogue_prompt(
    template: Template, first: str, steps: Sequence[Exchange], dropped: int = 0, *, entry_point: str
) -> Prompt:
    """The prompt for a dialogue: the task, then each answer and the user turn after it.

    `dropped` leaves out the oldest steps' feedback and answers (never the task, never the last step), for a
    context that is full.
    """
    kept = steps[min(dropped, max(0, len(steps) - 1)) :]
    if template.kind == "base":
        return Prompt(
            (Message(role="user", content=_raw_text(template, first, kept)),),
            raw=True,
            stop=(template.texts["done"],),
            dropped_rounds=dropped,
        )
    until = entry_point if template.stops_after_program else None
    system = [Message(role="system", content=template.render("system"))] if "system" in template.texts else []
    if "attempts" in template.texts and kept:
        attempts = "\n\n".join(
            template.render("attempt", answer=step.answer, words=step.feedback) for step in kept
        )
        content = template.render("attempts", task=first, attempts=attempts)
        single = (*system, Message(role="user", content=content))
        return Prompt(single, until_program=until, dropped_rounds=dropped)
    messages = [*system, Message(role="user", content=first)]
    for step in kept:
        messages += [
            Message(role="assistant", content=step.answer),
            Message(role="user", content=step.feedback),
        ]
    return Prompt(tuple(messages), until_program=until, dropped_rounds=dropped)


def fitted(prompt: Prompt, model: ModelInfo) -> Prompt:
    """The prompt in the form that this model accepts: without a system turn where its chat template has none.

    Done here and not in the engine, so that the journal holds the messages as they were sent.
    """
    if model.takes_system or prompt.raw:
        return prompt
    return replace(prompt, messages=without_system(prompt.messages))


def _raw_text(template: Template, first: str, steps: Sequence[Exchange]) -> str:
    begin, done = template.texts["begin"], template.texts["done"]
    parts = []
    for task, turns in template.examples:
        marked = [f"{begin}\n{t}\n{done}" if i % 2 == 0 else t for i, t in enumerate(turns)]
        parts.append("\n".join([task, *marked]))
    dialogue = [first]
    for step in steps:
        dialogue += [f"{begin}\n{step.answer.strip()}\n{done}", step.feedback]
    parts.append("\n".join([*dialogue, begin, ""]))
    return "\n\n".join(parts)


def cases_text(template: Template, failing: Sequence[CaseReport]) -> str:
    """The failing cases, one a line, with what happened."""
    return "\n".join(template.render("case", test=case.test, what=_what_happened(case)) for case in failing)


def _what_happened(case: CaseReport) -> str:
    if case.outcome is Outcome.WRONG and case.actual is not None:
        return f"got {case.actual}"
    return " ".join(f"{case.outcome.word} {case.message}".split())[:200]
