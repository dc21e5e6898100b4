"""`refinement`: a wrong program, what was said about it, and the right program that came of it (ILF)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.core.events import DIALOGUE_ARMS
from assistant.datasets.features import MESSAGES
from assistant.datasets.formats.base import Format, Trainer
from assistant.datasets.provenance import Place, provenance
from assistant.datasets.session_view import Message, Row, SessionView
from assistant.journal.records import Feedback, ProgramRecord


def _rows(views: Sequence[SessionView], place: Place) -> Iterator[Row]:
    for view in views:
        for better in view.counted:
            wrong = view.session.by_id.get(better.parent or "")
            given = view.session.feedback_of(better)
            if wrong is not None and given is not None and _refines(view, wrong, given, better):
                yield _row(view, wrong, given, better) | provenance(view, better, place)


def _refines(view: SessionView, wrong: ProgramRecord, given: Feedback, better: ProgramRecord) -> bool:
    """Feedback on `wrong` led to `better`, by the model's answer or by the person's own edit."""
    spoken = given.about == wrong.id and better.arm in DIALOGUE_ARMS
    tested = wrong.code is not None and wrong.judged
    return spoken and tested and view.right(wrong) is False and view.right(better) is True


def _row(view: SessionView, wrong: ProgramRecord, given: Feedback, better: ProgramRecord) -> Row:
    problem, answer = view.problem, view.answer(better)
    return {
        "task": problem.text,
        "entry_point": problem.entry_point,
        "tests": problem.test_texts(),
        "wrong": wrong.code,
        "feedback": given.text,
        "kinds": list(given.kinds),
        "author": given.author,
        "better": better.code,
        "prompt": _asked(view, wrong, given, better),
        "completion": [answer],
    }


def _asked(view: SessionView, wrong: ProgramRecord, given: Feedback, better: ProgramRecord) -> list[Message]:
    """What the better program answers; where the person wrote it, their words as the last turn."""
    if not better.edited:
        return view.prompt(better)
    return [*view.prompt(wrong), view.answer(wrong), {"role": "user", "content": given.text}]


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
    trainers=(Trainer("SFTTrainer", reads=("prompt", "completion")),),
)  # fmt: skip
