"""MathQA-Python (Austin et al. 2021): word problems whose program ends with the number in `answer`.

The text is the prompt without the comment signs that some releases put before it. `code` may call
`scipy.gcd` or `scipy.lcm`, which scipy has dropped, and `scipy.special.comb`: scipy is no part of the sandbox, so
every program finds a small module of this name with these functions over numbers.
The answer is in the only test, so a prompt that shows tests gives it away: ask with no visible tests.
"""

from __future__ import annotations

from assistant.core.problem import Problem, ValueTest
from assistant.problems.records import BadRecord, Record, text_field

NAME = "MathQA-Python"
FIELDS = ("prompt", "code", "answer", "task_id")
ORDER = 9
LICENCE = "Apache-2.0"

PRELUDE = '''
def _scipy_stand_in():
    import math, sys, types

    def comb(N, k, *, exact=False, repetition=False):
        """Ways to choose k of N, as scipy.special.comb gives them: a float unless `exact`."""
        if repetition:
            return comb(N + k - 1, k, exact=exact)
        if exact or (N == int(N) and k == int(k)):
            found = math.comb(int(N), int(k)) if 0 <= k <= N else 0
            return found if exact else float(found)
        return math.exp(math.lgamma(N + 1) - math.lgamma(k + 1) - math.lgamma(N - k + 1))

    def factorial(n, exact=False):
        return math.factorial(int(n)) if exact else math.gamma(n + 1)

    scipy, special = types.ModuleType("scipy"), types.ModuleType("scipy.special")
    misc = types.ModuleType("scipy.misc")
    scipy.gcd = lambda *numbers: math.gcd(*(int(number) for number in numbers))
    scipy.lcm = lambda *numbers: math.lcm(*(int(number) for number in numbers))
    special.comb = misc.comb = scipy.comb = comb
    special.factorial = misc.factorial = scipy.factorial = factorial
    special.binom = lambda n, k: comb(n, k)
    scipy.special, scipy.misc, scipy.__path__ = special, misc, []
    sys.modules.update({"scipy": scipy, "scipy.special": special, "scipy.misc": misc})

scipy = _scipy_stand_in()
'''
"""A stand-in for the parts of scipy that MathQA's programs call; `needed` keeps it only where they name scipy."""


def recognise(record: Record) -> bool:
    """Whether the record has MathQA-Python's fields (older releases say `text` for `prompt`)."""
    return "code" in record and "answer" in record and ("prompt" in record or "text" in record)


def convert(record: Record, where: str) -> Problem:
    """The record as a problem with one test: the value of `answer`."""
    task_id = record.get("task_id")
    if not isinstance(task_id, int | str) or task_id == "":
        raise BadRecord("task_id is missing")
    return Problem(
        id=f"mathqa/{task_id}",
        text=_words(text_field(record, "prompt" if "prompt" in record else "text")),
        entry_point="",
        visible_tests=(ValueTest(expected=_number(record["answer"]), suites=(NAME,)),),
        prelude=PRELUDE,
        reference=text_field(record, "code"),
        source="mathqa-python",
        licence=LICENCE,
    )


def _number(answer: object) -> float:
    try:
        return float(str(answer).replace(",", ""))
    except ValueError:
        raise BadRecord(f"answer {answer!r} is not a number") from None


def _words(prompt: str) -> str:
    return "\n".join(line.removeprefix("#").strip() for line in prompt.strip().splitlines())
