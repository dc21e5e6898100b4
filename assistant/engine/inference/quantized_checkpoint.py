"""A `Llama` in 8 bits on disk: written a layer at a time in the order of the kernels, and mapped when loaded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from assistant.core.errors import WeightsError
from assistant.engine.inference import k_quants
from assistant.engine.inference.block_linear import BlockLinear, PanelRun
from assistant.engine.inference.k_quants import panel_bytes
from assistant.engine.inference.linear import Linear, Stack, StackedLinear, as_panels
from assistant.engine.inference.llama import Llama, LlamaBlock, LlamaConfig
from assistant.engine.inference.llama_weights import FINE, PRODUCTS, Outline, RoundedTensors
from assistant.engine.inference.weights_file import ROWS, ArraySpec, WeightsFile, WeightsWriter

_PANELS = "panels-"
_BLOCKS = "blocks-"
"""Then the bits of a weight, the channels, and those of a panel."""


def write(
    outline: Outline,
    source: RoundedTensors,
    file: Path,
    *,
    precision: str = "int8",
    panel: int = 0,
    threads: int = 1,
    report: Callable[[float, float], None] = lambda done, total: None,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Write the weights, as rows or in panels of so many channels. Memory: the largest array and some chunks.

    What the source keeps in blocks stays in them, in panels.

    `report` is told the bytes done and to do; what it raises ends the work and leaves no file. `meanwhile` is done by
    one of the threads.
    """
    specs = {spec.name: spec for spec in _specs(outline, source, panel)}
    about = {
        "precision": precision,
        "config": json.dumps(asdict(outline.config)),
        "rotary_scale": repr(outline.rotary_scale),
        "biased": json.dumps(sorted(outline.biased)),
    }
    with WeightsWriter(file, list(specs.values()), about) as writer:
        writer.write("frequencies", outline.frequencies.float().numpy())

        def embed() -> None:
            writer.write("embedding", _numbers(source.embedding()))

        def multiply(layer: int, name: str) -> None:
            prefix = _prefix(layer, name)
            kept = source.runs(layer, name)
            parts = (
                _in_blocks(source, layer, name, panel) if kept else _eight_bits(source, layer, name, panel)
            )
            for part, array in parts.items():
                writer.write(f"{prefix}.{part}", array.reshape(specs[f"{prefix}.{part}"].shape))

        def norms() -> None:
            writer.write("norm", source.norm(-1, "norm").float().numpy())
            for layer in range(outline.config.num_hidden_layers):
                for name in _norms(outline):
                    writer.write(f"blocks.{layer}.{name}", source.norm(layer, name).float().numpy())

        products: list[tuple[float, Callable[[], None]]] = [
            (_size(specs, layer, name), partial(multiply, layer, name))
            for layer in range(outline.config.num_hidden_layers)
            for name in PRODUCTS
        ]
        # The two largest are taken far from one another: each is held whole meanwhile.
        products.insert(len(products) // 2, (specs["embedding"].nbytes, embed))
        products.insert(0, (_size(specs, -1, "head"), partial(multiply, -1, "head")))
        _run([(0, meanwhile), (0, norms), *products], threads, report)


def _run(
    jobs: list[tuple[float, Callable[[], None]]], threads: int, report: Callable[[float, float], None]
) -> None:
    """All jobs, in so many threads, telling now and then how far they are. Within one, torch has no more threads."""
    total, done = sum(size for size, _ in jobs), 0.0
    with _one_torch_thread(), ThreadPoolExecutor(threads) as pool:
        try:
            sizes = {pool.submit(job): size for size, job in jobs}
            waiting = set(sizes)
            while waiting:
                finished, waiting = wait(waiting, timeout=0.1, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                    done += sizes[future]
                report(done, total)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


@contextmanager
def _one_torch_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def load(file: Path) -> Llama:
    """The model that `write` wrote, in the memory of the file. Raises WeightsError for a file of another kind."""
    stored = WeightsFile(file)
    try:
        about = stored.about
        kept = json.loads(about["config"])
        config = LlamaConfig(**kept | {"eos_token_id": tuple(kept["eos_token_id"])})
        layers, biased = range(config.num_hidden_layers), json.loads(about["biased"])
        products = {
            name: _products(stored, [_prefix(layer, name) for layer in layers], size, name, name in biased)
            for name, size in _outs(config).items()
            if name != "head"
        }
        [head] = _products(stored, ["head"], _outs(config)["head"], "head", False)
        embedding = _tensor(stored, "embedding")
        return Llama(
            config=config,
            generation_config=None,
            embedding=embedding,
            blocks=[_block(stored, products, layer) for layer in layers],
            norm=_tensor(stored, "norm"),
            head=head,
            frequencies=_tensor(stored, "frequencies").clone(),
            rotary_scale=float(about["rotary_scale"]),
            precision=about["precision"],
            dtype=torch.float32,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{file.name} holds no packed model of this format: {error}.") from error


def _prefix(layer: int, name: str) -> str:
    return f"blocks.{layer}.{name}" if layer >= 0 else name


def _size(specs: dict[str, ArraySpec], layer: int, name: str) -> int:
    """Of a product's arrays."""
    begins = f"{_prefix(layer, name)}."
    return sum(spec.nbytes for spec in specs.values() if spec.name.startswith(begins))


def _block(stored: WeightsFile, products: dict[str, list[Linear]], layer: int) -> LlamaBlock:
    parts: dict[str, Any] = {name: products[name][layer] for name in PRODUCTS}
    for name in ("attention_norm", "feed_norm", "query_norm", "key_norm"):
        at = f"blocks.{layer}.{name}"
        parts[name] = _tensor(stored, at) if at in stored.arrays else None
    return LlamaBlock(**parts)


def _products(
    stored: WeightsFile, prefixes: list[str], size: tuple[int, int], name: str, biased: bool
) -> list[Linear]:
    """One matrix of all layers: those in 8 bits that follow one another share a stack."""
    fine, found = name in FINE, dict[str, Linear]()
    eight = [prefix for prefix in prefixes if f"{prefix}.weight" in stored.arrays]
    for together in [eight] if len(eight) == len(prefixes) else [[prefix] for prefix in eight]:
        stack = _stack(stored, together, biased)
        found |= {
            prefix: StackedLinear(stack, layer, size[0], fine=fine) for layer, prefix in enumerate(together)
        }
    for prefix in set(prefixes).difference(eight):
        found[prefix] = _block_product(stored, prefix, size, biased, fine=fine)
    return [found[prefix] for prefix in prefixes]


def _block_product(
    stored: WeightsFile, prefix: str, size: tuple[int, int], biased: bool, *, fine: bool
) -> BlockLinear:
    out, width = size
    runs: list[PanelRun] = []
    panel = 0
    for at in range(2):
        if f"{prefix}.run{at}" in stored.arrays:
            panels = stored.array(f"{prefix}.run{at}")
            bits, channels, panel = (
                int(number) for number in stored.arrays[f"{prefix}.run{at}"].spec.layout.split("-")[1:]
            )
            runs.append(PanelRun(panels, bits, channels))
    if sum(run.channels for run in runs) != out:
        raise ValueError(f"{prefix} has not {out} channels")
    bias = torch.from_numpy(stored.array(f"{prefix}.bias")[:out].copy()) if biased else None
    return BlockLinear(runs, width, panel, bias, fine=fine)


def _stack(stored: WeightsFile, prefixes: list[str], biased: bool) -> Stack:
    weight, scale, bias = (
        stored.stacked([f"{prefix}.{part}" for prefix in prefixes]) for part in ("weight", "scale", "bias")
    )
    layout = stored.arrays[f"{prefixes[0]}.weight"].spec.layout
    panel = int(layout.removeprefix(_PANELS)) if layout.startswith(_PANELS) else 0
    return Stack(weight, scale, bias, panel, biased)


def _tensor(stored: WeightsFile, name: str) -> Tensor:
    """In the file's own memory; a norm is copied, being small, so that torch may be given it freely."""
    spec, array = stored.arrays[name].spec, stored.array(name)
    if spec.dtype == "BF16":
        return _mapped(array).view(torch.bfloat16)
    return _mapped(array) if array.ndim > 1 else torch.from_numpy(array.copy())


def _mapped(array: Any) -> Tensor:
    """torch knows no read-only tensors and warns of them; nobody writes to these."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return torch.from_numpy(array)


def _outs(config: LlamaConfig) -> dict[str, tuple[int, int]]:
    """Channels out and in of each product."""
    width, inner, size = config.hidden_size, config.intermediate_size, config.head_dim
    heads = size * config.num_attention_heads
    return {
        "query_key_value": (heads + 2 * size * config.num_key_value_heads, width),
        "output": (width, heads),
        "gate_up": (2 * inner, width),
        "down": (width, inner),
        "head": (config.vocab_size, width),
    }


def _norms(outline: Outline) -> Iterator[str]:
    yield from ("attention_norm", "feed_norm")
    if outline.head_norms:
        yield from ("query_norm", "key_norm")


def _specs(outline: Outline, source: RoundedTensors, panel: int) -> Iterator[ArraySpec]:
    """The arrays in the order of the file: of each product all layers in turn, as the kernels want them."""
    config = outline.config
    layers = range(config.num_hidden_layers)
    for name, (out, width) in _outs(config).items():
        places = [-1] if name == "head" else list(layers)
        channels = -(-out // panel) * panel if panel else out
        shape, dtype = ((channels * width,), "U8") if panel else ((out, width), "I8")
        layout = f"{_PANELS}{panel}" if panel else ROWS
        eight = [_prefix(layer, name) for layer in places if not source.runs(layer, name)]
        yield from (ArraySpec(f"{prefix}.weight", dtype, shape, layout) for prefix in eight)
        yield from (ArraySpec(f"{prefix}.scale", "F32", (channels,)) for prefix in eight)
        for layer in places:
            for at, (bits, some) in enumerate(source.runs(layer, name)):
                size = panel_bytes(bits, some, width, panel)
                named = f"{_prefix(layer, name)}.run{at}"
                yield ArraySpec(named, "U8", (size,), f"{_BLOCKS}{bits}-{some}-{panel}")
        yield from (ArraySpec(f"{_prefix(layer, name)}.bias", "F32", (channels,)) for layer in places)
    dtype = {torch.bfloat16: "BF16", torch.float16: "F16", torch.float32: "F32"}[outline.embedding]
    yield ArraySpec("embedding", dtype, (config.vocab_size, config.hidden_size))
    sizes = dict.fromkeys(("attention_norm", "feed_norm"), config.hidden_size)
    sizes |= dict.fromkeys(("query_norm", "key_norm"), config.head_dim)
    for name in _norms(outline):
        yield from (ArraySpec(f"blocks.{layer}.{name}", "F32", (sizes[name],)) for layer in layers)
    yield ArraySpec("norm", "F32", (config.hidden_size,))
    yield ArraySpec("frequencies", "F32", tuple(outline.frequencies.shape))


def _eight_bits(source: RoundedTensors, layer: int, name: str, panel: int) -> dict[str, Any]:
    weight, scale, bias = source.product(layer, name)
    missing = -len(weight) % panel if panel else 0
    kept = torch.zeros(len(weight)) if bias is None else bias.float()
    return {
        "weight": (as_panels(weight, panel) if panel else weight).numpy(),
        "scale": np.pad(scale.numpy(), (0, missing)),
        "bias": np.pad(kept.numpy(), (0, missing)),
    }


def _in_blocks(source: RoundedTensors, layer: int, name: str, panel: int) -> dict[str, Any]:
    found, bias = source.blocks(layer, name)
    out = sum(len(one.codes) for one in found)
    parts: dict[str, Any] = {f"run{at}": k_quants.as_panels(one, panel) for at, one in enumerate(found)}
    kept = np.zeros(out, np.float32) if bias is None else bias.float().numpy()
    return parts | {"bias": np.pad(kept, (0, -out % panel))}


def _numbers(tensor: Tensor) -> Any:
    """As numpy, which has no bfloat16: its bits."""
    return tensor.view(torch.uint16).numpy() if tensor.dtype == torch.bfloat16 else tensor.numpy()
