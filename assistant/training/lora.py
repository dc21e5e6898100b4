"""LoRA training: TRL's trainers and PEFT, thinly. Nothing here is needed to train without us.

The adapter is merged into the model in the end, so that `assistant --model OUT` and `assistant bench` take the result
as any other model. A training that was stopped goes on at its newest checkpoint, to the same result.
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant.bench.run_folder import CONFIG, described_run, open_folder, read_json, write_json
from assistant.core.errors import AssistantError, UsageError
from assistant.core.generation import Progress
from assistant.core.optional_deps import need
from assistant.datasets.reward import sandbox_reward
from assistant.engine.models.provision import PreparedModel, prepare
from assistant.engine.models.source import HubModel, Source, resolve
from assistant.engine.progress import Steps
from assistant.training.checkpoints import keep_order, newest_checkpoint
from assistant.training.recipe import Recipe, arguments
from assistant.training.rows import Json, TrainingRows

RECORD = "training.json"
HELD_OUT = "held_out_loss.json"
TRACKED = "runs"
"""What trackers write locally."""

Watch = Callable[[int, int, float], None]
"""Told after each step: steps done, steps in all, the loss."""


def base_model(name: str | None) -> Source:
    """The model to train. To be asked before any library of the hub's is imported. Raises `AssistantError`."""
    source = resolve(name)
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # TRL tells the hub of every trainer that is made
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")  # the guide says which of its trainers are
    if not isinstance(source, HubModel):
        # All is here, so no hub is asked; that must be said before its library is imported.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    return source


def train(
    rows: TrainingRows,
    source: Source,
    out: Path,
    recipe: Recipe,
    cache: Path,
    *,
    save_steps: int = 20,
    report_to: Sequence[str] = (),
    progress: Callable[[Progress], None] = lambda _: None,
    watch: Watch = lambda *_: None,
) -> Json:
    """Train, and write the merged model to `out`, whole or not at all; the record of it.

    What a stopped training left in `unfinished(out)` is gone on with; a finished one is not repeated. Raises
    `AssistantError`, also where either was asked for otherwise.
    """
    recipe.drawn(rows.method)
    base = prepare(source, cache, Steps(progress))
    _require_chat(base)
    asked = _asked(rows, base, recipe)
    if (record := _finished(out, asked)) is not None:
        return record
    folder = unfinished(out) / "trainer"
    if newest_checkpoint(folder) is None:
        shutil.rmtree(folder, ignore_errors=True)
    open_folder(folder, "train", asked, described_run({}))
    with warnings.catch_warnings():
        # Of one library about another: nothing that a person could do.
        warnings.simplefilter("ignore", FutureWarning)
        trainer = _trainer(rows, base, folder, recipe, save_steps, report_to)
        _require_rows(trainer, recipe)
        _watched(trainer, watch)
        before = _held_out_before(trainer, folder)
        _run(trainer, rows, folder)
        after = _held_out(trainer)
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    record = {
        **_record(base, rows, len(trainer.train_dataset), losses, (before, after)),
        "asked": asked,
        "run": read_json(folder / CONFIG)["run"],
    }
    _write(trainer, record, unfinished(out), folder)
    unfinished(out).replace(out)
    return record


def unfinished(out: Path) -> Path:
    """Where a training to `out` is until it is whole."""
    return out.with_name(f".{out.name}.partial")


def is_finished(out: Path) -> bool:
    """Whether a training has been written to `out`."""
    return (out / RECORD).is_file()


def _require_chat(base: PreparedModel) -> None:
    """Raises `UsageError` for a model that knows no dialogues, as all rows are."""
    settings = base.folder / "tokenizer_config.json"
    known = settings.is_file() and read_json(settings).get("chat_template")
    if not (known or (base.folder / "chat_template.jinja").is_file()):
        raise UsageError(
            f"{base.name} has no chat template, and rows are dialogues: train a model that is made for chat"
        )


def _asked(rows: TrainingRows, base: PreparedModel, recipe: Recipe) -> Json:
    """All that decides the result."""
    return {
        "method": rows.method.name,
        "format": rows.format,
        "source": rows.source,
        "rows": len(rows.splits["train"]),
        "control": rows.control,
        "context": rows.context if rows.method.told else "",
        "base": {"name": base.name, "revision": base.revision, "weights_sha256": base.weights_sha256},
        "recipe": asdict(recipe),
    }


