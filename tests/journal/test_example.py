"""The example session beside the schema is a real one and fits what is published about it."""

from __future__ import annotations

import json

import jsonschema

from assistant.core import events as ev
from assistant.core.state import replay
from assistant.journal.json_schema import line_schema
from assistant.journal.reader import read_journal
from assistant.journal.validation import check_file
from tests.conftest import REPOSITORY

EXAMPLE = REPOSITORY / "sessions" / "example.jsonl"


def test_it_is_sound() -> None:
    wrong = [finding for finding in check_file(EXAMPLE).findings if finding.kind != "header"]
    assert wrong == []  # its name says what it is and not, as a journal's does, which session


def test_every_line_fits_the_published_schema() -> None:
    validator = jsonschema.Draft202012Validator(line_schema())
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        validator.validate(json.loads(line))


def test_a_person_spoke_and_a_real_model_answered() -> None:
    events = read_journal(EXAMPLE).events
    state = replay(list(events))
    assert state.started is not None and state.started.model.engine == "transformers"
    assert state.started.model.weights_sha256 and state.started.sandbox
    spoken = [event for event in events if isinstance(event, ev.FeedbackGiven)]
    assert spoken and all(event.effort.typing > 0 for event in spoken)
    assert state.ended is not None and state.ended.reason == "solved"
    text = EXAMPLE.read_text(encoding="utf-8")
    assert "/root" not in text and "/home" not in text and "/tmp" not in text
