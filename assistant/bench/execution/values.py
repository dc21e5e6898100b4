"""Predicted values compared with real ones, as values and not as text."""

from __future__ import annotations

import math
import re

from assistant.bench.jobs import Job, Verdict
from assistant.core.safe_ast import read_literal

LONGEST = 20_000
"""Characters of a predicted value that are read."""
_MARKED = re.compile(r"\[ANSWER\](.*?)(?:\[/ANSWER\]|\Z)", re.DOTALL)
_FENCE = re.compile(r"```(?:python)?\s*(.*?)```", re.DOTALL)


def predicted_text(answer: str) -> str:
    """The value in an answer: what the last [ANSWER] marks, else its last line that is not empty."""
    marked = _MARKED.findall(answer)
    text = marked[-1] if marked else answer.partition("[/ANSWER]")[0]
    fenced = _FENCE.findall(text)
    text = (fenced[-1] if fenced else text).strip()
    if not marked and "\n" in text:
        text = text.splitlines()[-1].strip()
    return text if _is_literal(text) else text.rstrip(".").strip("`")


def same_value(predicted: str, expected: str) -> bool | None:
    """Whether both literals have the same value, floats within 1e-6 of it; None when the first is no literal.

    `[1, 2]` is not `(1, 2)`, and `True` is not `1`: a function that returned one for the other would be wrong.
    """
    try:
        value = read_literal(predicted[:LONGEST])
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None
    return _alike(value, read_literal(expected))


def judge_value(job: Job, text: str) -> Verdict:
    """The verdict on a predicted value."""
    predicted = predicted_text(text)
    right = same_value(predicted, job.expected)
    outcome = "no_value" if right is None else "passed" if right else "wrong"
    return Verdict(
        code=predicted[:LONGEST], outcome=outcome, solved=right is True, visible_passed=int(right is True),
        visible_total=1,
    )  # fmt: skip


def _alike(a: object, b: object) -> bool:
    if isinstance(a, bool) or isinstance(b, bool):
        return isinstance(a, bool) and isinstance(b, bool) and a == b
    if isinstance(a, int | float) and isinstance(b, int | float):
        return _close(a, b)
    if type(a) is not type(b):
        return False
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(_alike(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_alike(a[key], b[key]) for key in a)
    return a == b


def _close(a: float, b: float) -> bool:
    """Whole numbers exactly; `2.0` for `2` is the same number to Python."""
    if isinstance(a, int) and isinstance(b, int):
        return a == b
    try:
        return math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9)
    except OverflowError:
        return False


def _is_literal(text: str) -> bool:
    try:
        read_literal(text[:LONGEST])
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return False
    return True
