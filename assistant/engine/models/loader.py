"""A prepared folder loaded onto its device. Imports torch and transformers inside functions; worker only."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.core.errors import EngineError, WeightsError
from assistant.core.generation import ModelInfo
from assistant.engine.inference.chat_tokenizer import open_tokenizer
from assistant.engine.models import devices
from assistant.engine.models.capacity import require_memory, size_text
from assistant.engine.models.folder_checks import readable
from assistant.engine.models.integrity import REMEDY
from assistant.engine.models.lazy_torch import complete_torch, import_torch
from assistant.engine.models.manifest import library_versions
from assistant.engine.models.packing import COMPILING, packed
from assistant.engine.models.provision import PreparedModel, prepare, weight_bytes
from assistant.engine.models.source import Source
from assistant.engine.progress import Steps

LOADING = "loading"
SYSTEM_TRIAL = "Reply in one word."
WORKING_MEMORY = 700_000_000
"""Bytes that torch, the tokenizer and the caches of a few conversations take in addition to the weights."""


@dataclass(frozen=True)
class LoadPlan:
    """Where and in which number format a model runs, with everything on disk that this takes."""

    prepared: PreparedModel
    device: str
    precision: str

    @property
    def weight_bytes(self) -> int:
        """What is read from the disk."""
        return weight_bytes(self.prepared.folder)


@dataclass
class LoadedModel:
    """A model ready to generate."""

    model: Any
    tokenizer: Any
    info: ModelInfo


def plan(source: Source, root: Path, device: str, precision: str, threads: int, steps: Steps) -> LoadPlan:
    """Choose device and number format, and bring everything that they take onto the disk.

    In 8 bits on a processor the model is packed straight from what was published; anything else is loaded from a
    folder as transformers wants it.
    """
    from assistant.engine.inference.precision import PACKED, require_known

    require_known(precision)
    import_torch()
    where = devices.choose_device(device)
    if where == "cpu" and precision in ("auto", *PACKED):
        ready = packed(source, precision, root, threads, steps)
        if ready is not None:
            _compile(steps, ready.packed)
            return LoadPlan(ready, where, ready.packed)
    complete_torch()
    return _plain_plan(prepare(source, root, steps), where, precision)


def _plain_plan(prepared: PreparedModel, where: str, precision: str) -> LoadPlan:
    from transformers import AutoConfig
    from transformers.utils import logging

    from assistant.engine.inference.precision import choose

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    with readable(prepared.name):
        config = AutoConfig.from_pretrained(prepared.folder, trust_remote_code=False)
    return LoadPlan(prepared, where, choose(config, where, precision))


def _compile(steps: Steps, precision: str) -> None:
    from assistant.engine.inference.cpu_kernels import kernel_cache
    from assistant.engine.inference.precision import torch_is_exact

    if kernel_cache.compile_once(lambda: steps(COMPILING)):
        return
    if precision != "int8" or not torch_is_exact():
        raise EngineError(
            f"The kernels for {precision} could not be compiled here; choose --precision bfloat16."
        )


def load(plan: LoadPlan, threads: int, steps: Steps) -> LoadedModel:
    """Load the model and its tokenizer, and say everything there is to say about them."""
    import torch

    torch.set_num_threads(threads)
    steps(LOADING, 0, 3)
    prepared = plan.prepared
    if plan.device == "cpu":
        require_memory(plan.weight_bytes + WORKING_MEMORY, f"load {prepared.name}")
    with readable(prepared.name):
        tokenizer = open_tokenizer(prepared.folder)
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
        parameters=_parameter_count(model),
        versions=library_versions(),
    )
    steps(LOADING, 3, 3)
    return LoadedModel(model, tokenizer, info)


def _parameter_count(model: Any) -> int:
    from assistant.engine.inference.llama import Llama

    return model.parameter_count if isinstance(model, Llama) else sum(p.numel() for p in model.parameters())


def _model(plan: LoadPlan) -> Any:
    from assistant.engine.inference.precision import open_packed

    prepared = plan.prepared
    if not prepared.packed:
        return _plain_model(plan)
    try:
        return open_packed(prepared.folder, prepared.packed)
    except WeightsError as error:
        remedy = REMEDY.format(key=prepared.folder.name)
        raise WeightsError(f"{str(error).rstrip('.')}; {remedy}.") from error


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
