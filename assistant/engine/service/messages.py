"""What the service and its clients say besides the worker's protocol (`engine/process/protocol.py`)."""

from __future__ import annotations

import json
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from assistant import __version__
from assistant.core.generation import ModelInfo
from assistant.core.problem import FrozenModel
from assistant.engine.process import protocol
from assistant.engine.process.protocol import ModelChoice


class ServedEngine(FrozenModel):
    """What a service was asked to hold."""

    kind: str = "transformers"
    """The name of an engine (entry point)."""
    choice: ModelChoice
    base_url: str = ""
    script: str = ""


class Hello(FrozenModel):
    """The service's first line to a client."""

    kind: Literal["hello"] = "hello"
    version: str = __version__
    pid: int
    engine: ServedEngine
    info: ModelInfo | None = None
    """None while the model is being loaded."""


class AskStatus(FrozenModel):
    """Ask how the service is."""

    kind: Literal["ask_status"] = "ask_status"
    id: int = 0


class ServiceStatus(FrozenModel):
    """How a service is."""

    kind: Literal["status"] = "status"
    pid: int
    version: str = __version__
    engine: ServedEngine
    info: ModelInfo | None = None
    state: str = "ready"
    """`ready`, the step of preparing, or one line on what failed."""
    worker_pid: int | None = None
    clients: int = 0
    """Connected, whoever asks not counted."""
    answering: int = 0
    """Requests in progress."""
    waiting: int = 0
    """Requests that wait for their turn."""
    answered: int = 0
    """Requests since the start."""
    tokens: int = 0
    """Generated since the start."""
    tokens_per_second: float = 0.0
    """Over the last minute."""
    seconds: float = 0.0
    """Since the start."""


AnyCommand: TypeAlias = protocol.Prepare | protocol.Generate | protocol.Stop | AskStatus
AnyReply: TypeAlias = (
    protocol.Progressed
    | protocol.PrepareReply
    | protocol.StreamReply
    | protocol.Done
    | protocol.Beat
    | Hello
    | ServiceStatus
)
_COMMANDS: TypeAdapter[AnyCommand] = TypeAdapter(Annotated[AnyCommand, Field(discriminator="kind")])
_REPLIES: TypeAdapter[AnyReply] = TypeAdapter(Annotated[AnyReply, Field(discriminator="kind")])


def read_command(text: bytes) -> AnyCommand:
    """A line from a client. Raises ValueError when it is none."""
    return _COMMANDS.validate_python(json.loads(text))


def read_reply(text: bytes) -> AnyReply:
    """A line from the service. Raises ValueError when it is none."""
    return _REPLIES.validate_python(json.loads(text))
