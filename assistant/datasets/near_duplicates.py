"""What a problem looks like with its wording, names and release taken off: pairs of words, and tests, as hashes.

Two problems are near-duplicates when most of their word pairs are the same (Jaccard), when all their tests are, or
when both are so in part. Hashes suffice for that, so that test problems of others can be known without their text.
"""

from __future__ import annotations

import ast
import hashlib
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.core.problem import Problem
from assistant.core.safe_ast import read_expression
from assistant.datasets.extras import need

SAME_TEXT = 0.7
SOME_TEXT = 0.3
PERMUTATIONS = 128
_CANDIDATE = 0.35
_WORD = re.compile(r"[a-z0-9_]+")
_FILLERS = """
write a an the python function method program code to that which find given of your you for and is in it
called named using takes returns return with should create implement
"""
_EMPTY = frozenset(_FILLERS.split())


@dataclass(frozen=True)
class Fingerprint:
    """Hashes of word pairs and of tests."""

    words: frozenset[int]
    tests: frozenset[int]

    def is_near(self, other: Fingerprint) -> bool:
        """Whether the two are the same task."""
        text = jaccard(self.words, other.words)
        shared, fewer = len(self.tests & other.tests), min(len(self.tests), len(other.tests))
        if text >= SAME_TEXT or (fewer > 1 and shared == fewer):
            return True
        return text >= SOME_TEXT and shared > 0 and 2 * shared >= fewer


def fingerprint(problem: Problem) -> Fingerprint:
    """The problem's fingerprint. Its entry point's name counts neither in the text nor in the tests."""
    name = problem.entry_point.rpartition(".")[2]
    text = re.sub(rf"\b{re.escape(name)}\b", " ", problem.text) if name else problem.text
    words = [word for word in _WORD.findall(text.lower()) if word not in _EMPTY]
    pairs = {f"{a} {b}" for a, b in pairwise(words)} or set(words)
    tests = [*problem.visible_tests, *problem.hidden_tests]
    return Fingerprint(
        _hashes(pairs), _hashes(_plain(test.text(problem.entry_point), name) for test in tests)
    )


def jaccard(a: frozenset[int], b: frozenset[int]) -> float:
    """Shared part of the union; 0 for two empty sets."""
    return len(a & b) / len(a | b) if a or b else 0.0


class NearDuplicates:
    """Finds near-duplicates among many fingerprints: MinHash LSH for the words, an index for the tests."""

    def __init__(self, known: Mapping[str, Fingerprint]) -> None:
        self._known = known
        self._lsh = need("datasketch").MinHashLSH(threshold=_CANDIDATE, num_perm=PERMUTATIONS)
        self._by_test: dict[int, list[str]] = {}
        for key, value in known.items():
            if value.words:
                self._lsh.insert(key, _minhash(value.words))
            for test in value.tests:
                self._by_test.setdefault(test, []).append(key)

    def of(self, value: Fingerprint) -> list[str]:
        """Keys of all near-duplicates, sorted."""
        found = set(self._lsh.query(_minhash(value.words))) if value.words else set()
        found.update(key for test in value.tests for key in self._by_test.get(test, ()))
        return sorted(key for key in found if value.is_near(self._known[key]))


def groups(values: Mapping[str, Fingerprint]) -> dict[str, str]:
    """Each key's group, named after its smallest key: near-duplicates, and theirs, are in one group."""
    neighbours = NearDuplicates(values)
    parent = {key: key for key in values}

    def root(key: str) -> str:
        while parent[key] != key:
            parent[key] = key = parent[parent[key]]
        return key

    for key in sorted(values):
        for other in neighbours.of(values[key]):
            a, b = sorted((root(key), root(other)))
            parent[b] = a
    return {key: root(key) for key in values}


def _minhash(hashes: frozenset[int]) -> object:
    minhash = need("datasketch").MinHash(num_perm=PERMUTATIONS, hashfunc=_itself)
    minhash.update_batch(sorted(hashes))
    return minhash


def _itself(value: int) -> int:
    return value


def _hashes(texts: Iterable[str]) -> frozenset[int]:
    """32 bits of each text's SHA-256."""
    return frozenset(int.from_bytes(hashlib.sha256(t.encode()).digest()[:4], "little") for t in texts)


def _plain(test: str, name: str) -> str:
    """A test in one spelling, the function under test called `f`."""
    code = re.sub(rf"\b{re.escape(name)}\b", "f", test) if name else test
    code = code.strip().removeprefix("assert ").strip()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = read_expression(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return " ".join(code.split())
    return ast.unparse(tree)


def as_lists(value: Fingerprint) -> list[list[int]]:
    """For a JSON file."""
    return [sorted(value.words), sorted(value.tests)]


def from_lists(lists: Sequence[Sequence[int]]) -> Fingerprint:
    """What `as_lists` made."""
    return Fingerprint(frozenset(lists[0]), frozenset(lists[1]))
