"""`sft`: a chat that ends with a right program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.datasets.features import MESSAGES
from assistant.datasets.formats.base import Format, Trainer
from assistant.datasets.provenance import Place, provenance
from assistant.datasets.session_view import Row, SessionView


def chats(views: Sequence[SessionView], place: Place) -> Iterator[Row]:
    """A row for every right program: after the task alone, or at the end of its dialogue."""
    for view in views:
        for program in view.counted:
            if view.right(program):
                whole = view.rules.turns == "dialogue"
                asked = view.prompt(program) if whole else view.opening(program)
                yield {
                    "messages": [*asked, view.answer(program)],
                    "loss": [0] * len(asked) + [1],
                    **provenance(view, program, place),
                }


SFT = Format(
    "sft",
    {"messages": MESSAGES, "loss": "ints"},
    chats,
    ("messages",),
    "A chat (`messages`) that ends with a right program.",
    "`loss` says it for every message: 1 for the last one, the right program. TRL's `SFTTrainer` does not read that "
    "column: it trains on all tokens of `messages`, or with `assistant_only_loss=True` on every assistant turn. With "
    "`--turns final` (the default) the right program is the only one; with `--turns dialogue` wrong programs come "
    "before it, so train on `refinement` instead, where loss falls on the completion alone, or mask by `loss`.",
    order=1,
    trainers=(Trainer("SFTTrainer", reads=("messages",)),),
)
