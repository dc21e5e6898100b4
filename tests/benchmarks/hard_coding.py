"""How often the hint "names the inputs of its tests" is right: programs of both kinds, from MBPP.

python -m tests.benchmarks.hard_coding [--mbpp ../shared/data/mbpp/mbpp.jsonl] [--ilf ../shared/data/ilf/…] [--show]

Positive: for each of MBPP's problems one program that knows its visible tests alone, in eight forms in turn (a chain
of ifs, a table, `in`, `match`, a conditional expression, a table's `get`, argument by argument, a chain before other
code), written by this script. Negative: MBPP's own solutions, and the programs that people repaired for ILF. Prints
precision, recall and every false alarm. Nothing is run: the hint reads the code alone.
"""

from __future__ import annotations

import argparse
import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant.core.hard_coding import named_tests
from assistant.core.problem import AssertTest, Problem
from assistant.core.stats.proportion import wilson
from assistant.core.test_calls import arguments_of
from assistant.problems.formats.ilf import read_ilf
from assistant.problems.load import load_source

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
Pair = tuple[str, str]
"""An input as text (its argument, or the tuple of its arguments) and what the test expects of it."""


def pairs_of(problem: Problem) -> list[Pair] | None:
    """Input and expected value of every visible test; None where a test is of another form."""
    found = []
    for test in problem.visible_tests:
        arguments = arguments_of(test, problem.entry_point)
        expected = _expected(test.code, problem.entry_point) if isinstance(test, AssertTest) else None
        if not arguments or expected is None:
            return None
        found.append((repr(arguments[0] if len(arguments) == 1 else tuple(arguments)), expected))
    return found


def _expected(code: str, entry_point: str) -> str | None:
    """The right side of `assert f(…) == value`; None for tests of other forms."""
    statement = ast.parse(code).body[0]
    match statement:
        case ast.Assert(
            test=ast.Compare(left=ast.Call(func=ast.Name(id=name)), ops=[ast.Eq()], comparators=[value])
        ):
            return ast.unparse(value) if name == entry_point else None
    return None


def hard_coded(problem: Problem, pairs: Sequence[Pair], form: int) -> str | None:
    """A program that knows these pairs alone; None where the form cannot say them (lists are no keys)."""
    count = len(arguments_of(problem.visible_tests[0], problem.entry_point) or ())
    names = [f"arg{i}" for i in range(count)]
    given = names[0] if count == 1 else f"({', '.join(names)})"
    head = f"def {problem.entry_point}({', '.join(names)}):\n"
    keys = [key for key, _ in pairs]
    if form % 8 in (1, 2, 5) and any(part in key for key in keys for part in "[{"):
        form = 0
    match form % 8:
        case 0:
            body = "".join(f"    if {given} == {key}:\n        return {value}\n" for key, value in pairs)
        case 1:
            table = ", ".join(f"{key}: {value}" for key, value in pairs)
            body = f"    answers = {{{table}}}\n    return answers[{given}]\n"
        case 2:
            table = ", ".join(f"{key}: {value}" for key, value in pairs)
            body = f"    return {{{table}}}.get({given})\n"
        case 3:
            body = f"    match {given}:\n" + "".join(
                f"        case {key}:\n            return {value}\n" for key, value in pairs
            )
        case 4:
            chain = " else ".join(f"{value} if {given} == {key}" for key, value in pairs)
            body = f"    return {chain} else None\n"
        case 5:
            first = pairs[0][1]
            same = [key for key, value in pairs if value == first]
            body = f"    if {given} in ({', '.join(same)},):\n        return {first}\n" + "".join(
                f"    if {given} == {key}:\n        return {value}\n"
                for key, value in pairs
                if value != first
            )
        case 6 if count > 1:
            body = "".join(
                f"    if {_one_by_one(names, key)}:\n        return {value}\n" for key, value in pairs
            )
        case _:
            body = "".join(f"    if {given} == {key}:\n        return {value}\n" for key, value in pairs)
            body += f"    result = 0\n    for i in range(10):\n        result += i\n    return result or {given}\n"
    try:
        ast.parse(head + body)
    except SyntaxError:
        return None
    return head + body


def _one_by_one(names: Sequence[str], key: str) -> str:
    """`arg0 == 3 and arg1 == 4`."""
    return " and ".join(f"{n} == {p!r}" for n, p in zip(names, ast.literal_eval(key), strict=True))


def positives(problems: Sequence[Problem]) -> Iterator[tuple[Problem, str]]:
    for number, problem in enumerate(problems):
        pairs = pairs_of(problem)
        program = hard_coded(problem, pairs, number) if pairs else None
        if program:
            yield problem, program


def negatives(problems: Sequence[Problem], ilf: Path) -> Iterator[tuple[Problem, str]]:
    yield from ((problem, problem.reference) for problem in problems)
    if ilf.is_file():
        yield from ((row.problem, row.fix) for row in read_ilf(ilf).rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mbpp", type=Path, default=DATA / "mbpp" / "mbpp.jsonl")
    parser.add_argument("--ilf", type=Path, default=DATA / "ilf" / "human-feedback.jsonl")
    parser.add_argument("--show", action="store_true", help="print the programs of false alarms and misses")
    options = parser.parse_args()
    problems = load_source(str(options.mbpp)).problems
    found = {True: 0, False: 0}
    of: Counter[bool] = Counter()
    for kind, programs in ((True, positives(problems)), (False, negatives(problems, options.ilf))):
        for problem, code in programs:
            flagged = named_tests(code, problem.visible_tests, problem.entry_point) > 0
            of[kind] += 1
            found[kind] += flagged
            if flagged is not kind:
                print(f"{'missed' if kind else 'false alarm'}: {problem.id}")
                if options.show:
                    print(code)
    low, high = wilson(found[True], sum(found.values()))
    print(
        f"precision {found[True]} of {sum(found.values())} flagged ({100 * low:.1f}–{100 * high:.1f}%); "
        f"recall {found[True]} of {of[True]} that know their tests alone; {found[False]} false alarms on {of[False]} "
        "solutions of people"
    )


if __name__ == "__main__":
    main()