def _finished(out: Path, asked: Json) -> Json | None:
    """The record of a training that was asked for in the same way. Raises `UsageError` where `out` is another's."""
    if is_finished(out) and (record := read_json(out / RECORD)).get("asked") == json.loads(json.dumps(asked)):
        return record
    _refuse_others(out)
    return None


def check_free(out: Path) -> None:
    """Raises `UsageError` where `out` holds something that is no training of ours."""
    if not is_finished(out):
        _refuse_others(out)


def _refuse_others(out: Path) -> None:
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise UsageError(f"{out} is there already: choose another --out")


def _trainer(
    rows: TrainingRows,
    base: PreparedModel,
    folder: Path,
    recipe: Recipe,
    save_steps: int,
    report_to: Sequence[str],
) -> Any:
    """TRL's trainer over the base model with a LoRA adapter."""
    trainer, config = rows.method.load()
    return trainer(
        model=str(base.folder),
        args=arguments(recipe, rows.method, config, str(folder), save_steps, report_to),
        train_dataset=rows.read("train"),
        # Where answers are drawn, a loss says how far apart two models are, and not how good either is.
        eval_dataset=None if rows.method.draws else rows.read("validation"),
        peft_config=need("peft", "train").LoraConfig(
            r=recipe.rank,
            lora_alpha=2 * recipe.rank,
            lora_dropout=0.05,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        ),
        **({"reward_funcs": sandbox_reward} if rows.method.rewarded else {}),
    )


def _require_rows(trainer: Any, recipe: Recipe) -> None:
    """Raises `UsageError` where the trainer left out every row, as it does those whose answer is cut off."""
    if not len(trainer.train_dataset):
        raise UsageError(f"no row has its answer within --max-length {recipe.max_length} tokens: raise it")


def _watched(trainer: Any, watch: Watch) -> None:
    """Have `watch` told of each step, in place of the library's printing."""
    transformers = need("transformers", "train")

    def on_log(_: Any, arguments: Any, state: Any, control: Any, logs: Json | None = None, **__: Any) -> None:
        if logs and "loss" in logs:
            watch(state.global_step, state.max_steps, float(logs["loss"]))

    trainer.remove_callback(transformers.PrinterCallback)
    trainer.add_callback(type("Watched", (transformers.TrainerCallback,), {"on_log": on_log})())


def _run(trainer: Any, rows: TrainingRows, folder: Path) -> None:
    checkpoint = newest_checkpoint(folder)
    if checkpoint is not None and rows.method.draws:
        keep_order(trainer, checkpoint)
    trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    if trainer.state.global_step == 0:
        raise AssistantError(
            f"{len(rows.splits['train'])} rows make no step: train on more, or lower --batch and --accumulate"
        )


def _held_out(trainer: Any) -> float | None:
    """Loss on the validation split; None where it is empty."""
    return float(trainer.evaluate()["eval_loss"]) if trainer.eval_dataset else None


def _held_out_before(trainer: Any, folder: Path) -> float | None:
    """The same before any training; measured once."""
    place = folder / HELD_OUT
    if not place.exists():
        write_json(place, {"before": _held_out(trainer)})
    before: float | None = read_json(place)["before"]
    return before


def _write(trainer: Any, record: Json, folder: Path, state: Path) -> None:
    """The model with its adapter merged in, its tokenizer, and how it came about; checkpoints go."""
    trainer.model.merge_and_unload().save_pretrained(folder)
    trainer.processing_class.save_pretrained(folder)
    if (state / TRACKED).is_dir():
        shutil.rmtree(folder / TRACKED, ignore_errors=True)
        (state / TRACKED).rename(folder / TRACKED)
    write_json(folder / RECORD, record)
    shutil.rmtree(state)


def _record(
    base: PreparedModel,
    rows: TrainingRows,
    used: int,
    losses: Sequence[float],
    held_out: tuple[float | None, float | None],
) -> Json:
    """What was trained on what, for whoever finds the model."""
    return {
        "base_model": base.name,
        "base_revision": base.revision,
        "base_weights_sha256": base.weights_sha256,
        **rows.source,
        "method": rows.method.name,
        "format": rows.format,
        "control": rows.control,
        "rows": used,
        "rows_too_long": len(rows.splits["train"]) - used,
        "first_loss": losses[0] if losses else None,
        "last_loss": losses[-1] if losses else None,
        "validation_loss_before": held_out[0],
        "validation_loss_after": held_out[1],
    }
