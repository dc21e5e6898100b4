"""`demonstration`: programs that people made right by hand, as SDFT and TPO take them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from assistant.datasets.features import MESSAGES, REJECTED
from assistant.datasets.formats.base import Format, Trainer
from assistant.datasets.provenance import Place, provenance, rejected
from assistant.datasets.session_view import Message, Row, SessionView
from assistant.journal.records import ProgramRecord


def _rows(views: Sequence[SessionView], place: Place) -> Iterator[Row]:
    solved = _solved(views)
    for view in views:
        for own in view.counted:
            wrong = _edited(view, own)
            if wrong is None or not view.right(own):
                continue
            prompt, answer = view.prompt(own), view.answer(own)
            chosen = solved.get(_key(prompt))
            given = view.session.feedback_of(own)
            yield {
                "prompt": prompt,
                "privileged_context": answer["content"],
                "reference": [answer],
                "chosen": [chosen or answer],
                "rejected": [view.answer(wrong)],
                "chosen_edited": chosen is None,
                "feedback": given.text if given else "",
                **provenance(view, own, place),
                **rejected(provenance(view, wrong, place)),
            }


def _edited(view: SessionView, own: ProgramRecord) -> ProgramRecord | None:
    """The model's wrong program that the person worked on; None where that was right, or is not exported."""
    if not own.edited:
        return None
    model = next((step for step in reversed(view.session.path(own)) if not step.edited), None)
    if model is None or view.right(model) is not False or view.why_not(model):
        return None
    return model


def _solved(views: Sequence[SessionView]) -> dict[str, Message]:
    """The model's first right answer to each prompt."""
    found: dict[str, Message] = {}
    for view in views:
        for program in view.counted:
            if not program.edited and view.right(program):
                found.setdefault(_key(view.prompt(program)), view.answer(program))
    return found


def _key(prompt: list[Message]) -> str:
    return json.dumps(prompt, sort_keys=True)


DEMONSTRATION = Format(
    "demonstration",
    {
        "prompt": MESSAGES, "privileged_context": "string", "reference": MESSAGES, "chosen": MESSAGES,
        "rejected": MESSAGES, "chosen_edited": "bool", "feedback": "string", **REJECTED,
    },
    _rows,
    ("prompt", "reference", "rejected"),
    "A wrong program (`rejected`) and what a person made of it by hand, right: as a message (`reference`) and as "
    "text (`privileged_context`). `chosen` is the model's own right answer to the same prompt, or the person's where "
    "there is none (`chosen_edited`). Provenance is `reference`'s; `rejected_…` is the other's.",
    "SDFT: the model's new programs, by how it would write them had it seen `privileged_context`. TPO: `reference`, "
    "and `chosen` against `rejected`.",
    order=9,
    trainers=(
        Trainer("SDFTTrainer", "trl.experimental.sdft", ("prompt", "privileged_context")),
        Trainer("TPOTrainer", "trl.experimental.tpo", ("prompt", "chosen", "rejected", "reference")),
    ),
)  # fmt: skip
