"""Studies: a TOML file that fixes problems, order, arms, rounds, model and seeds for many sessions."""

from __future__ import annotations

import hashlib
import random
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from assistant.domain import events as ev
from assistant.domain.errors import UsageError
from assistant.domain.generation import Sampling
from assistant.domain.problem import Problem, Value
from assistant.session.arms import CONTROL_ARMS


class Consent(Value):
    """What an annotator is asked to agree to before the first problem."""

    version: str
    text: str

    @property
    def sha256(self) -> str:
        """Hash of the exact text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class Conditions(Value):
    """Feedback conditions that are balanced over problems and annotators."""

    failing_cases: tuple[bool, ...] = (False,)
    """Whether failing cases accompany the words; two values make two conditions."""


class Study(Value):
    """A study file. Every field that it leaves out has the program's default."""

    name: str
    source: str = "starter"
    problems: tuple[str, ...] = ()
    """Problem ids in order; empty is the whole source."""
    order: Literal["fixed", "random", "latin"] = "fixed"
    annotators: tuple[str, ...] = ()
    """Pseudonyms; the row of a Latin square is the annotator's place in this list."""
    rounds: int = Field(default=4, ge=0, le=100)
    samples: int = Field(default=1, ge=1, le=100)
    temperature: float = Field(default=0.0, ge=0)
    max_new_tokens: int = Field(default=640, ge=1)
    seed: int = 0
    same_first_sample: bool = True
    """All annotators of a problem see the same first program (same model and machine)."""
    model: str = ""
    precision: str = ""
    template: str = ev.PromptSettings().template
    visible_tests: int | None = Field(default=None, ge=0)
    overflow: Literal["drop", "refuse"] = "drop"
    """When a dialogue exceeds the context: leave out its oldest rounds, or refuse."""
    arms: tuple[ev.Arm, ...] | None = None
    """Control arms made while the annotators think; left out, all of them on a GPU and none elsewhere."""
    lesson: bool = True
    """Whether the end of a session shows what the hidden tests and the control arms found."""
    branching: bool = False
    """Whether annotators may go on from an earlier round: they then have more than `rounds` tries."""
    conditions: Conditions = Conditions()
    consent: Consent | None = None
    questions: tuple[str, ...] = ()
    expected_effect: float = Field(default=0.2, gt=0, lt=1)
    """The gain in solve rate that the study hopes to see, for `study check`."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Study:
        for what, names in (("problem", self.problems), ("annotator", self.annotators)):
            twice = [name for name, count in Counter(names).items() if count > 1]
            if twice:
                raise ValueError(f"the {what} {twice[0]} is named twice")
        wrong = [arm for arm in self.arms or () if arm not in CONTROL_ARMS]
        if wrong:
            raise ValueError(f"{wrong[0]} is no control arm; known: {', '.join(CONTROL_ARMS)}")
        if self.samples > 1 and self.temperature == 0:
            raise ValueError("several samples at temperature 0 are the same program; try temperature = 0.8")
        return self

    @property
    def sha256(self) -> str:
        """Hash of everything the study fixes."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def load_study(path: Path) -> Study:
    """The study in a TOML file. Raises UsageError with the field that is wrong."""
    try:
        return Study.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise UsageError(f"there is no study file {path}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join([", `", ".".join(map(str, first["loc"])), "`"]) if first["loc"] else ""
        what = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"{path}{where}: {what[:1].lower()}{what[1:]}") from None


def chosen_problems(study: Study, available: Sequence[Problem]) -> list[Problem]:
    """The study's problems in its own order. Raises UsageError for ids that the source does not have."""
    if not study.problems:
        return list(available)
    by_id = {problem.id: problem for problem in available}
    missing = [name for name in study.problems if name not in by_id]
    if missing:
        raise UsageError(f"study {study.name}: {study.source} has no problem {', '.join(missing[:5])}")
    return [by_id[name] for name in study.problems]


def order_for(study: Study, problems: Sequence[Problem], annotator: str) -> list[Problem]:
    """The order in which this annotator meets the problems; always the same for the same annotator."""
    listed = list(problems)
    if study.order == "random":
        random.Random(_number(study.name, study.seed, annotator)).shuffle(listed)
    elif study.order == "latin" and listed:
        row = _latin_row(len(listed), _place(study, annotator))
        listed = [listed[index] for index in row]
    return listed


def next_problem(
    study: Study, problems: Sequence[Problem], annotator: str, done: Iterable[str]
) -> Problem | None:
    """The first problem that this annotator has not ended; None when the study is done."""
    finished = set(done)
    return next((p for p in order_for(study, problems, annotator) if p.id not in finished), None)


def condition_of(
    study: Study, problems: Sequence[Problem], annotator: str, problem: Problem
) -> dict[str, str]:
    """The feedback condition of one session: balanced over problems, turned by one for the next annotator."""
    values = study.conditions.failing_cases or (False,)
    index = [p.id for p in problems].index(problem.id)
    with_cases = values[(index + _place(study, annotator)) % len(values)]
    return {"failing_cases": "yes" if with_cases else "no"}


def settings_for(study: Study, problem: Problem, annotator: str, condition: dict[str, str]) -> ev.Settings:
    """A session's settings as the study fixes them."""
    who = "" if study.same_first_sample else annotator
    seed = _number(study.name, study.seed, problem.id, who) % 2**31
    return ev.Settings(
        rounds=study.rounds,
        samples=study.samples,
        sampling=Sampling(temperature=study.temperature, seed=seed, max_new_tokens=study.max_new_tokens),
        prompt=ev.PromptSettings(
            template=study.template,
            visible_tests=study.visible_tests,
            failing_cases=condition["failing_cases"] == "yes",
            overflow=study.overflow,
        ),
        arms=study.arms,
        branching=study.branching,
    )


def info(study: Study, condition: dict[str, str]) -> ev.StudyInfo:
    """What the session's header says of the study."""
    return ev.StudyInfo(name=study.name, sha256=study.sha256, condition=condition)


def _place(study: Study, annotator: str) -> int:
    if annotator in study.annotators:
        return study.annotators.index(annotator)
    return _number(study.name, annotator)


def _latin_row(size: int, place: int) -> list[int]:
    """Row `place` of a Latin square balanced for order (Williams 1949): 0, 1, n-1, 2, n-2, … shifted.

    Over `size` rows (twice as many, every second one mirrored, for odd sizes) each problem comes once in each
    place and follows each other problem equally often.
    """
    first = [0]
    for step in range(1, size):
        first.append((step + 1) // 2 if step % 2 else size - step // 2)
    row = [(value + place) % size for value in first]
    return row[::-1] if size % 2 and (place // size) % 2 else row


def _number(*parts: object) -> int:
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "little")
