"""Is the scoring right? Reference solutions must score 100%, programs known to be wrong 0%."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from assistant.bench.load_problems import Say, load_ready
from assistant.bench.scoring import ProgramJudge
from assistant.core.cores import cores
from assistant.core.problem import FrozenModel, Problem
from assistant.core.submission import Limits
from assistant.problems.formats.ilf import read_ilf
from assistant.sandbox.local import LocalSandbox

LIMITS = Limits(seconds=60.0)
"""As for recording references: a busy machine must not fail them."""


class CheckedPrograms(FrozenModel):
    """One group of programs: how many score, and the first that do not score as they must."""

    name: str
    wanted: bool
    programs: int
    passing: int
    wrong: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """All pass, or none, as wanted."""
        return not self.wrong


def check_sources(
    sources: Iterable[tuple[str, str]], sandbox: LocalSandbox, say: Say
) -> Iterator[CheckedPrograms]:
    """Every reference of each (source, its hidden tests or empty), on visible and hidden tests."""
    for source, hidden in sources:
        problems = load_ready(source, sandbox, say, hidden)
        pairs = [(problem, problem.reference) for problem in problems if problem.reference]
        name = f"references of {problems.name}{' with ' + hidden if hidden else ''}"
        yield _scored(name, True, pairs, sandbox)


def check_ilf(path: Path, sandbox: LocalSandbox) -> Iterator[CheckedPrograms]:
    """ILF's wrong programs, and what their annotators made of them."""
    rows = read_ilf(path).rows
    yield _scored("ILF's wrong programs", False, [(row.problem, row.wrong) for row in rows], sandbox)
    yield _scored("ILF's repaired programs", True, [(row.problem, row.fix) for row in rows], sandbox)


def _scored(
    name: str, wanted: bool, pairs: Sequence[tuple[Problem, str]], sandbox: LocalSandbox
) -> CheckedPrograms:
    judge = ProgramJudge(sandbox, LIMITS)
    with ThreadPoolExecutor(cores()) as threads:
        passes = list(threads.map(_passes(judge), pairs))
    return CheckedPrograms(
        name=name,
        wanted=wanted,
        programs=len(pairs),
        passing=sum(passes),
        wrong=tuple(p.id for (p, _), passed in zip(pairs, passes, strict=True) if passed is not wanted),
    )


def _passes(judge: ProgramJudge) -> Callable[[tuple[Problem, str]], bool]:
    def passes(pair: tuple[Problem, str]) -> bool:
        verdict = judge.score(*pair)
        return verdict.solved and verdict.honest is not False

    return passes
