"""The state of each sample of a request, so that each gets its `Finish` whatever happens."""

from __future__ import annotations

import time
from collections.abc import Iterator

from assistant.core.generation import Chunk, Finish, FinishReason, Request
from assistant.core.thinking import thinking_length
from assistant.engine.seeds import sample_seed


class OpenSamples:
    """Texts and ends of the samples of one request."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._started = time.perf_counter()
        self._first_at: float | None = None
        self._open = dict.fromkeys(range(request.samples), "")

    def note(self, item: Chunk | Finish) -> None:
        """Remember what was streamed."""
        if isinstance(item, Finish):
            self._open.pop(item.sample, None)
        elif item.sample in self._open:
            self._first_at = self._first_at or time.perf_counter()
            self._open[item.sample] += item.text

    def ends(self, reason: FinishReason, error: str = "") -> Iterator[Finish]:
        """Ends for the samples that have none yet; they keep their text."""
        for sample, text in tuple(self._open.items()):
            finish = Finish(
                sample=sample,
                text=text,
                thinking_characters=thinking_length(text),
                reason=reason,
                error=error,
                seed=sample_seed(self._request.sampling.seed, sample),
                first_token_seconds=None if self._first_at is None else self._first_at - self._started,
                seconds=time.perf_counter() - self._started,
            )
            self.note(finish)
            yield finish
