"""`critique`: from a wrong program to what was said of it, for a model that shall say what is wrong (RLTF-FM)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.datasets.features import MESSAGES
from assistant.datasets.formats.base import Format, Trainer
from assistant.datasets.formats.feedback import Criticism, criticisms, leaky
from assistant.datasets.provenance import Place, provenance
from assistant.datasets.session_view import Message, Row, SessionView

_ASK = "What is wrong with this program? Say it in plain words."
_CASES = "These tests do not pass yet:\n\n{cases}\n\n"


def _rows(views: Sequence[SessionView], place: Place) -> Iterator[Row]:
    for view in views:
        for criticism in criticisms(view):
            after = criticism.after
            yield {
                "prompt": _asked(view, criticism),
                "completion": [{"role": "assistant", "content": criticism.given.text}],
                "kinds": list(criticism.given.kinds),
                "author": criticism.given.author,
                "helped": view.right(after) if after else None,
                **provenance(view, criticism.wrong, place),
                **leaky(view, criticism),
            }


def _asked(view: SessionView, criticism: Criticism) -> list[Message]:
    """The dialogue up to the wrong program, then the question: what the person saw."""
    cases = _CASES.format(cases=criticism.failing_cases) if criticism.failing else ""
    question = {"role": "user", "content": cases + _ASK}
    return [*view.prompt(criticism.wrong), view.answer(criticism.wrong), question]


CRITIQUE = Format(
    "critique",
    {"prompt": MESSAGES, "completion": MESSAGES, "kinds": "strings", "author": "string", "helped": "bool"},
    _rows,
    ("prompt", "completion"),
    "A dialogue up to a wrong program, its failing tests and the question what is wrong (`prompt`), and what was "
    "said (`completion`). `helped`: the model's next program was right; null where there is none.",
    "`completion`: the words.",
    order=10,
    trainers=(Trainer("SFTTrainer", reads=("prompt", "completion")),),
)
