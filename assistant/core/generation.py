"""What goes into an engine and what comes out of it. `Engine` is the interface between session and model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from assistant.core.problem import FrozenModel

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length", "cancelled", "error"]
COMPLETE: frozenset[str] = frozenset({"stop", "length"})
"""Finish reasons of an answer that counts: it was neither cancelled nor did it fail."""


class Message(FrozenModel):
    """One turn of a dialogue. A base model's prompt is a single `user` message sent with `raw=True`."""

    role: Role
    content: str


def without_system(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The dialogue for a chat template without a system turn: its text stands before the first user turn's."""
    system = "\n\n".join(m.content for m in messages if m.role == "system")
    rest = [m for m in messages if m.role != "system"]
    first = next((i for i, m in enumerate(rest) if m.role == "user"), None)
    if not system or first is None:
        return tuple(rest)
    rest[first] = Message(role="user", content=f"{system}\n\n{rest[first].content}")
    return tuple(rest)


class Sampling(FrozenModel):
    """How tokens are drawn. Temperature 0 is greedy; `seed` makes a draw repeatable on the same machine."""

    temperature: float = 0.0
    top_p: float = 1.0
    max_new_tokens: int = 640
    thinking_tokens: int | None = None
    """Most tokens that a thinking model thinks before it answers; None: only `max_new_tokens` bounds both."""
    seed: int = 0


THINKING_BOUNDED = "the thinking was ended at its bound"
"""Note of an answer whose thinking reached `Sampling.thinking_tokens`: its end was written for the model."""


class Request(FrozenModel):
    """One generation: `samples` independent answers to `messages`.

    Sample i is drawn with its own seed, derived from `sampling.seed` and i, so that it comes out the same
    whatever batch it shared. `conversation` names the KV cache to reuse (a session id), or is empty.
    """

    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    samples: int = 1
    stop: tuple[str, ...] = ()
    until_program: str | None = None
    """An entry point: the answer also ends where its program is complete (`core.completion_detector`)."""
    raw: bool = False
    conversation: str = ""
    beams: int = 1
    """Above 1, the answers are the likeliest of a beam search this wide, the best first; `samples` is at most as
    many, and the temperature is 0. For engines that `SupportsBeams`."""
    background: bool = False
    """Nobody waits for it: an engine that people share serves them first, and stops it for them (`cancelled`). It
    changes nothing of what is said."""


def sample_seed(seed: int, sample: int) -> int:
    """The seed of sample `sample` of a request with this seed: 31 bits, so that any server takes it."""
    digest = hashlib.sha256(f"{seed}:{sample}".encode()).digest()
    return int.from_bytes(digest[:4], "little") & 0x7FFF_FFFF


class Chunk(FrozenModel):
    """A piece of sample `sample`'s text, as it is generated."""

    sample: int
    text: str


class Finish(FrozenModel):
    """The end of one sample: the whole text, why it ended, what it cost."""

    sample: int
    text: str
    reason: FinishReason
    error: str = ""
    overflow: int = 0
    """Tokens by which prompt and answer exceed the context length; the reason is then `error`."""
    seed: int = 0
    seed_honoured: bool | None = None
    """None when the engine does not report it (most servers)."""
    prompt_tokens: int = 0
    reused_tokens: int = 0
    """Prompt tokens whose keys and values were taken from the conversation's cache."""
    generated_tokens: int = 0
    thinking_characters: int = 0
    """Of the model's thinking: within `text`, and what a server sent apart from it (which is not kept)."""
    drafted_tokens: int = 0
    accepted_tokens: int = 0
    """Drafted tokens (prompt lookup, draft model) that the model agreed with."""
    first_token_seconds: float | None = None
    seconds: float = 0.0
    prompt_sha256: str = ""
    """Hash of the exact prompt's token ids (little-endian int32), empty where the engine cannot know them."""
    output_ids: tuple[int, ...] | None = None
    """Generated token ids, None where the engine cannot know them."""
    notes: tuple[str, ...] = ()
    """What was done differently from what was asked, e.g. `batch reduced to 4: out of memory`."""
    server: str = ""
    """Address of the server that answered (or failed last), where `ModelInfo.base_url` names several."""


class ModelInfo(FrozenModel):
    """Everything about the model that is needed to understand and repeat a generation."""

    engine: str
    name: str
    revision: str = ""
    weights_sha256: str = ""
    dtype: str = ""
    precision: str = ""
    device: str = ""
    device_name: str = ""
    context_length: int = 0
    chat_template_sha256: str = ""
    is_chat: bool = True
    """False for base models: they take the few-shot text instead of a dialogue."""
    takes_system: bool = True
    """False where the chat template has no system turn (Gemma, older Mistral): its text is sent before the first
    user turn."""
    threads: int = 0
    parameters: int | None = None
    """Weights, those that embedding and head share counted once; None where the engine cannot know."""
    base_url: str = ""
    """Server address without credentials, for remote engines; several have commas between them."""
    versions: dict[str, str] = {}

    @property
    def servers(self) -> tuple[str, ...]:
        """The addresses in `base_url`."""
        return addresses_in(self.base_url)


def addresses_in(base_url: str) -> tuple[str, ...]:
    """Server addresses of a text that has commas between them, each once."""
    return tuple(dict.fromkeys(filter(None, map(str.strip, base_url.split(",")))))


@dataclass(frozen=True)
class EngineOptions:
    """What an engine is opened with; each takes what concerns it.

    An entry point of the group `assistant.engines` is a function of these that gives an `Engine` which is not
    prepared yet, and raises UsageError for what cannot be.
    """

    model: str | None = None
    """A name, folder or file; None leaves the choice to the engine."""
    device: str = "auto"
    precision: str = "auto"
    cache: Path = Path()
    """The folder for things that can be made again."""
    base_url: str | None = None
    """The address of a server, for an engine that asks one; of several servers of one model, with commas."""
    script: Path | str | None = None
    """A file of answers, for an engine that reads them."""
    shared: bool = True
    """Whether a model that the engine service of this machine holds is used, instead of loading it once more."""
    undecided: bool = False
    """Whether nobody named an engine, so that any that the service holds will do."""


class Progress(FrozenModel):
    """A step of preparing a model, for a progress bar."""

    step: str
    """E.g. `assembling weights`, `verifying SHA-256`, `converting once`, `loading`."""
    done: float = 0.0
    total: float = 0.0
    """0 when the length is unknown."""
    unit: str = ""


class Cancel(Protocol):
    """Asked often while generating; `threading.Event` fits."""

    def is_set(self) -> bool: ...


class NeverCancelled:
    """A `Cancel` for callers that never cancel."""

    def is_set(self) -> bool:
        return False


class Engine(Protocol):
    """Turns messages into text."""

    def prepare(
        self, progress: Callable[[Progress], None] = lambda _: None, cancel: Cancel = NeverCancelled()
    ) -> ModelInfo:
        """Make the model ready (assemble, verify, convert, load), reporting each step; safe to call again.

        Raises `EngineError` with one clear line when it cannot.
        """
        ...

    def generate(self, request: Request, cancel: Cancel = NeverCancelled()) -> Iterator[Chunk | Finish]:
        """Stream the samples of `request`; ends with exactly one `Finish` per sample.

        When `cancel` is set, the samples still open finish with reason `cancelled` and keep their text. A
        failure finishes them with reason `error` and one line in `Finish.error`; the engine stays usable.
        """
        ...

    def close(self) -> None:
        """Free the model and its process."""
        ...


@runtime_checkable
class SupportsBeams(Protocol):
    """An engine that searches with `Request.beams`; others would draw instead."""

    beam_search: bool


@runtime_checkable
class SupportsPrefill(Protocol):
    """An engine that can read a prompt before it is complete."""

    def prefill(self, request: Request, cancel: Cancel = NeverCancelled()) -> None:
        """Read the prompt of `request` into its conversation's cache and say nothing.

        Gives way at once to whoever generates. What is generated later is the same with and without.
        """
        ...
