"""Control arms as values: what a model is sent in place of a person's words, and how the arm is shown.

Entry points of the group `assistant.control_arms`; everything that lists arms derives from `control_arms`. A
journal holds the built-in ones only (`RECORDED`): schema 1 names them, and its readers refuse any other. Another
package's arm is measured by `assistant bench feedback`, which writes no journal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, get_args

from assistant.core import plugins
from assistant.core.errors import UsageError
from assistant.core.events import DIALOGUE_ARMS, DRAW, Arm
from assistant.core.generation import Sampling
from assistant.core.outcome import CaseReport

RESAMPLE_TEMPERATURE = 0.8
"""A greedy model answers the same prompt the same way: there, `resample` draws at this temperature."""
REDRAW_TEMPERATURE = 0.8
"""A second draw, and every further one, has at least this temperature."""


def control_seed(session: str, arm: str, parent: str, round_: int) -> int:
    """The seed of a control: it follows from the state and the arm, whenever the control is made."""
    name = f"{session} {arm} {parent} {round_}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little")


class LastTurn(Protocol):
    """The state in which an arm speaks in the person's place."""

    @property
    def task(self) -> str:
        """The first user turn."""
        ...

    @property
    def failing(self) -> Sequence[CaseReport]:
        """The visible cases that the program fails."""
        ...

    def from_template(self, name: str) -> str:
        """The template's text of that name, with the task and the failing cases filled in."""
        ...

    def other_feedback(self) -> str:
        """Feedback on another problem, put as the person's own is."""
        ...


@dataclass(frozen=True)
class ControlArm:
    """One control arm: how it asks, how it samples, how it is shown."""

    name: str
    label: str
    """In figures and tables."""
    phrase: str
    """In sentences: "over …"."""
    colour: str
    """Distinguishable from the others without colour vision too; markers differ as well."""
    marker: str
    """One of matplotlib's."""
    prompt: Callable[[LastTurn], str] | None = None
    """The last user turn; None asks the same prompt again, with no new turn."""
    sampling: Callable[[Sampling], Sampling] = lambda sampling: sampling
    """The session's sampling as this arm draws."""
    needs_failing_case: bool = False
    """Whether the arm has nothing to say about a program that fails no visible case."""
    tries_alone: bool = False
    """Whether it draws as many answers from the first state as the person has rounds: tries without a person."""
    order: int = 100
    """Place among the arms: lower comes first."""


def _warm(sampling: Sampling) -> Sampling:
    if sampling.temperature:
        return sampling
    return sampling.model_copy(update={"temperature": RESAMPLE_TEMPERATURE})


RETRY = ControlArm(
    "retry", "“try again”", "a plain “try again”", "#8a8f98", "s",
    prompt=lambda turn: turn.from_template("retry"), order=1,
)  # fmt: skip
TESTS = ControlArm(
    "tests", "failing tests only", "the failing tests alone", "#c8811a", "^",
    prompt=lambda turn: turn.from_template("tests"), needs_failing_case=True, order=2,
)  # fmt: skip
RESAMPLE = ControlArm(
    "resample", "another sample", "another sample of the same prompt", "#3f8f5b", "D",
    sampling=_warm, tries_alone=True, order=3,
)  # fmt: skip
SHUFFLED = ControlArm(
    "shuffled", "words about another problem", "somebody's words about another problem", "#b3446c", "v",
    prompt=lambda turn: turn.other_feedback(), order=4,
)  # fmt: skip

RECORDED: tuple[Arm, ...] = tuple(arm for arm in get_args(Arm) if arm not in (*DIALOGUE_ARMS, DRAW))
"""The control arms that a journal of schema 1 can hold, in the order in which they are shown."""


def control_arms() -> dict[str, ControlArm]:
    """Every arm that can be loaded, by name and in order."""
    arms: dict[str, ControlArm] = plugins.load_all("control_arms")
    return dict(sorted(arms.items(), key=lambda item: item[1].order))


def control_arm(name: str) -> ControlArm:
    """The arm of that name. Raises PluginError where there is none or it cannot be loaded."""
    arm: ControlArm = plugins.load("control_arms", name)
    return arm


def parse_recorded(words: str) -> tuple[Arm, ...]:
    """`retry,tests`, `all` or `none` as arms of a journal. Raises UsageError."""
    if words in ("all", "none", ""):
        return RECORDED if words == "all" else ()
    wanted = [word.strip() for word in words.split(",") if word.strip()]
    for word in wanted:
        if word not in RECORDED:
            why = (
                " (a plugin's arm is measured by `assistant bench feedback` only)" if word in _names() else ""
            )
            raise UsageError(
                f"there is no control arm `{word}`{why}; known: {', '.join(RECORDED)}, all, none"
            )
    return tuple(arm for arm in RECORDED if arm in wanted)


def _names() -> tuple[str, ...]:
    return plugins.names("control_arms")
