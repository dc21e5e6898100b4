"""Rival engines of `engine_rounds`, each used as its experts would: greedy, with what it holds of the prompt reused.

llama.cpp and ik_llama.cpp are stepped through their low-level interfaces, without drafts and with n-gram lookup over
their own batch decode. OpenVINO GenAI decodes by itself, with prefix caching, and with prompt lookup. All read the
same GGUF file. Needs `pip install llama-cpp-python ik-llama-cpp-python openvino-genai openvino-tokenizers`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from assistant.core.completion_detector import ProgramEnd
from assistant.engine.inference.prefix_cache import common_prefix
from assistant.engine.inference.prompt_lookup import DraftBudget, PromptLookup

CONTEXT = 8192
BATCH = 512


@dataclass
class LlamaSteps:
    """One sequence of a llama.cpp: `api` is its ctypes module, `forget` drops what follows a position."""

    api: Any
    context: Any
    vocabulary: int
    forget: Callable[[int], None]
    held: list[int] = field(default_factory=list)
    """The tokens whose keys and values it has."""

    def __post_init__(self) -> None:
        self._batch = self.api.llama_batch_init(BATCH, 0, 1)

    def keep(self, count: int) -> None:
        """Forget all but the first tokens."""
        if count < len(self.held):
            self.forget(count)
            del self.held[count:]

    def feed(self, tokens: Sequence[int], last: int) -> list[int]:
        """The likeliest token after each of the `last` last of these."""
        likeliest: list[int] = []
        for begin in range(0, len(tokens), BATCH):
            piece = tokens[begin : begin + BATCH]
            wanted = [begin + at >= len(tokens) - last for at in range(len(piece))]
            batch = self._batch
            batch.n_tokens = len(piece)
            for at, token in enumerate(piece):
                batch.token[at], batch.pos[at] = token, len(self.held) + at
                batch.n_seq_id[at], batch.seq_id[at][0], batch.logits[at] = 1, 0, wanted[at]
            if self.api.llama_decode(self.context, batch) != 0:
                raise SystemExit("the rival could not decode")
            self.held.extend(piece)
            likeliest += [self._argmax(at) for at, is_wanted in enumerate(wanted) if is_wanted]
        return likeliest

    def _argmax(self, place: int) -> int:
        logits = self.api.llama_get_logits_ith(self.context, place)
        pointer = ctypes.cast(logits, ctypes.POINTER(ctypes.c_float))
        return int(np.ctypeslib.as_array(pointer, (self.vocabulary,)).argmax())


def llama_cpp(file: Path, threads: int) -> LlamaSteps:
    """llama.cpp as llama-cpp-python builds it on this machine."""
    from llama_cpp import Llama
    from llama_cpp import llama_cpp as api

    model = Llama(
        str(file), n_ctx=CONTEXT, n_batch=BATCH, n_threads=threads, n_threads_batch=threads,
        flash_attn=True, verbose=False,
    )  # fmt: skip
    _ALIVE.append(model)
    context = model.ctx
    memory = api.llama_get_memory(context)
    return LlamaSteps(
        api, context, model.n_vocab(), lambda count: api.llama_memory_seq_rm(memory, 0, count, -1)
    )


def ik_llama_cpp(file: Path, threads: int) -> LlamaSteps:
    """ik_llama.cpp's wheel."""
    from ik_llama_cpp import _ctypes_api as api
    from ik_llama_cpp.llama import IkLlama

    model = IkLlama(str(file), n_ctx=CONTEXT, n_threads=threads, verbose=False)
    _ALIVE.append(model)
    remove = api._lib.llama_kv_cache_seq_rm
    remove.argtypes = [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32, ctypes.c_int32]
    context = model.ctx
    return LlamaSteps(api, context, model._model.n_vocab, lambda count: remove(context, 0, count, -1))


_ALIVE: list[Any] = []
"""Models whose contexts are in use."""


def stepped(steps: LlamaSteps, tokenizer: Any, ends: frozenset[int], draft: int) -> Any:
    """Generate by single steps, or with up to `draft` guessed tokens in each."""
    budget = DraftBudget(free=draft, most=draft, sure=1.0)

    def generate(name: str, prompt: Sequence[int], until: str, most: int) -> Iterator[int | str]:
        steps.keep(min(common_prefix(steps.held, prompt), len(prompt) - 1))
        pending, said = list(prompt[len(steps.held) :]), list[int]()
        lookup, end = PromptLookup(prompt), ProgramEnd(until)
        while len(said) < most:
            guess = lookup.draft(budget) if draft and said else []
            drawn = steps.feed([*pending, *guess], 1 + len(guess))
            agreed = next((i for i, token in enumerate(guess) if drawn[i] != token), len(guess))
            new = drawn[: agreed + 1]
            steps.keep(len(prompt) + len(said) + agreed)
            said += new
            lookup.extend(new)
            pending = new[-1:]
            yield 0
            text = tokenizer.decode(said)
            if end.find(text) is not None or not ends.isdisjoint(new):
                break
        yield tokenizer.decode(said)
        yield len(said)

    return generate


def openvino(file: Path, threads: int, tokenizer: Any, *, lookup: bool) -> Any:
    """OpenVINO GenAI over the GGUF file."""
    import openvino as ov
    import openvino_genai as genai

    scheduler = genai.SchedulerConfig()
    scheduler.enable_prefix_caching = True
    scheduler.cache_size = 2
    more = {"prompt_lookup": True} if lookup else {}
    pipe = genai.LLMPipeline(
        str(file), "CPU", scheduler_config=scheduler, INFERENCE_NUM_THREADS=threads, **more
    )

    def generate(name: str, prompt: Sequence[int], until: str, most: int) -> Iterator[int | str]:
        import queue
        import threading

        end, pieces, arrived = ProgramEnd(until), list[str](), queue.Queue[bool]()

        def stream(piece: str) -> Any:
            pieces.append(piece)
            arrived.put(True)
            done = end.find("".join(pieces)) is not None
            return genai.StreamingStatus.STOP if done else genai.StreamingStatus.RUNNING

        ids = np.array([list(prompt)], dtype=np.int64)
        inputs = genai.TokenizedInputs(ov.Tensor(ids), ov.Tensor(np.ones_like(ids)))
        config = genai.GenerationConfig(max_new_tokens=most, do_sample=False)
        if lookup:
            config.num_assistant_tokens, config.max_ngram_size = 5, 3
        found: list[Any] = []

        def run() -> None:
            try:
                found.append(pipe.generate(inputs, config, stream))
            finally:
                arrived.put(False)

        thread = threading.Thread(target=run)
        thread.start()
        while arrived.get():
            yield 0
        thread.join()
        # It pads what it had drafted at the end.
        tokens = [token for token in found[0].tokens[0] if token >= 0]
        yield tokenizer.decode(tokens)
        yield len(tokens)

    return generate


def open_rival(name: str, file: Path, threads: int, folder: Path) -> Any:
    """`llama`, `ik` or `openvino`, each also with `-lookup` (llama.cpp's kin: `-lookup-N` drafts N tokens)."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    ends = frozenset(
        found for found in map(tokenizer.token_to_id, ("<|im_end|>", "<|endoftext|>")) if found is not None
    )
    engine, _, lookup = name.partition("-")
    if engine == "openvino":
        return openvino(file, threads, tokenizer, lookup=bool(lookup))
    steps = (llama_cpp if engine == "llama" else ik_llama_cpp)(file, threads)
    return stepped(steps, tokenizer, ends, int(lookup.rpartition("-")[2]) if lookup else 0)
