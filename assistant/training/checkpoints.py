"""Where a training that was stopped goes on: the newest whole checkpoint, and the order of rows as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

STATE = "trainer_state.json"
"""Written last into a checkpoint: one without it is torn."""


def newest_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint before the last step; None where there is none.

    The one of the last step is passed over: a trainer that begins there would take a step too many.
    """
    found = [
        (state["global_step"], path)
        for path in folder.glob("checkpoint-*")
        if (state := _state_of(path)) is not None and state["global_step"] < state["max_steps"]
    ]
    return max(found)[1] if found else None


def keep_order(trainer: Any, checkpoint: Path) -> None:
    """Let the trainer draw the order of its prompts as it did before it was stopped.

    TRL's samplers of prompts draw a new order for each pass with a generator of their own, which no checkpoint keeps;
    passes that are done are drawn again. Trainers that learn from rows alone name the pass to their sampler.
    """
    state = _state_of(checkpoint)
    passes = int(state["epoch"]) if state is not None else 0
    original = trainer._get_train_sampler

    def sampler(*arguments: Any) -> Any:
        made = original(*arguments)
        for _ in range(passes):
            next(iter(made), None)
        return made

    trainer._get_train_sampler = sampler


def _state_of(checkpoint: Path) -> dict[str, Any] | None:
    try:
        state: dict[str, Any] = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
        return state if {"global_step", "max_steps", "epoch"} <= set(state) else None
    except (OSError, ValueError, TypeError):
        return None
