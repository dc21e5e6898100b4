"""Server errors as one line for the user."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from assistant.core.errors import UsageError
from assistant.engine.openai_server.endpoint import parse_address
from assistant.engine.openai_server.retry_policy import retry_after
from assistant.engine.openai_server.safe_json import read_json

PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, *range(520, 525), 529})
"""Statuses that may be temporary."""

TOO_LONG = re.compile(
    r"context.{0,3}(length|window|size)|exceeds? (the )?(available )?context|maximum.{0,20}(input|sequence) length"
    r"|max_model_len|longer than the model|(prompt|input) is too long|too many tokens|reduce the length of"
    r"|input token count|max_new_tokens\W+must be|(prompt|input) length\b.{0,12}(exceeds|is greater)"
    r"|maximum prompt length|range of input length|max_tokens must be at least 1, got -",
    re.IGNORECASE,
)
SIZES = (
    # OpenAI, llama-cpp-python, older vLLM: prompt and answer together.
    (
        re.compile(
            r"context length (is|of) (?P<limit>\d+) tokens.{0,40}requested (\D{0,20})(?P<asked>\d+)", re.S
        ),
        True,
    ),
    # vLLM: prompt alone.
    (re.compile(r"context length is (?P<limit>\d+) tokens and your request has (?P<asked>\d+) input"), False),
    # llama-server, in fields and in words; SGLang: prompt alone.
    (re.compile(r'"n_prompt_tokens":\s*(?P<asked>\d+),\s*"n_ctx":\s*(?P<limit>\d+)'), False),
    (re.compile(r"\((?P<asked>\d+) tokens\).{0,60}\((?P<limit>\d+) tokens\)", re.S), False),
    (re.compile(r"[Ii]nput length \(?(?P<asked>\d+)\D+?input length \(?(?P<limit>\d+)"), False),
    # Gemini, TGI: prompt alone.
    (re.compile(r"token count \((?P<asked>\d+)\) exceeds\D+\((?P<limit>\d+)\)"), False),
    (re.compile(r"must be <= (?P<limit>\d+)\. Given: (?P<asked>\d+) `inputs`"), False),
)
"""How servers report sizes, and whether the requested size includes the answer."""
LONGEST_QUOTE = 300


@dataclass(eq=False)
class ServerFailure(Exception):
    """A request that failed. `passing`: temporary, to be retried as long as no token was shown."""

    message: str
    passing: bool = False
    wait: float | None = None
    """Seconds that the server asked to wait."""
    status: int = 0
    said: str = ""
    """The server's own message."""
    silent: bool = False
    """The server began to answer and broke off without an error."""
    lost: bool = False
    """The server could not be reached, broke off or says nothing: another one may answer."""
    fields: frozenset[str] = frozenset()
    """Fields of the request that the server named as the fault."""
    overflow: int = 0
    """Tokens by which prompt and answer exceed the context; 1 when the server does not say by how many."""

    def __post_init__(self) -> None:
        self.message = printable(self.message)

    def __str__(self) -> str:
        return self.message


def from_response(
    response: httpx.Response, body: bytes, key_variable: str, has_key: bool, answer_tokens: int = 0
) -> ServerFailure:
    """The failure that an error status and its body mean. `answer_tokens` were asked for."""
    status, said = response.status_code, server_words(body)
    quoted = f": {said}" if said else ""
    if status in (401, 403):
        advice = f"check the key in {key_variable}" if has_key else f"set {key_variable} to its key"
        message = f"the server refuses us ({status}{quoted}); {advice}"
    elif status != 429 and TOO_LONG.search(said):
        return too_long(said, body.decode("utf-8", "replace"), answer_tokens, status)
    elif response.is_redirect:
        message = _moved(response)
    elif status == 404 and "model" not in said:
        message = f"nothing answers at {response.url} (404{quoted}): does --base-url end in /v1?"
    elif status == 429:
        message = f"the server has too much to do or the quota is used up (429{quoted})"
    else:
        message = f"the server answered {status} {response.reason_phrase}{quoted}"
    passing = status in PASSING and "insufficient_quota" not in said
    wait = retry_after(response.headers.get("retry-after"))
    return ServerFailure(message, passing, wait, status=status, said=said, fields=named_fields(body))


def from_stream_error(error: Any, answer_tokens: int = 0) -> ServerFailure:
    """The failure that an `error` object inside a stream means."""
    said = _words_of(error)
    status = _status_of(error) if isinstance(error, dict) else None
    if status != 429 and TOO_LONG.search(said):
        return too_long(said, json.dumps(error), answer_tokens)
    passing = status in PASSING
    return ServerFailure(f"the server failed: {said}", passing=passing, said=said)


def from_page(content_type: str, body: bytes) -> ServerFailure:
    """The failure that a page means which came in place of an answer: a wrong address, a proxy's login."""
    said = server_words(body)
    kind = content_type.partition(";")[0].strip() or "something else"
    quoted = f": {said}" if said else ""
    return ServerFailure(f"the server sent {kind} and no answer; check --base-url{quoted}", said=said)


