"""Where a row comes from: the same columns in every format."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

from assistant.datasets.exported_session import Program
from assistant.datasets.features import REJECTED
from assistant.datasets.pii import find
from assistant.datasets.session_view import Row, View, passed


@dataclass(frozen=True)
class Place:
    """What is known of a problem before its rows are made."""

    content: str
    group: str
    split: str
    overlaps: tuple[str, ...]


def provenance(view: View, program: Program, place: Place) -> Row:
    """The provenance columns of a row about `program`."""
    session, header, problem = view.session, view.session.header, view.problem
    model = program.turn.model if program.turn is not None else _model_before(view, program)
    return {
        "session": session.id,
        "program": program.id,
        "round": program.round,
        "arm": program.arm,
        "edited": program.edited,
        "annotator": pseudonym(header["annotator"]),
        "origin": session.origin,
        "speaker": session.speaker,
        "study": header["study"]["name"] if header["study"] else "",
        "model": model["name"],
        "model_revision": model["revision"],
        "weights_sha256": model["weights_sha256"],
        "precision": model["precision"],
        "template_sha256": program.turn.template_sha256 if program.turn else "",
        "schema": session.schema,
        "journal_sha256": session.tip,
        "code_sha256": hashlib.sha256((program.code or "").encode("utf-8", "surrogatepass")).hexdigest(),
        "visible_passed": passed(program.visible) if program.visible else None,
        "hidden_passed": passed(program.hidden) if program.hidden else None,
        "visible_sealed": program.visible["sealed"] if program.visible else None,
        "hidden_sealed": program.hidden["sealed"] if program.hidden else None,
        "leaky": view.leaky(program),
        "redacted": False,
        "problem": problem.id,
        "problem_sha256": header["problem_sha256"],
        "content_sha256": place.content,
        "source": problem.source,
        "licence": problem.licence,
        "group": place.group,
        "overlaps": list(place.overlaps),
    }


def rejected(row: Row) -> Row:
    """A row's provenance under the names of a pair's other program."""
    return {name: row[name.removeprefix("rejected_")] for name in REJECTED}


@cache
def pseudonym(annotator: str) -> str:
    """The annotator's id, or a hash of it where it is an e-mail address or a name after all."""
    if not find("", [annotator], ""):
        return annotator
    return "anon-" + hashlib.sha256(annotator.encode()).hexdigest()[:10]


def _model_before(view: View, program: Program) -> Row:
    """An edit changes a program of this model."""
    turns = [step.turn for step in view.session.path(program) if step.turn is not None]
    return turns[-1].model if turns else view.session.header["model"]
