"""`assistant train`: LoRA on an export or on problems, its control, and what both changed on held-out problems."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli import bench_options as b
from assistant.cli import options as o
from assistant.cli.train_evaluation import Evaluation
from assistant.core.errors import UsageError
from assistant.core.state_labels import plural
from assistant.reporting.progress import ProgressPrinter

if TYPE_CHECKING:
    from assistant.engine.models.source import Source
    from assistant.training.recipe import Recipe
    from assistant.training.rows import TrainingRows

CONTROLS = ("none", "shuffled")
TASKS = ("synthesis", "execution")
CALLS = 3
"""Calls of each problem that are trained on: MBPP has three tests."""
CONTROL = "control"
"""The control's folder in that of the model."""


def train(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the trained model goes.")],
    data: Annotated[
        Path | None, typer.Argument(metavar="EXPORT", help="A folder that `assistant export` wrote.")
    ] = None,
    problems: Annotated[
        str | None,
        typer.Option("--problems", metavar="SOURCE", help="Or train on a source's reference solutions."),
    ] = None,
    split: o.Split = None,
    task: Annotated[
        str,
        typer.Option(
            "--task",
            help="Of --problems: synthesis (write the program) or execution (what does a call give?).",
        ),
    ] = "synthesis",
    method: Annotated[
        str | None,
        typer.Option(
            "--method", metavar="NAME", help="sft, dpo, kto, sdft, sdpo or grpo (default: by the format)."
        ),
    ] = None,
    format_: Annotated[
        str | None,
        typer.Option("--format", metavar="NAME", help="Rows of the export (default: what the method takes)."),
    ] = None,
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
    max_length: Annotated[
        int,
        typer.Option("--max-length", min=64, help="Tokens of a row (of a prompt, where answers are drawn)."),
    ] = 2048,
    answer_length: Annotated[
        int, typer.Option("--answer-length", min=8, help="Tokens of an answer that is drawn while it trains.")
    ] = 512,
    generations: Annotated[
        int,
        typer.Option("--generations", min=0, help="Answers drawn to a prompt; 0: as usual for the method."),
    ] = 0,
    context: Annotated[
        str,
        typer.Option(
            "--context", help="What --method sdpo and sdft tell of format feedback: words, cases or program."
        ),
    ] = "program",
    seed: Annotated[int, typer.Option("--seed")] = 0,
    control: Annotated[
        str, typer.Option("--control", help="shuffled: train a second model, on words about other problems.")
    ] = "none",
    save_steps: Annotated[
        int, typer.Option("--save-steps", min=1, metavar="N", help="A checkpoint every N steps.")
    ] = 20,
    report_to: Annotated[
        str, typer.Option("--report-to", metavar="NAMES", help="tensorboard, trackio, wandb, mlflow, …")
    ] = "",
    eval_problems: Annotated[
        str | None,
        typer.Option(
            "--eval-problems", metavar="SOURCE", help="Solve these before and after (bench synthesis)."
        ),
    ] = None,
    eval_split: Annotated[
        str | None,
        typer.Option("--eval-split", help="Only these of MBPP: prompt, test, validation or train."),
    ] = None,
    hidden_tests: o.HiddenTests = None,
    eval_feedback: Annotated[
        Path | None,
        typer.Option(
            "--eval-feedback",
            metavar="DIR",
            help="Answer its recorded feedback before and after (bench feedback).",
        ),
    ] = None,
    eval_arms: Annotated[
        str, typer.Option("--eval-arms", metavar="ARMS", help="Of bench feedback: human, retry, shuffled, …")
    ] = "human",
    eval_limit: Annotated[
        int | None, typer.Option("--eval-limit", min=1, metavar="N", help="Only the first N of either.")
    ] = None,
    max_tokens: o.MaxTokens = 640,
    device: o.Device = None,
    precision: o.Precision = None,
    unsafe_run: o.UnsafeRun = False,
) -> int:
    """Fine-tune a model (LoRA), say what that changed, and write it so that --model and bench take it."""
    from assistant.engine.models.catalogue import DEFAULT
    from assistant.training.lora import base_model, check_free
    from assistant.training.recipe import Recipe, check_reporters

    if (data is None) == (problems is None):
        raise UsageError("give a folder of `assistant export`, or --problems SOURCE")
    if task not in TASKS:
        raise UsageError(f"--task is {' or '.join(TASKS)}, not {task!r}")
    if control not in CONTROLS:
        raise UsageError(f"--control is {' or '.join(CONTROLS)}, not {control!r}")
    reporters = tuple(name.strip() for name in report_to.split(",") if name.strip())
    check_reporters(reporters)
    check_free(out)
    recipe = Recipe(
        epochs, steps, learning_rate, rank, batch, accumulate, max_length, answer_length, generations, seed
    )
    training = _Training(out, base_model(model), recipe, save_steps, reporters)
    rows = _rows(data, problems or "", split or "", task, method, format_, context, unsafe_run)
    recipe.drawn(rows.method)
    other = rows.shuffled(seed) if control == "shuffled" else None
    evaluation = Evaluation(
        out, eval_problems or "", eval_split or "", hidden_tests or "", eval_feedback, eval_arms, eval_limit,
        rows.problems,
        b.BenchOptions(
            engine="transformers", device=device, precision=precision, max_tokens=max_tokens,
            unsafe_run=unsafe_run, seed=seed,
        ),
    )  # fmt: skip
    evaluation.check()
    evaluation.run("before", model or DEFAULT)
    training.make(rows, out)
    evaluation.run("after", str(out))
    evaluation.print_difference("before", "after")
    if other is not None:
        training.make(other, out / CONTROL)
        evaluation.run(CONTROL, str(out / CONTROL))
        evaluation.print_difference(CONTROL, "after")
    return 0


