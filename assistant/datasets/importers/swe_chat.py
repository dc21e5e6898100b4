"""SWE-chat (2026, arXiv 2604.20779, ODC-BY): sessions of developers with coding agents, from public repositories.

Read are rows of its table `conversations` (`session_id`, `turn_number`, `turn_type`, `content`, `tool_name`,
`tool_input_json`, `model`, `user_id`), as Parquet, JSON Lines or CSV. Its files `transcripts/….jsonl` of Claude Code
have that program's form: import them with `--dataset swe_chat`, so that they are not taken for sessions of your own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from assistant.datasets.importers import claude_code
from assistant.datasets.importers.agent_files import AgentLog, short
from assistant.datasets.importers.base import Importer, Row, Source
from assistant.datasets.importers.chat import Chat, Turn, digest, each_dialogue, is_typed
from assistant.datasets.importers.imported_session import ImportedSession

NAME = "swe_chat"
LICENCE = "odc-by"
_FIELDS = frozenset({"session_id", "turn_number", "turn_type", "content"})
COLUMNS = (*sorted(_FIELDS), "tool_name", "tool_input_json", "model", "user_id")
"""What is read of a table in Parquet: the whole has 2.7 million rows."""


def recognise(record: Row) -> bool:
    """Whether a row is a turn of the table `conversations`."""
    return record.keys() >= _FIELDS


def _chats(source: Source) -> Iterator[Chat]:
    if source.rows and claude_code.recognise(source.rows[0]) and not recognise(source.rows[0]):
        yield from claude_code.chats_of(source.rows, NAME, f"{NAME}-unknown", source.skipped, LICENCE)
        return
    sessions: dict[str, list[tuple[float, Row]]] = {}
    for number, row in enumerate(source.rows, start=1):
        try:
            sessions.setdefault(str(row["session_id"]), []).append((float(row["turn_number"]), row))
        except (KeyError, TypeError, ValueError):
            source.skipped.append(f"row {number}: session_id or turn_number is missing or no number")
    for name, turns in sessions.items():
        yield from _session(name, [row for _, row in sorted(turns, key=lambda turn: turn[0])], source)


def _session(name: str, rows: list[Row], source: Source) -> Iterator[Chat]:
    log = AgentLog()
    for row in rows:
        text = str(row.get("content") or "")
        match row.get("turn_type"):
            case "user_prompt" if is_typed(text):
                log.say(Turn("user", text))
            case "assistant_response":
                log.say(Turn("assistant", text))
            case "tool_use":
                _tool(name, row, log, source)
    model = next((str(row["model"]) for row in rows if row.get("model")), "")
    user = next((str(row["user_id"]) for row in rows if row.get("user_id")), "unknown")
    for path, turns in log.dialogues():
        file = f"{NAME}-{name}-{short(path)}-{digest(path)[:4]}"
        yield Chat(NAME, file, f"{NAME}-{digest(user)[:8]}", model, turns, LICENCE)


def _tool(name: str, row: Row, log: AgentLog, source: Source) -> None:
    given = row.get("tool_input_json")
    try:
        given = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        source.skipped.append(f"session {name}, turn {row.get('turn_number')}: tool_input_json is no JSON")
        return
    if isinstance(given, dict):
        claude_code.use_tool(str(row.get("tool_name") or ""), given, log)


def sessions(source: Source) -> Iterator[ImportedSession]:
    """A session for each Python file that was changed after the developer spoke."""
    return each_dialogue(_chats(source), source)


SWE_CHAT = Importer(
    NAME,
    recognise,
    sessions,
    licence=LICENCE,
    about="Made from SWE-chat (2026): sessions of developers with coding agents in public repositories. **What a "
    "developer wrote between two versions of a Python file counts as feedback on the first, though it may be a new "
    "wish.** Without tests (`--tasks`) nothing was judged.",
    note="what was written between two versions of a file is recorded as feedback on the first; --tasks gives tests",
    columns=COLUMNS,
)
