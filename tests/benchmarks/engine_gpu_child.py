"""One engine of `engine_gpu` in a process of its own: orders on stdin, timings on stdout, both JSON lines.

Nothing of ours is imported at the top: vLLM's environment need not have it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any

SHAPES: dict[str, dict[str, Any]] = {
    "qwen2.5-1.5b": {
        "vocab_size": 151936,
        "hidden_size": 1536,
        "intermediate_size": 8960,
        "num_hidden_layers": 28,
        "num_attention_heads": 12,
        "num_key_value_heads": 2,
        "max_position_embeddings": 32768,
    },
    "qwen2.5-7b": {
        "vocab_size": 152064,
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "max_position_embeddings": 32768,
    },
    "tiny": {
        "vocab_size": 512,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 1024,
    },
}
Order = dict[str, Any]
Engine = Callable[[Order], Order]


def config_of(shape: str) -> Any:
    """Nothing ends an answer: all have the wished length."""
    from transformers import Qwen2Config

    return Qwen2Config(
        **SHAPES[shape],
        rms_norm_eps=1e-6,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6},
        tie_word_embeddings=False,
        architectures=["Qwen2ForCausalLM"],
        bos_token_id=None,
        eos_token_id=None,
        dtype="bfloat16",
    )


def word_tokenizer(words: int) -> Any:
    """Token i is the word `wi`: as much work to turn into text as a real vocabulary of that size."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {f"w{i}": i for i in range(words)}
    core = Tokenizer(models.WordLevel(vocabulary, unk_token="w0"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=core, unk_token="w0")


def ours(shape: str, device: str, *, graphs: bool) -> tuple[Engine, Order]:
    """`graphs`: whether small steps are recorded as CUDA graphs."""
    import torch
    from transformers import AutoModelForCausalLM

    from assistant.engine.inference.decoder import Decoder

    torch.manual_seed(0)
    config = config_of(shape)
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).eval()
    decoder = Decoder(model, word_tokenizer(config.vocab_size))
    if device == "cpu":
        _step_as_on_a_card(decoder)
    forward: Any = decoder._forward
    forward._recording = graphs

    def answer(order: Order) -> Order:
        if order["kind"] == "scarce":
            return _short_of_memory(decoder, order, device)
        decoder._lookup = order["lookup"]
        if order["kept"]:
            _generate(decoder, {**order, "prompt": order["prompt"][: order["kept"]], "tokens": 1})
        return _cancelled(decoder, order) if order.get("cancel") else _generate(decoder, order)

    return answer, {"forward": type(decoder._forward).__name__, "torch": torch.__version__}


def _step_as_on_a_card(decoder: Any) -> None:
    import torch

    from assistant.engine.inference.cuda_graphs import GraphedForward

    torch.set_num_threads(1)
    decoder._forward = GraphedForward(decoder._forward._model, record=lambda run: run)


def _generate(decoder: Any, order: Order, stop: Callable[[], None] = lambda: None) -> Order:
    from assistant.core.generation import Chunk, Finish

    cancel = threading.Event()
    order.get("watch", lambda _: None)(cancel)
    begun, first, tokens, accepted, reused, reduced = time.perf_counter(), 0.0, 0, 0, 0, 0
    for item in decoder.generate(_request(order), order["prompt"], cancel):
        first = first or time.perf_counter() - begun
        if isinstance(item, Chunk):
            stop()
        if isinstance(item, Finish):
            assert item.reason in ("length", "cancelled"), item.error
            tokens, accepted = tokens + item.generated_tokens, accepted + item.accepted_tokens
            reused = item.reused_tokens
            reduced += any("out of memory" in note for note in item.notes)
    seconds = time.perf_counter() - begun
    counts = {"tokens": tokens, "accepted": accepted, "reused": reused, "reduced": reduced}
    return {"seconds": seconds, "first": first, **counts}


def _short_of_memory(decoder: Any, order: Order, device: str) -> Order:
    """The batch with room for a third of its rows, which is then cut; and a round after it, with all of the card."""
    import torch

    from assistant.engine.inference.oom import release_memory

    decoder._conversations.clear()
    forward = decoder._forward
    if device == "cpu":
        decoder._forward = _FewRows(forward, order["samples"] // 3)
    else:
        release_memory()
        config = decoder._forward._model.config
        size = config.hidden_size // config.num_attention_heads
        token = 4 * config.num_hidden_layers * config.num_key_value_heads * size  # keys and values in 16 bits
        rows = order["samples"] * (len(order["prompt"]) + order["tokens"]) * token
        total = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_allocated() + rows / 3) / total)
    try:
        cut = _generate(decoder, order)
    finally:
        decoder._forward = forward
        if device != "cpu":
            torch.cuda.set_per_process_memory_fraction(1.0)
    after = _generate(decoder, {**order, "samples": 1, "tokens": 20})
    return {**cut, "after": after["tokens"]}


