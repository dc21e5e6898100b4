"""What MBPP's visible tests let pass, beside MBPP+ and beside tests that `--harden` adds.

python -m tests.benchmarks.problem_strength [--count 100] [--seed 0] [--data ../shared/data]

Of `count` problems of MBPP+ (drawn by the seed): wrong programs are mutants of the reference that fail MBPP+, which
nothing here has made. Half of each problem's mutants, taken in turn, are what its tests are hardened against; the
false solves are counted on the other half. Right programs are those of people that pass MBPP+ (ILF's repaired
programs): none of them should fail a test that was added. Prints, of the programs that pass MBPP's visible tests, the
share that MBPP+ or the added tests find wrong, and how often the two agree.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from assistant.bench.load_problems import load_ready
from assistant.bench.metrics import clustered
from assistant.core.cores import cores
from assistant.core.problem import Problem
from assistant.core.submission import Limits, Submission
from assistant.problems.formats.ilf import read_ilf
from assistant.problems.load import load_source
from assistant.problems.mutants import mutants_of
from assistant.problems.strength import Strength, generated_tests, harden, wrong_programs
from assistant.reporting.terminal_tables import percent
from assistant.sandbox.local import LocalSandbox, open_sandbox

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
LIMITS = Limits(seconds=5.0)


@dataclass(frozen=True)
class Verdict:
    """A program that passes the visible tests: what MBPP+ and the added tests say."""

    by_plus: bool
    by_added: bool


@dataclass(frozen=True)
class Measured:
    """One problem."""

    problem: Problem
    added: int
    mutants: tuple[Verdict, ...]
    wrong: int
    """Mutants of the half that is counted that fail MBPP+."""
    people: tuple[Verdict, ...]


def measured(problem: Problem, people: Sequence[str], sandbox: LocalSandbox) -> Measured | None:
    """Harden against one half of the mutants, judge the other; None where no input could be drawn."""
    seen = problem.model_copy(update={"hidden_tests": ()})
    generated = generated_tests(seen, sandbox)
    if not generated:
        return None
    programs = [(mutant.code, mutant.change) for mutant in mutants_of(problem.reference, problem.id)]
    strength = Strength(seen, wrong_programs(seen, programs[::2], generated, sandbox), generated)
    added = harden(strength, sandbox)
    harder = seen.model_copy(update={"hidden_tests": added.added})
    counted = [code for code, _ in programs[1::2]]
    verdicts = [verdict_on(problem, harder, code, sandbox) for code in counted]
    passing = tuple(verdict for verdict in verdicts if verdict is not None)
    wrong = sum(
        not (passes(problem, code, False, sandbox) and passes(problem, code, True, sandbox))
        for code in counted
    )
    by_people = tuple(v for code in people if (v := verdict_on(problem, harder, code, sandbox)) is not None)
    return Measured(problem, len(added.added), passing, wrong, by_people)


def verdict_on(problem: Problem, harder: Problem, code: str, sandbox: LocalSandbox) -> Verdict | None:
    """None for a program that fails a visible test."""
    if not passes(problem, code, False, sandbox):
        return None
    added = not harder.hidden_tests or passes(harder, code, True, sandbox)
    return Verdict(passes(problem, code, True, sandbox), added)


def passes(problem: Problem, code: str, hidden: bool, sandbox: LocalSandbox) -> bool:
    """Whether a program passes the visible, or the hidden tests."""
    return sandbox.run(Submission.of(problem, code, hidden=hidden, limits=LIMITS)).passed


def lines(found: Sequence[Measured]) -> Iterator[str]:
    def share(counts: list[tuple[int, int]]) -> str:
        return percent(clustered(counts).model_dump())

    added = sum(one.added for one in found)
    harder = sum(one.added > 0 for one in found)
    yield f"{len(found)} problems of MBPP+, {added} hidden tests added to {harder} of them"
    passing = [(len(one.mutants), [v for v in one.mutants if not v.by_plus]) for one in found]
    false = [(len(wrong), one.wrong) for one, (_, wrong) in zip(found, passing, strict=True)]
    yield f"wrong by MBPP+ and passing the visible tests (false solves): {share(false)} of the wrong mutants"
    left = [
        (sum(v.by_added for v in wrong), one.wrong) for one, (_, wrong) in zip(found, passing, strict=True)
    ]
    yield f"of these, still passing with the added tests:                 {share(left)} of the wrong mutants"
    yield "of the mutants that pass the visible tests:"
    yield f"  MBPP+ finds wrong      {share([(len(wrong), n) for n, wrong in passing])}"
    by_added = [(sum(not v.by_added for v in one.mutants), len(one.mutants)) for one in found]
    yield f"  added tests find wrong {share(by_added)}"
    both = [(sum(v.by_plus == v.by_added for v in one.mutants), len(one.mutants)) for one in found]
    yield f"  both say the same      {share(both)}"
    right = [[v for v in one.people if v.by_plus] for one in found]
    harmed = [(sum(not v.by_added for v in some), len(some)) for some in right]
    yield f"programs of people that pass MBPP+ and fail an added test: {share(harmed)}"
    for one in found:
        if any(v.by_plus and not v.by_added for v in one.people):
            yield f"  {one.problem.id}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    plus = options.data / "mbppplus" / "MbppPlus.jsonl.gz"
    if not plus.is_file():
        raise SystemExit(f"{plus} is not here: MBPP+ is needed")
    people: dict[str, list[str]] = defaultdict(list)
    for row in read_ilf(options.data / "ilf" / "human-feedback.jsonl").rows:
        people[row.problem.id.rpartition("/")[2]].append(row.fix)
    with closing(open_sandbox()) as sandbox:
        say = lambda line: print(line, file=sys.stderr)  # noqa: E731
        names = [problem.id for problem in load_source(str(plus))]
        chosen = random.Random(options.seed).sample(names, min(options.count, len(names)))
        ready = load_ready(str(plus), sandbox, say, names=chosen)
        drawn = [ready.get(name) for name in chosen]
        with ThreadPoolExecutor(cores()) as threads:
            measuring = threads.map(
                lambda p: measured(p, people.get(p.id.rpartition("/")[2], ()), sandbox), drawn
            )
            found = []
            for number, one in enumerate(measuring, start=1):
                found.append(one)
                print(f"{number} of {len(drawn)} problems", file=sys.stderr)
    print("\n".join(lines([one for one in found if one is not None])))


if __name__ == "__main__":
    main()
