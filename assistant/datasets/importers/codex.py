"""Codex's session files (`~/.codex/sessions/YYYY/MM/DD/rollout-….jsonl`): lines of `timestamp`, `type` and `payload`.

`response_item` holds messages (`role`, `content` of `input_text` and `output_text`) and calls of tools; files change
through `apply_patch`, called as a tool of its own or within a shell command. `turn_context` names the model.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from assistant.datasets.importers.agent_files import AgentLog, patched, short
from assistant.datasets.importers.base import Importer, Row, Source
from assistant.datasets.importers.chat import Chat, Turn, digest, each_dialogue, is_typed
from assistant.datasets.importers.imported_session import ImportedSession
from assistant.problems.records import BadRecord

NAME = "codex"
_KINDS = frozenset(("session_meta", "turn_context", "response_item", "event_msg", "compacted"))


def recognise(record: Row) -> bool:
    """Whether a line is Codex's."""
    return record.get("type") in _KINDS and isinstance(record.get("payload"), dict)


def _read(row: Row, log: AgentLog) -> None:
    payload = row.get("payload")
    if not isinstance(payload, dict):
        raise BadRecord("payload is no object")
    if row.get("type") != "response_item":
        return
    kind = payload.get("type")
    if kind == "message":
        _message(payload, log)
    elif kind in ("function_call", "custom_tool_call", "local_shell_call"):
        patch = _patch(payload)
        if patch:
            patched(patch, log)


def _message(payload: dict[str, Any], log: AgentLog) -> None:
    content = payload.get("content")
    if not isinstance(content, list):
        raise BadRecord("payload.content is no list")
    text = "\n".join(
        part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)
    )
    if payload.get("role") == "assistant":
        log.say(Turn("assistant", text))
    elif payload.get("role") == "user" and is_typed(text):
        log.say(Turn("user", text))


def _patch(payload: dict[str, Any]) -> str:
    """The patch that a call holds; empty where it holds none."""
    given = payload.get("input", payload.get("arguments", payload.get("action", "")))
    if isinstance(given, str) and given.lstrip().startswith("{"):
        try:
            given = json.loads(given)
        except ValueError:
            raise BadRecord("arguments of a call are no JSON") from None
    texts = [given] if isinstance(given, str) else []
    if isinstance(given, dict):
        command = given.get("command", given.get("cmd", ""))
        texts = [str(given.get("input", "")), *(command if isinstance(command, list) else [str(command)])]
    for text in map(str, texts):
        begin, end = text.find("*** Begin Patch"), text.rfind("*** End Patch")
        if 0 <= begin < end:
            return text[begin:end]
    return ""


def _chats(source: Source) -> Iterator[Chat]:
    log, model, session = AgentLog(), "", "unknown"
    for number, row in enumerate(source.rows, start=1):
        try:
            _read(row, log)
        except BadRecord as error:
            source.skipped.append(f"row {number}: {error}")
            continue
        payload = row["payload"]
        if row["type"] == "session_meta":
            session = str(payload.get("id") or session)
        elif row["type"] == "turn_context":
            model = str(payload.get("model") or model)
    for path, turns in log.dialogues():
        yield Chat(NAME, f"{NAME}-{session}-{short(path)}-{digest(path)[:4]}", f"{NAME}-user", model, turns)


def sessions(source: Source) -> Iterator[ImportedSession]:
    """A session for each Python file that was changed after the person spoke."""
    return each_dialogue(_chats(source), source)


CODEX = Importer(
    NAME,
    recognise,
    sessions,
    licence="",
    about="Made from session files of Codex. **What a person wrote between two versions of a Python file counts "
    "as feedback on the first, though it may be a new wish.** Without tests (`--tasks`) nothing was judged.",
    note="what was written between two versions of a file is recorded as feedback on the first; --tasks gives tests",
)
