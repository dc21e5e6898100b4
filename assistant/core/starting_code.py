"""Where a person begins who writes a program without the model: the problem's stub, or a function with no body.

It follows from the problem alone, so that `assistant verify` knows it: what it gives for a problem never changes.
"""

from __future__ import annotations

from string import ascii_lowercase

from assistant.core.problem import Problem
from assistant.core.safe_ast import parse
from assistant.core.test_calls import arguments_of

INDENT = "    "


def starting_code(problem: Problem) -> str:
    """Code that can be run and does nothing: no test of a sound problem passes with it."""
    if problem.stub.strip():
        return _completed(problem.stub.rstrip())
    if not problem.entry_point:
        return "# Read from standard input, and print the result.\n"
    owner, _, name = problem.entry_point.rpartition(".")
    parameters = [*["self"] * bool(owner), *_parameters(problem)]
    head = f"def {name}({', '.join(parameters)}):"
    if not owner:
        return f"{head}\n{INDENT}pass\n"
    return f"class {owner}:\n{INDENT}{head}\n{INDENT * 2}pass\n"


def _parameters(problem: Problem) -> list[str]:
    """`a`, `b`, …: as many as the longest call in the visible tests has; `*arguments` where none can be read."""
    calls = [arguments_of(test, problem.entry_point) for test in problem.visible_tests]
    most = max((len(call) for call in calls if call is not None), default=len(ascii_lowercase))
    return list(ascii_lowercase[:most]) if most < len(ascii_lowercase) else ["*arguments"]


def _completed(stub: str) -> str:
    """The stub, with a body where it ends without one."""
    if parse(stub) is not None:
        return f"{stub}\n"
    last = stub.splitlines()[-1]
    inner = last[: len(last) - len(last.lstrip())] + INDENT
    return f"{stub}\n{inner}pass\n"
