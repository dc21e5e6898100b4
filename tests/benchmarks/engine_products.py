"""Number formats for weights on a processor: a whole model's matrix products, and how far each rounds.

python -m tests.benchmarks.engine_products MODEL_FOLDER [--repeat 9] [--realtime] [--only NAME …]
python -m tests.benchmarks.engine_products nearness MODEL_FOLDER --only NAME [--texts 8]

The shapes are the default model's, its own weights from MODEL_FOLDER (bfloat16). A few layers are timed, each with
memory of its own, so that weights come from memory as in decoding and not from a cache of the processor; times are
scaled to all layers and the head added. Steps of 1, 11 and 200 tokens: plain decoding, decoding with a draft, and
reading a prompt. Formats take turns. The error is that of the products, against float32, for inputs with heavy
tails as these models have. torchao is measured where it can be imported. `nearness` puts a format into the whole
model: Kullback-Leibler divergence from float32 on reference solutions, as in `engine_precision`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from assistant.engine import inference
from assistant.engine.inference.linear import PlainLinear
from tests.benchmarks.engine_products_formats import FORMATS, Product, installed
from tests.benchmarks.engine_rounds_child import _priority

TOKENS = (1, 11, 200)
MATRICES = ("qkv", "output", "gate_up", "down")
Weights = dict[str, list[Tensor]]


def read_weights(folder: Path, layers: int) -> tuple[Weights, int]:
    """Joined float32 matrices [out, in] of the first layers, the head, and how many layers the model has."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    found: Weights = {name: [] for name in (*MATRICES, "head")}
    for layer in model.model.layers[:layers]:
        attention, feed = layer.self_attn, layer.mlp
        parts = {
            "qkv": (attention.q_proj, attention.k_proj, attention.v_proj),
            "output": (attention.o_proj,),
            "gate_up": (feed.gate_proj, feed.up_proj),
            "down": (feed.down_proj,),
        }
        for name, modules in parts.items():
            found[name].append(torch.cat([module.weight.detach().float() for module in modules]))
    found["head"].append(model.lm_head.weight.detach().float())
    return found, len(model.model.layers)


