"""In which number format a model runs where. torch is imported inside functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from assistant.core.errors import EngineError
from assistant.engine.inference.cpu_kernels import kernel_cache

PLAIN = ("bfloat16", "float16", "float32")
"""The weights as transformers loads them."""
PACKED = ("int8", "q4")
"""Formats of our own: rearranged once, then stored. `q4` keeps the 4 and 6 bits of a GGUF file as they are."""
Q4_MAY_BE_AUTOMATIC = False
"""Whether `auto` may choose q4 where it is faster: not before its answers are shown to be no worse than bfloat16's by
2 points. On 320 MBPP problems: -1.6 (-3.4 to +0.3), and +0.0 (-1.6 to +1.9) beside 8 bits (2026-12-01)."""
PRECISIONS = ("auto", *PACKED, *PLAIN)
"""What `--precision` takes."""
PACKED_FILE = "weights-{precision}.safetensors"


def choose(config: Any, device: str, wanted: str = "auto") -> str:
    """The format for a model of this transformers config on `device`; `auto` takes the fastest that is as good.

    Raises EngineError for one that this model or machine cannot have.
    """
    kind = device.partition(":")[0]
    if wanted == "auto":
        if kind == "cpu" and _fits(config) and (kernel_cache.suits(config) or torch_is_exact()):
            return "int8"
        return _plain(kind)
    if wanted in PLAIN:
        return wanted
    require_known(wanted)
    if kind != "cpu":
        raise EngineError(f"Precision {wanted} is for the processor; on {kind} choose auto or bfloat16.")
    if not _fits(config):
        raise EngineError(f"Precision {wanted} is not made for {config.model_type} models; choose auto.")
    if not (kernel_cache.suits(config) or (torch_is_exact() and wanted == "int8")):
        raise EngineError(f"Precision {wanted} needs {kernel_cache.NEEDED}; choose auto or bfloat16.")
    return wanted


def require_known(wanted: str) -> None:
    """Raise EngineError for a name that is no precision, before anything is fetched or converted for it."""
    if wanted not in PRECISIONS:
        raise EngineError(f"There is no precision {wanted!r}; choose one of {', '.join(PRECISIONS)}.")


def apply(model: Any, precision: str) -> Any:
    """`model` in that format. A transformers model is taken apart for a packed one: do not use it afterwards."""
    import torch

    if precision in PLAIN:
        for weight in model.parameters():  # not `model.to`: it would round the rotary frequencies too
            weight.data = weight.data.to(getattr(torch, precision))
        return model
    if precision != "int8":
        raise EngineError(f"Precision {precision} is made from a GGUF file, not from a loaded model.")
    from assistant.engine.inference.llama_weights import build

    return build(model, precision)


def open_packed(folder: Path, precision: str = "int8") -> Any:
    """The packed model in `folder`, mapped. Raises WeightsError for a file of another format."""
    from assistant.engine.inference import quantized_checkpoint

    return quantized_checkpoint.load(packed_file(folder, precision))


def packed_file(folder: Path, precision: str) -> Path:
    """Where the packed weights lie."""
    return folder / PACKED_FILE.format(precision=precision)


def _fits(config: Any) -> bool:
    from assistant.engine.inference.llama_weights import fits

    return fits(config)


def _plain(kind: str) -> str:
    import torch

    if kind == "cuda" and not torch.cuda.is_bf16_supported():
        return "float16"
    return "float16" if kind == "mps" else "bfloat16"


def torch_is_exact() -> bool:
    """Whether torch sums 8-bit products without saturating: with older instructions it adds pairs in 16 bits."""
    import torch

    engines = torch.backends.quantized.supported_engines
    return "fbgemm" in engines and bool(torch.cpu._is_vnni_supported())
