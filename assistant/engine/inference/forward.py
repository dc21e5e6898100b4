"""One step of a model over some rows of tokens. Any transformers causal model can be stepped."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from assistant.core.generation import Chunk, Finish
from assistant.engine.inference.kv_cache import KeyValueCache

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class StepInput:
    """What a request feeds in its next step: row r of `cache` gets `tokens[r]`.

    The answer to it is the logits [last[r], vocabulary] of each row.
    """

    tokens: Sequence[Sequence[int]]
    cache: KeyValueCache
    last: Sequence[int]


RequestSteps = Generator[StepInput | Chunk | Finish, "list[Tensor] | None", None]
"""A request being served: it yields what came of it, and the steps that it wants, whose logits are sent to it."""


class Forward(Protocol):
    """Runs new tokens through a model and remembers their keys and values."""

    ragged: bool
    """Rows may have different lengths, and bring different numbers of tokens to a step."""
    padded: bool
    """Every row of a step costs as much as the longest."""
    croppable: bool
    """Tokens can be forgotten again: prefix reuse and drafts are possible."""
    free_tokens: int
    """So many tokens in one step cost hardly more than one: the weights are read in any case."""
    prefill_chunk: int
    """Prompt tokens that are fed in one step: more would gain little, and cancelling waits for a step's end."""
    bitwise_deterministic: bool
    """Logits are the same to the last bit whatever else is in a step, so that drafts may depend on the past."""

    def new_cache(self, rows: int, capacity: int) -> KeyValueCache: ...

    def should_compact(self, open_rows: int, rows: int) -> bool:
        """Whether rows that have ended are to leave the batch now."""
        ...

    def __call__(self, tokens: Sequence[Sequence[int]], cache: Any, last: Sequence[int]) -> list[Tensor]:
        """Feed row r `tokens[r]`; returns its logits [last[r], vocabulary] for the `last[r]` last of them.

        `cache` is a KeyValueCache; where rows are `ragged` and not `padded`, JoinedCaches as well.
        """
        ...


def forward_for(model: Any) -> Forward:
    """The fastest way to step `model`, which is taken over: written out it is taken apart.

    transformers runs what we have not written out and what is spread over several cards.
    """
    from assistant.engine.inference.cpu_kernels import kernel_cache
    from assistant.engine.inference.cuda_graphs import GraphedForward
    from assistant.engine.inference.llama import Llama
    from assistant.engine.inference.llama_forward import RaggedForward
    from assistant.engine.inference.llama_weights import build, fits
    from assistant.engine.inference.precision import PACKED

    if not isinstance(model, Llama):
        places = {str(weight.device) for weight in model.parameters()}
        if len(places) > 1 or places.pop().partition(":")[0] not in ("cpu", "cuda") or not fits(model.config):
            from assistant.engine.inference.transformers_forward import TransformersForward

            return TransformersForward(model)
        model = build(model, str(model.dtype).removeprefix("torch."))
    if model.embedding.device.type != "cpu":
        return GraphedForward(model)
    if model.precision in PACKED and kernel_cache.suits(model.config) and kernel_cache.compile_once():
        kernel_cache.import_numba()
        from assistant.engine.inference.cpu_kernels.forward import NativeForward

        forward = NativeForward(model)
        if model.precision == "q4":
            # How much a further token costs differs between machines, and from 8 bits.
            import torch

            from assistant.engine.inference.calibration import Sizes, calibrated

            steps = calibrated(Sizes.of(model.config), torch.get_num_threads())
            forward.free_tokens = steps.free_tokens("q4")
        return forward
    return RaggedForward(model)
