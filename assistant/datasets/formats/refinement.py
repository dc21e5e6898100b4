"""`refinement`: a wrong program, what was said about it, and the right program that came of it (ILF)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.datasets.exported_session import DIALOGUE, Message, Program
from assistant.datasets.features import MESSAGES
from assistant.datasets.formats.base import Format
from assistant.datasets.provenance import Place, provenance
from assistant.datasets.session_view import Row, View


def _rows(views: Sequence[View], place: Place) -> Iterator[Row]:
    for view in views:
        for better in view.counted:
            wrong = view.session.by_id.get(better.parent or "")
            if wrong is not None and better.words is not None and _refines(view, wrong, better):
                yield _row(view, wrong, better) | provenance(view, better, place)


def _refines(view: View, wrong: Program, better: Program) -> bool:
    """Feedback on `wrong` led to `better`, by the model's answer or by the person's own edit."""
    spoken = better.words is not None and better.words.about == wrong.id and better.arm in DIALOGUE
    failed = wrong.visible is not None and view.right(wrong) is False
    return spoken and failed and wrong.code is not None and view.right(better) is True


def _row(view: View, wrong: Program, better: Program) -> Row:
    assert better.words is not None
    problem, answer = view.problem, view.answer(better)
    return {
        "task": problem.text,
        "entry_point": problem.entry_point,
        "tests": problem.test_texts(),
        "wrong": wrong.code,
        "feedback": better.words.text,
        "kinds": better.words.kinds,
        "author": better.words.author,
        "better": better.code,
        "prompt": _asked(view, wrong, better),
        "completion": [answer],
    }


def _asked(view: View, wrong: Program, better: Program) -> list[Message]:
    """What the better program answers; where the person wrote it, their words as the last turn."""
    if not better.edited:
        return view.prompt(better)
    assert better.words is not None
    return [*view.prompt(wrong), view.answer(wrong), {"role": "user", "content": better.words.text}]


REFINEMENT = Format(
    "refinement",
    {
        "task": "string", "entry_point": "string", "tests": "strings", "wrong": "string", "feedback": "string",
        "kinds": "strings", "author": "string", "better": "string", "prompt": MESSAGES, "completion": MESSAGES,
    },
    _rows,
    ("prompt", "completion"),
    "Task, tests, a wrong program, feedback, and the better program: flat, and as `prompt` and `completion`.",
    "`SFTTrainer` puts loss on `completion` alone (the better program); wrong programs in `prompt` carry none.",
    order=2,
)  # fmt: skip
