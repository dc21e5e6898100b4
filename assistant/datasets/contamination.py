"""Test problems that a training set must not hold unseen: MBPP's 500 (ids 11 to 510) and HumanEval's 164.

HumanEval's come from its package. MBPP is not shipped: its fingerprints are, as hashes made by
`python -m assistant.datasets.contamination MBPP.jsonl [MORE …]`.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from assistant.core.errors import ProblemSourceError
from assistant.core.problem import Problem
from assistant.datasets.near_duplicates import Fingerprint, NearDuplicates, as_lists, fingerprint, from_lists
from assistant.problems.load import load_source

DATA = "mbpp_test.json"
MBPP_TEST = range(11, 511)


def known_tests(*, humaneval: bool = True) -> dict[str, Fingerprint]:
    """Fingerprints of both benchmarks' test problems, by names like `MBPP/11` and `HumanEval/0`."""
    file = resources.files("assistant.datasets") / "data" / DATA
    known = {name: from_lists(lists) for name, lists in json.loads(file.read_text("utf-8")).items()}
    if humaneval:
        known |= {problem.id: fingerprint(problem) for problem in load_source("humaneval").problems}
    return known


def overlaps(problems: Mapping[str, Fingerprint]) -> dict[str, list[str]]:
    """By key, the benchmarks' test problems that each problem is a near-duplicate of."""
    try:
        neighbours = _index(humaneval=True)
    except ProblemSourceError as error:
        print(f"overlap with HumanEval is not looked for: {error}", file=sys.stderr)
        neighbours = _index(humaneval=False)
    return {key: [name.partition("#")[0] for name in neighbours.of(value)] for key, value in problems.items()}


@functools.cache
def _index(*, humaneval: bool) -> NearDuplicates:
    """Made once a process: it takes seconds, and a dry run is followed by an export."""
    return NearDuplicates(known_tests(humaneval=humaneval))


def main(sources: list[str]) -> None:
    """Write the fingerprints of the MBPP test problems in `sources` (releases that word them differently)."""
    found: dict[str, list[list[int]]] = {}
    for number, source in enumerate(sources):
        for problem in load_source(source).problems:
            if _number(problem) in MBPP_TEST:
                found[f"MBPP/{_number(problem)}" + f"#{number}" * (number > 0)] = as_lists(
                    fingerprint(problem)
                )
    path = Path(__file__).parent / "data" / DATA
    path.parent.mkdir(exist_ok=True)
    lines = [f"{json.dumps(name)}:{json.dumps(found[name], separators=(',', ':'))}" for name in sorted(found)]
    path.write_text("{" + ",\n".join(lines) + "}\n", encoding="utf-8")
    print(f"{len(found)} fingerprints in {path.name}")


def _number(problem: Problem) -> int:
    digits = problem.id.rpartition("/")[2]
    return int(digits) if digits.isdigit() else -1


if __name__ == "__main__":
    main(sys.argv[1:])
