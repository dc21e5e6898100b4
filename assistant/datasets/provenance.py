"""Where a row comes from: the same columns in every format."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

from assistant.core.speaker import shown_arm
from assistant.datasets.features import REJECTED
from assistant.datasets.pii import find
from assistant.datasets.session_view import Row, SessionView, export_origin
from assistant.journal.records import Model, ProgramRecord


@dataclass(frozen=True)
class Place:
    """What is known of a problem before its rows are made."""

    content: str
    group: str
    split: str
    overlaps: tuple[str, ...]
    held_out: bool = False
    """It is in `test` because it, or a near-duplicate of it, is a test problem of a benchmark."""


def provenance(view: SessionView, program: ProgramRecord, place: Place) -> Row:
    """The provenance columns of a row about `program`."""
    session, problem, texts = view.session, view.problem, program.texts
    model = texts.prompt.model if texts.prompt is not None else _model_before(view, program)
    return {
        "session": session.id,
        "program": program.id,
        "round": program.round,
        "arm": shown_arm(program.arm, session.speaker),
        "edited": program.edited,
        "annotator": pseudonym(session.annotator),
        "origin": export_origin(session),
        "speaker": session.speaker,
        "study": session.study,
        "model": model.name,
        "model_revision": model.revision,
        "weights_sha256": model.weights_sha256,
        "precision": model.precision,
        "template_sha256": texts.prompt.template_sha256 if texts.prompt else "",
        "schema": session.schema,
        "journal_sha256": session.tip,
        "code_sha256": hashlib.sha256((program.code or "").encode("utf-8", "surrogatepass")).hexdigest(),
        "visible_passed": program.solved if texts.visible else None,
        "hidden_passed": program.hidden_passed,
        "visible_sealed": texts.visible["sealed"] if texts.visible else None,
        "hidden_sealed": texts.hidden["sealed"] if texts.hidden else None,
        "leaky": view.leaky(program),
        "redacted": False,
        "problem": problem.id,
        "problem_sha256": session.problem_sha256,
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


def _model_before(view: SessionView, program: ProgramRecord) -> Model:
    """An edit changes a program of this model."""
    sent = [step.texts.prompt for step in view.session.path(program)]
    models = [prompt.model for prompt in sent if prompt is not None]
    return models[-1] if models else view.session.started_with
