"""Text for the feedback box from failing cases and code lines, and kinds of feedback. Pure."""

from __future__ import annotations

import re

from assistant.tui.test_rows import Row

KINDS = (
    "logic",
    "formatting",
    "missing step",
    "extra step",
    "algebra",
    "function misuse",
    "recursion",
    "regex",
    "dynamic programming",
)
"""What the feedback is about: the types of ILF (Chen et al. 2023)."""
FORMS = ("sentence", "paragraph", "code", "rephrasing")
"""What the feedback looks like: the four forms of When Benchmarks Talk (Pan et al. 2025)."""
LONGEST_VALUE = 200

# The first that fits is proposed: the particular before the general.
_HINTS = {
    "recursion": r"recurs|base case",
    "regex": r"regex|regular expression|pattern",
    "dynamic programming": r"dynamic programming|memo|\bdp\b",
    "function misuse": r"argument|parameter|method|attribute|library|import|\bcall|signature",
    "missing step": r"forgot|missing|as well|does ?n.t handle|not handle|empty|edge|still (have|need)",
    "extra step": r"unnecessary|should ?n.t|do not|don.t|remove the|too many",
    "formatting": r"format|spaces?\b|underscore|upper ?case|lower ?case|round|decimal|print|quote|comma",
    "algebra": r"formula|plus|minus|divide|multipl|square|\bsum|equation|power|modulo",
    "logic": r"condition|loop|compare|instead of|wrong|order|greater|less|index|\bif |should be",
}


def quoted_case(row: Row) -> str:
    """`For f('a_b') it gives 'a b' instead of 'ab'.`"""
    call = _call(row.test)
    case = row.case
    if case is None:
        return f"Consider {call}."
    if case.expected is not None and case.actual is not None:
        return f"For {call} it gives {_short(case.actual)} instead of {_short(case.expected)}."
    if case.message:
        return f"For {call}: {case.message}."
    return f"{call} is {case.outcome.word}."


def _call(test: str) -> str:
    text = test.removeprefix("assert ").strip()
    return text.partition(" == ")[0] if " == " in text else text


def quoted_line(number: int, text: str) -> str:
    """``In line 4, `return x`: ``"""
    return f"In line {number}, `{text}`: " if text else f"In line {number}: "


def _short(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else value[:LONGEST_VALUE] + "…"


def proposed_kinds(words: str) -> tuple[str, ...]:
    """A kind and a form that the words suggest, to be taken or left."""
    if not words.strip():
        return ()
    text = words.lower()
    kind = next((kind for kind, pattern in _HINTS.items() if re.search(pattern, text)), None)
    return (*([kind] if kind else []), form_of(words))


def form_of(words: str) -> str:
    """Code where code is quoted or written out, else by the number of sentences."""
    if "`" in words or re.search(r"^\s*(def|return|for|if|while|import)\b.*[:=(]", words, re.MULTILINE):
        return "code"
    sentences = [part for part in re.split(r"[.!?]+(?:\s|$)|\n", words) if part.strip()]
    return "paragraph" if len(sentences) > 2 else "sentence"
