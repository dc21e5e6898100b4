"""The engine of sessions without a model: it is ready at once, and refuses to answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from assistant.core.errors import EngineError
from assistant.core.generation import Cancel, Chunk, Finish, ModelInfo, NeverCancelled, Progress, Request

NO_MODEL = ModelInfo(engine="none", name="no model", device="none")
"""What a journal says of it."""


class NoModel:
    """For a person who works alone (`assistant run --alone`)."""

    def prepare(
        self, progress: Callable[[Progress], None] = lambda _: None, cancel: Cancel = NeverCancelled()
    ) -> ModelInfo:
        """Nothing to make ready."""
        return NO_MODEL

    def generate(self, request: Request, cancel: Cancel = NeverCancelled()) -> Iterator[Chunk | Finish]:
        """Raises EngineError: nothing may be asked."""
        raise EngineError("no model is loaded here: start the app anew, without --alone")

    def close(self) -> None:
        """Nothing to free."""
