"""Whatever shape an answer has, the program in it is found, or its absence is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.core.code_extraction import extract_code

ADD = "def add(a, b):\n    return a + b\n"


@pytest.mark.parametrize(
    "text",
    [
        f"```python\n{ADD}```",
        f"Sure! Here it is:\n\n```python\n{ADD}```\n\nIt adds two numbers.",
        f"```\n{ADD}```",
        f"```python\n{ADD}",  # cut off before the fence closed
        f"~~~py\n{ADD}~~~",
        ADD,
        f"Here is the function:\n\n{ADD}\nThis function returns the sum.",
        f"[BEGIN]\n{ADD}[DONE]",
        f"[BEGIN]\n{ADD}",
        f"1. ```python\n{ADD}```",
        f"```python\r\n{ADD.replace(chr(10), chr(13) + chr(10))}```\r\n",
        "Try:\n\n    ```python\n    def add(a, b):\n        return a + b\n    ```\n",
        f"```python\n{ADD}```\nUse it:\n```python\nprint(add(1, 2))\n```",
        f"```bash\npip install x\n```\n```python\n{ADD}```",
        f"Yours was\n```python\ndef add(a, b):\n    return a - b\n```\nbut should be\n```python\n{ADD}```",
    ],
)
def test_finds_the_function(text: str) -> None:
    answer = extract_code(text, "add")
    assert answer.problem == ""
    namespace: dict[str, object] = {}
    assert answer.code is not None
    exec(answer.code, namespace)
    assert namespace["add"](2, 3) == 5  # type: ignore[operator]


def test_takes_helper_blocks_along() -> None:
    text = "```python\ndef one():\n    return 1\n```\nthen\n```python\ndef f():\n    return one() + 1\n```"
    code = extract_code(text, "f").code
    assert code is not None
    namespace: dict[str, object] = {}
    exec(code, namespace)
    assert namespace["f"]() == 2  # type: ignore[operator]


def test_a_wrapping_class_is_unwrapped() -> None:
    code = extract_code(
        "```python\nclass Solution:\n    def f(self, x):\n        return x * 2\n```", "f"
    ).code
    assert code is not None
    namespace: dict[str, object] = {}
    exec(code, namespace)
    assert namespace["f"](4) == 8  # type: ignore[operator]


def test_class_method_entry_point_is_left_alone() -> None:
    text = "```python\nclass Solution:\n    def f(self, x):\n        return x\n```"
    answer = extract_code(text, "Solution.f")
    assert answer.problem == ""
    assert answer.code == "class Solution:\n    def f(self, x):\n        return x\n"


def test_another_name_is_said_and_the_code_kept() -> None:
    answer = extract_code("```python\ndef plus(a, b):\n    return a + b\n```", "add")
    assert answer.code is not None
    assert "plus" in answer.problem
    assert "add" in answer.problem


@pytest.mark.parametrize("text", ["", "   \n", "I cannot do that.", "```python\n```"])
def test_no_code_is_said(text: str) -> None:
    answer = extract_code(text, "add")
    assert answer.code is None
    assert "no code" in answer.problem


def test_a_syntax_error_is_kept_for_the_person_to_see() -> None:
    answer = extract_code("```python\ndef add(a, b)\n    return a + b\n```", "add")
    assert answer.code == "def add(a, b)\n    return a + b\n"


def test_a_whole_program_needs_no_entry_point() -> None:
    answer = extract_code("```python\nn = int(input())\nprint(n * 2)\n```")
    assert answer.code == "n = int(input())\nprint(n * 2)\n"


@given(st.text())
def test_never_fails(text: str) -> None:
    extract_code(text, "f")


@given(st.lists(st.sampled_from(["```", "```python", "~~~", "def f():", "    return 1", "x", "", "[DONE]"])))
def test_never_fails_on_fences(lines: list[str]) -> None:
    extract_code("\n".join(lines), "f")


@pytest.mark.parametrize("mark", ["[DONE]", "<answer>", "[/PYTHON]", "</solution>"])
@pytest.mark.parametrize("quotes", ['"""', "'''"])
@pytest.mark.parametrize("indent", ["", "    "])
def test_a_mark_alone_on_a_line_of_a_string_is_text(mark: str, quotes: str, indent: str) -> None:
    program = f"def f(x):\n    r{quotes}Ends with\n{indent}{mark}\n    like that.{quotes}\n    return x\n"
    shapes = (
        f"```python\n{program}```",
        program,
        f"[BEGIN]\n{program}[DONE]\n",
        f"Here:\n\n{program}\n{mark}\n",
    )
    for text in shapes:
        assert extract_code(text, "f").code == program, text


def test_a_mark_behind_a_string_that_never_ends_is_a_mark() -> None:
    assert (
        extract_code("It's '''so\n[BEGIN]\ndef f(x):\n    return x\n[DONE]\n", "f").code
        == "def f(x):\n    return x\n"
    )
