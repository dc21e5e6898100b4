"""`kto`: one program at a time, desirable or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.datasets.features import MESSAGES
from assistant.datasets.formats.base import Format, Trainer
from assistant.datasets.provenance import Place, provenance
from assistant.datasets.session_view import Row, SessionView


def _rows(views: Sequence[SessionView], place: Place) -> Iterator[Row]:
    for view in views:
        for program in view.counted:
            right = view.right(program)
            if right is not None:
                yield {
                    "prompt": view.prompt(program),
                    "completion": [view.answer(program)],
                    "label": right,
                    **provenance(view, program, place),
                }


KTO = Format(
    "kto",
    {"prompt": MESSAGES, "completion": MESSAGES, "label": "bool"},
    _rows,
    ("prompt", "completion"),
    "A program (`completion`) after what was asked (`prompt`), and whether it is right (`label`).",
    "`completion`.",
    order=4,
    trainers=(Trainer("KTOTrainer", reads=("prompt", "completion", "label")),),
)
