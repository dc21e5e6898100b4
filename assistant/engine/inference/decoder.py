"""From a prompt's tokens to streamed samples: prefix reuse, drafts, batches, stops, cancelling."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Any

from assistant.core.generation import Cancel, Chunk, Finish, NeverCancelled, Request, sample_seed
from assistant.core.thinking import opened_thinking
from assistant.engine.inference.batch import Company, DecodeBatch
from assistant.engine.inference.beam_search import BeamSearch
from assistant.engine.inference.detokenizer import TextStream
from assistant.engine.inference.forward import Forward, RequestSteps, forward_for
from assistant.engine.inference.ngram_drafts import usual_phrases
from assistant.engine.inference.oom import is_out_of_memory, release_memory
from assistant.engine.inference.prefix_cache import PrefixCache
from assistant.engine.inference.scheduler import Scheduler
from assistant.engine.inference.sequence import SampleRow
from assistant.engine.inference.thinking_budget import ThinkingBudget

_LEAST_ROOM = 128
"""Tokens of answer that must fit behind the prompt, if so many are asked for."""

_UNBOUNDED = 2**20
"""Tokens, for models that count no positions: recurrent ones."""

_PROMPT_END = 16
"""Tokens of the prompt that are looked at for an opened thinking."""


class Decoder:
    """Generates with one model. Keeps the caches of the conversations used last: `max_caches`, `max_cache_bytes`."""

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        max_caches: int = 32,
        max_cache_bytes: int | None = None,
        lookup: bool = True,
    ) -> None:
        self._forward: Forward = forward_for(model)
        self._tokenizer = tokenizer
        self._lookup = lookup and self._forward.croppable
        self._conversations = PrefixCache(
            max_caches if self._forward.croppable else 0,
            max_bytes=max_cache_bytes,
            share=self._forward.bitwise_deterministic,
        )
        self._ends = end_tokens(model, tokenizer)
        self._phrases = usual_phrases(self._encode) if self._lookup else None
        config = model.config.get_text_config()
        self.context_length: int = getattr(config, "max_position_embeddings", None) or _UNBOUNDED

    def generate(
        self, request: Request, prompt_ids: Sequence[int], cancel: Cancel = NeverCancelled()
    ) -> Iterator[Chunk | Finish]:
        """Stream the samples of `request`, one `Finish` each. Never raises for errors that the user can fix."""
        scheduler = self.scheduler()
        scheduler.add(0, self.steps(request, prompt_ids, scheduler.company(0), cancel))
        try:
            while scheduler.open:
                yield from (item for _, item in scheduler.step())
        finally:
            scheduler.close()
        for _, error in scheduler.ended():
            if error is not None:
                raise error

    def scheduler(self) -> Scheduler:
        """Of requests that are served together, each with the `company` that it gives them."""
        return Scheduler(self._forward)

    def steps(
        self, request: Request, prompt_ids: Sequence[int], company: Company, cancel: Cancel
    ) -> RequestSteps:
        """A request to be stepped by a scheduler.

        With `max_new_tokens` 0 the prompt is only read, where that cannot change what is said later.
        """
        prompt = list(prompt_ids)
        alike = request.sampling.temperature <= 0 and request.beams <= 1
        rows = self._rows(request, prompt, 1 if alike else request.samples)
        digest = prompt_hash(prompt)
        if refusal := self._refusal(request, prompt):
            yield from _refuse(rows, refusal, digest, self._overflow(request, prompt))
        elif request.sampling.max_new_tokens == 0:
            yield from self._read(request, rows[0], digest, company, cancel)
        else:
            yield from self._decode(request, rows, digest, company, cancel)

    def _rows(self, request: Request, prompt: list[int], count: int) -> list[SampleRow]:
        started = perf_counter()
        opened = "" if request.raw else self._opened(prompt)
        limit = min(request.sampling.max_new_tokens, self.context_length - len(prompt))
        return [
            SampleRow(
                sample=sample,
                seed=sample_seed(request.sampling.seed, sample),
                prompt=prompt,
                limit=limit,
                ends=self._ends,
                text=TextStream(self._tokenizer, request.stop, request.until_program, opened),
                started=started,
                phrases=self._phrases,
                thinking=self._thinking(request, opened),
                copies=request.samples - count,
            )
            for sample in range(count)
        ]

    def _thinking(self, request: Request, opened: str) -> ThinkingBudget | None:
        most = request.sampling.thinking_tokens
        return None if most is None or request.raw else ThinkingBudget(most, opened, self._encode)

    def _opened(self, prompt: list[int]) -> str:
        """The mark at the prompt's end with which the chat template opened the model's thinking."""
        return opened_thinking(self._tokenizer.decode(prompt[-_PROMPT_END:], skip_special_tokens=False))

    def _refusal(self, request: Request, prompt: list[int]) -> str:
        if not prompt:
            return "the prompt is empty"
        if self._overflow(request, prompt):
            return (
                f"the dialogue has {len(prompt)} tokens, which with an answer is more than the "
                f"{self.context_length} that the model can hold: drop the oldest rounds or shorten the task"
            )
        if request.beams > 1 and (request.sampling.temperature > 0 or request.samples > request.beams):
            return "beam search takes temperature 0, and gives at most as many answers as it has beams"
        if request.beams > 1 and request.sampling.thinking_tokens is not None:
            return "beam search takes no bound on thinking: leave out --thinking-tokens"
        return "" if request.sampling.max_new_tokens >= 0 else "max_new_tokens must not be negative"

    def _learn(self, row: SampleRow) -> None:
        """Remember what was said, to guess it the next time, where a guess cannot change what is said."""
        if self._phrases is not None and self._forward.bitwise_deterministic and row.reason == "stop":
            self._phrases.learn(row.ids)

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _overflow(self, request: Request, prompt: list[int]) -> int:
        """Tokens by which prompt and answer exceed the context, if too little context is left for an answer."""
        wanted = request.sampling.max_new_tokens
        available = self.context_length - len(prompt)
        return wanted - available if available < min(wanted, _LEAST_ROOM) else 0

    def _decode(
        self, request: Request, rows: list[SampleRow], digest: str, company: Company, cancel: Cancel
    ) -> RequestSteps:
        """Decode the rows as one batch; out of memory, as two smaller ones."""
        batch: DecodeBatch | None = None
        try:
            kind = BeamSearch if request.beams > 1 else DecodeBatch
            batch = kind(
                self._forward, self._conversations, request, rows,
                lookup=self._lookup, digest=digest, company=company, learn=self._learn,
            )  # fmt: skip
            yield from batch.run(cancel)
            return
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            error.__traceback__ = (
                None  # whose frames hold what is to be freed; the scheduler still holds the error
            )
        batch = None  # with its cache
        self._conversations.clear()
        release_memory()
        yield from self._decode_smaller(
            request, [row for row in rows if not row.reason], digest, company, cancel
        )

    def _read(
        self, request: Request, row: SampleRow, digest: str, company: Company, cancel: Cancel
    ) -> RequestSteps:
        reused = 0
        try:
            if self._forward.bitwise_deterministic:
                batch = DecodeBatch(
                    self._forward, self._conversations, request, [row], lookup=False, company=company
                )
                reused = batch.reused
                yield from batch.read(cancel)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            error.__traceback__ = (
                None  # whose frames hold what is to be freed; the scheduler still holds the error
            )
            self._conversations.clear()
        row.end("cancelled" if cancel.is_set() else "length")
        yield from row.outputs("", reused, digest)

    def _decode_smaller(
        self, request: Request, rows: list[SampleRow], digest: str, company: Company, cancel: Cancel
    ) -> RequestSteps:
        if len(rows) == 1 or request.beams > 1:
            fewer = "fewer beams" if request.beams > 1 else "a shorter dialogue"
            yield from _refuse(rows, f"out of memory: choose a smaller model or {fewer}", digest)
            return
        half = (len(rows) + 1) // 2
        for part in (rows[:half], rows[half:]):
            for row in part:
                row.notes.append(f"batch reduced to {len(part)}: out of memory")
            yield from self._decode(request, part, digest, company, cancel)


def end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """Every token that ends an answer, by the model's settings and the tokenizer's."""
    holders = (getattr(model, "generation_config", None), model.config, tokenizer)
    found: set[int] = set()
    for ids in (getattr(holder, "eos_token_id", None) for holder in holders):
        found.update(ids if isinstance(ids, list | tuple) else [] if ids is None else [ids])
    return frozenset(found)


def prompt_hash(ids: Sequence[int]) -> str:
    """SHA-256 of the token ids as little-endian int32."""
    return hashlib.sha256(struct.pack(f"<{len(ids)}i", *ids)).hexdigest()


def _refuse(rows: list[SampleRow], error: str, digest: str, overflow: int = 0) -> Iterator[Chunk | Finish]:
    for row in rows:
        row.end("error", error)
        for item in row.outputs("", 0, digest):
            yield item.model_copy(update={"overflow": overflow} if isinstance(item, Finish) else {})
