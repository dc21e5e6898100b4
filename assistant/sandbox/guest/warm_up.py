"""A rehearsal in the zygote, with a program and tests of our own.

After it the interpreter has specialized the code that every child runs, and memory is laid out: a fork then
writes to fewer pages that it would have to copy.
"""

from __future__ import annotations

import sys
from typing import Any

from assistant.sandbox.guest import framing
from assistant.sandbox.guest.judge import Judge
from assistant.sandbox.guest.judge_link import Link
from assistant.sandbox.guest.solution import Solution

_TURNS = 12
_SOURCE = """
from typing import List

def rehearse(items: List[int]) -> List[float]:
    return [i / 2 for i in items]
"""
_TESTS = (
    "assert rehearse([1, 2]) == [0.5, 1.0]",
    "assert not rehearse([])",
    "import math\nassert math.isclose(rehearse([3])[0], 1.5)",
    "def check(candidate):\n    assert candidate([4]) == [2.0], 'four'\ncheck(candidate)",
    "assert rehearse([1]) == {'a': (1, None, True, 'b')}",
    "assert rehearse('x') == 1",
)


class _Direct:
    """A stream whose other end is a `Solution` in this process."""

    def __init__(self, solution: Solution) -> None:
        self._solution = solution
        self._answers: list[dict[str, Any]] = []

    def send(self, message: object) -> None:
        request = framing.parse(framing.pack(message)[4:])
        self._answers.append(framing.parse(framing.pack(self._solution.answer(request))[4:]))

    def receive(self) -> dict[str, Any]:
        return self._answers.pop(0)


class _Script:
    """A harness that asks for every test once and is gone."""

    def __init__(self) -> None:
        tests: list[dict[str, Any]] = [{"kind": "assert", "code": code} for code in _TESTS]
        tests.append({"kind": "call", "arguments": "[[1, 2]]", "expected": "[0.5, 1.0]", "atol": 1e-6})
        job = {"source": _SOURCE, "name": "solution", "entry": "rehearse", "setup": "", "tests": tests}
        self._left: list[dict[str, Any]] = [job, *({"run": index} for index in range(len(tests)))]

    def receive(self) -> dict[str, Any]:
        if not self._left:
            raise framing.FrameError("the rehearsal is over")
        return self._left.pop(0)

    def send(self, message: object) -> None:
        framing.parse(framing.pack(message)[4:])


def run_once() -> None:
    """Rehearse a few times, and leave no module behind."""
    for _ in range(_TURNS):
        solution = Solution(_Direct(None))  # type: ignore[arg-type]
        judge = Judge(_Script(), Link(_Direct(solution)))  # type: ignore[arg-type]
        try:
            judge.serve()
        except framing.FrameError:
            continue
    sys.modules.pop("solution", None)
