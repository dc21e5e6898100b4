"""Studies: a TOML file that fixes problems, order, arms, rounds, model and seeds for many sessions."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from pydantic import Field, field_serializer, model_validator

from assistant.core import events as ev
from assistant.core.errors import UsageError
from assistant.core.generation import Sampling
from assistant.core.problem import Problem
from assistant.core.questions import Question, QuestionAfter, StudyTable
from assistant.journal.session_summary import SessionSummary
from assistant.session.arms.build import CONTROL_ARMS
from assistant.session.study_tables import Allocation, Conditions, Consent, Exclusions, Participants, Plan


class Study(StudyTable):
    """A study file. Every field that it leaves out has the program's default."""

    name: str
    """Sessions name the study by it; the same folder should hold one study of a name."""
    source: str = "starter"
    """Where the problems come from, as for `--problems`."""
    problems: tuple[str, ...] = ()
    """Problem ids in order; empty is the whole source."""
    order: Literal["fixed", "random", "latin"] = "fixed"
    """The same order for all, a random one for each annotator, or the rows of a Latin square."""
    annotators: tuple[str, ...] = ()
    """Pseudonyms; the row of a Latin square is the annotator's place in this list. Empty: anybody."""
    author: ev.Author | None = None
    """Who speaks, `person` or `model`; left out, whoever runs it says so."""
    rounds: int = Field(default=4, ge=0, le=100)
    """Feedback rounds after the first answer."""
    minutes: float | None = Field(default=None, gt=0, le=100_000)
    """Time limit a problem, of the person's own time; then the session ends unsolved. Left out, there is none."""
    samples: int = Field(default=1, ge=1, le=100)
    """Programs drawn in each round."""
    temperature: float = Field(default=0.0, ge=0)
    """0 is greedy."""
    max_new_tokens: int = Field(default=640, ge=1)
    """Longest answer, in tokens."""
    thinking_tokens: int | None = Field(default=None, ge=0)
    """Of these, most that a thinking model may think before it answers; left out, all of them."""
    seed: int = 0
    """Of the random draws and orders."""
    redraw: bool = True
    """An answer without a program is drawn once more before its round is used up; control arms likewise."""
    redraw_unchanged: bool = False
    """The same for an answer that is the program before it: three are drawn, the best that differs is taken."""
    unchanged_uses_round: bool = True
    """Feedback whose answer is the program before it, or holds none, uses a round up."""
    same_first_sample: bool = True
    """All annotators of a problem see the same first program (same model and machine)."""
    engine: str = ""
    """`auto` or the name of an engine, e.g. transformers, openai; empty leaves it to whoever runs the study."""
    model: str = ""
    """The model's name or path; empty leaves it to whoever runs the study."""
    base_urls: tuple[str, ...] = ()
    """Addresses of servers that hold the model; without keys: those come from the environment."""
    precision: str = ""
    """Number format of the weights; empty is the program's choice."""
    template: str = ev.PromptSettings().template
    """Wording of the prompts."""
    visible_tests: int | None = Field(default=None, ge=0)
    """How many visible tests the model sees; left out, all of them."""
    overflow: Literal["drop", "refuse"] = "drop"
    """When a dialogue exceeds the context: leave out its oldest rounds, or refuse."""
    arms: tuple[ev.Arm, ...] | None = None
    """Control arms made while the annotators think; left out, all of them on a GPU and none elsewhere."""
    lesson: bool = False
    """Whether the end of a session shows what the hidden tests and the control arms found: a treatment."""
    branching: bool = False
    """Whether annotators may go on from an earlier round: they then have more than `rounds` tries."""
    max_branches: int | None = Field(default=None, ge=1)
    """With `branching`, how often an annotator may go back; left out, as often as they like."""
    continue_after_end: bool = False
    """Whether annotators may go on after the end, beyond the experiment; nothing of that is counted."""
    conditions: Conditions = Conditions()
    """Conditions that are balanced over problems and annotators."""
    consent: Consent | None = None
    """Asked before the first problem; without it, nothing can be exported."""
    questions: tuple[QuestionAfter, ...] = ()
    """Asked after every problem, before its session ends: texts, or tables as those of `participants`."""
    expected_effect: float = Field(default=0.2, gt=0, lt=1)
    """Gain in solve rate over a control that the study hopes to see, for `study check`."""
    expected_first: float = Field(default=0.5, ge=0, lt=1)
    """Share of problems that the first answer solves, so that no feedback is given: for `study check`."""
    expected_control: float = Field(default=0.15, ge=0, lt=1)
    """Share of the other problems that a control solves in its one answer: for `study check`."""
    plan: Plan | None = None
    """What the study was planned to find out: `study freeze` makes a registration of it."""
    exclusions: Exclusions | None = None
    """Sessions and people that `analyze` leaves out, as planned."""
    participants: Participants | None = None
    """What people are asked and told around their problems."""
    allocation: Allocation | None = None
    """Who gets which problems and conditions."""

    @model_validator(mode="before")
    @classmethod
    def _with_pseudonyms(cls, data: Any) -> Any:
        """`participants.count` makes the list of annotators."""
        table = data.get("participants") if isinstance(data, dict) else None
        count = table.get("count") if isinstance(table, dict) else None
        if type(count) is int and 0 < count <= 5000 and not data.get("annotators"):
            return {**data, "annotators": tuple(f"p{number:03}" for number in range(1, count + 1))}
        return data

    @field_serializer("questions")
    def _as_written(self, questions: tuple[Question, ...]) -> list[Any]:
        """A question that is a text alone stays one, so that the hashes of older study files stay as they were."""
        return [
            asked.text if asked == Question(text=asked.text, required=False) else asked.model_dump()
            for asked in questions
        ]

    @model_validator(mode="after")
    def _makes_sense(self) -> Study:
        for what, names in (("problem", self.problems), ("annotator", self.annotators)):
            twice = [name for name, count in Counter(names).items() if count > 1]
            if twice:
                raise ValueError(f"the {what} {twice[0]} is named twice")
        if self.thinking_tokens is not None and self.thinking_tokens >= self.max_new_tokens:
            raise ValueError(f"thinking_tokens leaves no room in max_new_tokens ({self.max_new_tokens})")
        wrong = [arm for arm in self.arms or () if arm not in CONTROL_ARMS]
        if wrong:
            raise ValueError(f"{wrong[0]} is no control arm; known: {', '.join(CONTROL_ARMS)}")
        for name in self.plan.compared_with if self.plan is not None else ():
            has = True in self.conditions.person_alone if name == "person_alone" else name in self._arms
            if not has:
                raise ValueError(f"the plan compares with {name}, which the study does not have")
        if len({asked.text for asked in self.questions}) < len(set(self.questions)):
            raise ValueError("questions has a question twice, in two ways")
        self._check_exclusions()
        self._check_dealing()
        self._check_servers()
        if self.samples > 1 and self.temperature == 0:
            raise ValueError("several samples at temperature 0 are the same program; try temperature = 0.8")
        return self

    def _check_exclusions(self) -> None:
        rules = self.exclusions
        if rules is None:
            return
        if self.plan is None:
            raise ValueError("[exclusions] are planned: write a table [plan] as well")
        dealt = self.allocation or Allocation()
        for name, is_asked, there in (
            ("attention", rules.failed_attention or rules.attention_problems, dealt.attention),
            ("gold", rules.failed_gold, dealt.gold),
        ):
            if is_asked and not there:
                raise ValueError(f"[exclusions] ask about {name}, and allocation.{name} names no problem")

    def _check_servers(self) -> None:
        if not self.base_urls:
            return
        if self.engine not in ("", "auto", "openai"):
            raise ValueError(f'base_urls are for engine = "openai", not "{self.engine}"')
        from assistant.engine.openai_server.endpoint import parse_address

        for text in self.base_urls:
            try:
                address = parse_address(text)
            except UsageError as error:
                raise ValueError(str(error).replace("--base-url", f"base_urls: {text[:80]!r}")) from None
            if address.user is not None or "," in text:
                raise ValueError(
                    "base_urls has one address each, without name and password: the file goes into every journal"
                )

    def _check_dealing(self) -> None:
        practice = self.participants.practice if self.participants is not None else ""
        if practice and practice in self.problems:
            raise ValueError(f"{practice} is for practice: take it out of `problems`")
        if self.participants is not None and 0 < self.participants.count != len(self.annotators):
            raise ValueError("participants.count and `annotators` differ: leave one out")
        dealt = self.allocation
        if dealt is None:
            return
        missing = [name for name in dealt.for_all if self.problems and name not in self.problems]
        if missing:
            raise ValueError(f"{missing[0]} is gold or for attention, and not among `problems`")
        if dealt.refill_hours is not None and dealt.per_problem is None:
            raise ValueError("allocation.refill_hours is about allocation.per_problem, which is left out")
        if dealt.per_problem is not None and not dealt.per_problem <= len(self.annotators):
            raise ValueError(
                f"allocation.per_problem is {dealt.per_problem}, and {len(self.annotators)} annotators are named: "
                "name more, or set participants.count"
            )

    @property
    def _arms(self) -> tuple[str, ...]:
        """Control arms that the study may have."""
        return tuple(CONTROL_ARMS) if self.arms is None else self.arms

    @property
    def sha256(self) -> str:
        """Hash of everything the study fixes."""
        left_out: dict[str, Any] = dict.fromkeys(_at_defaults(self, _LATER), True)
        for table, later in _LATER_IN.items():
            if usual := _at_defaults(getattr(self, table), later):
                left_out[table] = usual
        return hashlib.sha256(self.model_dump_json(exclude=left_out).encode()).hexdigest()


