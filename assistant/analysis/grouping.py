"""Groups of sessions: feedback of people, of each model, of unknown authors and imported is kept apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from assistant.core.errors import UsageError
from assistant.core.speaker import PEOPLE
from assistant.journal.records import SessionRecord

BY: Mapping[str, Callable[[SessionRecord], str]] = {
    "model": lambda s: f"{s.model} {s.precision}".strip(),
    "study": lambda s: s.study or "no study",
    "condition": lambda s: ", ".join(f"{k}={v}" for k, v in sorted(s.condition.items())) or "no condition",
    "annotator": lambda s: s.annotator,
    "source": lambda s: s.problem.source,
    "difficulty": lambda s: s.problem.difficulty or "unrated",
    "samples": lambda s: f"{s.samples} samples a round",
    "rounds": lambda s: f"up to {s.rounds} interventions",
}


@dataclass(frozen=True)
class SessionGroup:
    """Sessions that are looked at together."""

    name: str
    origin: str
    speaker: str
    sessions: tuple[SessionRecord, ...]

    @property
    def size(self) -> str:
        """How many sessions, problems and annotators, in words."""
        counts = ((len(self.sessions), "session"), (self.problems, "problem"), (self.annotators, "annotator"))
        sessions, problems, annotators = (f"{n} {of}{'s' * (n != 1)}" for n, of in counts)
        return f"{sessions} on {problems} by {annotators}"

    @property
    def problems(self) -> int:
        return len({session.problem_sha256 for session in self.sessions})

    @property
    def annotators(self) -> int:
        return len({session.annotator for session in self.sessions})


def parse_by(words: str) -> tuple[str, ...]:
    """`model,condition` as names of `BY`. Raises UsageError."""
    names = tuple(word.strip() for word in words.split(",") if word.strip())
    for name in names:
        if name not in BY:
            raise UsageError(f"sessions cannot be grouped by `{name}`; known: {', '.join(BY)}")
    return names


def parse_condition(words: Sequence[str]) -> dict[str, str]:
    """`["failing_cases=yes"]` as a condition. Raises UsageError."""
    pairs = [word.partition("=") for word in words]
    for name, sign, value in pairs:
        if not (name and sign and value):
            raise UsageError(f"`{name}{sign}{value}` is no condition: give it as NAME=VALUE")
    return {name: value for name, _, value in pairs}


def chosen(
    sessions: Sequence[SessionRecord], study: str, condition: Mapping[str, str]
) -> list[SessionRecord]:
    """The sessions of this study (any, when empty) under this condition; for practice only where it says so."""
    return [
        session
        for session in sessions
        if (not study or session.study == study)
        and condition.items() <= dict(session.condition).items()
        and (session.condition.get("practice") != "yes" or "practice" in condition)
    ]


def grouped(sessions: Sequence[SessionRecord], by: Sequence[str] = ("model",)) -> list[SessionGroup]:
    """Groups by origin and then by `by`: people's first, then the larger before the smaller."""
    found: dict[tuple[str, ...], list[SessionRecord]] = {}
    for session in sessions:
        found.setdefault((session.origin, *(BY[name](session) for name in by)), []).append(session)
    order = sorted(found.items(), key=lambda item: (item[0][0] != PEOPLE, -len(item[1]), item[0]))
    return [
        SessionGroup(" · ".join(key), key[0], members[0].speaker, tuple(members)) for key, members in order
    ]