def inputs(tokens: int, width: int) -> Tensor:
    """Normal numbers, one channel in 200 of them 20 times as large."""
    generator = torch.Generator().manual_seed(tokens * 100_003 + width)
    x = torch.randn(tokens, width, generator=generator)
    x[:, torch.randperm(width, generator=generator)[: width // 200]] *= 20
    return x


class Timed:
    """All products of one format."""

    def __init__(self, make: Callable[..., Product], weights: Weights) -> None:
        self.products: dict[str, list[Product]] = {
            name: [make(weight, fine=name == "down") for weight in found] for name, found in weights.items()
        }

    def seconds(self, tokens: int, layers: int, clock: Callable[[], float]) -> float:
        """One step of the whole model; every layer's head is fed one token, as when decoding only the last."""
        each = {name: inputs(tokens, found[0].width) for name, found in self.products.items()}
        each = {name: x.to(self.products[name][0].dtype) for name, x in each.items()}
        begun = clock()
        for at in range(len(self.products["qkv"])):
            for name in MATRICES:
                self.products[name][at](each[name])
        body = clock()
        self.products["head"][0](each["head"] if tokens < 200 else each["head"][-1:])
        ended = clock()
        return (body - begun) * layers / len(self.products["qkv"]) + ended - body

    def error(self, weights: Weights) -> float:
        """Relative root mean square error over the layers' products."""
        wrong = right = 0.0
        for name in MATRICES:
            for product, weight in zip(self.products[name], weights[name], strict=True):
                x = inputs(11, product.width)
                exact = x @ weight.T
                got = product(x.to(product.dtype)).float()
                wrong += float((got - exact).square().sum())
                right += float(exact.square().sum())
        return float((wrong / right) ** 0.5)

    @property
    def bits(self) -> float:
        """A weight, with its scales."""
        products = [one for found in self.products.values() for one in found]
        return 8 * sum(one.bytes for one in products) / sum(one.weights for one in products)


def times(options: argparse.Namespace) -> None:
    """Take turns, then the table; an interrupt gives the table of the turns that were made."""
    clock = time.thread_time if options.processor_time else time.perf_counter
    options.threads = 1 if options.processor_time else options.threads
    torch.set_num_threads(options.threads)
    weights, layers = read_weights(options.model, options.layers)
    built = dict(_built(options.only, weights))
    found: dict[tuple[str, int], list[float]] = {(name, n): [] for name in built for n in TOKENS}
    names = list(built)
    with torch.inference_mode(), suppress(KeyboardInterrupt):
        for turn in range(-1, options.repeat):  # the first is a warm-up
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                for tokens in TOKENS:
                    _priority(options.realtime)
                    seconds = built[name].seconds(tokens, layers, clock)
                    _priority(False)
                    found[name, tokens] += [1000 * seconds] if turn >= 0 else []
            print(f"turn {turn + 1} of {options.repeat}", file=sys.stderr, flush=True)
    _table(options, built, found, weights)


def _table(
    options: argparse.Namespace,
    built: dict[str, Timed],
    found: dict[tuple[str, int], list[float]],
    weights: Weights,
) -> None:
    what = " of processor time" if options.processor_time else ""
    print(f"milliseconds{what} a step, {options.threads} threads, median (range); torch {torch.__version__}")
    for name, one in built.items():
        with torch.inference_mode():
            error = one.error(weights)
        cells = "  ".join(f"{n:3}: {_spread(found[name, n]):>24}" for n in TOKENS)
        print(
            f"{name:22} n {len(found[name, 1])}  {one.bits:4.1f} bits  {cells}  error {error:.4f}", flush=True
        )


def _built(only: Sequence[str], weights: Weights) -> Iterator[tuple[str, Timed]]:
    """What can be had here; the rest is named with the reason."""
    for name in only:
        if (missing := installed(name)) is not None:
            print(f"{name}: not measured, {missing}", file=sys.stderr)
            continue
        try:
            with torch.inference_mode():
                yield name, Timed(FORMATS[name], weights)
        except (RuntimeError, NotImplementedError, AttributeError, ImportError) as error:
            print(f"{name}: cannot be had here: {' '.join(str(error).split())[:200]}", file=sys.stderr)


def _spread(values: Sequence[float]) -> str:
    return f"{median(values):.1f} ({min(values):.1f} to {max(values):.1f})" if values else "none"


def nearness(options: argparse.Namespace) -> None:
    from assistant.engine.inference.forward import forward_for
    from tests.benchmarks.engine_precision import _teacher_forced, load

    torch.set_num_threads(options.threads)
    model, tokenizer = load(options.model, "float32")
    base = list(_teacher_forced(forward_for(model), tokenizer, options.texts))
    for name in options.only:
        _replace(model, name)
        other = list(_teacher_forced(forward_for(model), tokenizer, options.texts))
        divergence = torch.cat([(a.exp() * (a - b)).sum(-1) for a, b in zip(base, other, strict=True)])
        same = torch.cat([a.argmax(-1) == b.argmax(-1) for a, b in zip(base, other, strict=True)]).float()
        print(
            f"{name} against float32, {len(divergence)} tokens: divergence mean {divergence.mean():.5f}, "
            f"99th percentile {divergence.quantile(0.99):.4f}; same likeliest token {same.mean():.4f}",
            flush=True,
        )
        model, tokenizer = load(options.model, "float32")


def _replace(model: Any, name: str) -> None:
    """Put the format into every product of the model, the head too."""

    def rounded(linear: PlainLinear, *, fine: bool) -> Any:
        parts = linear.tensors()
        product = FORMATS[name](parts["weight"], fine=fine)
        bias = parts.get("bias", 0.0)
        return lambda x: product(x.to(product.dtype)).float() + bias

    for block in model.blocks:
        for field in fields(block):
            if isinstance(part := getattr(block, field.name), PlainLinear):
                setattr(block, field.name, rounded(part, fine=field.name == "down"))
    model.head = rounded(model.head, fine=False)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("times", "nearness"), default="times")
    parser.add_argument("model", type=Path)
    parser.add_argument("--repeat", type=int, default=9)
    parser.add_argument("--layers", type=int, default=4, help="timed, then scaled to all")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--texts", type=int, default=8)
    parser.add_argument(
        "--realtime", action="store_true", help="time at real-time priority (busy machine, root)"
    )
    parser.add_argument(
        "--processor-time", action="store_true", help="of one thread, instead of the clock's (busy machine)"
    )
    parser.add_argument("--only", nargs="+", choices=list(FORMATS), default=list(FORMATS))
    options = parser.parse_args(arguments)
    (nearness if options.what == "nearness" else times)(options)


def _as_the_worker() -> None:
    """Start again with the settings that the worker is started with: they must be there from the first."""
    if not inference.ENVIRONMENT.items() <= os.environ.items():
        command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.engine_products", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, **inference.ENVIRONMENT})


if __name__ == "__main__":
    _as_the_worker()
    main()
