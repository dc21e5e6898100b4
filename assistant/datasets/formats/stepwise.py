"""`stepwise`: the programs of a dialogue in order, each right or wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.core.events import DIALOGUE_ARMS
from assistant.datasets.formats.base import Format, Trainer
from assistant.datasets.provenance import Place, provenance
from assistant.datasets.session_view import Row, SessionView
from assistant.journal.records import ProgramRecord


def _rows(views: Sequence[SessionView], place: Place) -> Iterator[Row]:
    for view in views:
        for last in _ends(view):
            steps = view.session.path(last)
            given = [view.session.feedback_of(step) for step in steps]
            labels = [view.right(step) for step in steps]
            if all(step in view.counted for step in steps) and None not in labels:
                yield {
                    "prompt": "\n\n".join(message["content"] for message in view.opening(last)),
                    "completions": [view.answer(step)["content"] for step in steps],
                    "labels": labels,
                    "feedback": [item.text if item else "" for item in given],
                    **provenance(view, last, place),
                }


def _ends(view: SessionView) -> list[ProgramRecord]:
    """Programs of the dialogue that nothing follows."""
    dialogue = [p for p in view.counted if p.arm in DIALOGUE_ARMS]
    followed = {p.parent for p in dialogue}
    return [p for p in dialogue if p.id not in followed]


STEPWISE = Format(
    "stepwise",
    {"prompt": "string", "completions": "strings", "labels": "bools", "feedback": "strings"},
    _rows,
    ("prompt", "completions"),
    "The programs of one dialogue (`completions`), whether each is right (`labels`), and the feedback before each.",
    "Every completion, by its label: the form of process reward models. `assistant train` does not take it.",
    order=5,
    trainers=(
        Trainer(
            "PRMTrainer",
            "trl.experimental.prm",
            ("prompt", "completions", "labels"),
            "no version after that has a trainer for it",
            last="1.13",
        ),
    ),
)
