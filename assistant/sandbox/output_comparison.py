"""What a program printed, compared with what it was to print: by our own rule, by APPS's and by LiveCodeBench's.

Ours: line by line the same words; spacing inside a line and empty lines do not count, and a word that is written
as a decimal fraction on either side is compared as a float (absolute 1e-8, relative 1e-5, as APPS does). APPS's own
checker also accepts words and lines in another order and whole numbers that are relatively close; LiveCodeBench's
wants the same lines, or in each line numbers that are exactly equal.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal

_ATOL, _RTOL = 1e-8, 1e-5
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d+")


def prints_the_same(printed: bytes, expected: str) -> bool:
    """Whether the output is right by our own rule."""
    given, wanted = _words(printed.decode("utf-8", "replace")), _words(expected)
    return len(given) == len(wanted) and all(map(_same_line, given, wanted))


def _words(text: str) -> list[list[str]]:
    return [words for line in text.splitlines() if (words := line.split())]


def _same_line(given: list[str], wanted: list[str]) -> bool:
    return len(given) == len(wanted) and all(map(_same_word, given, wanted))


def _same_word(given: str, wanted: str) -> bool:
    if given == wanted:
        return True
    if not (_NUMBER.fullmatch(given) and _NUMBER.fullmatch(wanted)):
        return False
    whole = _WHOLE.fullmatch(given) and _WHOLE.fullmatch(wanted)
    return not whole and _close(float(given), float(wanted))


def _close(given: float, wanted: float) -> bool:
    """numpy's `allclose` of one number, which is not symmetric."""
    if math.isinf(given) or math.isinf(wanted):
        return given == wanted
    return abs(given - wanted) <= _ATOL + _RTOL * abs(wanted)


def apps_accepts(printed: bytes, expected: str) -> bool:
    """Whether APPS's own checker accepts the output: the same steps in the same order, each more lenient."""
    output = printed.decode("utf-8", "replace").splitlines()
    if "\n".join(output).strip() == expected.strip():
        return True
    if "\n".join(line.strip() for line in output).strip() == expected.strip():
        return True
    wanted = [line.strip() for line in expected.split("\n") if line]
    filled = [line for line in output if line]
    return wanted in (output, filled) or _floats_close(filled, wanted) or _same_sets(filled, wanted)


def livecodebench_accepts(printed: bytes, expected: str) -> bool:
    """Whether LiveCodeBench's own checker accepts the output: line by line the same text, or the same decimals."""
    given, wanted = (text.strip().split("\n") for text in (printed.decode("utf-8", "replace"), expected))
    return len(given) == len(wanted) and all(map(_same_decimals, given, wanted))


def _same_decimals(given: str, wanted: str) -> bool:
    if given.strip() == wanted.strip():
        return True
    try:
        return [Decimal(word) for word in given.split()] == [Decimal(word) for word in wanted.split()]
    except ArithmeticError:
        return False


def _floats_close(output: Sequence[str], wanted: Sequence[str]) -> bool:
    """One float in each line."""
    try:
        given, right = [float(line) for line in output], [float(line) for line in wanted]
    except ValueError:
        return False
    return len(given) == len(right) and all(map(_close, given, right))


def _same_sets(output: Sequence[str], wanted: Sequence[str]) -> bool:
    """Lines in any order, words of a line in any order and number; or the same of numbers rounded to 3 places."""
    given = {frozenset(words) for line in output if (words := line.split())}
    right = {frozenset(line.split()) for line in wanted}
    if given == right:
        return True
    try:
        return _rounded(given) == _rounded(right)
    except (ValueError, OverflowError):
        return False


def _rounded(lines: set[frozenset[str]]) -> set[frozenset[float]]:
    return {frozenset(round(float(word), 3) for word in line) for line in lines}
