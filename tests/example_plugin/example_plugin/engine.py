"""An engine that always answers with the same program."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from assistant.core.generation import (
    Cancel,
    Chunk,
    EngineOptions,
    Finish,
    ModelInfo,
    NeverCancelled,
    Progress,
    Request,
)

ANSWER = "def add(a, b):\n    return a + b\n"
CHARACTERS = 4
"""Of a token."""


class EchoEngine:
    """`assistant.core.generation.Engine`."""

    def prepare(
        self, progress: Callable[[Progress], None] = lambda _: None, cancel: Cancel = NeverCancelled()
    ) -> ModelInfo:
        """Nothing to load."""
        return ModelInfo(engine="example_echo", name="echo", device="none")

    def generate(self, request: Request, cancel: Cancel = NeverCancelled()) -> Iterator[Chunk | Finish]:
        """Every sample is the same."""
        ends = [at for at in (ANSWER.find(stop) for stop in request.stop) if at >= 0]
        text = ANSWER[: min([*ends, request.sampling.max_new_tokens * CHARACTERS])]
        for sample in range(request.samples):
            if cancel.is_set():
                yield Finish(sample=sample, text="", reason="cancelled")
                continue
            yield Chunk(sample=sample, text=text)
            tokens = -(-len(text) // CHARACTERS)
            yield Finish(sample=sample, text=text, reason="stop", generated_tokens=tokens)

    def close(self) -> None:
        """Nothing to free."""


def open_echo(options: EngineOptions) -> EchoEngine:
    """The entry point."""
    return EchoEngine()