_LATER = (
    "author", "base_urls", "redraw", "redraw_unchanged", "unchanged_uses_round", "branching", "max_branches",
    "continue_after_end", "engine", "expected_first", "expected_control", "plan",
    "participants", "allocation", "minutes", "thinking_tokens", "exclusions",
)  # fmt: skip
"""Fields that came later: at their defaults they leave the hashes of older study files as they were."""
_LATER_IN = {"conditions": ("person_alone",), "allocation": ("refill_hours", "refill_each")}
"""The same in its tables."""


def _at_defaults(table: StudyTable | None, names: Iterable[str]) -> set[str]:
    """Those of its fields that are at their defaults; none of a table that is left out."""
    fields = type(table).model_fields if table is not None else {}
    return {name for name in names if name in fields and getattr(table, name) == fields[name].default}


def failed_practice(study: Study, own: Iterable[SessionSummary]) -> bool:
    """Whether somebody, of whom these sessions are, tried the practice problem as often as they may, and did not
    solve it.
    """
    asked = study.participants
    if asked is None:
        return False
    tried = [session for session in own if session.problem == asked.practice]
    over = len(tried) >= asked.practice_tries and not any(session.resumable for session in tried)
    return over and all(session.state != "solved" for session in tried)


def chosen_problems(study: Study, available: Sequence[Problem]) -> list[Problem]:
    """The study's problems in its own order. Raises UsageError for ids that the source does not have."""
    practice = practice_problem(study, available)
    if not study.problems:
        return [problem for problem in available if problem is not practice]
    by_id = {problem.id: problem for problem in available}
    missing = [name for name in study.problems if name not in by_id]
    if missing:
        raise UsageError(f"study {study.name}: {study.source} has no problem {', '.join(missing[:5])}")
    return [by_id[name] for name in study.problems]


