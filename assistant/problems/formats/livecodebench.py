"""LiveCodeBench (Jain et al. 2024): contest problems with a date, fed by stdin or called as a method of `Solution`.

Public tests are shown, private ones hidden. Private tests are JSON, or JSON in a pickled text, compressed and in
base64: such a pickle is taken apart and never executed. Every problem has the tag `date:2024-08-03` (its contest's
day), so that `FILE@2024-08..` keeps what was published after a model's training. There are no reference solutions.
"""

from __future__ import annotations

import base64
import binascii
import json
import pickletools
import zlib
from datetime import datetime
from typing import Any

from assistant.core.problem import CallTest, Problem, StdinTest, Test
from assistant.problems.records import BadRecord, Record, literal, text_field

NAME = "LiveCodeBench"
FIELDS = ("question_id", "question_content", "public_test_cases", "private_test_cases")
ORDER = 3
LICENCE = "cc"
MOST_BYTES = 512 * 1024 * 1024
"""Of unpacked private tests; the longest of the published ones has a fraction of it."""

_TEXT = frozenset({"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE"})
_AROUND_A_TEXT = frozenset(
    {"PROTO", "FRAME", "MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT", "STOP"},
)
"""Opcodes of a pickle that holds one text and nothing else."""


def recognise(record: Record) -> bool:
    """Whether the record has LiveCodeBench's fields."""
    return all(field in record for field in FIELDS)


def convert(record: Record, where: str) -> Problem:
    """The record as a problem; lists may be lists or texts that hold JSON."""
    starter = text_field(record, "starter_code", default="")
    entry_point = _entry_point(record, starter)
    visible = [
        _test(case, entry_point) for case in _cases(record.get("public_test_cases"), "public_test_cases")
    ]
    hidden = [_test(case, entry_point) for case in private_cases(record.get("private_test_cases"))]
    if not visible:
        visible, hidden = hidden[:1], hidden[1:]
    if not visible:
        raise BadRecord("it holds no tests")
    return Problem(
        id=f"livecodebench/{_id(record)}",
        text=text_field(record, "question_content").strip(),
        entry_point=entry_point,
        visible_tests=tuple(visible),
        hidden_tests=tuple(test for test in hidden if test not in visible),
        prelude=PRELUDE,
        stub=starter,
        source="livecodebench",
        licence=LICENCE,
        tags=_tags(record, entry_point),
        difficulty=text_field(record, "difficulty", default=""),
    )


def private_cases(value: object) -> list[dict[str, Any]]:
    """The private tests, packed or not. Raises `BadRecord`."""
    if isinstance(value, str) and value.strip() and not value.lstrip().startswith("["):
        value = _unpacked(value)
    return _cases(value, "private_test_cases")


def _unpacked(packed: str) -> str:
    """The text in base64, zlib and a pickle."""
    try:
        unzip = zlib.decompressobj()
        pickled = unzip.decompress(base64.b64decode(packed, validate=True), MOST_BYTES)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise BadRecord(f"private_test_cases cannot be unpacked: {error}") from None
    if unzip.unconsumed_tail:
        raise BadRecord(f"private_test_cases hold more than {MOST_BYTES:,} bytes")
    return text_in_pickle(pickled)


def text_in_pickle(pickled: bytes) -> str:
    """The text that a pickle holds, found by reading its opcodes: nothing in it is executed.

    `BadRecord` for a pickle of anything else.
    """
    texts: list[str] = []
    try:
        for opcode, argument, _ in pickletools.genops(pickled):
            if opcode.name in _TEXT:
                texts.append(str(argument))
            elif opcode.name not in _AROUND_A_TEXT:
                raise BadRecord(f"private_test_cases hold a pickle with {opcode.name}, which is not read")
    except BadRecord:
        raise
    except Exception as error:  # pickletools raises many kinds for bytes that are no pickle
        raise BadRecord(f"private_test_cases hold no pickled text: {error}") from None
    if len(texts) != 1:
        raise BadRecord(f"private_test_cases hold {len(texts)} pickled texts, not one")
    return texts[0]


