"""Leakage: the share of a feedback text that is the reference solution's code or an expected value.

Feedback and code are cut into tokens; variables are made alike, so that a renamed copy is still a copy. Words leak
where `GRAM` tokens in a row, one of them an operator or bracket, are in the reference and neither in what the model
was shown (task, visible tests) nor in the program that the words are about; or where they hold the value that a
test expects which the model was not shown.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assistant.core.problem import AssertTest, CallTest, Problem, StdinTest, Test, ValueTest
from assistant.core.safe_ast import parse, read_literal

GRAM = 4
"""Tokens in a row that count as copied. Three are too often plain English, five miss `return a + b`."""
LONG_RUN = 6
"""A run of so many copied tokens makes the feedback leaky."""
MUCH = 0.5
"""So large a share of what is new in the reference makes it leaky, however short that is."""

Tokens = tuple[str, ...]

_TOKEN = re.compile(
    r"(?<!\w)(?P<string>'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")(?!\w)"
    r"|(?P<word>[A-Za-z_]\w*(?:'[a-z]+)?)|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<operator>\*\*|//|==|!=|<=|>=|->|:=|[-+*/%&|^]=|<<|>>|[^\s\w])"
)
_OPERATORS = frozenset(
    [*"()[]{}=+-*/%<>|&^~", "**", "//", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "<<", ">>"]
)
_MAY_LEAK = re.compile(r"[\[\](){}=+*/%<>|&^~\d'\"-]")
_VARIABLE = "□"
_TYPED = str.maketrans({"–": "-", "—": "-", "−": "-", "×": "*", "“": '"', "”": '"', "‘": "'", "’": "'"})
"""What people's keyboards make of operators and quotes."""


@dataclass(frozen=True)
class Leak:
    """What a feedback text gives away."""

    share: float
    """Share of the feedback's tokens that is copied code or an expected value."""
    longest: int
    """Tokens of the longest copied run."""
    told: float
    """Share of what is new in the reference that the feedback contains."""
    values: tuple[str, ...] = ()
    """Expected values that they hold."""

    @property
    def leaky(self) -> bool:
        """Whether curves without leaky turns leave this one out."""
        return bool(self.values) or self.longest >= LONG_RUN or self.told >= MUCH


NOTHING = Leak(0.0, 0, 0.0)


@dataclass(frozen=True)
class Secret:
    """What of a problem only its reference and its unseen tests say."""

    grams: frozenset[Tokens]
    variables: frozenset[str]
    values: tuple[str, ...]


def secret_of(problem: Problem, shown_tests: int | None = None) -> Secret:
    """What the model was not shown, when it was shown the task and the first `shown_tests` visible tests."""
    tests = problem.test_texts(shown_tests)
    shown = tokens_of("\n".join([problem.text, problem.stub, *tests]))
    variables = frozenset(_variables(problem.reference))
    grams = _grams(_alike(tokens_of(_bare(problem.reference)), variables)) - _grams(_alike(shown, variables))
    unseen = (*problem.hidden_tests, *(() if shown_tests is None else problem.visible_tests[shown_tests:]))
    values = dict.fromkeys(v for v in expected_values(unseen) if not _within(shown, tokens_of(v)))
    return Secret(frozenset(grams), variables, tuple(values))


def measure(secret: Secret, program: str, feedback: str) -> Leak:
    """What `feedback` on `program` gives away of the secret."""
    if not _MAY_LEAK.search(feedback.translate(_TYPED)):
        return NOTHING
    said = tokens_of(feedback)
    variables = secret.variables | _variables(program)
    before = _grams(_alike(tokens_of(program), variables))
    new = secret.grams - before
    alike = _alike(said, variables)
    copied = [False] * len(said)
    found = set()
    for start in range(len(alike) - GRAM + 1):
        gram = alike[start : start + GRAM]
        if gram in new:
            found.add(gram)
            copied[start : start + GRAM] = [True] * GRAM
    longest = _longest_run(copied)
    values = tuple(
        value for value in secret.values if _mark(said, tokens_of(value), tokens_of(program), copied)
    )
    share = sum(copied) / len(said) if said else 0.0
    return Leak(share, longest, len(found) / len(new) if new else 0.0, values)


