"""The published schema and README are those of the code."""

from __future__ import annotations

import json
import re

import pytest

from assistant.core import events as ev
from assistant.journal.json_schema import line_schema, schema_text
from tests.conftest import REPOSITORY
from tests.journal.build import lines_of, whole_session
from tests.journal.strategies import EVENT_TYPES

SESSIONS = REPOSITORY / "sessions"


def test_the_committed_schema_is_current() -> None:
    committed = (SESSIONS / "schema.json").read_text(encoding="utf-8")
    assert committed == schema_text(), "run: python -m assistant.journal.json_schema"


def test_every_line_of_a_session_fits_the_schema_and_a_changed_one_does_not() -> None:
    jsonschema = pytest.importorskip(
        "jsonschema", reason="jsonschema is not installed: lines are not checked"
    )
    validator = jsonschema.Draft202012Validator(line_schema())
    validator.check_schema(line_schema())
    for line in lines_of(whole_session("s", feedbacks=2)):
        record = json.loads(line)
        validator.validate(record)
        assert not validator.is_valid(record | {"surprise": 1})
        assert not validator.is_valid({name: value for name, value in record.items() if name != "prev"})


def test_the_schema_knows_every_event_and_says_what_its_fields_mean() -> None:
    schema = line_schema()
    assert set(schema["discriminator"]["mapping"]) == {
        event.model_fields["type"].default for event in EVENT_TYPES
    }
    assert "SHA-256 of the line before" in schema["$defs"]["DraftSaved"]["properties"]["prev"]["description"]
    assert schema["$defs"]["FeedbackGiven"]["required"][:6] == [
        "schema",
        "seq",
        "time",
        "mono",
        "prev",
        "type",
    ]


def test_the_readme_explains_every_event_and_every_field() -> None:
    readme = (SESSIONS / "README.md").read_text(encoding="utf-8")
    schema = line_schema()
    sections = {
        part.split("\n", 1)[0].strip("` "): part
        for part in re.split(r"^### ", readme, flags=re.MULTILINE)[1:]
    }
    stamp = set(ev.Stamp.model_json_schema(by_alias=True)["properties"]) | {"type"}
    missing = []
    for name, definition in schema["$defs"].items():
        properties = set(definition.get("properties", {}))
        event = definition.get("properties", {}).get("type", {}).get("const")
        section = sections.get(event or name, "")
        if properties and not section:
            missing.append(event or name)
        fields = properties - stamp if event else properties
        missing += [f"{event or name}.{field}" for field in sorted(fields) if f"`{field}`" not in section]
    assert missing == []
    assert all(f"`{field}`" in readme for field in stamp)


def test_the_readme_names_no_field_that_is_gone() -> None:
    readme = (SESSIONS / "README.md").read_text(encoding="utf-8")
    definitions = line_schema()["$defs"]
    by_name = {
        definition.get("properties", {}).get("type", {}).get("const", name): definition
        for name, definition in definitions.items()
    }
    gone = []
    for part in re.split(r"^### ", readme, flags=re.MULTILINE)[1:]:
        name = part.split("\n", 1)[0].strip("` ")
        rows = re.findall(r"^\| `(\w+)` \|", part, flags=re.MULTILINE)
        gone += [f"{name}.{row}" for row in rows if row not in by_name[name].get("properties", {row: 0})]
    assert gone == []
