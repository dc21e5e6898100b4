"""MathQA-Python (Austin et al. 2021): word problems whose program ends with the number in `answer`.

The text is the prompt without the comment signs that some releases put before it. `code` may call
`scipy.gcd` or `scipy.lcm`, which scipy has dropped: the reference gets those of `math` over whole numbers.
The answer is in the only test, so a prompt that shows tests gives it away: ask with no visible tests.
"""

from __future__ import annotations

import re

from assistant.domain.problem import Problem, ValueTest
from assistant.problems.records import BadRecord, Record, text_field

NAME = "MathQA-Python"
FIELDS = ("prompt", "code", "answer", "task_id")
LICENCE = "Apache-2.0"

_SHIM = """import math

def _gcd(*numbers):
    return math.gcd(*(int(number) for number in numbers))

def _lcm(*numbers):
    return math.lcm(*(int(number) for number in numbers))

"""
_DROPPED = re.compile(r"\bscipy\.(gcd|lcm)\b")


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
        visible_tests=(ValueTest(expected=_number(record["answer"])),),
        reference=_mended(text_field(record, "code")),
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


def _mended(code: str) -> str:
    if not _DROPPED.search(code):
        return code
    code = _DROPPED.sub(r"_\1", code)
    if "scipy." not in code:
        code = re.sub(r"^import scipy[ \t]*\n", "", code, flags=re.MULTILINE)
    return _SHIM + code
