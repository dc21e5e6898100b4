"""APPS (Hendrycks et al. 2021): folders of `question.txt`, `input_output.json`, …, or JSONL of the same fields.

`fn_name` in the tests means that a function is called, a method of `Solution` where the starter code has that
class; else the whole program reads stdin and prints. The first three tests of moderate length are shown, the
rest is hidden. As in APPS's own scoring, a function may give a tuple where a list is expected, and a result
that the file wraps in a list of one may come unwrapped.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from assistant.core.problem import CallTest, Problem, StdinTest, Test
from assistant.core.safe_ast import read_program
from assistant.problems.record_files import Found
from assistant.problems.records import BadRecord, Record, literal, plain_text, text_field
from assistant.problems.syntax import bound_names, used_names

NAME = "APPS"
FIELDS = ("question", "input_output")
ORDER = 8
LICENCE = "MIT"
SHOWN = 3
SHOWN_CHARACTERS = 800
"""Longer tests are not shown where there are shorter ones: they would fill screen and prompt."""


def recognise(record: Record) -> bool:
    """Whether the record has APPS's fields."""
    return all(field in record for field in FIELDS)


def convert(record: Record, where: str) -> Problem:
    """The record as a problem; values may be JSON or texts that hold JSON (as in JSONL and on the hub)."""
    cases = _json(record, "input_output", {})
    if not isinstance(cases, dict) or not cases.get("inputs"):
        raise BadRecord("input_output holds no tests")
    starter = text_field(record, "starter_code", default="")
    solutions = _json(record, "solutions", [])
    reference = _reference(solutions if isinstance(solutions, list) else [])
    entry_point = _entry_point(cases.get("fn_name"), starter + "\n" + reference)
    pairs = list(zip(cases["inputs"], cases.get("outputs") or [], strict=False))  # `left_out` tells the rest
    tests = [_test(given, wanted, entry_point) for given, wanted in pairs]
    if not tests:
        raise BadRecord("input_output holds no tests")
    visible = _shown(tests, entry_point)
    return Problem(
        id=_id(record, where),
        text=text_field(record, "question").strip(),
        entry_point=entry_point,
        visible_tests=visible,
        hidden_tests=tuple(test for test in tests if test not in visible),
        prelude=PRELUDE,
        stub=with_imports(starter) if entry_point else starter,
        reference=with_imports(reference) if entry_point else reference,
        source="apps",
        licence=LICENCE,
        tags=("call" if entry_point else "stdin",),
        difficulty=text_field(record, "difficulty", default=""),
    )


def left_out(record: Record) -> list[str]:
    """A line where inputs and outputs are not equally many."""
    cases = _json(record, "input_output", {})
    given, wanted = len(cases["inputs"]), len(cases.get("outputs") or [])
    if given == wanted:
        return []
    used, more = min(given, wanted), max(given, wanted)
    return [f"{given} inputs and {wanted} outputs: {used} tests are used, {more - used} have no counterpart"]


def read_folder(folder: Path) -> list[Found]:
    """The records of one problem folder, or of a folder of problem folders; empty when it is neither."""
    if (folder / "question.txt").is_file():
        return [(f"folder {folder.name}", _folder_record(folder))]
    inner = sorted(path for path in folder.iterdir() if (path / "question.txt").is_file())
    return [(f"folder {path.name}", _folder_record(path)) for path in inner]


def _folder_record(folder: Path) -> Record | BadRecord:
    def text(name: str) -> str:
        path = folder / name
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    try:
        metadata = json.loads(text("metadata.json") or "{}")
        return {
            "problem_id": folder.name,
            "question": text("question.txt"),
            "input_output": text("input_output.json"),
            "solutions": text("solutions.json"),
            "starter_code": text("starter_code.py"),
            "difficulty": metadata.get("difficulty", "") if isinstance(metadata, dict) else "",
        }
    except (OSError, ValueError) as error:
        return BadRecord(str(error))


def _json(record: Record, name: str, default: Any) -> Any:
    value = record.get(name)
    if not isinstance(value, str):
        return default if value is None else value
    try:
        return json.loads(value) if value.strip() else default
    except (ValueError, RecursionError) as error:
        raise BadRecord(f"{name} is not JSON: {error}") from None


def _id(record: Record, where: str) -> str:
    for name in ("problem_id", "id"):
        value = record.get(name)
        if isinstance(value, int) or (isinstance(value, str) and value):
            return f"apps/{value:04d}" if isinstance(value, int) else f"apps/{value}"
    return f"apps/{where.rpartition(' ')[2]}"


def _reference(solutions: list[object]) -> str:
    """The first solution that is Python 3 (some are Python 2), or empty."""
    for solution in solutions:
        if isinstance(solution, str):
            try:
                read_program(plain_text(solution))
            except (SyntaxError, ValueError, RecursionError):
                continue
            return plain_text(solution)
    return ""


def _entry_point(name: object, code: str) -> str:
    if not isinstance(name, str) or not name:
        return ""
    return f"Solution.{name}" if "class Solution" in code else name


def _test(given: object, wanted: object, entry_point: str) -> Test:
    if not entry_point:
        return StdinTest(stdin=_stream(given), expected=_stream(wanted), suites=(NAME,))
    if not isinstance(given, list):
        raise BadRecord("inputs of a call are not lists of arguments")
    return CallTest(
        arguments=literal([_with_number_keys(argument) for argument in given]),
        expected=literal(_wanted(wanted)),
        compare="apps",
        suites=(NAME,),
    )


def _wanted(wanted: object) -> object:
    """The expected value with numbers for keys, also of dicts in a list (the file wraps results in lists of one)."""
    if isinstance(wanted, list):
        return [_with_number_keys(item) for item in wanted]
    return _with_number_keys(wanted)


def _with_number_keys(value: object) -> object:
    """JSON writes the keys of `{1: 2}` as texts; APPS's scoring reads them as whole numbers again."""
    if isinstance(value, dict) and value and all(str(key).lstrip("-").isdigit() for key in value):
        return {int(key): item for key, item in value.items()}
    return value


def _stream(value: object) -> str:
    """Text for stdin or stdout; some files give a list of lines."""
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def _shown(tests: list[Test], entry_point: str) -> tuple[Test, ...]:
    short = [test for test in tests if len(test.text(entry_point)) <= SHOWN_CHARACTERS]
    return tuple(short[:SHOWN]) or (min(tests, key=lambda test: len(test.text(entry_point))),)


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
