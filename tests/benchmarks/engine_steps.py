"""Milliseconds of one forward step of a model on a processor: our kernels, torch's 8-bit products, bfloat16.

python -m tests.benchmarks.engine_steps MODEL_FOLDER PACKED_FOLDER [--q4 PACKED_FOLDER] [--repeat 9] [--past 384]
    [--threads N] [--ways native q4 torch bfloat16] [--tokens 1 2 4 8 11 16 384] [--realtime]

The real weights, steps of so many tokens after a past of `--past`; the ways take turns, and each tells its median,
its range and, beside the first way, the ratio. Without VNNI torch's 8-bit products saturate: they are only timed.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch

from assistant.engine.inference import precision
from assistant.engine.inference.forward import Forward
from assistant.engine.inference.llama_weights import build
from tests.benchmarks.engine_rounds_child import _priority


def native(options: argparse.Namespace) -> Forward:
    from assistant.engine.inference.cpu_kernels import kernel_cache
    from assistant.engine.inference.cpu_kernels.forward import NativeForward

    if not kernel_cache.compile_once():
        raise SystemExit("there are no kernels of ours for this processor")
    return NativeForward(precision.open_packed(options.packed))


def native_q4(options: argparse.Namespace) -> Forward:
    from assistant.engine.inference.cpu_kernels.forward import NativeForward

    return NativeForward(precision.open_packed(options.q4, "q4"))


def torch_int8(options: argparse.Namespace) -> Forward:
    from assistant.engine.inference.llama_forward import RaggedForward

    return RaggedForward(precision.open_packed(options.packed))


def bfloat16(options: argparse.Namespace) -> Forward:
    from transformers import AutoModelForCausalLM

    from assistant.engine.inference.llama_forward import RaggedForward

    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.bfloat16)
    return RaggedForward(build(model, "bfloat16"))


WAYS: dict[str, Callable[[argparse.Namespace], Forward]] = {
    "native": native,
    "q4": native_q4,
    "torch": torch_int8,
    "bfloat16": bfloat16,
}


def seconds(forward: Forward, cache: Any, past: int, tokens: int) -> float:
    cache.crop(0, past)
    begun = time.perf_counter()
    forward([list(range(1000, 1000 + tokens))], cache, [min(tokens, 16)])
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("packed", type=Path)
    parser.add_argument("--q4", type=Path, help="folder of the weights in their own 4 and 6 bits")
    parser.add_argument("--repeat", type=int, default=9)
    parser.add_argument("--past", type=int, default=384)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=["native", "torch", "bfloat16"])
    parser.add_argument("--tokens", nargs="+", type=int, default=[1, 2, 4, 8, 11, 16, 384])
    parser.add_argument("--realtime", action="store_true", help="as root: before everything else")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    forwards = {name: WAYS[name](options) for name in options.ways}
    caches = {}
    for name, forward in forwards.items():
        caches[name] = forward.new_cache(1, options.past + max(options.tokens))
        forward([list(range(1000, 1000 + options.past))], caches[name], [1])
    print(f"torch {torch.__version__}, {options.threads} threads, after {options.past} tokens; milliseconds")
    for tokens in options.tokens:
        found = defaultdict(list)
        _priority(options.realtime)
        for turn in range(options.repeat + 1):
            for name, forward in forwards.items():
                took = seconds(forward, caches[name], options.past, tokens)
                found[name] += [1000 * took] if turn else []
        _priority(False)
        first, least = median(next(iter(found.values()))), min(next(iter(found.values())))
        for name, each in found.items():
            ratio = f"  {median(each) / first:.2f}" if each is not next(iter(found.values())) else ""
            ratio += f" (least {min(each) / least:.2f})" if ratio else ""
            print(
                f"{tokens:4} {name:9} {median(each):7.1f} ({min(each):.1f} to {max(each):.1f}){ratio}",
                flush=True,
            )


if __name__ == "__main__":
    main()
