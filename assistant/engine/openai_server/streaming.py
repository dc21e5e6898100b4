"""Server-sent events as language model servers write them: lines of `data: {json}`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from assistant.engine.openai_server.safe_json import read_json

LONGEST_EVENT = 4_000_000
"""Bytes. Answers are kilobytes; what never ends is not one."""
_JOINED_EARLY = 16
"""Lines of one event that are read as soon as they make sense together; more wait for the event's end."""
_LINE_END = re.compile(rb"\r\n|\n|\r")
_ERROR_FIELDS = ("message", "detail", "msg", "errors", "error_message")
_FIELDS = (b"", b"id", b"retry")
"""Fields of an event stream that say nothing of an answer; the empty name is a comment's."""
_NO_REASON = frozenset({"", "null", "none"})
"""What some servers write as `finish_reason` while the answer goes on."""


@dataclass
class Delta:
    """What one event adds to one choice."""

    index: int = 0
    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    """Why the model will not answer, where the server keeps that apart from the text."""
    tools: bool = False
    """The model called a tool instead of writing."""
    finish_reason: str | None = None


@dataclass
class ServerEvent:
    """One event of a stream: new text, counts, or an error."""

    deltas: list[Delta] = field(default_factory=list)
    usage: dict[str, Any] = field(default_factory=dict)
    timings: dict[str, Any] = field(default_factory=dict)
    """llama-server's own counts, among them drafted tokens."""
    error: Any = None
    done: bool = False
    malformed: bool = False
    said: str = ""
    """What could not be read, or was read and holds neither an answer nor an error."""


class EventReader:
    """Bytes as they come from the network in, events out, as the standard has it (WHATWG HTML, 9.2).

    An event ends with an empty line there; here it is given as soon as its JSON is whole, since some servers leave
    the empty lines out. What cannot be read comes as `malformed`; comments and other fields are skipped. JSON that is
    no event stream is read as well: one object on one or several lines, or an object a line.
    """

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._length = 0
        self._begun = False
        self._after_return = False
        self._name = b""
        self._data: list[bytes] = []
        self._size = 0
        self._loose: list[bytes] = []
        """Lines that are no fields of an event stream."""

    def feed(self, piece: bytes) -> Iterator[ServerEvent]:
        """The events that are complete with this piece."""
        if self._after_return and piece:
            piece = piece.removeprefix(b"\n")
        self._after_return = piece.endswith(b"\r") if piece else self._after_return
        *lines, rest = _LINE_END.split(piece)
        for line in lines:
            whole = b"".join([*self._pieces, line])
            self._pieces.clear()
            self._length = 0
            yield from self._line(whole)
        self._pieces.append(rest)
        self._length += len(rest)
        if self._length > LONGEST_EVENT:
            self._pieces.clear()
            self._length = 0
            yield _too_long()

    def flush(self) -> Iterator[ServerEvent]:
        """The event of a last line that had no end."""
        rest = b"".join(self._pieces)
        self._pieces.clear()
        yield from self._line(rest)
        yield from self._dispatch()
        yield from self._end_loose()

    def _line(self, line: bytes) -> Iterator[ServerEvent]:
        if not self._begun and line:
            self._begun, line = True, line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            yield from self._dispatch()
            return
        name, colon, value = line.partition(b":")
        name = name.strip()
        if name == b"event" and not self._loose:
            self._name = value.strip()
        elif name in (b"data", b"error") and colon:
            yield from self._end_loose()
            yield from self._add(value.strip(), name == b"error")
        elif not (colon and name in _FIELDS):
            yield from self._add_loose(line.strip(b" \t\x1e"))

    def _add_loose(self, line: bytes) -> Iterator[ServerEvent]:
        """A line of something else: JSON without a field name, or a page."""
        alone = parse_event(line) if line[:1] == b"{" and not self._loose else ServerEvent(malformed=True)
        if not alone.malformed:
            yield alone
            return
        self._loose.append(line)
        self._size += len(line)
        if self._size > LONGEST_EVENT:
            self._loose, self._size = [], 0
            yield _too_long()

    def _end_loose(self) -> Iterator[ServerEvent]:
        """What such lines mean together; words that are neither JSON nor a page are only kept for a message."""
        text, self._loose = b"\n".join(self._loose).strip(), []
        if text:
            joined = parse_event(text)
            is_text = joined.malformed and text[:1] not in (b"{", b"<")
            yield ServerEvent(said=_quoted(text)) if is_text else joined

    def _add(self, value: bytes, error: bool) -> Iterator[ServerEvent]:
        # A further line of an event is no error of its own, whatever the event's name.
        alone = parse_event(value, not self._data and (error or self._name == b"error"))
        if not alone.malformed:
            if self._data:
                yield self._unreadable()
            self._name = b""
            yield alone
            return
        self._data.append(value)
        self._size += len(value)
        if self._size > LONGEST_EVENT:
            self._data, self._size = [], 0
            yield _too_long()
        elif 1 < len(self._data) <= _JOINED_EARLY and value.endswith((b"}", b"]")):
            joined = parse_event(b"\n".join(self._data), self._name == b"error")
            if not joined.malformed:
                self._data, self._size = [], 0
                yield joined

    def _dispatch(self) -> Iterator[ServerEvent]:
        """The end of an event: data that was incomplete is parsed now, or reported as unreadable."""
        if self._data:
            joined = parse_event(b"\n".join(self._data), self._name == b"error")
            yield self._unreadable() if joined.malformed else joined
        self._data, self._size, self._name = [], 0, b""

    def _unreadable(self) -> ServerEvent:
        first = self._data[0]
        self._data, self._size = [], 0
        return ServerEvent(malformed=True, said=_quoted(first))


