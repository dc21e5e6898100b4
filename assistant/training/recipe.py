"""How to train: every number that decides the result."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assistant.core.errors import UsageError
from assistant.core.optional_deps import need
from assistant.training.methods import Method

REPORTERS = ("tensorboard", "trackio", "wandb", "mlflow", "comet_ml", "clearml", "swanlab")
"""Trackers that the trainer can report to; each is a package of the same name."""


@dataclass(frozen=True)
class Recipe:
    """The numbers are usual ones for LoRA on some hundred to some thousand rows."""

    epochs: float = 3.0
    steps: int = 0
    """In place of epochs, where it is not 0."""
    learning_rate: float = 2e-4
    rank: int = 16
    batch: int = 4
    accumulate: int = 4
    max_length: int = 2048
    """Tokens of a row; of a prompt, where answers are drawn."""
    answer_length: int = 512
    """Tokens of an answer that is drawn while it trains."""
    generations: int = 0
    """Answers drawn to a prompt; 0: as usual for the method."""
    seed: int = 0

    def drawn(self, method: Method) -> int:
        """Answers drawn to a prompt. Raises `UsageError` for a number that cannot be."""
        if not method.draws:
            return 0
        drawn = self.generations or method.generations
        whole = self.batch * self.accumulate
        if drawn < method.fewest:
            raise UsageError(
                f"--method {method.name} compares answers: give --generations {method.fewest} or more"
            )
        if whole % drawn:
            raise UsageError(
                f"a step has --batch times --accumulate = {whole} answers, which are not {drawn} to each prompt: "
                f"choose another --generations"
            )
        return drawn


def check_reporters(names: Sequence[str]) -> None:
    """Raises `UsageError` for a tracker that is not known or not installed."""
    for name in names:
        if name not in REPORTERS:
            raise UsageError(f"--report-to is {', '.join(REPORTERS)}, not {name!r}")
        if importlib.util.find_spec(name) is None:
            raise UsageError(f"--report-to {name} needs its package: pip install {name.replace('_', '-')}")


def arguments(
    recipe: Recipe, method: Method, config: Any, folder: str, save_steps: int, report_to: Sequence[str]
) -> Any:
    """The recipe in TRL's `config` class; half precision only where an accelerator is."""
    accelerated = need("accelerate", "train").PartialState().device.type != "cpu"
    return config(
        output_dir=folder,
        num_train_epochs=recipe.epochs,
        max_steps=recipe.steps or -1,
        learning_rate=recipe.learning_rate,
        per_device_train_batch_size=recipe.batch,
        gradient_accumulation_steps=recipe.accumulate,
        per_device_eval_batch_size=recipe.batch,
        seed=recipe.seed,
        eval_strategy="no",
        save_strategy="steps",
        save_steps=save_steps,
        save_total_limit=2,
        logging_steps=1,
        report_to=list(report_to),
        disable_tqdm=True,
        bf16=accelerated,
        use_cpu=not accelerated,
        dataloader_pin_memory=accelerated,
        gradient_checkpointing=accelerated,
        # Half-precision products are many times slower on most CPUs.
        model_init_kwargs=None if accelerated else {"dtype": "float32"},
        **_lengths(recipe, method),
    )


def _lengths(recipe: Recipe, method: Method) -> dict[str, Any]:
    if not method.draws:
        return {"max_length": recipe.max_length}
    drawn: dict[str, Any] = {
        "max_completion_length": recipe.answer_length,
        "num_generations": recipe.drawn(method),
    }
    if method.name in ("sdft", "sdpo"):
        # The teacher is the model as it was, which has read the words: it needs no state of its own to go on after a
        # stop, and does not drift.
        drawn |= {"max_prompt_length": recipe.max_length, "teacher_model_kind": "base"}
    if method.name == "sdpo":
        drawn |= {"include_environment_feedback": True, "max_reprompt_len": recipe.max_length}
    return drawn
