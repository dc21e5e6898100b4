"""How many wrong programs a problem's tests let pass, and hidden tests that let fewer pass.

Wrong programs are mutants of the reference (`mutants.py`) and, where there are, answers that were recorded. A program
counts as wrong when it gives another result than the reference on some generated input (`generated_inputs.py`); what
gives the same on all of them is left out, right or not. Everything runs in the sandbox. A generated test expects what
the reference gives, compared as the task's own first test compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from assistant.core.cores import cores
from assistant.core.outcome import Outcome, Report
from assistant.core.problem import CallTest, Compare, Problem, Test
from assistant.core.submission import Limits, Submission
from assistant.core.test_calls import arguments_of
from assistant.problems.expected_values import with_expected
from assistant.problems.generated_inputs import inputs_like
from assistant.problems.mutants import mutants_of
from assistant.problems.records import BadRecord, literal
from assistant.problems.reference_check import RecordingSandbox, check_reference

INPUTS = 48
"""Generated inputs of a problem."""
MOST_ADDED = 12
"""Hidden tests that are added to a problem at most."""
REPEATS = 10
"""So often the reference has to pass a test before it is kept: it must depend on neither chance nor time."""
SUITE = "hardened"
"""Names the tests that were added."""
_LIMITS = Limits(seconds=2.0)
"""A program that takes longer on one small input is no likely answer."""


@dataclass(frozen=True)
class WrongProgram:
    """A program known to be wrong, and what it fails and passes."""

    code: str
    origin: str
    """`line 3: <= for <` of a mutant; `recorded` of an answer."""
    passes_visible: bool
    passes_all: bool
    fails: frozenset[int]
    """Places of the generated tests on which it differs from the reference."""


@dataclass(frozen=True)
class Strength:
    """What the tests of a problem let pass."""

    problem: Problem
    wrong: tuple[WrongProgram, ...] = ()
    generated: tuple[Test, ...] = ()
    reason: str = ""
    """Why it was not measured; empty where it was."""

    @property
    def passing_visible(self) -> int:
        """Wrong programs that pass every visible test."""
        return sum(program.passes_visible for program in self.wrong)

    @property
    def passing_all(self) -> int:
        """Wrong programs that pass every test."""
        return sum(program.passes_all for program in self.wrong)

    @property
    def survivors(self) -> tuple[WrongProgram, ...]:
        """The wrong programs that pass every test."""
        return tuple(program for program in self.wrong if program.passes_all)


@dataclass(frozen=True)
class Hardened:
    """A problem with the hidden tests that were added, and what is left of the wrong programs that passed before."""

    problem: Problem
    added: tuple[Test, ...] = ()
    before: int = 0
    after: int = 0
    unsteady: int = 0
    """Proposed tests that the reference did not pass every time."""


def measure_all(
    problems: Iterable[Problem], sandbox: RecordingSandbox, recorded: dict[str, Sequence[str]] | None = None
) -> Iterator[Strength]:
    """Each problem's strength in their order, as many at once as there are cores; `recorded` has answers by id."""
    answers = recorded or {}
    with ThreadPoolExecutor(max_workers=cores()) as threads:
        yield from threads.map(lambda p: measure(p, sandbox, answers.get(p.id, ())), problems)


def measure(problem: Problem, sandbox: RecordingSandbox, recorded: Sequence[str] = ()) -> Strength:
    """The strength of one problem's tests."""
    problem = with_expected(problem, sandbox).problem
    reason = _unfit(problem)
    if not reason and not check_reference(problem, sandbox).passed:
        reason = "its reference does not pass its own tests"
    if reason:
        return Strength(problem, reason=reason)
    generated = generated_tests(problem, sandbox)
    if not generated:
        return Strength(
            problem, reason="no input like those of its tests could be drawn on which its reference answers"
        )
    programs = [(mutant.code, mutant.change) for mutant in mutants_of(problem.reference, problem.id)]
    programs += [(code, "recorded") for code in dict.fromkeys(recorded)]
    wrong = wrong_programs(problem, programs, generated, sandbox)
    return Strength(problem, wrong, generated, "" if wrong else "no program near its reference is wrong")


def _unfit(problem: Problem) -> str:
    """Why a problem's strength cannot be measured, from what is in it alone."""
    if not problem.reference:
        return "it has no reference solution"
    if not problem.entry_point or "." in problem.entry_point:
        return "it is no plain function"
    if not known_arguments(problem):
        return "no visible test calls it with plain values"
    return ""


