"""Protocol between client and worker: one JSON object a line, over the worker's stdin and stdout.

The engine service speaks it too, at its socket (`engine/service/messages.py` has what it says besides).
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from assistant.core.generation import Chunk, Finish, ModelInfo, Progress, Request
from assistant.core.problem import FrozenModel


class ModelChoice(FrozenModel):
    """Which model, where, and in which number format; what a worker needs to start."""

    model: str | None = None
    device: str = "auto"
    precision: str = "auto"
    cache: str
    threads: int = 0
    """0 takes the physical cores."""


class Prepare(FrozenModel):
    """Make the model ready. With `load` False it is only fetched and converted."""

    kind: Literal["prepare"] = "prepare"
    id: int
    choice: ModelChoice
    load: bool = True


class Generate(FrozenModel):
    """Answer a request."""

    kind: Literal["generate"] = "generate"
    id: int
    request: Request


class Stop(FrozenModel):
    """Stop working on `id`, at once."""

    kind: Literal["stop"] = "stop"
    id: int


class Progressed(FrozenModel):
    """A step of preparing."""

    kind: Literal["progressed"] = "progressed"
    id: int
    progress: Progress


class PrepareReply(FrozenModel):
    """Preparing is done; `info` is None when the model was not to be loaded."""

    kind: Literal["prepared"] = "prepared"
    id: int
    info: ModelInfo | None
    requests: int = 1
    """So many may be open at once: they share the model's steps."""


class StreamReply(FrozenModel):
    """A chunk or the end of one sample."""

    kind: Literal["streamed"] = "streamed"
    id: int
    item: Chunk | Finish


class Done(FrozenModel):
    """The end of `id`; `error` is one line on what failed, or empty."""

    kind: Literal["done"] = "done"
    id: int
    error: str = ""
    error_type: Literal["EngineError", "WeightsError", "Cancelled"] = "EngineError"


class Beat(FrozenModel):
    """The worker's process is alive."""

    kind: Literal["beat"] = "beat"


Command = Annotated[Prepare | Generate | Stop, Field(discriminator="kind")]
Reply = Annotated[Progressed | PrepareReply | StreamReply | Done | Beat, Field(discriminator="kind")]

_COMMANDS: TypeAdapter[Prepare | Generate | Stop] = TypeAdapter(Command)
_REPLIES: TypeAdapter[Progressed | PrepareReply | StreamReply | Done | Beat] = TypeAdapter(Reply)


def line(message: FrozenModel) -> bytes:
    """A message as it goes over the pipe. The json module, unlike pydantic's, lets lone surrogates through."""
    return json.dumps(message.model_dump(mode="json")).encode("ascii") + b"\n"


def read_command(text: bytes) -> Prepare | Generate | Stop:
    """A line that the worker was sent. Raises ValueError when it is none."""
    return _COMMANDS.validate_python(json.loads(text))


def read_reply(text: bytes) -> Progressed | PrepareReply | StreamReply | Done | Beat:
    """A line that the worker sent. Raises ValueError when it is none."""
    return _REPLIES.validate_python(json.loads(text))
