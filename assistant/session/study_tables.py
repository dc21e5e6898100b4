"""The tables of a study file: consent, conditions, plan, questions, what people are told, who gets what."""

from __future__ import annotations

import hashlib
import math
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from assistant.core import events as ev
from assistant.core.questions import Question, StudyTable

Word = Annotated[str, BeforeValidator(lambda value: str(value) if type(value) in (int, float) else value)]
"""A text, which TOML may hold as a number: `version = 1`."""


class Consent(StudyTable):
    """What an annotator is asked to agree to before the first problem."""

    version: Word
    """Any name of the text; people are asked again whenever the text differs, whatever its version."""
    text: str
    """The text itself."""

    @property
    def sha256(self) -> str:
        """Hash of the exact text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class Conditions(StudyTable):
    """Feedback conditions that are balanced over problems and annotators."""

    failing_cases: tuple[bool, ...] = (False,)
    """Whether failing cases accompany the feedback; two values make two conditions."""
    person_alone: tuple[bool, ...] = (False,)
    """Whether the person writes the program without the model, on the clock; two values make two arms."""


Outcome = Literal[
    "solve_rate", "lift", "false_solves", "time_to_solved", "tokens", "words", "leaks", "people"
]
"""What a study may be planned to find out; `analysis/study_plan.py` knows which figures answer each."""
Comparison = ev.Arm | Literal["person_alone"]


class Plan(StudyTable):
    """What the study is to find out, said before its data: `assistant study freeze` makes a registration of it."""

    hypotheses: tuple[str, ...]
    """Sentences that the data can contradict."""
    primary_outcome: Outcome
    """What the study is about: solve_rate, lift, false_solves, time_to_solved, tokens, words, leaks or people."""
    secondary_outcomes: tuple[Outcome, ...] = ()
    """What else was planned; every other figure is exploratory."""
    compared_with: tuple[Comparison, ...] = ()
    """Control arms that the outcomes are compared with, and `person_alone`; left out, all that the study has."""
    exclusions: tuple[str, ...] = ()
    """Rules in words by which sessions or people will be left out; what can be counted belongs into [exclusions]."""
    stopping: str = ""
    """When the study ends: how many people or sessions, or until which day."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Plan:
        if not any(words.strip() for words in self.hypotheses):
            raise ValueError("a plan needs at least one hypothesis")
        if self.primary_outcome in self.secondary_outcomes:
            raise ValueError(f"the primary outcome {self.primary_outcome} is named among the secondary ones")
        return self


class Exclusions(StudyTable):
    """Planned rules that `assistant analyze` applies itself to the sessions held under the frozen plan."""

    failed_attention: bool = False
    """Leave out all sessions of a person who ended a problem for attention without solving it."""
    failed_gold: bool = False
    """The same for gold problems."""
    attention_problems: bool = False
    """Leave out the sessions on problems for attention themselves."""
    least_ended: float | None = Field(default=None, gt=0, le=1)
    """Leave out people who ended a smaller share of their problems than this."""
    least_seconds: float | None = Field(default=None, gt=0)
    """Leave out sessions with feedback that took less of the person's own time (reading, typing, editing)."""
    most_seconds: float | None = Field(default=None, gt=0)
    """Leave out sessions that took more of it."""
    unended: bool = False
    """Leave out sessions that had not ended."""
    bad_task: bool = False
    """Leave out sessions whose problem the person called faulty."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Exclusions:
        if (self.least_seconds or 0) > (self.most_seconds or math.inf):
            raise ValueError("least_seconds is more than most_seconds")
        return self

    def rules(self) -> dict[str, str]:
        """Those that are set, in the order in which they are applied, each in words."""
        said = {
            "failed_attention": "people who ended a problem for attention without solving it",
            "failed_gold": "people who ended a gold problem without solving it",
            "attention_problems": "sessions on problems for attention",
            "least_ended": f"people who ended less than {self.least_ended or 0:.0%} of their problems",
            "least_seconds": f"sessions with feedback in under {self.least_seconds or 0:g} s of own time",
            "most_seconds": f"sessions of over {self.most_seconds or 0:g} s of own time",
            "unended": "sessions that had not ended",
            "bad_task": "sessions whose problem the person called faulty",
        }
        return {name: words for name, words in said.items() if getattr(self, name)}


class Participants(StudyTable):
    """What the people of the study are asked and told around their problems."""

    count: int = Field(default=0, ge=0, le=5000)
    """So many people, with the pseudonyms p001, p002, …, where `annotators` is left out."""
    entry_questions: tuple[Question, ...] = ()
    """Asked once, before the first problem."""
    end_questions: tuple[Question, ...] = ()
    """Asked once, after the last problem."""
    practice: str = ""
    """Id of a problem of the source to begin with; only who solves it goes on, and it is not counted."""
    practice_tries: int = Field(default=2, ge=1, le=20)
    """How many sessions a person has to solve it."""
    completion_code: str = ""
    """Shown at the end, for whoever pays people."""
    completion_url: str = ""
    """Where the last page leads, e.g. Prolific's address with the code."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Participants:
        for name, asked in (("entry_questions", self.entry_questions), ("end_questions", self.end_questions)):
            if len({question.text for question in asked}) < len(asked):
                raise ValueError(f"{name} has a question twice")
        if self.completion_url and not self.completion_url.startswith(("https://", "http://")):
            raise ValueError("completion_url must begin with https://")
        return self


class Allocation(StudyTable):
    """Who gets which problems and conditions, where not everybody gets all of them."""

    per_problem: int | None = Field(default=None, ge=1)
    """So many people get each problem, dealt out over `annotators`; left out, everybody gets every problem."""
    refill_hours: float | None = Field(default=None, gt=0, le=10_000)
    """After so many hours away, or when they drop out, what somebody left is given to people who are through."""
    refill_each: int = Field(default=2, ge=1, le=1000)
    """With `refill_hours`, most problems that one person takes over from others."""
    gold: tuple[str, ...] = ()
    """Problems that everybody gets, whose answers are known: marked in the data."""
    attention: tuple[str, ...] = ()
    """The same for problems that only check whether somebody takes part in earnest."""
    between_people: bool = False
    """Conditions are drawn for each person, in equal shares, and not for each problem."""

    @property
    def for_all(self) -> dict[str, str]:
        """Problems that everybody gets, and how they are marked."""
        return {**dict.fromkeys(self.attention, "attention"), **dict.fromkeys(self.gold, "gold")}
