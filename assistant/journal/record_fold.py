"""From the lines of a judged journal to the record of its session.

Lines are not validated event by event: their chain was judged, so that reading thousands of journals costs a tenth of
what the models of `core/events.py` would. What a record needs is checked as it is read, and so are the references
between events (those that `consistency.py` reports): where one does not hold, no record is made.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from assistant.core.control_arms import RECORDED
from assistant.core.effort import clock_at_end
from assistant.core.events import DIALOGUE_ARMS, EVENT_TYPES, Effort
from assistant.core.generation import COMPLETE
from assistant.core.pending_feedback import WITHDRAWN_BY, is_answered, is_last_program
from assistant.core.problem import Problem
from assistant.journal.records import (
    ConsentRecord,
    Content,
    Edit,
    Feedback,
    Model,
    ProgramRecord,
    PromptRecord,
    SessionRecord,
    StudyFreeze,
)

Json = dict[str, Any]
ProblemOf = Callable[[str, Json], Problem]
"""A problem by its hash and its JSON: many journals are on the same one."""
MISFIT = (KeyError, TypeError, ValueError, AttributeError, RecursionError)
"""What is raised for lines that are no session, though their chain holds."""
_LARGEST = 2**31
_LONGEST = 2**63


def record_of(lines: Sequence[bytes], tip: str, problem_of: ProblemOf, *, content: bool) -> SessionRecord:
    """The session in a judged journal's lines, with the texts of its programs where `content` is set.

    Raises one of `MISFIT` for lines that are no session.
    """
    header, *events = _parsed(lines)
    fold = _Fold(_model(header["model"]), content)
    fold.take(events)
    return fold.session(header, tip, problem_of)


def _parsed(lines: Sequence[bytes]) -> list[Json]:
    """The JSON objects on the lines, parsed as one array, which is quicker."""
    try:
        events: list[Json] = from_json(b"[" + b",".join(lines) + b"]")
    except ValueError:  # a lone surrogate, or nesting too deep for it
        events = [json.loads(line) for line in lines]
    return events


@dataclass(slots=True)
class _Turn:
    """A generation that has started."""

    parent: str | None
    arm: str
    samples: int
    redraw_of: int | None
    draw_of: int | None
    point: int | None
    prompt: PromptRecord | None
    feedback: int | None = None
    """The feedback that its programs answer, known from the first of them on."""
    finished: int = 0
    complete: int = 0


@dataclass(slots=True)
class _Draft:
    """A program, to which verdicts may still come."""

    event: Json
    turn: _Turn | None
    """None for what a person wrote."""
    parent: str | None
    feedback: int | None
    visible: Json | None = None
    hidden: Json | None = None
    passed: int = -1
    code_sha256: str = ""
    hard_coded: int = 0
    chosen: bool = False

    @property
    def code(self) -> str | None:
        return _text_or_none(self.event["code"])


class _Fold:
    """Takes one event after the other."""

    def __init__(self, model: Model, content: bool) -> None:
        self._model = model
        self._content = content
        self._turns: dict[int, _Turn] = {}
        self._programs: dict[str, _Draft] = {}
        self._feedback: list[Feedback] = []
        self._edits: list[Edit] = []
        self._given = False
        self._pending: int | None = None
        """Feedback that no complete answer has followed yet."""
        self._last_on: dict[str, int] = {}
        """The last feedback on a program."""
        self._end, self._late = "open", False
        self._beyond = False
        """The person went on after the end: what they and the model did then is counted nowhere."""
        self._clock = Effort()
        self._consent: ConsentRecord | None = None

    def take(self, events: Iterable[Json]) -> None:
        for event in events:
            if self._beyond and not _is_of_experiment(event):
                continue
            _HANDLERS[event["type"]](self, event)
            if event["type"] in WITHDRAWN_BY:
                self._pending = None

    def session(self, header: Json, tip: str, problem_of: ProblemOf) -> SessionRecord:
        """The record of what was taken."""
        settings, study = header["settings"], header.get("study") or {}
        prompt, sampling = settings.get("prompt") or {}, settings.get("sampling") or {}
        sha, first = _text(header["problem_sha256"]), _model(header["model"])
        shown = prompt.get("visible_tests")
        return SessionRecord(
            id=_text(header["session"]),
            annotator=_text(header["annotator"]),
            problem=problem_of(sha, header["problem"]),
            problem_sha256=sha,
            model=first.name,
            precision=first.precision,
            rounds=_whole(settings["rounds"]),
            samples=_whole(settings["samples"]),
            visible_tests=None if shown is None else _whole(shown),
            study=_text(study.get("name", "")),
            condition=dict(study.get("condition") or {}),
            imported_from=_text(header["imported_from"]),
            programs=tuple(self._program(draft) for draft in self._programs.values()),
            feedback=tuple(self._feedback),
            edits=tuple(self._edits),
            end=self._end,
            out_of_time=self._late,
            announced=(_text(header.get("author", "person")), _text(header.get("author_model", ""))),
            clock=self._clock,
            unchanged_uses_round=bool(settings.get("unchanged_uses_round", True)),
            failing_cases=bool(prompt.get("failing_cases")),
            temperature=float(sampling.get("temperature", 0.0)),
            seed=_whole(sampling.get("seed", 0), _LONGEST),
            started_with=first,
            consent=self._consent,
            given=self._given,
            person_alone=bool(settings.get("person_alone")),
            study_problems=None if study.get("total") is None else _whole(study["total"]),
            freeze=_freeze(study),
            schema=header["schema"],
            began=_text(header.get("time", "")),
            tip=tip,
        )

    def _resumed(self, event: Json) -> None:
        self._model, self._end, self._late = _model(event["model"]), "open", False

    def _generation_started(self, event: Json) -> None:
        self._turns[_whole(event["turn"])] = _Turn(
            self._known(event["parent"]), event["arm"], event["samples"],
            event.get("redraw_of"), event.get("draw_of"), event.get("point"),
            self._prompt(event) if self._content else None,
        )  # fmt: skip

    def _prompt(self, event: Json) -> PromptRecord:
        return PromptRecord(event["messages"], event["raw"], event["template_sha256"], self._model)

    def _generation_finished(self, event: Json) -> None:
        turn = self._turns[event["turn"]]
        if not turn.finished:
            turn.feedback = self._answered(turn)
        self._add(_Draft(event, turn, turn.parent, turn.feedback))
        turn.finished += 1
        turn.complete += event["finish"]["reason"] in COMPLETE
        if is_answered(turn.arm, turn.samples, turn.finished, turn.complete):
            self._pending = None

    def _answered(self, turn: _Turn) -> int | None:
        """The feedback that a turn answers; another draw answers that of the first."""
        drawn = turn.redraw_of if turn.draw_of is None else turn.draw_of
        if drawn is not None:
            first = self._turns.get(drawn)
            return first.feedback if first else None
        return self._pending if turn.arm in DIALOGUE_ARMS else None

    def _tests_finished(self, event: Json) -> None:
        draft = self._programs[event["program"]]
        if draft.visible is None:
            draft.passed = _pass_count(event["visible"])
        draft.visible, draft.code_sha256 = event["visible"], _text(event["code_sha256"])
        draft.hard_coded = _whole(event.get("hard_coded") or 0)

    def _hidden_scored(self, event: Json) -> None:
        self._programs[event["program"]].hidden = event["hidden"]

    def _feedback_given(self, event: Json) -> None:
        about = event["program"]
        self._pending = self._last_on[about] = len(self._feedback)
        self._feedback.append(
            Feedback(
                _whole(event["seq"]), about, _whole(event["round"]), _text(event["text"]),
                tuple(map(_text, event["kinds"])), _effort(event), _text(event["author"]),
                self._programs[about].code or "", _text(event.get("author_model", "")),
            )
        )  # fmt: skip

    def _program_given(self, event: Json) -> None:
        self._given = True
        self._add(_Draft(event, None, None, None))

    def _code_edited(self, event: Json) -> None:
        parent = event["parent"]
        self._add(_Draft(event, None, self._known(parent), self._last_on.get(parent)))
        self._edits.append(
            Edit(_whole(event["seq"]), event["program"], _whole(event["round"]), _effort(event))
        )

    def _program_chosen(self, event: Json) -> None:
        self._programs[event["program"]].chosen = True

    def _clock_changed(self, event: Json) -> None:
        self._clock = _effort(event)

    def _consent_given(self, event: Json) -> None:
        granted = bool(event["granted"])
        agreed = (f"{event['version']} ({event['text_sha256'][:12]})",) if granted else ()
        before = self._consent.agreed if self._consent else ()
        self._consent = ConsentRecord(granted, event["time"], (*before, *agreed))

    def _continued(self, event: Json) -> None:
        self._beyond = True

    def _ended(self, event: Json) -> None:
        self._end, self._late = _text(event["reason"]), event.get("out_of_time") is True
        self._clock = clock_at_end(self._clock, _effort(event))

    def _known(self, program: str | None) -> str | None:
        """A reference to a program that was made before. Raises KeyError."""
        if program is not None and program not in self._programs:
            raise KeyError(program)
        return program

    def _add(self, draft: _Draft) -> None:
        name = _text(draft.event["program"])
        if name in self._programs:
            raise ValueError(f"program {name} is made a second time")
        self._programs[name] = draft

    def _program(self, draft: _Draft) -> ProgramRecord:
        event, turn, visible, hidden = draft.event, draft.turn, draft.visible, draft.hidden
        finish, code = event.get("finish") or {}, draft.code
        return ProgramRecord(
            seq=_whole(event["seq"]),
            id=event["program"],
            turn=_whole(event["turn"]),
            sample=_whole(finish["sample"]) if turn else 0,
            round=_whole(event["round"]),
            parent=draft.parent,
            arm=turn.arm if turn else "human",
            edited=turn is None,
            complete=turn is None or finish["reason"] in COMPLETE,
            solved=visible is not None and _passed(visible),
            hidden_passed=None if hidden is None else _passed(hidden),
            code_sha256=draft.code_sha256,
            prompt_tokens=_whole(finish["prompt_tokens"], _LONGEST) if turn else 0,
            reused_tokens=_whole(finish["reused_tokens"], _LONGEST) if turn else 0,
            generated_tokens=_whole(finish["generated_tokens"], _LONGEST) if turn else 0,
            seconds=float(finish["seconds"]) if turn else 0.0,
            sealed=visible is None or bool(visible.get("sealed", True)),
            redraw_of=turn.redraw_of if turn else None,
            draw_of=turn.draw_of if turn else None,
            point=turn.point if turn else None,
            chosen=draft.chosen,
            hard_coded=draft.hard_coded,
            passed=draft.passed,
            judged=visible is not None or code is None,
            unchanged=self._is_unchanged(draft),
            feedback=draft.feedback,
            content=self._content_of(draft, finish, code) if self._content else None,
        )

    def _is_unchanged(self, draft: _Draft) -> bool:
        """Whether an answer to feedback is the last program on the path to it, as `State.changed_nothing` says."""
        turn, code = draft.turn, draft.code
        if turn is None or turn.arm not in DIALOGUE_ARMS or code is None or draft.parent is None:
            return False
        return is_last_program(code, self._codes_back_from(draft.parent))

    def _codes_back_from(self, program: str | None) -> Iterator[str | None]:
        """The code of a program, of its parent, and so on."""
        while program is not None:
            draft = self._programs[program]
            yield draft.code
            program = draft.parent

    def _content_of(self, draft: _Draft, finish: Json, code: str | None) -> Content:
        text = _text(finish["text"]) if draft.turn else ""
        prompt = draft.turn.prompt if draft.turn else None
        return Content(text, code, finish, draft.visible, draft.hidden, prompt)


def _is_of_experiment(event: Json) -> bool:
    """Whether an event after a final end is of the experiment: answers about consent, and control arms."""
    return event["type"] == "consent_given" or event.get("arm") in RECORDED


def _nothing(fold: _Fold, event: Json) -> None:
    """An event that no record needs."""


_HANDLERS: dict[str, Callable[[_Fold, Json], None]] = {
    **dict.fromkeys(EVENT_TYPES - {"session_started"}, _nothing),
    "session_resumed": _Fold._resumed,
    "generation_started": _Fold._generation_started,
    "generation_finished": _Fold._generation_finished,
    "tests_finished": _Fold._tests_finished,
    "hidden_scored": _Fold._hidden_scored,
    "feedback_given": _Fold._feedback_given,
    "program_given": _Fold._program_given,
    "code_edited": _Fold._code_edited,
    "program_chosen": _Fold._program_chosen,
    "clock_changed": _Fold._clock_changed,
    "consent_given": _Fold._consent_given,
    "session_continued": _Fold._continued,
    "session_ended": _Fold._ended,
}
"""By type; any other is no event of a journal."""


def _model(model: Json) -> Model:
    fields = ("revision", "weights_sha256", "precision")
    return Model(_text(model["name"]), *(_text(model.get(name, "")) for name in fields))


def _freeze(study: Json) -> StudyFreeze | None:
    """The frozen plan that a study's session was held under. All sessions under one plan share its text."""
    if not study.get("frozen_sha256"):
        return None
    return StudyFreeze(*(sys.intern(_text(study[name])) for name in ("frozen_at", "frozen_sha256", "text")))


def _effort(event: Json) -> Effort:
    return Effort.model_validate(event["effort"])


def _passed(report: Json) -> bool:
    return _text(report["outcome"]) == "passed"


def _pass_count(report: Json) -> int:
    """How many cases passed; a trimmed line says it in their place."""
    if "cases" not in report:
        return _whole(report.get("passed", 0))
    return sum(case["outcome"] == "passed" for case in report["cases"])


def _whole(value: Any, bound: int = _LARGEST) -> int:
    """A whole number within bounds. Raises ValueError."""
    if type(value) is not int or not -bound <= value < bound:
        raise ValueError(f"{value!r} is no whole number, or out of all bounds")
    return value


def _text(value: Any) -> str:
    """A text. Raises ValueError."""
    if type(value) is not str:
        raise ValueError(f"{value!r} is no text")
    return value


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)
