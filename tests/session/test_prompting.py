"""Templates say the paper's words, keep braces as they are, and have a hash."""

from __future__ import annotations

import pytest

from assistant.core.errors import UsageError
from assistant.core.problem import AssertTest, Problem
from assistant.core.state import Program
from assistant.session import prompting

PROBLEM = Problem(
    id="x",
    text="Write a function braces that returns '{tests}'.",
    entry_point="braces",
    visible_tests=(AssertTest(code="assert braces() == '{tests}'"),),
    source="test",
)


def test_the_first_turn_is_the_papers() -> None:
    template = prompting.load_template("paper")
    assert prompting.task_turn(template, PROBLEM, PROBLEM.visible_tests) == (
        "You are an expert Python programmer, and here is your task: Write a function braces that returns "
        "'{tests}'. Your code should pass these tests:\n\nassert braces() == '{tests}'"
    )


def test_without_tests_the_name_is_told() -> None:
    words = prompting.task_turn(prompting.load_template("paper"), PROBLEM, ())
    assert "`braces`" in words
    assert "assert" not in words


def test_base_models_get_the_few_shot_text() -> None:
    template = prompting.load_template("paper", is_chat=False)
    prompt = prompting.build(template, "TASK", [prompting.Step("CODE", "WORDS")], entry_point="f")
    assert prompt.raw
    assert prompt.stop == ("[DONE]",)
    [message] = prompt.messages
    assert message.content.endswith("TASK\n[BEGIN]\nCODE\n[DONE]\nWORDS\n[BEGIN]\n")
    assert message.content.count("[BEGIN]") == message.content.count("[DONE]") + 1


def test_the_hash_is_of_every_byte() -> None:
    one = prompting.parse_template(b'id = "a"\nkind = "chat"\ntask = "x"\n')
    two = prompting.parse_template(b'id = "a"\nkind = "chat"\ntask = "y"\n')
    assert one.sha256 != two.sha256


def test_an_unknown_template_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="paper"):
        prompting.load_template("nonsense")


@pytest.mark.parametrize(
    "text",
    [
        "<think>\nhm\n</think>\n\n```python\nx = 1\n```",
        "hm\n</think>\n\n```python\nx = 1\n```",
        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>```python\nx = 1\n```",
        "[THINK]hm[/THINK]```python\nx = 1\n```",
    ],
)
def test_the_dialogue_goes_on_without_what_the_model_thought(text: str) -> None:
    template = prompting.load_template("paper")
    program = Program(id="t0s0", turn=0, round=0, text=text, code="x = 1\n")
    assert prompting.answer_turn(template, program) == "```python\nx = 1\n```"
    unfinished = Program(id="t0s0", turn=0, round=0, text="<think>\nhm", code=None)
    assert "hm" not in prompting.answer_turn(template, unfinished)