def _too_long() -> ServerEvent:
    return ServerEvent(error=f"it sent a line of more than {LONGEST_EVENT // 1_000_000} MB")


def _quoted(data: bytes) -> str:
    return data[:300].decode("utf-8", "replace")


def parse_event(data: bytes, is_error: bool = False) -> ServerEvent:
    """The event that the JSON of one event's data means. `is_error`: the server named it so (`event: error`)."""
    if data == b"[DONE]":
        return ServerEvent(done=True)
    try:
        body = read_json(data)
    except ValueError:
        is_words = is_error and data and data[:1] not in (b"{", b"[")
        return (
            ServerEvent(error=_quoted(data)) if is_words else ServerEvent(malformed=True, said=_quoted(data))
        )
    if is_error:
        return ServerEvent(
            error=body.get("error") or body if isinstance(body, dict) else body or "no reason given"
        )
    if not isinstance(body, dict):
        return ServerEvent(malformed=True, said=_quoted(data))
    choices = _choices(body.get("choices"))
    for error in (body.get("error"), *(choice.get("error") for choice in choices)):
        if _has_reason(error):
            return ServerEvent(error=error)
    if "choices" not in body and any(body.get(name) for name in _ERROR_FIELDS):
        return ServerEvent(error=body)
    usage, timings = _object(body.get("usage")), _object(body.get("timings"))
    known_version = bool(usage or timings or isinstance(body.get("choices"), list) or choices)
    return ServerEvent(
        list(map(_delta, choices)), usage, timings, said="" if known_version else _quoted(data)
    )


def _has_reason(error: Any) -> bool:
    """Whether an `error` says anything: some gateways send an empty one with every event."""
    return any(error.values()) if isinstance(error, dict) else bool(error)


def _choices(choices: Any) -> list[dict[str, Any]]:
    listed = choices if isinstance(choices, list) else [choices]
    return [choice for choice in listed if isinstance(choice, dict)]


def _delta(choice: dict[str, Any]) -> Delta:
    # `delta` in a chat stream, `message` in a whole answer, `text` next to the index for completions. A last event
    # may hold an empty delta and the whole message once more.
    parts = (choice.get("delta"), choice.get("message"))
    part = next((part for part in parts if isinstance(part, dict)), choice)
    index, content = choice.get("index"), part.get("content")
    return Delta(
        index=index if isinstance(index, int) and not isinstance(index, bool) else 0,
        text=_text(content) or _text(part.get("text")),
        reasoning=_text(part.get("reasoning_content"))
        or _text(part.get("reasoning"))
        or _text(part.get("thinking"))
        or _thought(content),
        refusal=_text(part.get("refusal")) or _refused(content),
        tools=bool(part.get("tool_calls") or part.get("function_call")),
        finish_reason=_reason(choice.get("finish_reason")),
    )


def _reason(value: Any) -> str | None:
    """Why the answer ended, in small letters and without the name of an enumeration; None while it goes on."""
    words = value.strip().rpartition(".")[2].lower() if isinstance(value, str) else ""
    return None if words in _NO_REASON else words


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """Text as it is, or as a list of parts (Mistral, relays), of which only those of text count."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        kind = value.get("type")
        return _text(value.get("text")) if kind in (None, "text", "output_text") else ""
    return "".join(_text(part) for part in value) if isinstance(value, list) else ""


def _thought(content: Any) -> str:
    """The parts of a list that are thinking."""
    parts = [_object(part) for part in content] if isinstance(content, list) else []
    return "".join(
        _text(part.get("thinking") or part.get("reasoning") or part.get("text"))
        for part in parts
        if part.get("type") in ("thinking", "reasoning")
    )


def _refused(content: Any) -> str:
    parts = [_object(part) for part in content] if isinstance(content, list) else []
    return "".join(_text(part.get("refusal")) for part in parts if part.get("type") == "refusal")
