"""Templates say the paper's words, keep braces as they are, and have a hash."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assistant.core import events as ev
from assistant.core.control_arms import RECORDED
from assistant.core.errors import UsageError
from assistant.core.generation import Message
from assistant.core.problem import AssertTest, Problem
from assistant.core.state import Program
from assistant.journal.validation import check_file
from assistant.session import prompting
from assistant.session.arms.build import ArmTask, draw_arm
from assistant.session.turns import unsent_request
from tests.journal.build import write_chained
from tests.session.conftest import HALF, WRONG, Begin

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
    prompt = prompting.dialogue_prompt(
        template, "TASK", [prompting.Exchange("CODE", "WORDS")], entry_point="f"
    )
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


LAST_TURNS = {
    "human": prompting.UserTurn("t1s0", "the person's words"),
    "unsent": prompting.UserTurn("t1s0", "not sent yet"),
    "retry": prompting.UserTurn("t1s0", "That is not right. Please try again.", is_feedback=False),
    "tests": prompting.UserTurn("t1s0", "assert add(", is_feedback=False),
    "resample": prompting.UserTurn("t0s0", "first words"),
    "shuffled": prompting.UserTurn("t1s0", "", is_feedback=False),
}
"""The last user turn of everything that is sent; of `tests` and `shuffled` a part."""


@pytest.mark.parametrize("who", ["human", "unsent", *RECORDED])
def test_the_persons_turn_and_every_arm_are_built_by_one_function(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    session = begin([WRONG, HALF.replace("abs(a)", "0"), WRONG, WRONG])
    list(session.start())
    list(session.feedback("first words"))
    built: list[tuple[prompting.UserTurn | None, prompting.Prompt]] = []
    build_prompt = prompting.build_prompt

    def watched(*given: object) -> prompting.Prompt:
        prompt = build_prompt(*given)  # type: ignore[arg-type]
        built.append((given[2], prompt))  # type: ignore[arg-type]
        return prompt

    monkeypatch.setattr(prompting, "build_prompt", watched)
    sent = _sent(session, who)
    [(turn, prompt)] = built
    expected = LAST_TURNS[who]
    assert sent == prompt.messages
    assert turn is not None
    assert (turn.program, turn.is_feedback) == (expected.program, expected.is_feedback)
    assert expected.text in sent[-1].content
    assert len(sent) == (3 if who == "resample" else 5)


def _sent(session: Any, who: str) -> tuple[Message, ...]:
    """What goes to the model for the person's turn, its prefill, or a control arm."""
    if who == "human":
        started = [e for e in session.feedback(LAST_TURNS[who].text) if isinstance(e, ev.GenerationStarted)]
        return started[0].messages
    if who == "unsent":
        request = unsent_request(session.state, session.model, LAST_TURNS[who].text)
        assert request is not None
        return request.messages
    drawn = draw_arm(session.state, ArmTask(who, "t1s0", 2), session.engine)
    assert drawn is not None
    return drawn.started.messages


@pytest.mark.parametrize("template", [t for t in prompting.known_templates() if not t.endswith("-base")])
@pytest.mark.parametrize("failing_cases", [False, True])
def test_verify_finds_the_whole_feedback_in_every_templates_turn(
    begin: Begin, template: str, failing_cases: bool
) -> None:
    """And a shorter one, which the prompt holds as well, is found."""
    settings = ev.PromptSettings(template=template, failing_cases=failing_cases)
    session = begin([WRONG, WRONG, WRONG], prompt=settings)
    list(session.start())
    list(session.feedback("It subtracts.\n\nTry “add”: not a - b"))
    list(session.feedback("now large numbers"))
    session.close()
    assert check_file(session.path).findings == ()
    lines = session.path.read_bytes().splitlines()
    for whole, part in (
        (b"add\xe2\x80\x9d: not a - b", b"add\xe2\x80\x9d"),
        (b"now large numbers", b"now large"),
    ):
        changed = [line.replace(whole, part) if b'"feedback_given"' in line else line for line in lines]
        assert changed != lines
        write_chained(session.path, map(json.loads, changed))
        assert any("feedback" in finding.message for finding in check_file(session.path).findings)
