"""`assistant train`: LoRA on an export with TRL and PEFT, merged into a model that `--model` takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assistant.reporting.printable_streams import libraries_output
from assistant.reporting.progress import ProgressPrinter


def train(
    data: Annotated[Path, typer.Argument(metavar="EXPORT", help="A folder that `assistant export` wrote.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the trained model goes.")],
    format_: Annotated[
        str, typer.Option("--format", metavar="NAME", help="refinement, sft, preference or kto.")
    ] = "refinement",
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME|PATH", help="What to train; default: the default model."),
    ] = None,
    epochs: Annotated[float, typer.Option("--epochs", min=0.01)] = 3.0,
    steps: Annotated[int, typer.Option("--steps", min=0, help="So many steps in place of epochs.")] = 0,
    learning_rate: Annotated[float, typer.Option("--learning-rate", min=0.0)] = 2e-4,
    rank: Annotated[int, typer.Option("--rank", min=1, help="Of the LoRA matrices.")] = 16,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Rows at a time.")] = 4,
    accumulate: Annotated[int, typer.Option("--accumulate", min=1, help="Batches in one step.")] = 4,
    max_length: Annotated[int, typer.Option("--max-length", min=64, help="Tokens of a row.")] = 2048,
    seed: Annotated[int, typer.Option("--seed")] = 0,
) -> int:
    """Fine-tune a model on an export (LoRA), and write it so that --model and bench take it."""
    from assistant.settings.paths import cache_folder
    from assistant.training.lora import Recipe
    from assistant.training.lora import train as train_on

    recipe = Recipe(format_, epochs, steps, learning_rate, rank, batch, accumulate, max_length, seed)
    # The trainer draws bars of its own.
    with libraries_output(), ProgressPrinter(live=False) as printer:
        record = train_on(data, model, out, recipe, cache_folder(), printer.report)
    if record["validation_loss_after"] is not None:
        before, after = record["validation_loss_before"], record["validation_loss_after"]
        print(f"loss on problems it was not trained on: {before:.3f} before, {after:.3f} after")
    print(
        f"trained {record['base_model']} on {record['rows']} rows of {format_}: loss {record['first_loss']:.3f} "
        f"to {record['last_loss']:.3f}; use it with --model {out}"
    )
    return 0