def practice_problem(study: Study, available: Sequence[Problem]) -> Problem | None:
    """What is solved first and does not count. Raises UsageError where the source does not have it."""
    name = study.participants.practice if study.participants is not None else ""
    found = next((problem for problem in available if problem.id == name), None)
    if name and found is None:
        raise UsageError(f"study {study.name}: {study.source} has no problem {name} to practise on")
    return found


def order_for(study: Study, problems: Sequence[Problem], annotator: str) -> list[Problem]:
    """The order in which this annotator meets the problems; always the same for the same annotator."""
    listed = _share(study, problems, annotator)
    if study.order == "random":
        random.Random(_number(study.name, study.seed, annotator)).shuffle(listed)
    elif study.order == "latin" and listed:
        row = _latin_row(len(listed), _place(study, annotator))
        listed = [listed[index] for index in row]
    return listed


def _share(study: Study, problems: Sequence[Problem], annotator: str) -> list[Problem]:
    """The problems that this annotator gets, in the study's order.

    The problems that are dealt out are laid in a row `per_problem` times, and the row is cut into equal pieces: each
    comes to that many people, and nobody gets more than one problem more than another.
    """
    dealt = study.allocation
    if dealt is None or dealt.per_problem is None or annotator not in study.annotators:
        return list(problems)
    common = [index for index, problem in enumerate(problems) if problem.id in dealt.for_all]
    others = [index for index in range(len(problems)) if index not in common]
    people, place = len(study.annotators), study.annotators.index(annotator)
    row = len(others) * dealt.per_problem
    piece = range(row * place // people, row * (place + 1) // people)
    own = {others[slot % len(others)] for slot in piece} | set(common)
    return [problem for index, problem in enumerate(problems) if index in own]


def next_problem(order: Iterable[Problem], done: Iterable[str]) -> Problem | None:
    """The first problem of an annotator's order that they have not ended; None when there is none left."""
    finished = set(done)
    return next((problem for problem in order if problem.id not in finished), None)


def condition_of(
    study: Study, problems: Sequence[Problem], annotator: str, problem: Problem
) -> dict[str, str]:
    """The condition of one session: balanced over problems, turned by one for the next annotator.

    Where there are two factors, each value of the first comes with each of the second.
    """
    values = study.conditions.failing_cases or (False,)
    alone = study.conditions.person_alone or (False,)
    dealt = study.allocation
    place = [p.id for p in problems].index(problem.id) + _place(study, annotator)
    if dealt is not None and dealt.between_people:
        place = _arm(study, annotator)
    mark = dealt.for_all.get(problem.id) if dealt is not None else None
    found = {"failing_cases": "yes" if values[place % len(values)] else "no"} | (
        {mark: "yes"} if mark else {}
    )
    if True not in alone:
        return found
    if alone[place // len(values) % len(alone)]:
        return {**found, "failing_cases": "no", "person_alone": "yes"}
    return {**found, "person_alone": "no"}


def settings_for(study: Study, problem: Problem, annotator: str, condition: dict[str, str]) -> ev.Settings:
    """A session's settings as the study fixes them."""
    who = "" if study.same_first_sample else annotator
    seed = _number(study.name, study.seed, problem.id, who) % 2**31
    if condition.get("person_alone") == "yes":
        return ev.ALONE.model_copy(update={"minutes": study.minutes})
    return ev.Settings(
        rounds=study.rounds,
        minutes=study.minutes,
        samples=study.samples,
        sampling=Sampling(
            temperature=study.temperature,
            seed=seed,
            max_new_tokens=study.max_new_tokens,
            thinking_tokens=study.thinking_tokens,
        ),
        prompt=ev.PromptSettings(
            template=study.template,
            visible_tests=study.visible_tests,
            failing_cases=condition["failing_cases"] == "yes",
            overflow=study.overflow,
        ),
        arms=study.arms,
        branching=study.branching,
        max_branches=study.max_branches,
        continue_after_end=study.continue_after_end,
        redraw=study.redraw,
        redraw_unchanged=study.redraw_unchanged,
        unchanged_uses_round=study.unchanged_uses_round,
    )


def info(
    study: Study,
    condition: dict[str, str],
    text: str = "",
    position: int | None = None,
    total: int | None = None,
    frozen_at: str = "",
) -> ev.StudyInfo:
    """What the session's header says of the study: its file, and the problem's place in the annotator's order.

    `frozen_at` is when this very file was frozen, empty where it was not.
    """
    return ev.StudyInfo(
        name=study.name,
        sha256=study.sha256,
        condition=condition,
        text=text,
        position=position,
        total=total,
        frozen_at=frozen_at,
        frozen_sha256=ev.freeze_sha256(frozen_at, text) if frozen_at else "",
    )


def _place(study: Study, annotator: str) -> int:
    if annotator in study.annotators:
        return study.annotators.index(annotator)
    return _number(study.name, annotator)


def _arm(study: Study, annotator: str) -> int:
    """The annotator's place in a random row of all: neighbours in the list need not have neighbouring conditions."""
    if annotator not in study.annotators:
        return _number(study.name, study.seed, "arm", annotator)
    row = list(range(len(study.annotators)))
    random.Random(_number(study.name, study.seed, "arms")).shuffle(row)
    return row[study.annotators.index(annotator)]


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
