"""A study's plan, frozen before its data: a registration as text, beside the study file.

`assistant study freeze` writes it. Registries (OSF, AsPredicted) take its text; its hash stands for the time of the
freeze and for every byte of the study file, and sessions that are held under that very file carry it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.core.errors import UsageError
from assistant.core.events import freeze_sha256
from assistant.core.problem import Problem, sha256_of
from assistant.session.study import Study
from assistant.session.study_file import parse_study, text_of
from assistant.session.study_tables import Plan

SUFFIX = ".frozen.txt"
_TIME, _HASH = "Frozen at: ", "SHA-256: "
_FILE = "--- the study file, byte for byte ---\n"
OUTCOMES = {
    "solve_rate": "share of sessions whose program passes every visible test, by interventions",
    "lift": "difference in the share solved between the person's feedback and each control arm, from the same state",
    "false_solves": "share of the solves that a hidden test fails",
    "time_to_solved": "the person's time until their session is solved; sessions that are not solved are censored",
    "tokens": "share solved with feedback and without, at equal tokens",
    "words": "how feedback is worded, and how often the next program solves",
    "leaks": "share of feedback that gives the solution away, and the curve without it",
    "people": "differences in the lift between people",
}


@dataclass(frozen=True)
class Freeze:
    """A study file as it was frozen."""

    path: Path
    """The registration."""
    at: str
    """ISO 8601 UTC."""
    text: str

    @property
    def sha256(self) -> str:
        """What journals carry."""
        return freeze_sha256(self.at, self.text)


def freeze_path(study_file: Path) -> Path:
    """Where the registration of a study file is: `study.frozen.txt` for `study.toml`."""
    return study_file.with_name(study_file.stem + SUFFIX)


def read_freeze(study_file: Path) -> Freeze | None:
    """The freeze of a study file; None where it was not frozen. Raises UsageError where the registration is no more
    what was written."""
    path = freeze_path(study_file)
    if not path.exists():
        return None
    head, found, text = text_of(path).partition(_FILE)
    values = {
        name: next((line[len(name) :] for line in head.splitlines() if line.startswith(name)), "")
        for name in (_TIME, _HASH)
    }
    freeze = Freeze(path, values[_TIME], text)
    if not found or not freeze.at or values[_HASH] != freeze.sha256:
        raise UsageError(
            f"{path} was changed: its hash is not that of its time and study file; put it back (a registry has it) "
            "or move it away and freeze the study again"
        )
    return freeze


def changed_since(freeze: Freeze | None, text: str) -> str:
    """What to say where the study file is another one than was frozen; empty where it is the same, or none was."""
    if freeze is None or freeze.text == text:
        return ""
    keys = differing_keys(freeze.text, text)
    what = f"other: {', '.join(keys)}" if keys else "comments or spaces alone"
    return (
        f"note: the study file was changed after it was frozen at {freeze.at} ({what}); sessions held now are "
        f"not under the registered plan. Put the file back (it stands at the end of {freeze.path.name}), or move "
        f"{freeze.path.name} away and freeze it anew"
    )


def differing_keys(before: str, now: str) -> list[str]:
    """Keys whose values differ between two study files; none where one of them is no study."""
    try:
        old, new = parse_study(before, "").model_dump(), parse_study(now, "").model_dump()
    except UsageError:
        return []
    return [key for key in new if old.get(key) != new[key]]


def registration(freeze: Freeze, study: Study, problems: Sequence[Problem], held: int) -> str:
    """The text for a registry; `held` is how many sessions of the study there are already."""
    assert study.plan is not None
    return "\n".join(_lines(freeze, study, study.plan, problems, held)) + "\n\n" + _FILE + freeze.text


def _lines(freeze: Freeze, study: Study, plan: Plan, problems: Sequence[Problem], held: int) -> Iterator[str]:
    yield from (f"Plan of the study {study.name}", "", f"{_TIME}{freeze.at}", f"{_HASH}{freeze.sha256}")
    yield "(of the time above in a line of its own, followed by the study file below; journals of sessions held under"
    yield "this plan carry it as `study.frozen_sha256`)"
    yield from _section("Data", [f"{held or 'No'} sessions of this study had been held when it was frozen."])
    yield from _section("Hypotheses", plan.hypotheses, numbered=True)
    yield from _section("Primary outcome", [_outcome(plan.primary_outcome)])
    yield from _section("Secondary outcomes", map(_outcome, plan.secondary_outcomes))
    yield from _section("Arms and conditions", _arms(study, plan))
    yield from _section("Sample", _sample(study, problems))
    yield from _section("Procedure", _procedure(study))
    rules = study.exclusions.rules().values() if study.exclusions is not None else ()
    applied = [f"{rule} (applied by `assistant analyze`)" for rule in rules]
    yield from _section("Exclusions", [*applied, *plan.exclusions])
    yield from _section("When it ends", [plan.stopping] if plan.stopping else [])
    yield from _section(
        "Analysis",
        [
            "`assistant analyze`: every table and figure of an outcome above is marked as planned, every other one "
            "as exploratory; intervals are 95%, differences over several arms are corrected by Holm's method."
        ],
    )


def _section(title: str, lines: Sequence[str] | Iterator[str], *, numbered: bool = False) -> Iterator[str]:
    found = list(lines) or ["none planned"]
    yield from ("", title, "-" * len(title))
    yield from (f"{place}. {line}" if numbered else line for place, line in enumerate(found, start=1))


def _outcome(name: str) -> str:
    return f"{name}: {OUTCOMES[name]}"


def _arms(study: Study, plan: Plan) -> Iterator[str]:
    arms = "all (on a GPU; none elsewhere)" if study.arms is None else ", ".join(study.arms) or "none"
    yield f"control arms: {arms}"
    yield f"compared with: {', '.join(plan.compared_with) or 'every control arm of the study'}"
    for name, values in study.conditions.model_dump().items():
        told = " and ".join("with" if value else "without" for value in dict.fromkeys(values or (False,)))
        yield f"{name}: {told}"


def _sample(study: Study, problems: Sequence[Problem]) -> Iterator[str]:
    people = f"{len(study.annotators)} named annotators" if study.annotators else "any number of annotators"
    digest = sha256_of([problem.sha256 for problem in problems])
    yield f"{len(problems)} problems of {study.source} (SHA-256 over theirs: {digest}), order: {study.order}"
    yield f"{people}; expected gain over a control: {study.expected_effect:g}"


def _procedure(study: Study) -> Iterator[str]:
    yield f"up to {study.rounds} rounds of feedback, {study.samples} program(s) a round"
    if study.minutes is not None:
        yield f"time limit a problem: {study.minutes:g} minutes of the person's own time"
    yield f"model: {study.model or 'left to whoever runs the study'}, temperature {study.temperature:g}"
    shown = "all" if study.visible_tests is None else str(study.visible_tests)
    yield f"wording of the prompts: {study.template}; visible tests in the prompt: {shown}"
