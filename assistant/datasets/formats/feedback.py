"""`feedback`: a wrong program and what was said of it, for trainers that learn from the words themselves (SDPO)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.core.outcome import CaseReport
from assistant.datasets.features import MESSAGES
from assistant.datasets.formats.base import REWARDED, Format, Trainer
from assistant.datasets.provenance import Place, provenance
from assistant.datasets.session_view import Row, SessionView, is_sealed
from assistant.datasets.task_columns import TASK, task_columns
from assistant.journal.records import Feedback, ProgramRecord
from assistant.session.prompting import cases_text, feedback_turn, load_template

_WITH_PROGRAM = "An earlier answer:\n\n{answer}\n\nWhat was said of it:\n\n{words}"


@dataclass(frozen=True)
class Criticism:
    """Feedback on a wrong program, and the first of the model's answers to it."""

    wrong: ProgramRecord
    given: Feedback
    after: ProgramRecord | None
    """None where no complete and judged program answers it."""
    failing: tuple[CaseReport, ...]
    """The visible tests that the wrong program does not pass."""

    @property
    def failing_cases(self) -> str:
        """One a line, with what happened."""
        return cases_text(load_template("paper"), self.failing)


def criticisms(view: SessionView) -> Iterator[Criticism]:
    """All of a session's feedback on wrong programs that the rules let through."""
    counted = {program.id for program in view.counted}
    for given in view.session.feedback:
        if given.about not in counted or view.right(wrong := view.session.by_id[given.about]) is not False:
            continue
        if view.rules.leaky == "drop" and view.leaks(given):
            continue
        answers = [program for program in view.session.answers_to(given) if program.id in counted]
        yield Criticism(wrong, given, answers[0] if answers else None, _failing(wrong))


def _failing(wrong: ProgramRecord) -> tuple[CaseReport, ...]:
    report = wrong.texts.visible or {"cases": ()}
    return tuple(CaseReport.model_validate(c) for c in report["cases"] if c["outcome"] != "passed")


def _rows(views: Sequence[SessionView], place: Place) -> Iterator[Row]:
    for view in views:
        for criticism in criticisms(view):
            yield _row(view, criticism) | provenance(view, criticism.wrong, place) | leaky(view, criticism)


def leaky(view: SessionView, criticism: Criticism) -> Row:
    """The column `leaky` of a row about feedback: of this one as of all before it."""
    return {"leaky": view.leaky(criticism.wrong) or view.leaks(criticism.given)}


def _controls(view: SessionView, given: Feedback) -> list[tuple[str, bool]]:
    """What came of the same state without the feedback: each control arm's programs, and whether they are right."""
    made = [
        (arm, program)
        for (arm, about, round_), programs in sorted(view.session.controls.items())
        for program in programs
        if (about, round_) == (given.about, given.round)
    ]
    fit = [(arm, p) for arm, p in made if view.rules.unsealed == "keep" or is_sealed(p)]
    return [(arm, right) for arm, p in fit if (right := view.right(p)) is not None]


def _row(view: SessionView, criticism: Criticism) -> Row:
    wrong, given, after = criticism.wrong, criticism.given, criticism.after
    answer, controls = view.answer(wrong)["content"].rstrip(), _controls(view, given)
    return {
        "prompt": view.prompt(wrong),
        "privileged_context": given.text,
        "privileged_context_with_cases": feedback_turn(load_template("paper"), given.text, criticism.failing),
        "privileged_context_with_program": _WITH_PROGRAM.format(answer=answer, words=given.text),
        "failing_cases": criticism.failing_cases,
        "wrong": wrong.code,
        "kinds": list(given.kinds),
        "author": given.author,
        "after": after.code if after else None,
        "after_visible_passed": after.solved if after and after.texts.visible else None,
        "after_hidden_passed": after.hidden_passed if after else None,
        "controls": [arm for arm, _ in controls],
        "controls_right": [right for _, right in controls],
        **task_columns(view.problem),
    }


FEEDBACK = Format(
    "feedback",
    {
        "prompt": MESSAGES, "privileged_context": "string", "privileged_context_with_cases": "string",
        "privileged_context_with_program": "string", "failing_cases": "string", "wrong": "string",
        "kinds": "strings", "author": "string", "after": "string", "after_visible_passed": "bool",
        "after_hidden_passed": "bool", "controls": "strings", "controls_right": "bools", **TASK,
    },
    _rows,
    ("prompt", "wrong", "privileged_context"),
    "What was asked (`prompt`), the wrong program that answered it (`wrong`), and what was said of that "
    "(`privileged_context`; `…_with_cases` adds the failing tests, `…_with_program` the wrong answer). "
    "`visible_passed` and `hidden_passed` are its verdicts, `after_…` those of the next program (`after`). "
    "`controls` names the control arms' programs from the same state without the words, `controls_right` says which "
    "of them are right.",
    "The model's own new programs, by how it would write them had it been told `privileged_context`; `wrong` and "
    "`after` carry none.",
    order=8,
    trainers=(
        Trainer(
            "SDPOTrainer", "trl.experimental.sdpo", ("prompt", "privileged_context"),
            f"{REWARDED} and `include_environment_feedback=True`, without which TRL ignores the words",
        ),
        Trainer("SDFTTrainer", "trl.experimental.sdft", ("prompt", "privileged_context")),
        Trainer("GRPOTrainer", reads=("prompt",), note=f"{REWARDED}; the words are not used"),
    ),
)  # fmt: skip