def known_arguments(problem: Problem) -> list[list[object]]:
    """The arguments of the visible tests' calls, where they are literals."""
    found = (arguments_of(test, problem.entry_point) for test in problem.visible_tests)
    return [arguments for arguments in found if arguments]


def generated_tests(problem: Problem, sandbox: RecordingSandbox, count: int = INPUTS) -> tuple[Test, ...]:
    """Tests on inputs like those of the visible tests, as the reference answers; what it refuses is left out."""
    calls = []
    compare = _comparison(problem)
    for arguments in inputs_like(known_arguments(problem), count, problem.id):
        try:
            calls.append(CallTest(arguments=literal(arguments), compare=compare, suites=(SUITE,)))
        except BadRecord:
            continue
    if not calls:
        return ()
    asked = problem.model_copy(update={"hidden_tests": tuple(dict.fromkeys(calls))})
    tests = with_expected(asked, sandbox).problem.hidden_tests
    report = _run(problem, problem.reference, tests, sandbox)
    return tuple(_labelled(t) for t, case in zip(tests, report.cases, strict=True) if case.passed)


def _comparison(problem: Problem) -> Compare:
    """How the calls of its own tests are compared."""
    calls = [t for t in (*problem.visible_tests, *problem.hidden_tests) if isinstance(t, CallTest)]
    return calls[0].compare if calls else "equal"


def _labelled(test: Test) -> Test:
    return test.model_copy(update={"suites": (SUITE,)})


def wrong_programs(
    problem: Problem,
    programs: Iterable[tuple[str, str]],
    generated: Sequence[Test],
    sandbox: RecordingSandbox,
) -> tuple[WrongProgram, ...]:
    """The programs (code, origin) that differ from the reference on a generated test, with what they pass."""
    found = []
    for code, origin in programs:
        report = _run(problem, code, generated, sandbox)
        fails = frozenset(place for place, case in enumerate(report.cases) if _differs(case.outcome))
        if not fails:
            continue
        visible = _run(problem, code, problem.visible_tests, sandbox).passed
        hidden = visible and (
            not problem.hidden_tests or _run(problem, code, problem.hidden_tests, sandbox).passed
        )
        found.append(WrongProgram(code, origin, visible, hidden, fails))
    return tuple(found)


def _differs(outcome: Outcome) -> bool:
    """Whether a case shows another behaviour; one that could not be judged shows none."""
    return outcome not in (Outcome.PASSED, Outcome.NOT_RUNNABLE)


def _run(problem: Problem, code: str, tests: Sequence[Test], sandbox: RecordingSandbox) -> Report:
    asked = problem.model_copy(update={"visible_tests": tuple(tests)})
    return sandbox.run(Submission.of(asked, code, limits=_LIMITS))


def harden(strength: Strength, sandbox: RecordingSandbox, most: int = MOST_ADDED) -> Hardened:
    """The problem with as few generated hidden tests as make every surviving program fail, if `most` are enough.

    A test is kept only after the reference has passed it ten times.
    """
    problem, survivors = strength.problem, strength.survivors
    proposed = sorted(frozenset().union(*(program.fails for program in survivors)))
    steady = _steady(problem, strength.generated, proposed, sandbox)
    places = _cover(survivors, steady, most)
    added = tuple(strength.generated[place] for place in places)
    return Hardened(
        problem=problem.model_copy(update={"hidden_tests": (*problem.hidden_tests, *added)}),
        added=added,
        before=len(survivors),
        after=sum(program.fails.isdisjoint(places) for program in survivors),
        unsteady=len(proposed) - len(steady),
    )


def _steady(
    problem: Problem, generated: Sequence[Test], places: Sequence[int], sandbox: RecordingSandbox
) -> frozenset[int]:
    """Those of the tests at `places` that the reference passes every time."""
    kept = list(places)
    for _ in range(REPEATS):
        if not kept:
            break
        report = _run(problem, problem.reference, [generated[place] for place in kept], sandbox)
        kept = [place for place, case in zip(kept, report.cases, strict=True) if case.passed]
    return frozenset(kept)


def _cover(survivors: Sequence[WrongProgram], places: frozenset[int], most: int) -> list[int]:
    """Greedy: each next test is the one that most of the programs fail which are still alive."""
    alive = [program.fails & places for program in survivors]
    chosen: list[int] = []
    while len(chosen) < most and any(alive):
        best = max(sorted(places), key=lambda place: sum(place in fails for fails in alive))
        if not any(best in fails for fails in alive):
            break
        chosen.append(best)
        alive = [fails for fails in alive if best not in fails]
    return sorted(chosen)
