"""Training on an export: TRL's trainers and PEFT's LoRA, thinly. Nothing here is needed to train without us.

The adapter is merged into the model in the end, so that `assistant --model OUT` and `assistant bench` take the result
as any other model.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assistant.core.errors import AssistantError, UsageError
from assistant.core.generation import Progress
from assistant.core.optional_deps import need
from assistant.datasets.atomic_directory import MARK
from assistant.engine.models.provision import PreparedModel, prepare
from assistant.engine.models.source import HubModel, resolve
from assistant.engine.progress import Steps

TRAINERS = {
    "refinement": ("SFTTrainer", "SFTConfig"),
    "sft": ("SFTTrainer", "SFTConfig"),
    "preference": ("DPOTrainer", "DPOConfig"),
    "kto": ("KTOTrainer", "KTOConfig"),
}
RECORD = "training.json"


@dataclass(frozen=True)
class Recipe:
    """How to train. The numbers are usual ones for LoRA on some hundred to some thousand rows."""

    format: str = "refinement"
    epochs: float = 3.0
    steps: int = 0
    """In place of epochs, where it is not 0."""
    learning_rate: float = 2e-4
    rank: int = 16
    batch: int = 4
    accumulate: int = 4
    max_length: int = 2048
    seed: int = 0


def train(
    data: Path,
    model: str | None,
    out: Path,
    recipe: Recipe,
    cache: Path,
    progress: Callable[[Progress], None] = lambda _: None,
) -> dict[str, Any]:
    """Train on the `train` split, write the merged model to `out`, whole or not at all. Raises `AssistantError`."""
    if recipe.format not in TRAINERS:
        raise UsageError(f"{recipe.format!r} is not trained on; --format is {', '.join(TRAINERS)}")
    export = _export_of(data, recipe.format)
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise UsageError(f"{out} is there already: choose another --out")
    source = resolve(model)
    if not isinstance(source, HubModel):
        # All is here, so no hub is asked; that must be said before its library is imported.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    splits = _splits_of(data, recipe.format)
    prepared = prepare(source, cache, Steps(progress))
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    trainer = _trainer(splits, prepared, partial, recipe)
    before = _held_out(trainer)
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    record = _record(export, prepared, recipe, len(splits["train"]), losses, (before, _held_out(trainer)))
    _write(trainer, record, partial)
    partial.replace(out)
    return record


def _splits_of(data: Path, format_: str) -> Any:
    """The rows of the format by split. Raises `AssistantError` without the libraries, or without a train split."""
    for module in ("trl", "peft", "datasets"):
        need(module, "train")
    splits = need("datasets", "train").load_dataset(str(data), format_)
    if "train" not in splits:
        raise AssistantError(f"no problem of {data} is in the train split: export more, or other --splits")
    return splits


def _write(trainer: Any, record: dict[str, Any], folder: Path) -> None:
    """The model with its adapter merged in, its tokenizer, and how it came about."""
    trainer.model.merge_and_unload().save_pretrained(folder)
    trainer.processing_class.save_pretrained(folder)
    (folder / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)


def _held_out(trainer: Any) -> float | None:
    """Loss on the validation split; None where it is empty."""
    return float(trainer.evaluate()["eval_loss"]) if trainer.eval_dataset is not None else None


def _export_of(data: Path, format_: str) -> dict[str, Any]:
    """What made the export. Raises `UsageError` where it is none, or has no rows of the format."""
    try:
        export: dict[str, Any] = json.loads((data / MARK).read_text(encoding="utf-8"))
        rows = export["rows"].get(format_, {}).get("rows", 0)
    except (OSError, ValueError, KeyError, AttributeError):
        raise UsageError(f"{data} is no export of ours: it has no readable {MARK}") from None
    if not rows:
        raise UsageError(f"{data} has no rows of format {format_}: export it with --format {format_}")
    return export


def _trainer(splits: Any, prepared: PreparedModel, folder: Path, recipe: Recipe) -> Any:
    """TRL's trainer of the recipe's format, over the base model with a LoRA adapter."""
    trainer_name, config_name = TRAINERS[recipe.format]
    trl = need("trl", "train")
    return getattr(trl, trainer_name)(
        model=str(prepared.folder),
        args=_arguments(getattr(trl, config_name), folder, recipe),
        train_dataset=splits["train"],
        eval_dataset=splits.get("validation"),
        peft_config=need("peft", "train").LoraConfig(
            r=recipe.rank,
            lora_alpha=2 * recipe.rank,
            lora_dropout=0.05,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        ),
    )


def _arguments(config: Any, folder: Path, recipe: Recipe) -> Any:
    """The recipe in the trainer's own `config` class; half precision only where an accelerator is."""
    accelerated = need("accelerate", "train").PartialState().device.type != "cpu"
    return config(
        output_dir=str(folder / "checkpoints"),
        num_train_epochs=recipe.epochs,
        max_steps=recipe.steps or -1,
        learning_rate=recipe.learning_rate,
        per_device_train_batch_size=recipe.batch,
        gradient_accumulation_steps=recipe.accumulate,
        max_length=recipe.max_length,
        seed=recipe.seed,
        per_device_eval_batch_size=recipe.batch,
        eval_strategy="no",
        save_strategy="no",
        logging_steps=1,
        report_to=[],
        bf16=accelerated,
        use_cpu=not accelerated,
        gradient_checkpointing=accelerated,
        # Half-precision products are many times slower on most CPUs.
        model_init_kwargs=None if accelerated else {"dtype": "float32"},
    )


def _record(
    export: dict[str, Any],
    prepared: PreparedModel,
    recipe: Recipe,
    rows: int,
    losses: list[float],
    held_out: tuple[float | None, float | None],
) -> dict[str, Any]:
    """What was trained on what, for whoever finds the model."""
    return {
        "base_model": prepared.name,
        "base_revision": prepared.revision,
        "base_weights_sha256": prepared.weights_sha256,
        "data_sha256": export["data_sha256"],
        "rows": rows,
        "recipe": asdict(recipe),
        "first_loss": losses[0] if losses else None,
        "last_loss": losses[-1] if losses else None,
        "validation_loss_before": held_out[0],
        "validation_loss_after": held_out[1],
    }
