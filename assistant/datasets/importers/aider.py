"""aider's chat history (`.aider.chat.history.md`): Markdown that grows by a part for each start of the program.

`# aider chat started at …` begins a chat, lines with `#### ` are the person's, lines with `> ` the program's own, and
all else is the model's answer. The model gives whole files in fences, or blocks of `SEARCH` and `REPLACE`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.datasets.importers.agent_files import AgentLog, short
from assistant.datasets.importers.base import Importer, Row, Source
from assistant.datasets.importers.chat import Chat, Turn, digest, each_dialogue
from assistant.datasets.importers.imported_session import ImportedSession

NAME = "aider"
_START = "# aider chat started at "
_MODEL = re.compile(r"^> (?:Main model|Model): (\S+)", re.M)
_FILE = re.compile(
    r"^(?P<path>[\w./\\-]+\.py)\s*\n(?:^(?P<fence>`{3,})\w*\n)(?P<body>.*?)^(?P=fence)[ \t]*$", re.M | re.S
)
"""A file's name on a line, and its content or its changes in a fence."""
_FILE_WITHIN = re.compile(
    r"^(?P<fence>`{3,})\w*\n(?P<path>[\w./\\-]+\.py)\s*\n(?P<body>.*?)^(?P=fence)[ \t]*$", re.M | re.S
)
"""The same with the name as the first line of the fence."""
_CHANGE = re.compile(r"^<{5,9} SEARCH\s*\n(?P<old>.*?)^={5,9}\s*\n(?P<new>.*?)^>{5,9} REPLACE", re.M | re.S)


def rows(text: str) -> list[Row]:
    """Each chat of a history as a row; none where the text is no history."""
    if not text.lstrip().startswith(_START):
        return []
    parts = re.split(rf"^{re.escape(_START)}", text, flags=re.M)
    return [
        {"aider_chat_started_at": part.partition("\n")[0].strip(), "text": part.partition("\n")[2]}
        for part in parts[1:]
    ]


def recognise(record: Row) -> bool:
    """Whether a row is a chat of aider's."""
    return "aider_chat_started_at" in record


def _turns(text: str) -> Iterator[Turn]:
    """Messages in their order; lines of the program itself are left out."""
    held: list[str] = []
    role = ""
    for line in [*text.split("\n"), "> "]:
        new = _side(line)
        if new == "assistant" and not line.strip() and role != "assistant":
            continue
        if new != role:
            if role == "user" and "\n".join(held).strip():
                yield Turn("user", "\n".join(held).strip())
            elif role == "assistant" and "\n".join(held).strip():
                yield Turn("assistant", "\n".join(held).strip())
            held, role = [], new
        held.append(line[5:] if new == "user" else line)


def _side(line: str) -> str:
    """Whose a line is; commands like `/add` are the program's."""
    if line.startswith("#### "):
        return "tool" if line[5:].startswith("/") and not line[5:].startswith(("/ask ", "/code ")) else "user"
    return "tool" if line.startswith("> ") else "assistant"


def _chats(source: Source) -> Iterator[Chat]:
    for row in source.rows:
        model = _MODEL.search(row["text"])
        log = AgentLog()
        for turn in _turns(row["text"]):
            log.say(turn)
            if turn.role == "assistant":
                _changes(turn.text, log)
        started = re.sub(r"\D+", "", row["aider_chat_started_at"])
        for path, turns in log.dialogues():
            name = f"{NAME}-{started}-{short(path)}-{digest(path)[:4]}"
            yield Chat(NAME, name, f"{NAME}-user", model[1] if model else "", turns)


def _changes(text: str, log: AgentLog) -> None:
    """What an answer does to files."""
    for found in (*_FILE.finditer(text), *_FILE_WITHIN.finditer(text)):
        path, body = found["path"], found["body"]
        changes = list(_CHANGE.finditer(body))
        for change in changes:
            if not change["old"].strip():
                log.write(path, change["new"])
            else:
                log.replace(path, change["old"], change["new"])
        if not changes:
            log.write(path, body)


def sessions(source: Source) -> Iterator[ImportedSession]:
    """A session for each Python file that was changed after the person spoke."""
    return each_dialogue(_chats(source), source)


AIDER = Importer(
    NAME,
    recognise,
    sessions,
    licence="",
    about="Made from a chat history of aider. **What a person wrote between two versions of a Python file counts as "
    "feedback on the first, though it may be a new wish.** Without tests (`--tasks`) nothing was judged.",
    note="what was written between two versions of a file is recorded as feedback on the first; --tasks gives tests",
    rows=rows,
)
