"""The decode loop: some rows that share a prompt, stepped together until each has ended."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.core.generation import Cancel, Chunk, Finish, Request
from assistant.engine.inference.forward import Forward, RequestSteps, StepInput
from assistant.engine.inference.kv_cache import KeyValueCache
from assistant.engine.inference.prefix_cache import PrefixCache
from assistant.engine.inference.prompt_lookup import DraftBudget
from assistant.engine.inference.sampling import draw
from assistant.engine.inference.sequence import SampleRow

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class Company:
    """The other requests that share the next step."""

    rows: int = 0


class DecodeBatch:
    """Rows of one request over one cache. `reused` prompt tokens came from the conversation's last round."""

    def __init__(
        self,
        forward: Forward,
        conversations: PrefixCache,
        request: Request,
        rows: Sequence[SampleRow],
        *,
        lookup: bool,
        digest: str = "",
        company: Company | None = None,
        learn: Callable[[SampleRow], None] = lambda row: None,
    ) -> None:
        self._forward, self._conversations, self._request = forward, conversations, request
        self._rows = list(rows)
        self._digest, self._company, self._learn = digest, company or Company(), learn
        self._lookup = lookup and (forward.ragged or len(rows) == 1)
        room = len(rows[0].prompt) + rows[0].limit
        self._cache = conversations.lease(
            request.conversation, rows[0].prompt, lambda: forward.new_cache(1, min(room, 4096))
        )
        self.reused = self._cache.lengths[0]

    def run(self, cancel: Cancel) -> RequestSteps:
        """Text and ends as they come."""
        try:
            logits = yield from self._prefill(cancel)
            if logits is not None:
                self._cache = (
                    self._cache.select([0] * len(self._rows)) if len(self._rows) > 1 else self._cache
                )
                yield from self._first(logits)
            while self._open():
                if cancel.is_set():
                    for row in self._open():
                        yield from self._outputs(row, row.end("cancelled"))
                    return
                yield from self._step()
        finally:
            self._keep()

    def read(self, cancel: Cancel) -> RequestSteps:
        """Feed the prompt and no more."""
        try:
            yield from self._prefill(cancel)
        finally:
            self._keep()

    def _outputs(self, row: SampleRow, text: str) -> Iterator[Chunk | Finish]:
        if row.reason:
            self._learn(row)
        yield from row.outputs(text, self.reused, self._digest)

    def _keep(self) -> None:
        tokens = [row.pending(0) for row in self._rows]
        self._conversations.keep(self._request.conversation, self._cache, tokens[: self._cache.rows])

    def _open(self) -> list[SampleRow]:
        return [row for row in self._rows if not row.reason]

    def _prefill(self, cancel: Cancel) -> Generator[StepInput, list[Tensor] | None, Tensor | None]:
        """Feed the prompt; the logits after its last token [1, vocabulary], or None when cancelled.

        In pieces, smaller ones where other requests wait for the step's end (Agrawal et al. 2023, "Sarathi").
        """
        prompt = self._rows[0].prompt
        while not cancel.is_set():
            start = self._cache.lengths[0]
            most = self._forward.prefill_chunk
            piece = prompt[start : start + (most // 4 if self._company.rows else most)]
            done = start + len(piece) == len(prompt)
            logits = yield from step_of([piece], self._cache, [1 if done else 0])
            if done:
                return logits[0]
        return None

    def _first(self, logits: Tensor) -> Iterator[Chunk | Finish]:
        """All rows draw their first token from the same logits, except those that were begun before."""
        new = [row for row in self._rows if not row.ids]
        if new:
            seeds = [row.seed for row in new]
            drawn = draw(logits.expand(len(new), -1), self._request.sampling, seeds, [0] * len(new))
            for row, token in zip(new, drawn, strict=True):
                yield from self._outputs(row, row.take(row.bounded([token])))

    def _step(self) -> RequestSteps:
        """Feed each open row its last tokens and a draft; take what the model agrees with and one more."""
        self._drop_ended()
        lengths = self._cache.lengths
        pending = [[] if row.reason else row.pending(at) for row, at in zip(self._rows, lengths, strict=True)]
        budget = DraftBudget.for_rows(
            len(self._open()) + self._company.rows, self._forward.free_tokens, padded=self._forward.padded
        )
        drafts = [row.draft(budget) if self._lookup and not row.reason else [] for row in self._rows]
        feed = [new + draft for new, draft in zip(pending, drafts, strict=True)]
        last = [0 if row.reason else 1 + len(draft) for row, draft in zip(self._rows, drafts, strict=True)]
        drawn = self._draw((yield from step_of(feed, self._cache, last)))
        news = []  # the cache is put right for all rows before any yield: the consumer may leave at one
        for index, (row, draft) in enumerate(zip(self._rows, drafts, strict=True)):
            if not row.reason:
                agreed = _agreement(draft, drawn[index])
                self._cache.crop(index, len(row.prompt) + len(row.ids) + agreed)
                row.count(len(draft), agreed)
                news.append((row, row.take(drawn[index][: agreed + 1])))
        for row, text in news:
            yield from self._outputs(row, text)

    def _draw(self, logits: Sequence[Tensor]) -> list[list[int]]:
        """Tokens for every position of every row."""
        import torch

        counts = [part.shape[0] for part in logits]
        seeds = [row.seed for row, n in zip(self._rows, counts, strict=True) for _ in range(n)]
        places = [len(row.ids) + i for row, n in zip(self._rows, counts, strict=True) for i in range(n)]
        drawn = iter(draw(torch.cat(list(logits)), self._request.sampling, seeds, places))
        return [
            row.bounded([next(drawn) for _ in range(n)]) for row, n in zip(self._rows, counts, strict=True)
        ]

    def _drop_ended(self) -> None:
        """Let rows that have ended leave the batch when that pays."""
        if self._forward.should_compact(len(self._open()), len(self._rows)):
            keep = [index for index, row in enumerate(self._rows) if not row.reason]
            self._cache = self._cache.select(keep, capacity=self._cache.capacity)
            self._rows = self._open()


def step_of(
    tokens: Sequence[Sequence[int]], cache: KeyValueCache, last: Sequence[int]
) -> Generator[StepInput, list[Tensor] | None, list[Tensor]]:
    """Ask for a step and wait for its logits."""
    logits = yield StepInput(tokens, cache, last)
    assert logits is not None
    return logits


def _agreement(draft: Sequence[int], drawn: Sequence[int]) -> int:
    """How many drafted tokens are the ones drawn, from the start."""
    pairs = zip(draft, drawn, strict=False)
    return next((i for i, (guess, token) in enumerate(pairs) if guess != token), len(draft))