def tokens_of(text: str) -> Tokens:
    """Words, numbers, operators and quoted strings (all with the same quotes) of prose or code."""
    text = text.translate(_TYPED)
    return tuple(
        "'" + match[0][1:-1] + "'" if match.lastgroup == "string" else match[0]
        for match in _TOKEN.finditer(text)
    )


def expected_values(tests: Iterable[Test]) -> Iterator[str]:
    """What the tests expect, as Python literals; those that anybody might say by chance are left out."""
    for test in tests:
        for value in _expected(test):
            if _is_telling(value):
                yield value


def _bare(code: str) -> str:
    """Code without comments, docstrings and `def` lines, which say nothing about the solution."""
    tree = parse(code)
    if tree is None:
        return code
    parts: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            parts += [ast.unparse(step) for step in node.body if not _is_docstring(step)]
    return "\n".join(parts) or ast.unparse(tree)


def _is_docstring(step: ast.stmt) -> bool:
    return isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant)


def _variables(code: str) -> set[str]:
    """Names of arguments and of what is assigned."""
    tree = parse(code)
    if tree is None:
        return set()
    names = {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return names | {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}


def _alike(tokens: Tokens, variables: Iterable[str]) -> Tokens:
    """Every variable as the same token."""
    names = frozenset(variables)
    return tuple(_VARIABLE if token in names else token for token in tokens)


def _grams(tokens: Tokens) -> set[Tokens]:
    """Runs of `GRAM` tokens that look like code and say something: an operator and a name, word or number."""
    runs = {tokens[start : start + GRAM] for start in range(len(tokens) - GRAM + 1)}
    return {
        run
        for run in runs
        if any(t in _OPERATORS for t in run) and any(t[0].isalnum() or t[0] in "'_" for t in run)
    }


def _longest_run(marks: Sequence[bool]) -> int:
    longest = run = 0
    for mark in marks:
        run = run + 1 if mark else 0
        longest = max(longest, run)
    return longest


def _mark(said: Tokens, value: Tokens, program: Tokens, copied: list[bool]) -> bool:
    """Mark where the feedback contains the value; False where it does not, or the program has it already."""
    places = _places(said, value)
    if not places or _within(program, value):
        return False
    for place in places:
        copied[place : place + len(value)] = [True] * len(value)
    return True


def _within(tokens: Tokens, value: Tokens) -> bool:
    return bool(_places(tokens, value))


def _places(tokens: Tokens, value: Tokens) -> list[int]:
    size = len(value)
    return [i for i in range(len(tokens) - size + 1) if tokens[i : i + size] == value] if size else []


def _expected(test: Test) -> Iterator[str]:
    match test:
        case CallTest(expected=str(expected)):
            yield expected
        case StdinTest():
            yield from (line for line in test.expected.splitlines() if line.strip())
        case ValueTest():
            yield f"{test.expected:g}"
        case AssertTest():
            yield from _compared(test.code)


def _compared(code: str) -> Iterator[str]:
    """The literals on the right of `assert f(x) == literal`."""
    tree = parse(code)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Compare):
            yield from (ast.unparse(side) for side in node.comparators if _is_literal(side))


def _is_literal(node: ast.expr) -> bool:
    try:
        read_literal(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _is_telling(value: str) -> bool:
    """No truth value, nothing empty, no number of one digit, no text of one or two letters."""
    try:
        literal = read_literal(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        literal = value
    if isinstance(literal, bool) or literal is None:
        return False
    if isinstance(literal, int | float):
        return abs(literal) >= 10
    return len(literal) >= 3 if isinstance(literal, str) else len(tokens_of(value)) >= 4
