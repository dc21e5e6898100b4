"""`turns`: one row a program, everything flat, for analysis."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from assistant.datasets.exported_session import Program
from assistant.datasets.formats.base import Format
from assistant.datasets.provenance import Place, provenance
from assistant.datasets.session_view import Row, View

_EFFORT = ("reading", "typing", "waiting", "away", "editing")


def _rows(views: Sequence[View], place: Place) -> Iterator[Row]:
    for view in views:
        for program in view.counted:
            yield _row(view, program) | provenance(view, program, place)


def _row(view: View, program: Program) -> Row:
    problem, header = view.problem, view.session.header
    words, finish = program.words, program.finish
    sampling = header["settings"]["sampling"]
    effort = (words.effort if words else {}) | ({"editing": 0.0} | program.effort if program.edited else {})
    return {
        "turn": program.number,
        "sample": program.sample,
        "parent": program.parent,
        "right": view.right(program),
        "task": problem.text,
        "tests": problem.test_texts(),
        "feedback": words.text if words else "",
        "feedback_author": words.author if words else "",
        "kinds": words.kinds if words else [],
        "code": program.code,
        "answer": program.text,
        **_counts("visible", program.visible),
        **_counts("hidden", program.hidden),
        **{f"{name}_seconds": float(effort.get(name, 0.0)) for name in _EFFORT},
        "prompt_tokens": finish.get("prompt_tokens", 0),
        "generated_tokens": finish.get("generated_tokens", 0),
        "generation_seconds": float(finish.get("seconds", 0.0)),
        "finish": finish.get("reason", ""),
        "temperature": float(sampling["temperature"]),
        "seed": finish.get("seed", sampling["seed"]),
        "samples": header["settings"]["samples"],
        "failing_cases": header["settings"]["prompt"]["failing_cases"],
        "session_end": view.session.end,
        "condition": json.dumps(header["study"]["condition"], sort_keys=True) if header["study"] else "{}",
    }


def _counts(name: str, report: dict[str, Any] | None) -> Row:
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
    "One row for every program of every round, flat, with the words that led to it and the time they took.",
    "None: for analysis.",
    order=6,
)  # fmt: skip
