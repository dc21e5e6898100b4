"""Requests that are served together: one forward step feeds all of them (Yu et al. 2022, "Orca").

A request joins when it comes and leaves when it ends, between two steps. Where a row's logits do not depend on what
else is in a step (`Forward.bitwise_deterministic`), each says what it would have said alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from assistant.core.generation import Chunk, Finish
from assistant.engine.inference.batch import Company
from assistant.engine.inference.forward import Forward, RequestSteps, StepInput
from assistant.engine.inference.kv_cache import JoinedCaches
from assistant.engine.inference.oom import is_out_of_memory

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class _Open:
    """A request, where it stands, and how it goes on."""

    steps: RequestSteps
    go_on: Callable[[], StepInput | Chunk | Finish]
    company: Company
    wanted: StepInput | None = None
    rows: int = 0
    has_ended: bool = False

    def advance(self) -> Iterator[Chunk | Finish]:
        """Go on until the request wants a step or ends; what it says meanwhile. Raises its error."""
        self.wanted = None
        while True:
            try:
                item = self.go_on()
            except StopIteration:
                self.has_ended = True
                return
            if isinstance(item, StepInput):
                self.wanted = item
                self.rows = sum(1 for row in item.tokens if row)
                return
            self.go_on = partial(next, self.steps)
            yield item


@dataclass
class Scheduler:
    """Steps the requests that are open."""

    forward: Forward
    _open: dict[int, _Open] = field(default_factory=dict)
    _companies: dict[int, Company] = field(default_factory=dict)
    _ended: list[tuple[int, Exception | None]] = field(default_factory=list)

    @property
    def joins(self) -> bool:
        """Whether more than one request can be open."""
        return self.forward.ragged and not self.forward.padded

    @property
    def open(self) -> int:
        """Requests that have not ended."""
        return len(self._open)

    def company(self, key: int) -> Company:
        """What request `key` is told about the others; to be handed to `Decoder.steps`."""
        return self._companies.setdefault(key, Company())

    def add(self, key: int, steps: RequestSteps) -> None:
        """Serve one more request. Raises ValueError where requests do not join."""
        if self._open and not self.joins:
            raise ValueError("this model serves one request at a time")
        self._open[key] = _Open(steps, partial(next, steps), self.company(key))

    def step(self) -> Iterator[tuple[int, Chunk | Finish]]:
        """One forward step for all that want one, and what each says then."""
        self._feed([one for one in self._open.values() if one.wanted is not None])
        for key, one in tuple(self._open.items()):
            one.company.rows = sum(other.rows for other in self._open.values()) - one.rows
            try:
                for item in one.advance():
                    yield key, item
            except Exception as error:
                self._leave(key, error)
            else:
                if one.has_ended:
                    self._leave(key, None)

    def ended(self) -> list[tuple[int, Exception | None]]:
        """Requests that have ended since this was last asked, and what went wrong."""
        ended, self._ended = self._ended, []
        return ended

    def close(self) -> None:
        """Leave every request where it is."""
        for one in self._open.values():
            one.steps.close()
        self._open.clear()

    def _leave(self, key: int, error: Exception | None) -> None:
        del self._open[key], self._companies[key]
        self._ended.append((key, error))

    def _feed(self, asking: list[_Open]) -> None:
        """The step, and how each request goes on from it: with its logits, or with what went wrong."""
        wanted = [one.wanted for one in asking if one.wanted is not None]
        if not wanted:
            return
        try:
            logits = self._logits(wanted)
        except Exception as error:
            if is_out_of_memory(error):
                error.__traceback__ = None  # it holds what is to be freed
            for one in asking:
                one.go_on = partial(one.steps.throw, error)
            return
        begin = 0
        for one, step in zip(asking, wanted, strict=True):
            one.go_on = partial(one.steps.send, logits[begin : begin + len(step.tokens)])
            begin += len(step.tokens)

    def _logits(self, wanted: list[StepInput]) -> list[Tensor]:
        if len(wanted) == 1:
            return self.forward(wanted[0].tokens, wanted[0].cache, wanted[0].last)
        tokens = [row for step in wanted for row in step.tokens]
        last = [count for step in wanted for count in step.last]
        return self.forward(tokens, JoinedCaches([step.cache for step in wanted]), last)
