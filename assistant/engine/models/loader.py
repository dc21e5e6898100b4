"""A prepared folder loaded onto its device. Imports torch and transformers inside functions; worker only."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.core.errors import EngineError
from assistant.core.generation import ModelInfo
from assistant.engine.models import devices
from assistant.engine.models.cache import ModelCache
from assistant.engine.models.capacity import require_disk, require_memory, size_text
from assistant.engine.models.manifest import Manifest, library_versions
from assistant.engine.models.provision import PreparedModel, cache_key
from assistant.engine.progress import Steps

LOADING = "loading"
SYSTEM_TRIAL = "Reply in one word."
COMPILING = "compiling once for this processor"
PACKING = "converting once to {precision}"
WORKING_MEMORY = 700_000_000
"""Bytes that torch, the tokenizer and the caches of a few conversations take in addition to the weights."""


@dataclass(frozen=True)
class LoadPlan:
    """Where and in which number format a prepared model runs, with everything on disk that this takes."""

    prepared: PreparedModel
    device: str
    precision: str
    packed: Path | None
    """The folder of the packed weights, for number formats of our own."""

    @property
    def weight_bytes(self) -> int:
        """What is read from the disk."""
        return weight_bytes(self.packed or self.prepared.folder)


@dataclass
class LoadedModel:
    """A model ready to generate."""

    model: Any
    tokenizer: Any
    info: ModelInfo


def plan(
    prepared: PreparedModel, root: Path, device: str, precision: str, threads: int, steps: Steps
) -> LoadPlan:
    """Choose device and number format; make packed weights and kernels where they are wanted and not there yet."""
    import torch
    from transformers import AutoConfig
    from transformers.utils import logging

    from assistant.engine.inference.precision import PACKED, choose

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(threads)
    where = devices.choose_device(device)
    config = _read(prepared, lambda: AutoConfig.from_pretrained(prepared.folder, trust_remote_code=False))
    chosen = choose(config, where, precision)
    packed = None
    if chosen in PACKED:
        packed = packed_weights(prepared, chosen, root, steps)
        _compile(config, steps)
    return LoadPlan(prepared, where, chosen, packed)


def _compile(config: Any, steps: Steps) -> None:
    from assistant.engine.inference.cpu_kernels import kernel_cache
    from assistant.engine.inference.precision import torch_is_exact

    compiled = kernel_cache.suits(config) and kernel_cache.compile_once(lambda: steps(COMPILING))
    if not compiled and not torch_is_exact():
        raise EngineError("The 8-bit kernels could not be compiled here; choose --precision bfloat16.")


def load(plan: LoadPlan, threads: int, steps: Steps) -> LoadedModel:
    """Load the model and its tokenizer, and say everything there is to say about them."""
    from transformers import AutoTokenizer

    steps(LOADING, 0, 3)
    prepared = plan.prepared
    if plan.device == "cpu":
        require_memory(plan.weight_bytes + WORKING_MEMORY, f"load {prepared.name}")
    tokenizer = _read(
        prepared, lambda: AutoTokenizer.from_pretrained(prepared.folder, trust_remote_code=False)
    )
    steps(LOADING, 1, 3)
    model = _model(plan)
    steps(LOADING, 2, 3)
    info = ModelInfo(
        engine="transformers",
        name=prepared.name,
        revision=prepared.revision,
        weights_sha256=prepared.weights_sha256,
        dtype=str(model.dtype).removeprefix("torch."),
        precision=plan.precision,
        device=plan.device,
        device_name=devices.device_name(plan.device),
        context_length=model.config.get_text_config().max_position_embeddings,
        chat_template_sha256=_template_hash(tokenizer),
        is_chat=tokenizer.chat_template is not None,
        takes_system=tokenizer.chat_template is None or takes_system(tokenizer),
        threads=threads,
        versions=library_versions(),
    )
    steps(LOADING, 3, 3)
    return LoadedModel(model, tokenizer, info)


def _model(plan: LoadPlan) -> Any:
    from assistant.engine.inference.precision import open_packed

    folder, packed = plan.prepared.folder, plan.packed
    if packed is not None:
        return _read(plan.prepared, lambda: open_packed(folder, plan.precision, packed))
    return _read(plan.prepared, lambda: _plain_model(plan))


def _plain_model(plan: LoadPlan) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    place = devices.device_map(plan.device, plan.weight_bytes)
    try:
        model = AutoModelForCausalLM.from_pretrained(
            plan.prepared.folder,
            dtype=getattr(torch, plan.precision),
            device_map=None if place == "cpu" else place,
            trust_remote_code=False,
        )
    except torch.OutOfMemoryError as error:
        raise EngineError(
            f"{plan.prepared.name} ({size_text(plan.weight_bytes)}) does not fit the memory of {plan.device}. "
            "Choose a smaller model (`assistant model list`) or --device cpu."
        ) from error
    return model.eval()


def _read(prepared: PreparedModel, reading: Any) -> Any:
    """The result of `reading`; what transformers says about a folder that it cannot read, in one line."""
    try:
        return reading()
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = " ".join(str(error).split())[:300]
        raise EngineError(f"{prepared.name} cannot be loaded: {reason}") from error


def takes_system(tokenizer: Any) -> bool:
    """Whether the chat template has a system turn: some refuse one (Gemma), others leave it out silently."""
    from jinja2 import TemplateError

    dialogue = [{"role": "system", "content": SYSTEM_TRIAL}, {"role": "user", "content": "hi"}]
    try:
        rendered = tokenizer.apply_chat_template(dialogue, tokenize=False, add_generation_prompt=True)
    except (TemplateError, ValueError, TypeError, KeyError):
        return False
    return SYSTEM_TRIAL in rendered


def _template_hash(tokenizer: Any) -> str:
    template = tokenizer.chat_template
    return hashlib.sha256(str(template).encode()).hexdigest() if template is not None else ""


DISK_SHARE = 0.65
"""Size of 8-bit weights over that of 16-bit ones, the embedding staying at 16 bits; rounded up."""
MEMORY_SHARE = 1.2
"""Peak memory over the size of the 16-bit weights, which are let go layer by layer: measured 1.09."""


def packed_weights(prepared: PreparedModel, precision: str, root: Path, steps: Steps) -> Path:
    """The folder with the packed weights of a prepared model, made in the cache unless it is there."""
    from assistant.engine.inference import quantized_checkpoint
    from assistant.engine.inference.precision import pack

    cache = ModelCache(root)
    stem = f"{cache_key(prepared.name, prepared.weights_sha256)}-{precision}-p"
    key = f"{stem}{quantized_checkpoint.FORMAT}"
    if (found := cache.find(key)) is not None:
        return found
    plain = weight_bytes(prepared.folder)
    require_disk(cache.folder, int(plain * DISK_SHARE), f"keep {prepared.name} in {precision}")
    require_memory(int(plain * MEMORY_SHARE), f"convert {prepared.name} to {precision} (once)")

    def fill(target: Path, _: Path) -> Manifest:
        steps(PACKING.format(precision=precision))
        pack(prepared.folder, precision, target)
        return Manifest(
            name=prepared.name,
            revision=prepared.revision,
            weights_sha256=prepared.weights_sha256,
            precision=precision,
        )

    folder = cache.build(key, fill, steps)
    cache.free_older(key, stem)
    return folder


def weight_bytes(folder: Path) -> int:
    """Size of the safetensors files of a folder."""
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))
