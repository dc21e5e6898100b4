"""One journal as the export sees it, folded from its lines without validating each: they were judged before.

The fold says what `assistant.core.state` says (a test holds them against each other), at a tenth of its cost.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from assistant.core.problem import Problem
from assistant.core.speaker import MIXED, PEOPLE, UNKNOWN, speaker

DIALOGUE = ("human", "simulated")
Message = dict[str, str]


@dataclass(slots=True)
class Turn:
    """A generation: what was sent, and what is known about it."""

    number: int
    arm: str
    round: int
    parent: str | None
    messages: list[Message]
    raw: bool
    samples: int
    template_sha256: str
    dropped: int
    model: dict[str, Any]


@dataclass(slots=True)
class Words:
    """Feedback on the program `about`."""

    about: str
    round: int
    text: str
    kinds: list[str]
    effort: dict[str, float]
    author: str
    author_model: str = ""


@dataclass(slots=True)
class Program:
    """One program. `turn` is None for a person's edit."""

    id: str
    number: int
    """Of its turn."""
    sample: int
    round: int
    parent: str | None
    arm: str
    edited: bool
    words: Words | None
    """The feedback that it answers (for an edit: that was said about its parent before)."""
    text: str
    code: str | None
    finish: dict[str, Any]
    turn: Turn | None
    effort: dict[str, float] = field(default_factory=dict)
    visible: dict[str, Any] | None = None
    hidden: dict[str, Any] | None = None
    interventions: int = 0
    """Feedbacks that had been given when it was made, those on paths that were left included."""

    @property
    def complete(self) -> bool:
        """Neither cancelled nor failed."""
        return self.edited or self.finish["reason"] in ("stop", "length")


@dataclass
class Session:
    """A journal: its header, its programs in the order they were made, and what was said."""

    header: dict[str, Any]
    schema: int
    tip: str
    problem: Problem
    programs: list[Program] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)
    tests_added: int = 0
    end: str = "open"
    consent: bool | None = None
    consent_time: str = ""
    """When that was answered, ISO 8601 UTC; empty without a consent question."""
    """The last answer in the journal itself; None without a consent question."""
    consents: set[str] = field(default_factory=set)
    """Versions of the consent texts that were agreed to, with the start of their hash."""

    @cached_property
    def by_id(self) -> dict[str, Program]:
        return {program.id: program for program in self.programs}

    def path(self, program: Program) -> list[Program]:
        """From the first program to this one."""
        steps = [program]
        while steps[-1].parent is not None:
            steps.append(self.by_id[steps[-1].parent])
        return steps[::-1]

    @property
    def id(self) -> str:
        return str(self.header["session"])

    @property
    def origin(self) -> str:
        """`people`, `simulated`, `unknown`, the dataset that it was imported from, or `mixed`, never exported."""
        if self.speaker == MIXED:
            return "mixed"
        if self.header["imported_from"]:
            return str(self.header["imported_from"])
        return {PEOPLE: "people", UNKNOWN: "unknown"}.get(self.speaker, "simulated")

    @cached_property
    def speaker(self) -> str:
        """Who spoke: `people`, `model NAME`, `simulated`, `unknown speaker`, or `several speakers`."""
        said = [(words.author, words.author_model) for words in self.words]
        if any(p.arm == "simulated" for p in self.programs):
            said = said or [("model", "")]
        return speaker(said, (self.header.get("author", "person"), self.header.get("author_model", "")))


def fold(lines: bytes, tip: str, problems: dict[str, Problem]) -> Session:
    """The session in a judged journal's lines; `problems` are known by hash, to be made once.

    Raises `KeyError`, `TypeError` or `ValueError` for lines that are no events, though their chain holds.
    """
    events = (json.loads(line) for line in lines.splitlines())
    first = next(events)
    sha = first["problem_sha256"]
    if sha not in problems:
        problems[sha] = Problem.model_validate(first["problem"])
    session = Session(first, first["schema"], tip, problems[sha])
    _Fold(session).take(events)
    return session


class _Fold:
    """Takes one event after the other."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.model = session.header["model"]
        self.turns: dict[int, Turn] = {}
        self.programs: dict[str, Program] = {}
        self.finished: dict[int, list[Program]] = {}
        self.redraws: dict[int, int] = {}
        """Second draws of a prompt to whose first no program came, by turn."""
        self.pending: Words | None = None
        self.said: dict[str, Words] = {}

    def take(self, events: Iterable[dict[str, Any]]) -> None:
        for event in events:
            handler = getattr(self, f"_{event['type']}", None)
            if handler is not None:
                handler(event)

    def _session_resumed(self, event: dict[str, Any]) -> None:
        self.model, self.session.end = event["model"], "open"

    def _generation_started(self, event: dict[str, Any]) -> None:
        if event.get("redraw_of") is not None:
            self.redraws[event["turn"]] = event["redraw_of"]
        self.turns[event["turn"]] = Turn(
            event["turn"], event["arm"], event["round"], event["parent"], event["messages"], event["raw"],
            event["samples"], event["template_sha256"], event["dropped_rounds"], self.model,
        )  # fmt: skip

    def _generation_finished(self, event: dict[str, Any]) -> None:
        turn, finish = self.turns[event["turn"]], event["finish"]
        words = self.pending if turn.arm in DIALOGUE else None
        if event["turn"] in self.redraws:
            words = next((p.words for p in self.finished.get(self.redraws[event["turn"]], ())), None)
        program = Program(
            event["program"], turn.number, finish["sample"], event["round"], turn.parent, turn.arm, False, words,
            finish["text"], event["code"], finish, turn,
        )  # fmt: skip
        self._add(program)
        made = self.finished.setdefault(turn.number, [])
        made.append(program)
        if turn.arm in DIALOGUE and len(made) >= turn.samples and any(p.complete for p in made):
            self.pending = None

    def _tests_finished(self, event: dict[str, Any]) -> None:
        self.programs[event["program"]].visible = event["visible"]

    def _hidden_scored(self, event: dict[str, Any]) -> None:
        self.programs[event["program"]].hidden = event["hidden"]

    def _feedback_given(self, event: dict[str, Any]) -> None:
        words = Words(
            event["program"],
            event["round"],
            event["text"],
            event["kinds"],
            event["effort"],
            event["author"],
            event.get("author_model", ""),
        )
        self.session.words.append(words)
        self.pending = self.said[words.about] = words

    def _code_edited(self, event: dict[str, Any]) -> None:
        parent = event["parent"]
        program = Program(
            event["program"], event["turn"], 0, event["round"], parent, "human", True, self.said.get(parent),
            "", event["code"], {}, None, event["effort"],
        )  # fmt: skip
        self._add(program)
        self.pending = None

    def _program_chosen(self, event: dict[str, Any]) -> None:
        self.pending = None

    def _test_added(self, event: dict[str, Any]) -> None:
        self.session.tests_added += 1

    def _test_removed(self, event: dict[str, Any]) -> None:
        self.session.tests_added -= 1

    def _consent_given(self, event: dict[str, Any]) -> None:
        self.session.consent, self.session.consent_time = event["granted"], event.get("time", "")
        if event["granted"]:
            self.session.consents.add(f"{event['version']} ({event['text_sha256'][:12]})")

    def _session_ended(self, event: dict[str, Any]) -> None:
        self.session.end = event["reason"]

    def _add(self, program: Program) -> None:
        program.interventions = max(program.round, len(self.session.words))
        self.programs[program.id] = program
        self.session.programs.append(program)
