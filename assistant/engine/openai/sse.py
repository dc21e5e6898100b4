"""Server-sent events as language model servers write them: lines of `data: {json}`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Delta:
    """What one event adds to one choice."""

    index: int = 0
    text: str = ""
    reasoning: str = ""
    finish_reason: str | None = None


@dataclass
class Event:
    """One event of a stream: new text, counts, or an error."""

    deltas: list[Delta] = field(default_factory=list)
    usage: dict[str, Any] = field(default_factory=dict)
    timings: dict[str, Any] = field(default_factory=dict)
    """llama-server's own counts, among them drafted tokens."""
    error: Any = None
    done: bool = False
    malformed: bool = False


class EventReader:
    """Bytes as they come from the network in, events out.

    What cannot be read comes as `malformed`; comments and other fields are skipped. Lines end at newlines only:
    JSON text may hold other characters that count as line ends elsewhere.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> Iterator[Event]:
        """The events that are complete with this piece."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            yield from _events_of(line)

    def flush(self) -> Iterator[Event]:
        """The event of a last line that had no end."""
        rest, self._rest = self._rest, b""
        yield from _events_of(rest)


def _events_of(line: bytes) -> Iterator[Event]:
    name, colon, value = line.partition(b":")
    if colon and name in (b"data", b"error"):
        yield parse_event(value.strip())


def parse_event(data: bytes) -> Event:
    """The event that the JSON of one `data:` line means."""
    if data == b"[DONE]":
        return Event(done=True)
    try:
        body = json.loads(data)
    except ValueError:
        return Event(malformed=True)
    if not isinstance(body, dict):
        return Event(malformed=True)
    if body.get("error"):
        return Event(error=body["error"])
    if "choices" not in body and "message" in body and "code" in body:
        return Event(error=body)
    return Event(
        deltas=list(_deltas(body.get("choices"))),
        usage=_object(body.get("usage")),
        timings=_object(body.get("timings")),
    )


def _deltas(choices: Any) -> Iterator[Delta]:
    for choice in choices if isinstance(choices, list) else []:
        if not isinstance(choice, dict):
            continue
        # `delta` in a chat stream, `message` in a whole answer, `text` beside the index for completions.
        part = _object(choice.get("delta")) or _object(choice.get("message")) or choice
        index, reason = choice.get("index"), choice.get("finish_reason")
        yield Delta(
            index=index if isinstance(index, int) else 0,
            text=_text(part.get("content")) or _text(part.get("text")),
            reasoning=_text(part.get("reasoning_content")) or _text(part.get("reasoning")),
            finish_reason=reason if isinstance(reason, str) else None,
        )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