def _cases(value: object, name: str) -> list[dict[str, Any]]:
    found = _json(value, name) if isinstance(value, str) else value
    if found is None or found == "":
        return []
    if not isinstance(found, list) or not all(isinstance(case, dict) for case in found):
        raise BadRecord(f"{name} is not a list of tests")
    return found


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text) if text.strip() else None
    except (ValueError, RecursionError) as error:
        raise BadRecord(f"{name} is not JSON: {error}") from None


def _entry_point(record: Record, starter: str) -> str:
    metadata = record.get("metadata")
    found = _json(metadata, "metadata") if isinstance(metadata, str) else metadata
    name = found.get("func_name") if isinstance(found, dict) else None
    if not isinstance(name, str) or not name:
        return ""
    return f"Solution.{name}" if "class Solution" in starter or not starter.strip() else name


def _test(case: dict[str, Any], entry_point: str) -> Test:
    given, wanted = case.get("input"), case.get("output")
    if not isinstance(given, str) or not isinstance(wanted, str):
        raise BadRecord("a test without the texts input and output")
    if not entry_point:
        return StdinTest(stdin=given, expected=wanted, suites=(NAME,))
    arguments = [_json(line, "a test's input") for line in given.split("\n")]
    return CallTest(
        arguments=literal(arguments),
        expected=literal(_json(wanted, "a test's output")),
        compare="livecodebench",
        suites=(NAME,),
    )


def _id(record: Record) -> str:
    value = record.get("question_id")
    if isinstance(value, int | str) and str(value).strip():
        return str(value)
    raise BadRecord("question_id is missing")


def _tags(record: Record, entry_point: str) -> tuple[str, ...]:
    platform = text_field(record, "platform", default="")
    tags = ["call" if entry_point else "stdin", *([platform] if platform else [])]
    day = _day(text_field(record, "contest_date", default=""))
    return (*tags, f"date:{day}") if day else tuple(tags)


def _day(text: str) -> str:
    """`2024-08-03` of an ISO date with or without a time; empty where there is none."""
    try:
        return datetime.fromisoformat(text.strip()).date().isoformat()
    except ValueError:
        return ""


PRELUDE = """\
import sys
sys.setrecursionlimit(50000)
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits, punctuation
from re import findall, finditer, fullmatch, match, search, split, sub
from datetime import date, timedelta, timezone
from collections import Counter, OrderedDict, ChainMap, UserDict, defaultdict, deque, namedtuple
from heapq import heapify, heappop, heappush, heappushpop, heapreplace, merge, nlargest, nsmallest
from bisect import bisect_left, bisect_right, insort, insort_left, insort_right
from copy import deepcopy
from math import acos, asin, atan, atan2, ceil, comb, cos, degrees, dist, e, exp, fabs, factorial, floor, fmod, fsum
from math import gcd, hypot, inf, isclose, isfinite, isinf, isnan, isqrt, lcm, log, log10, log2, modf, nan, perm, pi
from math import prod, radians, sin, sqrt, tan, tau, trunc
from random import choice, randint, randrange, sample, shuffle, uniform
from statistics import mean, median, mode, pstdev, stdev
from itertools import accumulate, chain, combinations, combinations_with_replacement, compress, count, cycle
from itertools import dropwhile, filterfalse, groupby, islice, pairwise, permutations, product, repeat, starmap
from itertools import takewhile, tee, zip_longest
from functools import cache, cached_property, cmp_to_key, lru_cache, partial, reduce, total_ordering, wraps
from operator import add, and_, attrgetter, concat, eq, floordiv, ge, gt, itemgetter, le, lt, methodcaller, mod, mul
from operator import ne, neg, or_, truediv, xor
from io import BytesIO, StringIO
from sys import argv, exit, maxsize, setrecursionlimit, stderr, stdin, stdout
from typing import Any, Callable, DefaultDict, Deque, Dict, FrozenSet, Generic, Iterable, Iterator, List, NamedTuple
from typing import Optional, Sequence, Set, Tuple, TypeVar, Union
import string
import re
import datetime
import collections
import heapq
import bisect
import copy
import math
import random
import statistics
import itertools
import functools
import operator
import io
import json
"""
"""What stands before every program: the names that contest programs use of LiveCodeBench's star imports, and then,
as there, the modules (`bisect` is the module)."""
