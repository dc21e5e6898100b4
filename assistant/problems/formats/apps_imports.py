"""Imports that LeetCode and its like give to every program, and that APPS's solutions rely on unsaid."""

from __future__ import annotations

import ast

from assistant.core.safe_ast import read_program
from assistant.problems.syntax import bound_names, used_names

PRELUDE = """\
import sys
import time
import itertools
import collections
import math
import fractions
import random
import heapq
import numpy as np
from itertools import accumulate, product, permutations, combinations
from collections import Counter, OrderedDict, deque, defaultdict, ChainMap
from functools import lru_cache
from math import sqrt, sin, cos, tan, ceil, fabs, floor, gcd, exp, log, log2
from typing import List, Tuple
from heapq import heapify, heappop, heappush, heappushpop, heapreplace, merge, nlargest, nsmallest
"""
"""What APPS's checker imports before every program."""

_GIVEN = {
    "typing": ("List", "Tuple", "Dict", "Set", "Optional", "Any", "Union"),
    "collections": ("Counter", "OrderedDict", "defaultdict", "deque"),
    "functools": ("cache", "cmp_to_key", "lru_cache", "reduce"),
    "itertools": ("accumulate", "chain", "combinations", "groupby", "permutations", "product", "zip_longest"),
    "heapq": ("heapify", "heappop", "heappush", "heappushpop", "heapreplace", "nlargest", "nsmallest"),
    "bisect": ("bisect_left", "bisect_right", "insort"),
    "math": ("ceil", "factorial", "floor", "gcd", "inf", "log", "log2", "sqrt"),
}
_MODULES = frozenset(
    {"bisect", "collections", "functools", "heapq", "itertools", "math", "random", "re", "string"}
)


def with_imports(code: str) -> str:
    """The code, with an import in front for each of these names that it uses and does not bind.

    Code that is not complete Python (a starter that ends in an empty body) is completed for reading only.
    """
    tree = _tree(code)
    if tree is None:
        return code
    missing = used_names(tree) - bound_names(tree) - _imported(tree)
    lines = [f"import {name}" for name in sorted(missing & _MODULES)]
    for module, names in _GIVEN.items():
        if wanted := sorted(missing.intersection(names)):
            lines.append(f"from {module} import {', '.join(wanted)}")
    return "\n".join(lines) + "\n\n" + code if lines else code


def _tree(code: str) -> ast.Module | None:
    for text in (code, code.rstrip() + " pass\n", code.rstrip() + "\n        pass\n"):
        try:
            return read_program(text)
        except (SyntaxError, ValueError, RecursionError):
            continue
    return None


def _imported(tree: ast.Module) -> set[str]:
    return {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
