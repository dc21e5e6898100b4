"""Author of a session's feedback: a person, a model by its name, or unknown. Authors are never mixed."""

from __future__ import annotations

from collections.abc import Iterable

PEOPLE = "people"
SIMULATED = "simulated"
"""A model, whose name is not recorded."""
UNKNOWN = "unknown speaker"
MIXED = "several speakers"
Spoke = tuple[str, str]
"""Author (`person`, `model`, `unknown`), and the model's name, empty where it is not known."""


def speaker(feedback: Iterable[Spoke], announced: Spoke = ("person", "")) -> str:
    """`people`, `model NAME`, `simulated`, `unknown speaker` or `several speakers`.

    `announced`, who was to speak, counts where nothing was said.
    """
    names = {_name(*spoke) for spoke in feedback} or {_name(*announced)}
    return names.pop() if len(names) == 1 else MIXED


def shown_arm(arm: str, who: str) -> str:
    """A program's arm in tables and datasets: journals call the dialogue's `human`, whoever spoke in it."""
    if arm != "human" or who == PEOPLE:
        return arm
    return "unknown" if who == UNKNOWN else SIMULATED


def _name(author: str, model: str) -> str:
    if author == "person":
        return PEOPLE
    if author == "model":
        return f"model {model}" if model else SIMULATED
    return UNKNOWN
