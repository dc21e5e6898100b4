"""The feedback itself: how long it is, what it is about, how much it gives away, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from assistant.analysis.lift import ArmPair
from assistant.analysis.solve_curve import answered, first_solve
from assistant.core.leakage import Leak, Secret, measure, secret_of
from assistant.core.stats.crossed import crossed_wilson
from assistant.journal.records import Feedback, ProgramRecord, SessionRecord


@dataclass(frozen=True)
class FeedbackMeasures:
    """One feedback, measured. The words themselves stay in the journal."""

    session: str
    problem: str
    problem_sha256: str
    annotator: str
    about: str
    round: int
    words: int
    characters: int
    kinds: str
    """Separated by `; `."""
    reading: float
    typing: float
    waiting: float
    away: float
    leak_share: float
    leak_longest: int
    leak_told: float
    leak_values: int
    leaky: bool
    answered: bool
    solved: bool
    outcome: str
    """What the answer brought: `changed`, `unchanged`, `no program` or `no answer`."""
    used_round: bool


@dataclass(frozen=True)
class FeedbackRate:
    """How often feedback of one sort was followed by a solution."""

    sort: str
    """`kind`, `length` or `leak`."""
    value: str
    feedbacks: int
    answered: int
    solved: int
    rate: float
    low: float
    high: float


def said(sessions: Sequence[SessionRecord]) -> list[FeedbackMeasures]:
    """Every feedback, in order."""
    secrets: dict[tuple[str, int | None], Secret] = {}
    found = []
    for session in answered(sessions):
        key = (session.problem_sha256, session.visible_tests)
        if session.feedback and key not in secrets:
            secrets[key] = secret_of(session.problem, session.visible_tests)
        for words in session.feedback:
            found.append(_said(session, words, measure(secrets[key], words.code, words.text)))
    return found


def shares(found: Sequence[FeedbackMeasures]) -> list[FeedbackRate]:
    """By kind, by length (thirds), and by whether it leaks."""
    kinds = sorted({kind for item in found for kind in item.kinds.split("; ") if kind})
    rows = [_share("kind", kind, [i for i in found if kind in i.kinds.split("; ")]) for kind in kinds]
    if len(found) >= 6:
        low, high = quantiles([item.words for item in found], n=3)
        thirds = (
            (f"up to {low:.0f} words", [i for i in found if i.words <= low]),
            (f"up to {high:.0f} words", [i for i in found if low < i.words <= high]),
            (f"over {high:.0f} words", [i for i in found if i.words > high]),
        )
        rows += [_share("length", name, items) for name, items in thirds]
    for name, leaky in (("leaky", True), ("not leaky", False)):
        rows.append(_share("leak", name, [i for i in found if i.leaky is leaky]))
    return [row for row in rows if row.feedbacks]


def median_words(found: Sequence[FeedbackMeasures]) -> float | None:
    return median(item.words for item in found) if found else None


def clean_solved_at(
    found: Sequence[FeedbackMeasures],
) -> Callable[[SessionRecord, int], ProgramRecord | None]:
    """`SessionRecord.solved_at` where no solve counts that has leaky words on the way to it: a lower bound."""
    leaky = {(item.session, item.about, item.round) for item in found if item.leaky}

    def solved_at(session: SessionRecord, round_: int) -> ProgramRecord | None:
        program = session.solved_at(round_)
        step = program
        while step is not None and step.parent is not None:
            if (session.id, step.parent, step.round) in leaky:
                return None
            step = session.by_id.get(step.parent)
        return program

    return solved_at


def clean_pairs(
    by_arm: Mapping[str, Sequence[ArmPair]], found: Sequence[FeedbackMeasures]
) -> dict[str, list[ArmPair]]:
    """The pairs whose words give nothing away."""
    leaky = {(item.session, item.about, item.round) for item in found if item.leaky}
    return {
        arm: [pair for pair in pairs if (pair.session, pair.about, pair.round) not in leaky]
        for arm, pairs in by_arm.items()
    }


def _said(session: SessionRecord, words: Feedback, leak: Leak) -> FeedbackMeasures:
    answers = session.answers_to(words)
    effort, outcome = words.effort, session.outcome_of(words)
    return FeedbackMeasures(
        session.id, session.problem.id, session.problem_sha256, session.annotator, words.about, words.round,
        len(words.text.split()), len(words.text), "; ".join(words.kinds), effort.reading, effort.typing,
        effort.waiting, effort.away, leak.share, leak.longest, leak.told, len(leak.values), leak.leaky,
        bool(answers), first_solve(answers) is not None, outcome, session.uses_round(outcome),
    )  # fmt: skip


def _share(sort: str, value: str, items: Sequence[FeedbackMeasures]) -> FeedbackRate:
    told = [item for item in items if item.answered]
    cells: dict[tuple[str, str], list[int]] = {}
    for item in told:
        cell = cells.setdefault((item.problem_sha256, item.annotator), [0, 0])
        cell[0] += item.solved
        cell[1] += 1
    solved = sum(item.solved for item in told)
    low, high = crossed_wilson({name: (x, n) for name, (x, n) in cells.items()})
    return FeedbackRate(
        sort, value, len(items), len(told), solved, solved / len(told) if told else 0.0, low, high
    )
