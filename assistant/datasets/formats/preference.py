"""`preference`: two programs for the same prompt, the better one chosen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.core.events import DIALOGUE_ARMS
from assistant.datasets.features import MESSAGES, REJECTED
from assistant.datasets.formats.base import Format, Trainer
from assistant.datasets.provenance import Place, provenance, rejected
from assistant.datasets.session_view import Message, Row, SessionView
from assistant.journal.records import ProgramRecord


@dataclass(frozen=True)
class _Candidate:
    """A program that answers a prompt."""

    view: SessionView
    program: ProgramRecord
    right: bool

    @property
    def tests(self) -> int:
        """Visible tests passed."""
        report = self.program.texts.visible or {"cases": ()}
        return sum(case["outcome"] == "passed" for case in report["cases"])


def _rows(views: Sequence[SessionView], place: Place) -> Iterator[Row]:
    for prompt, candidates in _states(views):
        for chosen, other, kind in _pairs(candidates):
            yield {
                "prompt": prompt,
                "chosen": [chosen.view.answer(chosen.program)],
                "rejected": [other.view.answer(other.program)],
                "kind": kind,
                **provenance(chosen.view, chosen.program, place),
                **rejected(provenance(other.view, other.program, place)),
            }


def _states(views: Sequence[SessionView]) -> Iterator[tuple[list[Message], list[_Candidate]]]:
    """Programs by what they answer: the same prompt, whoever's session, or one session's task (`--pairs task`)."""
    states: dict[str, tuple[list[Message], list[_Candidate]]] = {}
    for view in views:
        for program in view.counted:
            right = view.right(program)
            by_task = view.rules.pairs == "task"
            if right is None or (by_task and program.arm not in DIALOGUE_ARMS):
                continue
            prompt = view.opening(program) if by_task else view.prompt(program)
            key = json.dumps([view.session.id if by_task else "", prompt], sort_keys=True)
            states.setdefault(key, (prompt, []))[1].append(_Candidate(view, program, right))
    yield from states.values()


def _pairs(candidates: Sequence[_Candidate]) -> Iterator[tuple[_Candidate, _Candidate, str]]:
    """Right against wrong ones, each as often as needed for the longer side; then ties, as the rules say."""
    right = _distinct([c for c in candidates if c.right])
    wrong = _distinct([c for c in candidates if not c.right])
    if right and wrong:
        right.sort(key=lambda c: not c.program.edited)  # a person's own program comes first
        for number in range(max(len(right), len(wrong))):
            chosen = right[number % len(right)]
            yield chosen, wrong[number % len(wrong)], "edit" if chosen.program.edited else "verdict"
    yield from _ties(right, wrong)


def _ties(right: list[_Candidate], wrong: list[_Candidate]) -> Iterator[tuple[_Candidate, _Candidate, str]]:
    rules = (right or wrong)[0].view.rules if right or wrong else None
    if rules is not None and rules.ties == "tests" and not right and len(wrong) > 1:
        ordered = sorted(wrong, key=lambda c: -c.tests)
        if ordered[0].tests > ordered[-1].tests:
            yield ordered[0], ordered[-1], "tests"
    if rules is not None and rules.ties == "edits":
        own = [c for c in right if c.program.edited]
        models = [c for c in right if not c.program.edited]
        yield from ((a, b, "edit") for a, b in zip(own, models, strict=False))


def _distinct(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Each program's text once."""
    return list({(c.program.code or "").strip(): c for c in reversed(candidates)}.values())[::-1]


PREFERENCE = Format(
    "preference",
    {"prompt": MESSAGES, "chosen": MESSAGES, "rejected": MESSAGES, "kind": "string", **REJECTED},
    _rows,
    ("prompt", "chosen", "rejected"),
    "Two programs for the same `prompt`. `kind`: `verdict` (right against wrong), `edit` (a person's own program "
    "over the model's), `tests` (more visible tests passed). Provenance is `chosen`'s; `rejected_…` is the other's.",
    "`chosen` and `rejected`, against each other.",
    order=3,
    trainers=(
        Trainer("DPOTrainer", reads=("prompt", "chosen", "rejected")),
        Trainer("RewardTrainer", reads=("prompt", "chosen", "rejected")),
    ),
)
