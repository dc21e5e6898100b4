"""`openai`: the same chats as JSON Lines for fine-tuning services; `weight` 0 keeps a turn out of the loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.datasets.features import CHAT
from assistant.datasets.formats.base import Format
from assistant.datasets.formats.sft import chats
from assistant.datasets.provenance import Place
from assistant.datasets.session_view import Row, SessionView


def _chats(views: Sequence[SessionView], place: Place) -> Iterator[Row]:
    for row in chats(views, place):
        marks = row.pop("loss")
        row["messages"] = [
            {**message, "weight": mark} if message["role"] == "assistant" else message
            for message, mark in zip(row["messages"], marks, strict=True)
        ]
        yield row


OPENAI = Format(
    "openai",
    {"messages": CHAT},
    _chats,
    ("messages",),
    "The same chat with a `weight` for every answer. The files to upload, JSON Lines of nothing but `messages`, are "
    "in the folder `openai`: line n is row n here.",
    "An assistant message with `weight` 0 carries none; the last one has `weight` 1.",
    order=7,
)
