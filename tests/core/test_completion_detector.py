"""An answer ends where its program is complete, and not before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.core.code_extraction import extract_code
from assistant.core.completion_detector import ProgramEnd, missing_helpers

F = "```python\ndef f(x):\n    return x + 1\n```"
EXPLAINED = f"Here it is:\n\n{F}\n\n### Explanation\n- It adds one.\n```python\nprint(f(1))\n```\nBye.\n"


def end_of(text: str, entry_point: str = "f") -> int | None:
    """Fed a character at a time."""
    end = ProgramEnd(entry_point)
    return next((at for n in range(len(text) + 1) if (at := end.find(text[:n])) is not None), None)


def test_it_ends_at_the_fence_that_closes_the_program() -> None:
    at = end_of(EXPLAINED)
    assert at is not None
    assert EXPLAINED[:at].endswith(F)
    assert extract_code(EXPLAINED[:at], "f") == extract_code(EXPLAINED, "f")


@pytest.mark.parametrize(
    "text",
    [
        F,  # the line of the fence may go on
        "```python\ndef g(x):\n    return x\n```\n",  # another function
        "```python\ndef f(x:\n    return x\n```\n",  # does not parse: it may be written again
        "```python\ndef f(x):\n    return helper(x)\n```\nwith this helper:\n",
        "```text\nf(1) gives 2\n```\n",
        "def f(x):\n    return x\n\nTry:\n```python\n",  # an opening fence closes nothing
        "```python\ndef f(x):\n    '''\n    ```python\n    f(1)\n    '''\n",
        "Call `f` like ```f(1)``` then.\n",
    ],
)
def test_it_goes_on(text: str) -> None:
    assert end_of(text) is None


@pytest.mark.parametrize(
    ("text", "entry_point"),
    [
        (F + "\n", "f"),
        (F.replace("\n", "\r\n") + "\r\n", "f"),
        (F.replace("```", "~~~~") + "\n", "f"),
        ("1. First:\n   ```python\n   def f(x):\n       return x\n   ```\n", "f"),
        ("```python\nclass Solution:\n    def f(self, x):\n        return x\n```\n", "f"),
        ("```python\nprint(sum(map(int, input().split())))\n```\n", ""),
        ("```python\nfrom math import *\ndef f(x):\n    return sqrt(x)\n```\n", "f"),
        ("```python\ndef f(x):\n    return g(x)\n```\n```python\ndef g(x):\n    return x\n```\n", "f"),
        ("```python\ndef g(x):\n    return x\n```\n```python\ndef f(x):\n    return g(x)\n```\n", "f"),
        (
            "```python\nimport re\ncount = 0\ndef f(x):\n    global count\n    count += 1\n    return re\n```\n",
            "f",
        ),
        ("```python\ndef f(x):\n    global seen\n    seen = x\n    return [seen for seen in x]\n```\n", "f"),
        (
            "```python\nclass f:\n    size = 1\n    def g(self):\n        return __class__, self.size\n```\n",
            "f",
        ),
    ],
)
def test_it_ends(text: str, entry_point: str) -> None:
    whole = text.rstrip("\r\n")
    assert end_of(text, entry_point) == len(whole)
    assert end_of(text + "more\n" * 3, entry_point) == len(whole)


@given(st.lists(st.integers(1, 40), max_size=30))
def test_pieces_of_any_size_end_it_at_the_same_place(sizes: list[int]) -> None:
    end, length, found = ProgramEnd("f"), 0, None
    for size in [*sizes, len(EXPLAINED)]:
        length += size
        found = end.find(EXPLAINED[:length])
        if found is not None:
            break
    assert found == end_of(EXPLAINED)


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        ("def f(x):\n    return [g(z) for z in x]\n", {"g"}),
        (
            "def f(x: List[int]) -> int:\n    return len(math.floor(x))\n",
            set(),
        ),  # nobody will import it later
        ("def f(x, g):\n    def h(y):\n        return g(y)\n    k = h\n    return k(x)\n", set()),
        ("from a.b import c as d, e\nimport os.path\ndef f(x):\n    return d(e(x)), os(), a()\n", {"a"}),
        ("class A:\n    pass\nasync def g():\n    return A()\nf = lambda h: h(g())\n", set()),
        ("def f(", None),
    ],
)
def test_missing_helpers(code: str, missing: set[str] | None) -> None:
    assert missing_helpers(code) == missing


def test_the_example_sessions_programs_are_the_same_when_cut_at_their_end() -> None:
    journal = Path(__file__).parents[2] / "sessions" / "example.jsonl"
    events = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    entry_point = events[0]["problem"]["entry_point"]
    texts = [e["finish"]["text"] for e in events if e["type"] == "generation_finished"]
    assert texts
    for text in texts:
        at = end_of(text + "\n", entry_point)
        assert at is not None
        assert extract_code(text[:at], entry_point) == extract_code(text, entry_point)
