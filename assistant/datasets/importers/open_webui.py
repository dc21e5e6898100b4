"""Open WebUI's feedback export: a JSON list of ratings, each with a snapshot of the chat that it was given in.

A record has `type`, `data` (`rating` 1 or -1, `model_id`, `reason`, `comment`), `meta` (`message_id`, `chat_id`) and
`snapshot.chat.chat.history` (`messages` by id with `parentId`, `role`, `content`, `model`). The comment on a rated
answer is what the person said about it; what they wrote next in the chat is taken like in any chat.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assistant.datasets.importers.base import Importer, Row, Source, each_row
from assistant.datasets.importers.chat import Chat, Turn, digest, session
from assistant.datasets.importers.imported_session import ImportedSession
from assistant.problems.records import BadRecord

NAME = "open_webui"


def recognise(record: Row) -> bool:
    """Whether a row is a rating of Open WebUI's."""
    return {"user_id", "type", "data", "meta"} <= record.keys() and "rating" in (record.get("data") or {})


def _session(row: Row, source: Source) -> ImportedSession:
    history = _history(row)
    rated = str((row.get("meta") or {}).get("message_id", ""))
    data = row["data"]
    turns = [turn for message in history for turn in _turns(message, message["id"] == rated, data)]
    model = str(data.get("model_id") or next((m.get("model") for m in history if m.get("model")), "") or "")
    annotator = f"{NAME}-{digest(str(row['user_id']))[:8]}"
    return session(Chat(NAME, f"{NAME}-{row['id']}", annotator, model, turns), source.tasks())


def _history(row: Row) -> list[dict[str, Any]]:
    """The branch of the chat that was shown: from its last message back to the first."""
    snapshot = row.get("snapshot")
    chat = (snapshot or {}).get("chat") if isinstance(snapshot, dict) else None
    inner = chat.get("chat", chat) if isinstance(chat, dict) else None
    history = inner.get("history") if isinstance(inner, dict) else None
    if not isinstance(history, dict) or not isinstance(history.get("messages"), dict):
        raise BadRecord("has no snapshot of its chat: export from Admin Panel, Evaluations, Feedbacks")
    messages, at = history["messages"], history.get("currentId")
    branch: list[dict[str, Any]] = []
    while at is not None and len(branch) <= len(messages):
        if not isinstance(messages.get(at), dict):
            raise BadRecord(f"the chat has no message {at!r}")
        branch.append({**messages[at], "id": at})
        at = messages[at].get("parentId")
    return branch[::-1]


def _turns(message: dict[str, Any], is_rated: bool, data: dict[str, Any]) -> Iterator[Turn]:
    role, content = message.get("role"), message.get("content")
    if role not in ("user", "assistant") or not isinstance(content, str):
        return
    yield Turn(role, content)
    if is_rated and role == "assistant" and data.get("rating") in (-1, "-1"):
        said = str(data.get("comment") or "").strip()
        if said:
            yield Turn("user", said)


def sessions(source: Source) -> Iterator[ImportedSession]:
    """A session for each rating whose chat has words between two programs."""
    return each_row(_session, source)


OPEN_WEBUI = Importer(
    NAME,
    recognise,
    sessions,
    licence="",
    about="Made from a feedback export of Open WebUI: chats with a rated answer. **The comment on an answer, "
    "and what a person wrote after it, counts as feedback on its program.** Without tests (`--tasks`) nothing was "
    "judged.",
    note="comments and what was written after an answer are recorded as feedback on its program; --tasks gives tests",
)
