"""A GGUF file made into 16-bit safetensors: for training, graphics cards and `--precision bfloat16`.

Imports torch and transformers inside functions; runs in the worker process only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant.core.errors import EngineError
from assistant.engine.models.gguf_header import GgufHeader
from assistant.engine.progress import Steps

STEP = "converting once"
BYTES_PER_WEIGHT = 2
"""bfloat16."""
MEMORY_FACTOR = 1.3
"""Peak memory of a conversion over the size of its result, the pages of the file itself left out; rounded up."""
END_OF_TEXT = "<|endoftext|>"


def converted_bytes(header: GgufHeader) -> int:
    """Size of the model once converted (weights and, roughly, the tokenizer)."""
    return header.parameters * BYTES_PER_WEIGHT + 16_000_000


def convert(gguf: Path, target: Path, steps: Steps) -> None:
    """Write the model in `gguf` to the folder `target` in bfloat16, with its tokenizer and chat template."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    place = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    steps(STEP)
    with explained(gguf), one_reader(), _watched_bars(steps):
        tokenizer = AutoTokenizer.from_pretrained(**place)
        model = AutoModelForCausalLM.from_pretrained(
            **place, quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16
        )
        _forget_quantization(model)
        model.generation_config.eos_token_id = ends_of(model.generation_config.eos_token_id, tokenizer)
        steps(STEP)
        tokenizer.save_pretrained(target)
        model.save_pretrained(target)


def _forget_quantization(model: Any) -> None:
    """The weights are plain now; a quantization config would make the loader look for blocks."""
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.hf_quantizer = None


def ends_of(end: Any, tokenizer: Any) -> Any:
    """GGUF names one end token; models that also end with `<|endoftext|>` get both, as the hub's are."""
    other = tokenizer.get_vocab().get(END_OF_TEXT)
    return [end, other] if isinstance(end, int) and other is not None and other != end else end


@contextmanager
def explained(gguf: Path) -> Iterator[None]:
    """Within, what is wrong with a GGUF file becomes an EngineError in one line."""
    try:
        yield
    except (ValueError, KeyError, NotImplementedError, TypeError) as error:
        raise EngineError(f"{gguf.name} cannot be converted: {_one_line(error)}") from error


@contextmanager
def _watched_bars(steps: Steps) -> Iterator[None]:
    """Turn the progress bars of transformers into our steps, which also lets a cancel through."""
    from transformers import modeling_gguf_pytorch_utils as reading
    from transformers.utils import logging

    def bar(iterable: Any = (), *_: Any, **__: Any) -> Iterator[Any]:
        items = list(iterable)
        for done, item in enumerate(items):
            steps(STEP, done, len(items), "tensors")
            yield item

    original = reading.tqdm
    reading.tqdm = bar
    logging.disable_progress_bar()
    try:
        yield
    finally:
        reading.tqdm = original


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


@contextmanager
def one_reader() -> Iterator[None]:
    """Within, every `gguf.GGUFReader` of one path is the same reader, over a plain array of the mapped file.

    transformers opens the file three times (settings, tokenizer, weights), and each time `gguf` walks through every
    entry of the vocabulary in slices of a `numpy.memmap`, which are slow to make: 30 s of a conversion.
    """
    import gguf

    original, readers = gguf.GGUFReader, dict[str, Any]()

    def reader(path: Any, mode: str = "r") -> Any:
        if str(path) not in readers:
            readers[str(path)] = _plain(original)(path, mode)
        return readers[str(path)]

    gguf.GGUFReader = reader
    try:
        yield
    finally:
        gguf.GGUFReader = original


def _plain(reader: type[Any]) -> type[Any]:
    """The reader with its `data` a plain array, whose slices cost a quarter."""

    class PlainReader(reader):  # type: ignore[misc]
        @property
        def data(self) -> Any:
            return self._data

        @data.setter
        def data(self, mapped: Any) -> None:
            import numpy

            self._data = numpy.asarray(mapped)

    return PlainReader
