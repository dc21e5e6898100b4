"""`turns`: one row a program, everything flat, for analysis."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assistant.core.events import DRAW, Effort
from assistant.datasets.formats.base import Format
from assistant.datasets.provenance import Place, provenance
from assistant.datasets.session_view import Row, SessionView
from assistant.journal.records import ProgramRecord

_EFFORT = tuple(Effort.model_fields)


def _rows(views: Sequence[SessionView], place: Place) -> Iterator[Row]:
    for view in views:
        for program in view.counted:
            yield _row(view, program) | provenance(view, program, place)


def _row(view: SessionView, program: ProgramRecord) -> Row:
    problem, session, texts = view.problem, view.session, program.texts
    given, finish = session.feedback_of(program), texts.finish
    edit = next((edit for edit in session.edits if edit.program == program.id), None)
    spoken = given is not None and program.arm != DRAW  # those seconds are the answer's
    effort = edit.effort if edit else given.effort if given and spoken else Effort()
    return {
        "turn": program.turn,
        "sample": program.sample,
        "parent": program.parent,
        "right": view.right(program),
        "task": problem.text,
        "tests": problem.test_texts(),
        "feedback": given.text if given else "",
        "feedback_author": given.author if given else "",
        "kinds": list(given.kinds) if given else [],
        "code": texts.code,
        "answer": texts.text,
        **_counts("visible", texts.visible),
        **_counts("hidden", texts.hidden),
        **{f"{name}_seconds": getattr(effort, name) for name in _EFFORT},
        "prompt_tokens": finish.get("prompt_tokens", 0),
        "generated_tokens": finish.get("generated_tokens", 0),
        "generation_seconds": float(finish.get("seconds", 0.0)),
        "finish": finish.get("reason", ""),
        "temperature": session.temperature,
        "seed": finish.get("seed", session.seed),
        "samples": session.samples,
        "failing_cases": session.failing_cases,
        "session_end": session.end,
        "condition": json.dumps(dict(session.condition), sort_keys=True),
    }


def _counts(name: str, report: Mapping[str, Any] | None) -> Row:
    cases = report["cases"] if report else ()
    return {
        f"{name}_outcome": report["outcome"] if report else None,
        f"{name}_tests": len(cases),
        f"{name}_tests_passed": sum(case["outcome"] == "passed" for case in cases),
    }


TURNS = Format(
    "turns",
    {
        "turn": "int64", "sample": "int64", "parent": "string", "right": "bool", "task": "string", "tests": "strings",
        "feedback": "string", "feedback_author": "string", "kinds": "strings", "code": "string", "answer": "string",
        "visible_outcome": "string", "visible_tests": "int64", "visible_tests_passed": "int64",
        "hidden_outcome": "string", "hidden_tests": "int64", "hidden_tests_passed": "int64",
        **{f"{name}_seconds": "float64" for name in _EFFORT},
        "prompt_tokens": "int64", "generated_tokens": "int64", "generation_seconds": "float64", "finish": "string",
        "temperature": "float64", "seed": "int64", "samples": "int64", "failing_cases": "bool",
        "session_end": "string", "condition": "string",
    },
    _rows,
    (),
    "One row for every program of every round, flat, with the feedback that led to it and the time it took.",
    "None: for analysis.",
    order=6,
)  # fmt: skip
