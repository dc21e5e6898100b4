"""Records of older schemas, brought up to date step by step while they are read; files stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assistant.core.events import SCHEMA
from assistant.journal.codec import LineError

Record = dict[str, Any]

Upgrade = Callable[[Record], Record]

UPGRADES: dict[int, Upgrade] = {}
"""`UPGRADES[n]` turns a record of schema n into one of schema n + 1; schema 1 is the first there is.

An upgrade gets the whole record (stamp and event), returns a new one, and leaves `schema` alone.
"""


def upgrade(record: Record) -> Record:
    """`record` in today's schema. Raises `LineError` for a schema from the future, or from nowhere."""
    schema = record.get("schema")
    if type(schema) is not int or schema < 1:
        raise LineError("schema", f"schema is {schema!r}, expected a whole number from 1 to {SCHEMA}")
    if schema > SCHEMA:
        raise LineError(
            "schema",
            f"written with schema {schema}, this version reads up to {SCHEMA}: update assistant to read it",
        )
    for step in range(schema, SCHEMA):
        if step not in UPGRADES:
            raise LineError("schema", f"no way is known from schema {step} to {step + 1}")
        record = UPGRADES[step](record)
    return record