def from_transport(error: Exception, url: str) -> ServerFailure:
    """The failure that a broken connection means."""
    reason = str(error).strip() or type(error).__name__
    if isinstance(error, httpx.ConnectTimeout):
        return ServerFailure(
            f"no answer from {url} while connecting: is that the right address?", passing=True
        )
    if isinstance(error, httpx.ConnectError):
        return ServerFailure(f"no server at {url} ({reason}): start one or correct --base-url", passing=True)
    return ServerFailure(f"the connection to {url} was lost ({reason})", passing=True)


def too_long(said: str, body: str, answer_tokens: int, status: int = 0) -> ServerFailure:
    """What to do when the dialogue no longer fits, and by how much it does not."""
    return ServerFailure(
        "the dialogue and the room for an answer exceed the model's context: go back to an earlier round, "
        f"start a new session, or serve the model with a longer context (the server said: {said})",
        status=status,
        said=said,
        overflow=max(1, _excess(body, answer_tokens)),
    )


def _excess(body: str, answer_tokens: int) -> int:
    """Tokens too many, from the numbers in the server's message; 0 without any."""
    for pattern, counts_answer in SIZES:
        if found := pattern.search(body):
            asked, limit = int(found["asked"]), int(found["limit"])
            return asked + (0 if counts_answer else answer_tokens) - limit
    return 0


def server_words(body: bytes) -> str:
    """What an error body says, on one line and not too long."""
    text = body.decode("utf-8", "replace")
    try:
        return _words_of(read_json(text))
    except ValueError:
        plain = re.sub(r"(?is)<(script|style)\b.*?</\1>|<!--.*?-->|<[^>]*>", " ", text[:20_000])
        return one_line(html.unescape(plain))


def named_fields(body: bytes) -> frozenset[str]:
    """Fields that an error names outside its message: `loc` (FastAPI), `param` (OpenAI), `keys` (Zod) and others."""
    try:
        return frozenset(_fields_in(read_json(body)))
    except ValueError:
        return frozenset()


_NAMING = ("param", "parameter", "field", "property", "additionalProperty", "pointer")


def _fields_in(value: Any, depth: int = 0) -> Iterator[str]:
    inner: Iterable[Any] = value if isinstance(value, list) else ()
    if isinstance(value, dict):
        named = [value.get(name) for name in _NAMING]
        keys = value.get("keys")
        named += keys if isinstance(keys, list) else []
        yield from (name.strip("/") for name in named if isinstance(name, str))
        yield from _path_in(value.get("loc"))[:1]
        inner = value.values()
    for item in inner if depth < 6 else ():
        yield from _fields_in(item, depth + 1)


def _path_in(loc: Any) -> list[str]:
    """The path to a field in the request: `["body", "stream_options"]` without the body."""
    names = [str(part) for part in loc] if isinstance(loc, list) else []
    return names[1:] if names[:1] == ["body"] else names


def _status_of(error: dict[str, Any]) -> int | None:
    for name in ("code", "status", "status_code"):
        value = error.get(name)
        if isinstance(value, int) or (isinstance(value, str) and value.isdecimal() and len(value) == 3):
            return int(value)
    return 529 if error.get("type") == "overloaded_error" else None


_CALL = re.compile(r"/(chat/completions|completions|models)/?$")


def _moved(response: httpx.Response) -> str:
    """What a redirection means: another base URL where it leads to one of our calls, else perhaps a login."""
    location = response.headers.get("location", "")
    try:
        moved = response.url.join(location)
        if location and _CALL.search(moved.path):
            path = _CALL.sub("", moved.path) or "/"
            base = str(moved.copy_with(path=path, query=None, fragment=None)).rstrip("/")
            return f"the server has moved to {parse_address(base).url}: use that as --base-url"
    except (httpx.InvalidURL, ValueError, UsageError):
        pass
    where = one_line(location) or "nowhere"
    return (
        f"the server sends us on to {where} ({response.status_code}): check --base-url; it may want a login"
    )


def _words_of(value: Any) -> str:
    """The message in the shapes that servers use: `{error: {message}}`, `{error}`, `{message}`, `{detail}`."""
    if isinstance(value, dict):
        for name in ("error", "message", "detail", "msg"):
            if value.get(name):
                code = value.get("code") or value.get("type") if name == "message" else None
                message = _words_of(value[name])
                if path := _path_in(value.get("loc")):
                    message = f"'{'.'.join(path)}': {message}"
                if name == "error" and isinstance(value[name], str) and value.get("message"):
                    # Spring, NestJS: `error` repeats the status.
                    message += f": {_words_of(value['message'])}"
                return one_line(
                    f"{message} [{code}]" if isinstance(code, str) and code not in message else message
                )
    if isinstance(value, list) and value:
        return "; ".join(_words_of(item) for item in value[:3])
    return one_line(value if isinstance(value, str) else json.dumps(value))


def printable(text: str) -> str:
    """`text` without line breaks and what a terminal would obey."""
    return "".join(c if c.isprintable() else " " for c in text)


def one_line(text: str) -> str:
    message = " ".join(printable(text).split())
    return message if len(message) <= LONGEST_QUOTE else message[: LONGEST_QUOTE - 1] + "…"
