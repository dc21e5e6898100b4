"""A request as the JSON body of OpenAI's interface."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from assistant.core.generation import Request, without_system
from assistant.engine.openai_server.server_errors import ServerFailure

MOST_STOPS = 4
"""OpenAI's interface accepts no more; further stop strings are applied by this client."""
UNREPORTED = ("stream_options", "stop", "max_completion_tokens")
"""Fields that this client replaces by its own handling when a server refuses them."""
NO_SYSTEM = re.compile(
    r"system.{0,40}(role|message|prompt).{0,60}(not|un)\s?support|(not|n't) support.{0,40}system"
    r"|roles? must alternate|role.{0,40}system|system role|only user.{0,20}assistant|developer instruction"
    r"|(should be|supported values are:?) .user. (or|and) .assistant|must (have|be) (the )?role .?user",
    re.IGNORECASE | re.DOTALL,
)
"""Error texts of chat templates and servers that have no system turn."""
REPORTED = (
    "seed", "top_k", "min_p", "repetition_penalty", "repeat_penalty", "generation_config",
    "thinking_token_budget", "thinking_budget_tokens", "custom_params",
)  # fmt: skip
"""Fields that can be left out, though the answer may differ; leaving them out is reported."""
FIXED = ("top_p", "temperature")
"""Fields that some models have fixed; left out one at a time, and only where no value of them is taken."""
_NOT_TAKEN = re.compile(
    r"unsupported|not supported?|cannot both|deprecated|not (allowed|permitted)|extra|unknown|unrecogni[sz]ed",
    re.IGNORECASE,
)
_ACCEPTED = re.compile(r"expected one of|(valid|supported|allowed) (fields|parameters|keys)", re.IGNORECASE)
"""What begins a list of fields that are taken."""


@dataclass
class Dialect:
    """Fields that this server refuses, learned from its errors and kept for the next request."""

    refused: set[str] = field(default_factory=set)
    token_limit: str = "max_tokens"
    no_system: bool = False
    """The model's chat template has no system turn: its text goes before the first user turn."""
    lock: Lock = field(default_factory=Lock, repr=False)

    def learn(self, failure: ServerFailure, sent: Mapping[str, Any]) -> bool:
        """Note a field that the server refuses; True when the request is worth sending without it."""
        if failure.overflow or failure.status not in (400, 422, 500):
            return False
        if not self.no_system and _has_system(sent) and NO_SYSTEM.search(failure.said):
            self.no_system = True
            return True
        if failure.status == 500:
            return False
        fields, said = failure.fields, _ACCEPTED.split(failure.said)[0]
        named = {n for n in UNREPORTED + REPORTED if n in sent and (n in fields or _names(said, n))}
        if not named and _NOT_TAKEN.search(said):
            named = set([n for n in FIXED if n in sent and (n in fields or _names(said, n))][:1])
        renamed = "max_tokens" in sent and ("max_completion_tokens" in failure.said or "max_tokens" in fields)
        with self.lock:
            self.refused |= named
            self.token_limit = "max_completion_tokens" if renamed else self.token_limit
        return bool(named) or renamed


def path_of(request: Request) -> str:
    """Base models take plain text, chat models a dialogue."""
    return "/completions" if request.raw else "/chat/completions"


def body_of(
    request: Request,
    model: str,
    seed: int,
    dialect: Dialect,
    extra: Mapping[str, Any],
    thinking_bound: str = "",
) -> dict[str, Any]:
    """The JSON body for one answer, streamed."""
    body: dict[str, Any] = {
        "model": model,
        "stream": True,
        "temperature": request.sampling.temperature,
        "top_p": request.sampling.top_p,
        dialect.token_limit: request.sampling.max_new_tokens,
        "seed": seed,
        "stream_options": {"include_usage": True},
    }
    if request.raw:
        body["prompt"] = "".join(message.content for message in request.messages)
    else:
        messages = without_system(request.messages) if dialect.no_system else request.messages
        body["messages"] = [message.model_dump() for message in messages]
    if thinking_bound and request.sampling.thinking_tokens is not None and not request.raw:
        outer, _, inner = thinking_bound.partition(".")
        bound = request.sampling.thinking_tokens
        body[outer] = {inner: bound} if inner else bound
    if request.stop:
        body["stop"] = list(request.stop[:MOST_STOPS])
    return {name: value for name, value in (body | dict(extra)).items() if name not in dialect.refused}


def _has_system(sent: Mapping[str, Any]) -> bool:
    return any(message["role"] == "system" for message in sent.get("messages", ()))


def _names(said: str, name: str) -> bool:
    """The words name the field: one that is a word of English, too, is quoted or stands where a field stands."""
    pattern = (
        rf"\b{name}\b"
        if "_" in name
        else rf"""['"`]{name}['"`]|\b(param|parameter|field|argument|property|option|key)s?:?\s+{name}\b|\b{name}: """
    )
    return re.search(pattern, said) is not None