def _rows(
    data: Path | None,
    problems: str,
    split: str,
    task: str,
    method: str | None,
    format_: str | None,
    context: str,
    unsafe: bool,
) -> TrainingRows:
    """What is trained on. Problems are made ready as a bench does, which runs their references."""
    from assistant.training.rows import rows_of_calls, rows_of_export, rows_of_problems

    if data is not None:
        if split:
            raise UsageError("--split is for --problems: an export is trained on by its own train split")
        if task != TASKS[0]:
            raise UsageError("--task is for --problems: an export has rows of its own")
        return rows_of_export(data, method, format_, context)
    from assistant.bench.execution.call_questions import questions
    from assistant.bench.load_problems import load_ready
    from assistant.sandbox.local import open_sandbox

    with closing(open_sandbox(unsafe=unsafe)) as sandbox:
        ready = load_ready(problems, sandbox, b.say, split=split).problems
        if task == TASKS[0]:
            return rows_of_problems(problems, ready, method)
        if method not in (None, "sft"):
            raise UsageError(f"--task execution is trained on with --method sft, not {method}")
        return rows_of_calls(problems, questions(ready, sandbox, CALLS, b.say))


@dataclass(frozen=True)
class _Training:
    """How a model is trained: its rows are the model's or the control's."""

    out: Path
    source: Source
    recipe: Recipe
    save_steps: int
    report_to: tuple[str, ...]

    def make(self, rows: TrainingRows, out: Path) -> None:
        """Train on `rows` into `out`, with progress, and say what came of it."""
        from assistant.settings.paths import cache_folder
        from assistant.training.lora import train as train_on

        name = "training" if not rows.control else "training the control"
        with b.stoppable(), ProgressPrinter() as printer:
            record = train_on(
                rows, self.source, out, self.recipe, cache_folder(),
                save_steps=self.save_steps, report_to=self.report_to, progress=printer.report,
                watch=lambda done, total, loss: printer.show(name, done, total, f"loss {loss:.3f}"),
            )  # fmt: skip
        if record["rows_too_long"]:
            count = plural(record["rows_too_long"], "row")
            b.say(
                f"left out: {count} whose answer is not within --max-length {self.recipe.max_length} tokens"
            )
        if record["validation_loss_after"] is not None:
            before, after = record["validation_loss_before"], record["validation_loss_after"]
            print(f"loss on problems it was not trained on: {before:.3f} before, {after:.3f} after")
        words = " with shuffled words" if rows.control else ""
        print(
            f"trained {record['base_model']} on {record['rows']} rows of {rows.format}{words} by {rows.method.name}: "
            f"loss {record['first_loss']:.3f} to {record['last_loss']:.3f}; use it with --model {out}"
        )
