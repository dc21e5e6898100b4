"""Steps of few rows on a graphics card, recorded once and replayed.

Such a step is some thousand small operations, and starting each takes longer than the card needs for it. A recording
(CUDA graph) starts all at once, but only over the memory that it was made over: a cache moves into that memory when
it is stepped, and who was there before moves out.
"""

from __future__ import annotations

import sys
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from assistant.engine.inference.kv_cache import AnyCache, KeyValueCache
from assistant.engine.inference.llama import Llama
from assistant.engine.inference.llama_forward import FedTokens, PaddedForward, TokenLayout
from assistant.engine.inference.oom import is_out_of_memory

Run = Callable[[], Tensor]
Record = Callable[[Run], Run]
WIDTHS = (1, 17)
"""Tokens a row: one, or one and a draft. Fewer than 17 are padded: on a card that costs nothing."""
_MOST_ROWS = 8  # with more, the operations themselves take longer than starting them
_MOST_STAGES = 4
_LEAST_CAPACITY = 512


class Stage:
    """Memory for some rows, whose cache lives there now, and the recordings over it by tokens a row."""

    def __init__(self, home: KeyValueCache) -> None:
        self.home = home
        self.steps: dict[int, tuple[FedTokens, Run]] = {}
        self._tenant: weakref.ref[KeyValueCache] | None = None

    def host(self, cache: KeyValueCache) -> None:
        """Have `cache` keep its tokens here."""
        tenant = None if self._tenant is None else self._tenant()
        if self._lives_here(cache):
            return
        if tenant is not None and self._lives_here(tenant):
            tenant.move(tenant.select(range(tenant.rows), capacity=tenant.capacity))
        cache.move(self.home)
        self._tenant = weakref.ref(cache)

    def _lives_here(self, cache: KeyValueCache) -> bool:
        return cache.keys[0] is self.home.keys[0]


class GraphedForward(PaddedForward):
    """`PaddedForward` with its small steps recorded. What cannot be recorded is stepped as there."""

    def __init__(self, model: Llama, record: Record | None = None) -> None:
        super().__init__(model)
        self._record = record or (lambda run: record_on_card(run, self._device))
        self._stages: OrderedDict[tuple[int, int], Stage] = OrderedDict()
        self._recording = True

    def __call__(self, tokens: Sequence[Sequence[int]], cache: AnyCache, last: Sequence[int]) -> list[Tensor]:
        try:
            return super().__call__(tokens, cache, last)
        except RuntimeError as error:
            if is_out_of_memory(error):
                self._stages.clear()
            raise

    def _width(self, tokens: int, rows: int) -> int:
        wider = next((width for width in WIDTHS if width >= tokens), tokens)
        return wider if rows * wider <= self.free_tokens else tokens

    def _step(self, layout: TokenLayout, cache: AnyCache) -> Tensor:
        assert isinstance(cache, KeyValueCache)  # requests do not share steps here
        width = len(layout.ids) // cache.rows
        pays = width in WIDTHS and cache.rows <= _MOST_ROWS and cache.rows * width <= self.free_tokens
        if not (pays and self._recording and cache.keys[0] is not None):
            return super()._step(layout, cache)
        try:
            fed, replay = self._recorded(cache, width)
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise
            self._recording = False
            print(f"steps are not recorded: {error}", file=sys.stderr)
            return super()._step(layout, cache)
        fed.ids.copy_(torch.tensor(layout.ids))
        fed.places.copy_(torch.tensor(layout.places))
        return replay()

    def _recorded(self, cache: KeyValueCache, width: int) -> tuple[FedTokens, Run]:
        """The recording for so many tokens a row, made now unless there is one; `cache` lives in its memory."""
        stage = self._stage(cache)
        stage.host(cache)
        if width not in stage.steps:
            stage.steps[width] = self._new_step(stage.home, width)
        return stage.steps[width]

    def _stage(self, cache: KeyValueCache) -> Stage:
        capacity = max(_LEAST_CAPACITY, 1 << (cache.capacity - 1).bit_length())
        key = (cache.rows, capacity)
        if key not in self._stages:
            self._stages[key] = Stage(self._empty_home(cache, capacity))
        self._stages.move_to_end(key)
        while len(self._stages) > _MOST_STAGES:
            self._stages.popitem(last=False)
        return self._stages[key]

    def _empty_home(self, like: KeyValueCache, capacity: int) -> KeyValueCache:
        home = self.new_cache(like.rows, capacity)
        for buffers, theirs in ((home.keys, like.keys), (home.values, like.values)):
            for layer, old in enumerate(theirs):
                assert old is not None
                buffers[layer] = old.new_zeros(*old.shape[:2], capacity, old.shape[3])
        return home

    def _new_step(self, home: KeyValueCache, width: int) -> tuple[FedTokens, Run]:
        """Recorded with tokens at the end of the memory, where no dialogue's tokens are overwritten."""
        table = self._rotary.reserve(home.capacity)
        end = torch.arange(home.capacity - width, home.capacity, device=self._device).repeat(home.rows)
        fed = FedTokens(torch.zeros_like(end), end, [], home.capacity)
        replay = self._record(lambda: self._through(fed, home))

        def step(_table: tuple[Tensor, Tensor] = table) -> Tensor:  # kept while a recording reads it
            return replay()

        return fed, step


def record_on_card(run: Run, device: torch.device) -> Run:
    """`run` as a CUDA graph. Raises RuntimeError when it cannot be recorded or says something else."""
    with torch.cuda.device(device):
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # libraries set themselves up in the first runs
            run()
            expected = run().float()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            result = run()
        graph.replay()
        if not torch.allclose(result.float(), expected, rtol=0.02, atol=0.02):
            raise RuntimeError("the recording says something else")

    def replay() -> Tensor:
        graph.replay()
        return result

    return replay
