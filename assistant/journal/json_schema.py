"""The JSON Schema of a journal's line, made from the event models: `python -m assistant.journal.json_schema`."""

from __future__ import annotations

import ast
import inspect
import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

from assistant.core import events, generation, outcome, problem, session_origin
from assistant.core.events import EVENT, Stamp
from assistant.core.safe_ast import read_program

PUBLISHED = Path("sessions") / "schema.json"


def line_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of one line: an event with the stamp's fields in front."""
    schema: dict[str, Any] = EVENT.json_schema()
    stamp = Stamp.model_json_schema(by_alias=True)
    for name in {entry["$ref"].rpartition("/")[2] for entry in schema["oneOf"]}:
        event = schema["$defs"][name]
        event["properties"] = stamp["properties"] | event["properties"]
        event["required"] = ["schema", *stamp["required"], "type", *event.get("required", [])]
    _describe_fields(schema["$defs"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "One line of a session's journal",
        "description": "See README.md beside this file for what every field means.",
    } | schema


def _describe_fields(definitions: dict[str, Any]) -> None:
    """Add the docstrings below the fields in the source, also of base classes, which pydantic leaves out."""
    modules = (problem, outcome, generation, session_origin, events)
    docstrings = {name: text for module in modules for name, text in _field_words(module)}
    kinds: dict[str, Any] = {name: kind for module in modules for name, kind in vars(module).items()}
    for name, definition in definitions.items():
        owners = [base.__name__ for base in getattr(kinds.get(name), "__mro__", ())] + ["Stamp"]
        for field, described in definition.get("properties", {}).items():
            text = next((docstrings[owner, field] for owner in owners if (owner, field) in docstrings), "")
            if text and "$ref" not in described:
                described["description"] = text


def _field_words(module: ModuleType) -> Iterator[tuple[tuple[str, str], str]]:
    """(class, field) and the text right below the field, for every class of `module`."""
    classes = [
        node for node in read_program(inspect.getsource(module)).body if isinstance(node, ast.ClassDef)
    ]
    for owner in classes:
        for field, below in pairwise(owner.body):
            if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
                value = below.value
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield (owner.name, ast.unparse(field.target)), " ".join(value.value.split())


def schema_text() -> str:
    """The published file's content."""
    return json.dumps(line_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PUBLISHED
    target.write_text(schema_text(), encoding="utf-8")
    print(f"wrote {target}")
