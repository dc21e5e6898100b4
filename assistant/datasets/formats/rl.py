"""`rl`: a task to be solved, with the tests that reward a program; no program is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from assistant.core.events import DIALOGUE_ARMS
from assistant.datasets.features import MESSAGES
from assistant.datasets.formats.base import REWARDED, Format, Trainer
from assistant.datasets.provenance import Place, provenance
from assistant.datasets.session_view import Row, SessionView
from assistant.datasets.task_columns import TASK, task_columns


def _rows(views: Sequence[SessionView], place: Place) -> Iterator[Row]:
    """One for each way the task was put: of the session in which the most was said about it, the first of equals."""
    found: dict[str, Row] = {}
    for view in views:
        row = _row(view, place)
        if row is not None:
            key = json.dumps(row["prompt"], sort_keys=True)
            if key not in found or len(row["feedback"]) > len(found[key]["feedback"]):
                found[key] = row
    yield from found.values()


def _row(view: SessionView, place: Place) -> Row | None:
    dialogue = [program for program in view.counted if program.arm in DIALOGUE_ARMS]
    if not dialogue:
        return None
    path = view.session.path(max(dialogue, key=lambda program: program.round))
    given = [view.session.feedback_of(step) for step in path]
    return {
        "prompt": view.opening(path[0]),
        "task": view.problem.text,
        "feedback": [words.text for words in given if words is not None],
        **task_columns(view.problem),
        **provenance(view, path[0], place),
    }


RL = Format(
    "rl",
    {"prompt": MESSAGES, "task": "string", "feedback": "strings", **TASK},
    _rows,
    ("prompt",),
    "A task (`prompt`) with its tests, each a line of JSON, and what was said in a session about it, in order "
    "(`feedback`). Provenance is of that session's first program.",
    "None: the model's own programs are rewarded by `assistant.sandbox_reward`, which judges them by `visible_tests` "
    "and `hidden_tests` in the sandbox.",
    order=11,
    trainers=(
        Trainer("GRPOTrainer", reads=("prompt",), note=REWARDED),
        Trainer("RLOOTrainer", reads=("prompt",), note=REWARDED),
    ),
)
