"""Claude Code's session files (`~/.claude/projects/PROJECT/SESSION.jsonl`): one JSON object for each message.

`type` is `user` or `assistant`, `message.content` a text or a list of blocks; the agent writes files with the tools
`Write` (`file_path`, `content`), `Edit` (`old_string`, `new_string`) and `MultiEdit`. Lines of sub-agents
(`isSidechain`), of the program itself (`isMeta`) and summaries are no words of the person's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from assistant.datasets.importers.agent_files import AgentLog, short
from assistant.datasets.importers.base import Importer, Row, Source
from assistant.datasets.importers.chat import Chat, Turn, digest, each_dialogue, is_typed
from assistant.datasets.importers.imported_session import ImportedSession
from assistant.problems.records import BadRecord

NAME = "claude_code"
_KINDS = frozenset(
    (
        "user",
        "assistant",
        "system",
        "summary",
        "progress",
        "attachment",
        "queue-operation",
        "file-history-snapshot",
    )
)


def recognise(record: Row) -> bool:
    """Whether a line is Claude Code's."""
    named = bool({"sessionId", "leafUuid", "messageId", "parentUuid"} & record.keys())
    return record.get("type") in _KINDS and named


def read_log(rows: Iterable[Row], skipped: list[str]) -> tuple[AgentLog, str]:
    """The session and its model's name; a line that has not the documented form is left out and named."""
    log, model = AgentLog(), ""
    for number, row in enumerate(rows, start=1):
        try:
            model = _read(row, log) or model
        except BadRecord as error:
            skipped.append(f"row {number}: {error}")
    return log, model


def _read(row: Row, log: AgentLog) -> str:
    """Take one line; gives the name of the model where the line has it."""
    if row.get("type") not in ("user", "assistant"):
        return ""
    if row.get("isSidechain") or row.get("isMeta") or row.get("isCompactSummary"):
        return ""
    message = row.get("message")
    if not isinstance(message, dict) or not isinstance(message.get("content"), str | list):
        raise BadRecord("message.content is neither a text nor a list of blocks")
    content = message["content"]
    blocks: list[Any] = [{"type": "text", "text": content}] if isinstance(content, str) else content
    for block in blocks:
        if not isinstance(block, dict):
            raise BadRecord("a block of message.content is no object")
        if block.get("type") == "text" and isinstance(block.get("text"), str):
            if row["type"] == "assistant" or is_typed(block["text"]):
                log.say(Turn(row["type"], block["text"]))
        elif block.get("type") == "tool_use" and isinstance(given := block.get("input"), dict):
            use_tool(str(block.get("name", "")), given, log)
    if isinstance(row.get("toolUseResult"), dict):
        _know(row["toolUseResult"], log)
    return str(message.get("model") or "") if row["type"] == "assistant" else ""


def _know(result: dict[str, Any], log: AgentLog) -> None:
    """What a tool's result tells of a file that the agent did not write whole: its content before an edit."""
    path, before = str(result.get("filePath") or ""), result.get("originalFile")
    if path.endswith(".py") and path not in log.files and isinstance(before, str):
        log.files[path] = before
        edit = {"old_string": result.get("oldString"), "new_string": result.get("newString")}
        use_tool("Edit", {"file_path": path, **edit, "replace_all": result.get("replaceAll")}, log)


def use_tool(name: str, given: dict[str, Any], log: AgentLog) -> None:
    """What a tool did to files."""
    path = str(given.get("file_path", ""))
    if name == "Write" and isinstance(given.get("content"), str):
        log.write(path, given["content"])
    edits = given.get("edits") if name == "MultiEdit" else [given] if name == "Edit" else ()
    for edit in edits if isinstance(edits, list) else ():
        if isinstance(edit, dict) and isinstance(edit.get("old_string"), str):
            every = bool(edit.get("replace_all"))
            log.replace(path, edit["old_string"], str(edit.get("new_string", "")), every=every)


def chats_of(
    rows: list[Row], dataset: str, annotator: str, skipped: list[str], licence: str = ""
) -> Iterator[Chat]:
    """A chat for each Python file of a session."""
    log, model = read_log(rows, skipped)
    session = next((str(row["sessionId"]) for row in rows if row.get("sessionId")), "unknown")
    for path, turns in log.dialogues():
        name = f"{dataset}-{session}-{short(path)}-{digest(path)[:4]}"
        yield Chat(dataset, name, annotator, model, turns, licence)


def sessions(source: Source) -> Iterator[ImportedSession]:
    """A session for each Python file that was changed after the person spoke."""
    return each_dialogue(chats_of(source.rows, NAME, f"{NAME}-user", source.skipped), source)


CLAUDE_CODE = Importer(
    NAME,
    recognise,
    sessions,
    licence="",
    about="Made from session files of Claude Code. **What a person wrote between two versions of a Python file "
    "counts as feedback on the first, though it may be a new wish.** Without tests (`--tasks`) nothing was judged.",
    note="what was written between two versions of a file is recorded as feedback on the first; --tasks gives tests",
)
