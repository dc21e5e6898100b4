"""EvalPlus's tests as hidden tests of the problems that they were made for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from assistant.core.problem import AssertTest, CallTest, Problem, Test
from assistant.problems.assert_parsing import agree
from assistant.problems.collection import Collection
from assistant.problems.syntax import renamed

APART = frozenset({"mbpp/139", "mbpp/140", "mbpp/233", "mbpp/276"})
"""Tasks of the full release that no corrected reference meets: three want the digits that 3.1415 for pi gives,
one a list where the corrected one gives a set. Found by running the corrected references."""


def attach_plus(base: Collection, plus: Collection) -> Collection:
    """`base` with the tests of the same task in `plus` added to its hidden tests.

    Tasks are matched by the number in their id (`Mbpp/2`, `mbpp/2`); a function that `plus` has renamed gets
    its old name back. The reference becomes that of `plus`, which gave its tests their values: EvalPlus corrected
    many (16 of HumanEval's own fail its tests). Calls without expected value are left out, so fill `plus`
    first (`assistant.problems.expected_values.fill_collection`).

    Tasks that `plus` lacks stay as they are. So do tasks whose own tests contradict those of `plus` (it builds
    on the sanitized release, which changed signatures and results of the full one); `skipped` names them.
    """
    by_key = {_key(problem.id): problem for problem in plus}
    attached: list[Problem] = []
    skipped: list[str] = list(base.skipped)
    for problem in base:
        extra = by_key.get(_key(problem.id))
        if extra is not None and not _same_task(problem, extra):
            skipped.append(
                f"{plus.name} {extra.id}: its tests contradict those of {problem.id}, not attached"
            )
            extra = None
        attached.append(problem if extra is None else _with_tests_of(problem, extra))
    return Collection(name=base.name, problems=tuple(attached), skipped=tuple(skipped))


def tasks_of(base: Collection, plus: Collection) -> Collection:
    """`plus` without the tasks that `base` does not have."""
    keys = {_key(problem.id) for problem in base}
    return replace(plus, problems=tuple(extra for extra in plus if _key(extra.id) in keys))


def _key(problem_id: str) -> str:
    family, _, number = problem_id.lower().rpartition("/")
    return f"{family}/{number.lstrip('0') or '0'}"


def _same_task(problem: Problem, extra: Problem) -> bool:
    if problem.id in APART and problem.source == "mbpp":
        return False
    ours, theirs = (
        [code for test in p.visible_tests if (code := _as_assert(test, p.entry_point))]
        for p in (problem, extra)
    )
    return agree(ours, theirs, problem.entry_point, extra.entry_point)


def _as_assert(test: Test, entry_point: str) -> str:
    """A test as an assert statement; empty for one that cannot be said so."""
    if isinstance(test, AssertTest):
        return test.code
    if not isinstance(test, CallTest) or test.expected is None:
        return ""
    return f"assert {CallTest(arguments=test.arguments).text(entry_point)} == {test.expected}"


def _with_tests_of(problem: Problem, extra: Problem) -> Problem:
    known = {*problem.visible_tests, *problem.hidden_tests}
    own = set(problem.suites)
    added = (
        test for test in _usable(extra, problem.entry_point) if test not in known and not own & {*test.suites}
    )
    return problem.model_copy(
        update={
            "hidden_tests": (*problem.hidden_tests, *added),
            "prelude": _joined(problem.prelude, extra.prelude),
            "test_setup": _joined(problem.test_setup, extra.test_setup),
            "reference": renamed(extra.reference, extra.entry_point, problem.entry_point),
        }
    )


def _usable(extra: Problem, entry_point: str) -> Iterator[Test]:
    """Its hidden tests, and the visible ones that its published score counts; the problem has its own of those."""
    for test in (*(shown for shown in extra.visible_tests if shown.suites), *extra.hidden_tests):
        if isinstance(test, AssertTest):
            yield test.model_copy(update={"code": renamed(test.code, extra.entry_point, entry_point)})
        elif not isinstance(test, CallTest) or not test.is_open:
            yield test


def _joined(setup: str, more: str) -> str:
    """Both setups, once where one holds the other."""
    return setup if more in setup else more if setup in more else f"{setup}\n\n{more}"
