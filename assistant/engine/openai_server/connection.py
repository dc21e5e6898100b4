"""What every request to one server shares."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from assistant.core.generation import Chunk, Finish
from assistant.engine.openai_server.endpoint import Address
from assistant.engine.openai_server.payload import Dialect
from assistant.engine.openai_server.retry_policy import RetryPolicy

TRANSPORT_ERRORS = (httpx.RequestError, httpx.StreamError, OSError)
Emit = Callable[[Chunk | Finish], None]


@dataclass(frozen=True)
class ServerConnection:
    """What every call to this server shares."""

    client: httpx.AsyncClient
    address: Address
    retry_policy: RetryPolicy
    key_variable: str
    slots: asyncio.Semaphore
    """Bounds the streams that are open at once."""
    dialect: Dialect = field(default_factory=Dialect)
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Fields added to every body."""
    thinking_bound: str = ""
    """As `Server.thinking_bound`."""
