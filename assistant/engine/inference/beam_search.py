"""Beam search: the likeliest answers by the sum of their tokens' log probabilities, divided by their length.

Candidates, finished answers and the end of the search are those of transformers' `generate(num_beams=…)` with its
usual settings (`length_penalty` 1, `early_stopping` False), token by token. An answer also ends where its text does.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assistant.core.generation import Cancel, Chunk, Finish
from assistant.engine.inference.batch import DecodeBatch, step_of
from assistant.engine.inference.detokenizer import TextStream
from assistant.engine.inference.forward import RequestSteps, StepInput
from assistant.engine.inference.prefix_cache import common_prefix

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class Beam:
    """An answer so far. `score` is the sum of its log probabilities; `row` of the cache holds its beginning."""

    text: TextStream
    ids: list[int] = field(default_factory=list)
    score: float = 0.0
    row: int = 0

    @property
    def per_token(self) -> float:
        """What answers of unlike lengths are ranked by."""
        return self.score / max(1, len(self.ids))


class BeamSearch(DecodeBatch):
    """The rows of a request as the best of `request.beams` beams, the likeliest first.

    Nothing is streamed: until the search ends, any answer may give way to another.
    """

    _running: list[Beam]
    _finished: list[Beam]
    _held: list[list[int]]
    """What each row of the cache holds after the prompt, once the step at hand is made."""

    def run(self, cancel: Cancel) -> RequestSteps:
        """The ends, once all are known."""
        self._running, self._finished = [Beam(self._rows[0].text.fork())], []
        cancelled = False
        try:
            logits = yield from self._prefill(cancel)
            while logits is not None and self._extend(logits):
                if cancelled := cancel.is_set():
                    break
                logits = yield from self._feed()
            cancelled = cancelled or logits is None
        finally:
            self._keep()
        yield from self._tell(cancelled=cancelled)

    def _extend(self, logits: Tensor) -> bool:
        """Each beam by one token, the best kept, from `logits` [beams, vocabulary]; whether the search goes on."""
        import torch

        width, limit = self._request.beams, self._rows[0].limit
        sums = torch.tensor([beam.score for beam in self._running], device=logits.device).unsqueeze(1)
        scores = torch.log_softmax(logits.float(), dim=-1) + sums
        is_last = len(self._running[0].ids) + 1 >= limit
        going_on: list[Beam] = []
        ended: list[Beam] = []
        for place, (score, at) in enumerate(_best(scores.flatten(), 2 * width)):
            if place >= width and (is_last or len(going_on) == width):
                break
            parent, token = divmod(at, scores.shape[-1])
            beam, has_ended = self._extended(self._running[parent], token, score)
            if not (has_ended or is_last):
                going_on.append(beam)
            elif place < width:
                ended.append(beam)
        finished = sorted([*self._finished, *ended], key=lambda beam: -beam.per_token)
        self._finished, self._running = finished[:width], going_on
        if not going_on:
            return False
        return len(finished) < width or going_on[0].per_token > self._finished[-1].per_token

    def _extended(self, parent: Beam, token: int, score: float) -> tuple[Beam, bool]:
        """A beam and one token more; whether it ends there."""
        is_end = token in self._rows[0].ends
        text = parent.text if is_end else parent.text.fork()
        if not is_end:
            text.push(token)
        return Beam(text, [*parent.ids, token], score, parent.row), is_end or text.stopped

    def _feed(self) -> Generator[StepInput, list[Tensor] | None, Tensor]:
        """Feed every beam its last token; its logits [beams, vocabulary]."""
        import torch

        self._place()
        tokens: list[list[int]] = [[] for _ in self._running]
        for beam in self._running:
            tokens[beam.row] = [beam.ids[-1]]
        logits = yield from step_of(tokens, self._cache, [1] * len(tokens))
        return torch.cat([logits[beam.row] for beam in self._running])

    def _place(self) -> None:
        """A row of the cache for every beam. A parent's row goes to its first child; others get what differs."""
        parents = [beam.row for beam in self._running]
        if self._cache.rows != len(parents) or self._cache.foreign is not None:
            self._cache = self._cache.select(parents, capacity=self._cache.capacity)
            for row, beam in enumerate(self._running):
                beam.row = row
        else:
            free = [row for row in range(len(parents)) if row not in parents]
            for place, beam in enumerate(self._running):
                if beam.row in parents[:place]:
                    source, beam.row = beam.row, free.pop()
                    same = common_prefix(self._held[beam.row], beam.ids[:-1])
                    self._cache.copy_row(source, beam.row, len(self._rows[0].prompt) + same)
        self._held = [beam.ids for beam in sorted(self._running, key=lambda beam: beam.row)]

    def _tell(self, *, cancelled: bool) -> Iterator[Chunk | Finish]:
        """Every row becomes the answer of its rank."""
        answers = self._running if cancelled else self._finished
        for rank, row in enumerate(self._rows):
            text = ""
            if rank < len(answers):
                row.notes.append(
                    f"beam {rank + 1} of {self._request.beams}: log probability {answers[rank].per_token:.4f} a token"
                )
                text = row.take(answers[rank].ids)
            if cancelled:
                text += row.end("cancelled")
            elif not row.reason:
                text += row.end("error", f"beam search found only {len(answers)} answers: ask for fewer")
            yield from self._outputs(row, text)

    def _keep(self) -> None:
        """Of the cache, the prompt is worth keeping: what beams hold beyond it is no answer yet."""
        prompt = self._rows[0].prompt
        for row in range(self._cache.rows):
            self._cache.crop(row, len(prompt))
        self._conversations.keep(self._request.conversation, self._cache, [prompt] * self._cache.rows)


def _best(scores: Tensor, count: int) -> Iterator[tuple[float, int]]:
    """Scores and their places, the highest first; so many are sorted at once, more when they are asked for."""
    import torch

    begin = 0
    while begin < len(scores):
        values, places = torch.topk(scores, min(count, len(scores)))
        yield from zip(values[begin:].tolist(), places[begin:].tolist(), strict=True)
        begin, count = len(values), 2 * count
