"""Expected values for problems that publish only inputs: what the reference gives, compared as the task does.

The reference runs in a sandbox that can record (`assistant.sandbox.local`); this package knows it by its interface.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from typing import NamedTuple, Protocol

from assistant.core.cores import cores
from assistant.core.outcome import CaseReport
from assistant.core.problem import AssertTest, CallTest, Compare, Problem, Test
from assistant.core.safe_ast import read_literal
from assistant.core.submission import Limits
from assistant.problems.collection import Collection
from assistant.problems.comparison_rule import ComparisonRule
from assistant.problems.evalplus import KINDS, with_tolerances

LIMITS = Limits(seconds=60.0)
"""Reference solutions are trusted to end; a busy machine must not lose their values (MBPP 123 counts for seconds)."""

_RECORDED = "recorded_by_the_check"
_DIGESTED = "digest_by_the_check"
_DIGESTING = f"""
def {_DIGESTED}(*arguments):
    return digest_of({_RECORDED}(*arguments))
"""
_PLAIN = """
def plain_for_the_check(value):
    if isinstance(value, dict):
        return {key: plain_for_the_check(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        kind = tuple if isinstance(value, tuple) else list
        return kind(plain_for_the_check(item) for item in value)
    return value
"""
"""A `Counter` equals the dict of its items and a named tuple the tuple, and only these have literals."""


class LiteralRecorder(Protocol):
    """A sandbox that says what a program gives for each call, as a Python literal where there is one."""

    def literals(
        self, source: str, entry_point: str, tests: Sequence[CallTest], setup: str, limits: Limits
    ) -> list[tuple[CaseReport, str | None]]: ...


class FilledProblem(NamedTuple):
    """A problem whose calls all have expected values, and one line for each call that had to be left out."""

    problem: Problem
    dropped: tuple[str, ...] = ()


def is_open(problem: Problem) -> bool:
    """Whether some call lacks its expected value."""
    return any(_lacks_value(test) for test in (*problem.visible_tests, *problem.hidden_tests))


def with_expected(problem: Problem, sandbox: LiteralRecorder) -> FilledProblem:
    """The problem with every open call made a test: by EvalPlus's rule where the call says so, else by the
    comparison that its first visible assert makes.

    A value too long to be kept is held as a digest. Calls on which the reference fails, or whose value can be
    compared with nothing, are dropped and named.
    """
    wanting = [t for t in (*problem.visible_tests, *problem.hidden_tests) if _lacks_value(t)]
    calls = [test for test in wanting if isinstance(test, CallTest)]
    if not calls:
        return FilledProblem(problem)
    comparison = _comparison(problem)
    part = _recording_part(comparison, calls[0].compare)
    answers = _recorded(problem, part, calls, sandbox)
    long = [call for call, (report, text) in answers.items() if text is None and report.passed]
    digests = _digests(problem, part, long, sandbox)
    made = _made(comparison, {call: text for call, (_, text) in answers.items() if text is not None})
    made |= {call: call.model_copy(update={"digest": digest}) for call, digest in digests.items()}
    dropped = [
        f"{problem.id}: {call.text(problem.entry_point)[:120]}: {_why(report)}"
        for call, (report, _) in answers.items()
        if call not in made
    ]
    update = {
        "visible_tests": _replaced(problem.visible_tests, made),
        "hidden_tests": _replaced(problem.hidden_tests, made),
    }
    return FilledProblem(problem.model_copy(update=update), tuple(dropped))


def _recorded(
    problem: Problem, part: str, calls: Sequence[CallTest], sandbox: LiteralRecorder
) -> dict[CallTest, tuple[CaseReport, str | None]]:
    """What the reference gives for each call."""
    answers = sandbox.literals(problem.reference + part, _RECORDED, calls, problem.test_setup, LIMITS)
    return dict(zip(calls, answers, strict=True))


def _digests(
    problem: Problem, part: str, calls: Sequence[CallTest], sandbox: LiteralRecorder
) -> dict[CallTest, str]:
    """Digests of values that have no literal, or too long a one; only of those that have a digest."""
    if not calls:
        return {}
    digesting = f"{part}\n\n{_digest_source()}\n\n{_DIGESTING}"
    answers = sandbox.literals(problem.reference + digesting, _DIGESTED, calls, problem.test_setup, LIMITS)
    texts = {call: text for call, (_, text) in zip(calls, answers, strict=True) if text is not None}
    return {call: digest for call, text in texts.items() if (digest := str(read_literal(text)))}


def _digest_source() -> str:
    """The functions that make a digest, which the sandbox has as well."""
    return (resources.files("assistant.sandbox.guest") / "digests.py").read_text(encoding="utf-8")


def _made(comparison: ComparisonRule, texts: dict[CallTest, str]) -> dict[CallTest, Test]:
    """The test for each call, from the literal of its value."""
    values = {call: read_literal(text) for call, text in texts.items()}
    ruled = with_tolerances((call, value) for call, value in values.items() if call.compare in KINDS)
    made: dict[CallTest, Test] = {
        call: test.model_copy(update={"expected": texts[call]}) for call, test in ruled.items()
    }
    for call, value in values.items():
        if call not in made:
            made[call] = comparison.test(call, value)
    return made


def fill_collection(
    collection: Collection,
    sandbox: LiteralRecorder,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Collection:
    """Every problem with its expected values, on all cores; dropped calls are named in `skipped`."""
    filled: list[FilledProblem] = []
    with ThreadPoolExecutor(max_workers=cores()) as threads:
        for result in threads.map(lambda problem: with_expected(problem, sandbox), collection):
            filled.append(result)
            progress(len(filled), len(collection))
    dropped = [line for result in filled for line in result.dropped]
    return Collection(
        name=collection.name,
        problems=tuple(result.problem for result in filled),
        skipped=(*collection.skipped, *dropped),
    )


def _lacks_value(test: Test) -> bool:
    return isinstance(test, CallTest) and test.is_open


def _comparison(problem: Problem) -> ComparisonRule:
    asserts = [test.code for test in problem.visible_tests if isinstance(test, AssertTest)]
    return ComparisonRule.of(asserts[0] if asserts else "", problem.entry_point)


def _recording_part(comparison: ComparisonRule, compare: Compare) -> str:
    """Code that calls the reference and makes its result plain; or says whether there is one; or bool, as a match
    object has only a truth.
    """
    plain = "plain_for_the_check"
    if compare == "exists":
        plain = "(lambda value: value is not None)"
    elif compare not in KINDS and comparison.kind == "truth":
        plain = "bool"
    return f"""
{_PLAIN}

def {_RECORDED}(*arguments):
    return {plain}({comparison.entry_point}(*arguments))
"""


def _why(report: CaseReport) -> str:
    return report.message or (
        "its value has no literal and no digest" if report.passed else report.outcome.word
    )


def _replaced(tests: tuple[Test, ...], made: dict[CallTest, Test]) -> tuple[Test, ...]:
    replaced = (
        made.get(test) if isinstance(test, CallTest) and _lacks_value(test) else test for test in tests
    )
    return tuple(test for test in replaced if test is not None)
