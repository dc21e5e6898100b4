"""Whether a function of the program's gives the verdict on another one: `assert isclose(f(1), 2.0)`.

Such a pass says what the program wants it to say. Only the test's text decides: which calls of the program's own
functions are handed what another of them gave (directly, by a variable, or by a parameter), and what becomes of them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Set

from assistant.sandbox.guest.test_source import Text

_GATHERING = frozenset({"all", "any", "bool"})
"""Functions of Python's whose truth is that of their argument, or of its items."""
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_ITEMS = ast.GeneratorExp | ast.ListComp | ast.SetComp


def helper_that_judges(text: Text, own: Set[str], given: str) -> str:
    """The name of such a function among the program's `own`; empty: none. `given` is the function under test.

    The function under test may be handed what a helper gives (`decode(encode(x)) == x`), but for its mere truth.
    """
    exempt = {given, "candidate"} if given else set()
    if not (own - exempt) & set(text.reads):
        return ""
    nodes = list(ast.walk(text.tree))
    flow = _Flow(nodes, own | exempt)
    judged = [(call, False) for call in nodes if isinstance(call, ast.Call)]
    judged += [(call, True) for node in nodes for test in _tests_of(node) for call in _truths(test)]
    for call, by_truth in judged:
        if (name := flow.judging(call, by_truth)) and (by_truth or flow.meaning(name) not in exempt):
            return name
    return _handed_on(nodes, flow, exempt)


class _Flow:
    """What the names of a test hold of the program's."""

    def __init__(self, nodes: list[ast.AST], own: Set[str]) -> None:
        self._own = {name: name for name in own}
        self._sources, answered = _callback_parameters(nodes, self._own)
        self._derived = {node.arg for node in nodes if isinstance(node, ast.arg) and node not in answered}
        bindings = [pair for node in nodes for pair in _bindings(node)]
        before = -1
        while before != len(self._own) + len(self._derived):
            before = len(self._own) + len(self._derived)
            for target, value in bindings:
                self._note(target, value)

    def _note(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name) and isinstance(value, ast.Name) and value.id in self._own:
            self._own.setdefault(target.id, self._own[value.id])
        elif self.is_derived(value, ""):
            self._derived |= {part.id for part in ast.walk(target) if isinstance(part, ast.Name)}

    def meaning(self, name: str) -> str:
        """The program's name for what `name` is; empty for what is not the program's."""
        return self._own.get(name, "")

    def is_derived(self, node: ast.AST, name: str) -> bool:
        """Whether a value may come from a function of the program's other than `name`."""
        names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        sources = {self._own[one] for one in names if one in self._own}
        sources.update(*(self._sources[one] for one in names if one in self._sources))
        return bool(sources - {self.meaning(name)} or names & self._derived)

    def judging(self, call: ast.Call, by_truth: bool) -> str:
        """The function that is called, where it receives another one's value (and the expected one)."""
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        several = by_truth or len(arguments) > 1 or any(isinstance(one, ast.Starred) for one in arguments)
        informed = self.meaning(name) and several and any(self.is_derived(one, name) for one in arguments)
        return name if informed else ""


def _callback_parameters(
    nodes: list[ast.AST], own: Mapping[str, str]
) -> tuple[dict[str, set[str]], set[ast.arg]]:
    """Parameters of lambdas that are handed to a function of the program's, which alone gives them their values.

    Returns the functions by the parameter's name, and the parameters.
    """
    sources: dict[str, set[str]] = {}
    parameters: set[ast.arg] = set()
    for node in nodes:
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in own):
            continue
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            found = _parameters(argument.args) if isinstance(argument, ast.Lambda) else set()
            parameters |= found
            for parameter in found:
                sources.setdefault(parameter.arg, set()).add(own[node.func.id])
    return sources, parameters


def _parameters(arguments: ast.arguments) -> set[ast.arg]:
    return {part for part in ast.walk(arguments) if isinstance(part, ast.arg)}


def _handed_on(nodes: list[ast.AST], flow: _Flow, exempt: Set[str]) -> str:
    """A helper handed to a function that is not the program's, with values to call it on: `map(same, f(1), …)`."""
    for node in nodes:
        if not isinstance(node, ast.Call) or flow.meaning(getattr(node.func, "id", "")):
            continue
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        names = [one.id for one in arguments if isinstance(one, ast.Name)]
        for name in names:
            others = [one for one in arguments if not (isinstance(one, ast.Name) and one.id == name)]
            helper = flow.meaning(name) not in {"", *exempt}
            if helper and any(flow.is_derived(other, name) for other in others):
                return name
    return ""


def _bindings(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Targets and the values that they are bound to."""
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        yield node.target, node.iter
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield node.optional_vars, node.context_expr


def _tests_of(node: ast.AST) -> list[ast.expr]:
    """Expressions whose mere truth decides about something."""
    if isinstance(node, ast.Assert | ast.If | ast.While | ast.IfExp):
        return [node.test]
    return list(node.ifs) if isinstance(node, ast.comprehension) else []


def _truths(node: ast.expr) -> list[ast.Call]:
    """Calls whose truth (or size) is (part of) the truth of `node`."""
    if isinstance(node, ast.BoolOp):
        return [call for value in node.values for call in _truths(value)]
    if isinstance(node, ast.UnaryOp):
        return _truths(node.operand)
    if isinstance(node, ast.NamedExpr):
        return _truths(node.value)
    if isinstance(node, _ITEMS):
        return _truths(node.elt)
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        informed = any(isinstance(side, ast.Constant) and isinstance(side.value, bool) for side in sides)
        ordered = any(isinstance(operator, _ORDER) for operator in node.ops)
        return [call for side in sides for call in _truths(side)] if informed or ordered else []
    if not isinstance(node, ast.Call):
        return []
    gathers = isinstance(node.func, ast.Name) and node.func.id in _GATHERING
    return [node, *(call for part in node.args for call in _truths(part))] if gathers else [node]