class _FewRows:
    """A forward on which steps of more rows run out of memory, as on a card that is nearly full."""

    def __init__(self, forward: Any, most: int) -> None:
        self._inner, self._most = forward, most

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __call__(self, tokens: Any, cache: Any, last: Any) -> Any:
        import torch

        if len(tokens) > self._most:
            raise torch.OutOfMemoryError("CUDA out of memory, as tried here")
        return self._inner(tokens, cache, last)


def _request(order: Order) -> Any:
    from assistant.core.generation import Request, Sampling

    temperature = 0.8 if order["samples"] > 1 else 0.0
    return Request(
        messages=(),
        sampling=Sampling(max_new_tokens=order["tokens"], temperature=temperature, seed=order["number"]),
        samples=order["samples"],
        conversation=f"{order['kind']} {order['number']}",
    )


def _cancelled(decoder: Any, order: Order) -> Order:
    """Seconds from a cancel, set by another thread at the fiftieth piece of text, to the last finish."""
    asked: list[float] = []
    pieces: list[int] = []
    events: list[threading.Event] = []

    def stop() -> None:
        pieces.append(1)
        if len(pieces) == 50:
            threading.Thread(target=press).start()

    def press() -> None:
        asked.append(time.perf_counter())
        events[0].set()

    _generate(decoder, {**order, "watch": events.append}, stop)
    return {"seconds": time.perf_counter() - asked[0], "tokens": 0}


def continuous(shape: str, device: str) -> tuple[Engine, Order]:
    """transformers' own continuous batching: the rival where vLLM is not to be had."""
    import torch
    import transformers
    from transformers import AutoModelForCausalLM, GenerationConfig

    torch.manual_seed(0)
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(config_of(shape), dtype=torch.bfloat16).eval()

    def answer(order: Order) -> Order:
        samples = order["samples"]
        settings = GenerationConfig(
            max_new_tokens=order["tokens"], do_sample=samples > 1, temperature=0.8, top_k=0, top_p=1.0
        )
        settings.eos_token_id = settings.pad_token_id = -1  # nothing ends an answer
        begun = time.perf_counter()
        with torch.inference_mode():
            found = model.generate_batch([order["prompt"]] * samples, settings, persistent_manager=True)
        seconds = time.perf_counter() - begun
        return {"seconds": seconds, "tokens": sum(len(one.generated_tokens) for one in found.values())}

    return answer, {"transformers": transformers.__version__}


def vllm(shape: str, memory_share: float) -> tuple[Engine, Order]:
    import vllm
    from vllm import LLM, SamplingParams
    from vllm.inputs import TokensPrompt

    folder = tempfile.mkdtemp()
    config_of(shape).save_pretrained(folder)
    model = LLM(
        model=folder,
        load_format="dummy",  # random weights
        skip_tokenizer_init=True,
        dtype="bfloat16",
        max_model_len=1024,
        gpu_memory_utilization=memory_share,
        enable_prefix_caching=True,
        seed=0,
    )

    def generate(prompt: list[int], samples: int, tokens: int, seed: int) -> int:
        settings = SamplingParams(
            n=samples,
            temperature=0.8 if samples > 1 else 0.0,
            seed=seed if samples > 1 else None,
            max_tokens=tokens,
            ignore_eos=True,
            detokenize=False,
        )
        [output] = model.generate(
            [TokensPrompt(prompt_token_ids=prompt)], sampling_params=settings, use_tqdm=False
        )
        return sum(len(one.token_ids) for one in output.outputs)

    def answer(order: Order) -> Order:
        if order["kept"]:
            generate(order["prompt"][: order["kept"]], 1, 1, 0)
        begun = time.perf_counter()
        tokens = generate(order["prompt"], order["samples"], order["tokens"], order["number"])
        return {"seconds": time.perf_counter() - begun, "tokens": tokens}

    return answer, {"vllm": vllm.__version__}


def main() -> None:
    engine, shape, device, share = sys.argv[1:]
    replies = os.fdopen(os.dup(1), "w")  # what libraries print goes to stderr
    os.dup2(2, 1)
    opened = {
        "vllm": lambda: vllm(shape, float(share)),
        "transformers": lambda: continuous(shape, device),
        "ours-eager": lambda: ours(shape, device, graphs=False),
        "ours": lambda: ours(shape, device, graphs=True),
    }
    answer, about = opened[engine]()
    print(json.dumps(about), file=replies, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=replies, flush=True)


if __name__ == "__main__":
    main()
