"""A bound on thinking: its end is written for the model, the same whatever else is in a step, and never elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from decoding_kit import ask, decoder, finishes, prompt_of, tiny_model

from assistant.core.generation import THINKING_BOUNDED, Finish
from assistant.core.thinking import end_of_thinking, split_thinking, thinking_began
from assistant.engine.inference.thinking_budget import ThinkingBudget

TASK = "def add(a, b):\n    return a + b\n# again, please\ndef add(a, b):\n"
OPENED = TASK + "<think>\n"
END = "\n</think>\n\n"
BOUND = 9
MARKS = (
    "<think>", "<thinking>", "<seed:think>", "[THINK]", "<|START_THINKING|>", "<|begin_of_thought|>", "◁think▷",
    "<|inner_prefix|>", "<|channel>thought", "<|channel|>analysis<|message|>",
    "<|start|>assistant<|channel|>analysis<|message|>", "Here is my thought process:",
)  # fmt: skip


@pytest.mark.parametrize("mark", MARKS)
def test_every_way_to_think_has_an_end(mark: str) -> None:
    """The end is one that the reader of answers takes for it."""
    assert thinking_began(f"  {mark} Let me see") == mark
    split = split_thinking(f"{mark} Let me see{end_of_thinking(mark)}Here.")
    assert (split.answer.strip(), split.unfinished) == ("Here.", False)
    assert split.thinking.strip().removeprefix(mark).strip() == "Let me see"


@pytest.mark.parametrize(
    "text", ["", "def f(): ...", "<|channel|>final<|message|>", "I `<think>` so", "<div>"]
)
def test_an_answer_that_begins_otherwise_does_not_think(text: str) -> None:
    assert thinking_began(text) == ""


def _bounded_as_asked(ids: list[int], most: int = BOUND) -> bool:
    end = prompt_of(END)
    return ids[most : most + len(end)] == end


@pytest.mark.parametrize("kind", ["qwen2", "gpt2"])
@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_the_end_is_written_at_the_bound(kind: str, temperature: float, tokenizer: Any) -> None:
    """Alone and in a batch, with and without drafts, fresh and on a dialogue that was read before."""
    model, prompt = tiny_model(kind), prompt_of(OPENED)
    asked = {"tokens": 60, "temperature": temperature, "thinking": BOUND}
    [plain] = finishes(decoder(model, tokenizer, lookup=False), ask(**asked), prompt)
    ids = list(plain.output_ids or ())
    assert len(ids) > BOUND + len(END) and _bounded_as_asked(ids)
    assert THINKING_BOUNDED in plain.notes
    [free] = finishes(decoder(model, tokenizer), ask(**{**asked, "thinking": None}), prompt)
    assert list(free.output_ids or ())[:BOUND] == ids[:BOUND], "up to the bound it is the model's own"
    assert THINKING_BOUNDED not in free.notes

    warm = decoder(model, tokenizer)
    [drafted] = finishes(warm, ask(**asked, conversation="s"), prompt)
    [again] = finishes(warm, ask(**asked, conversation="s"), prompt)
    batch = finishes(warm, ask(**asked, samples=3), prompt)
    assert drafted.output_ids == again.output_ids == batch[0].output_ids == plain.output_ids
    assert all(_bounded_as_asked(list(end.output_ids or ())) for end in batch)
    assert drafted.accepted_tokens <= drafted.drafted_tokens
    assert all(end.thinking_characters + 2 >= BOUND for end in batch if "\ufffd" not in end.text)


@pytest.mark.parametrize(("most", "tokens"), [(0, 40), (1, 40), (BOUND, BOUND + 4), (BOUND, BOUND), (30, 20)])
def test_at_once_at_the_limit_and_beyond_it(most: int, tokens: int, qwen: Any, tokenizer: Any) -> None:
    [end] = finishes(decoder(qwen, tokenizer), ask(tokens=tokens, thinking=most), prompt_of(OPENED))
    ids = list(end.output_ids or ())
    assert ids[most : most + len(END)] == prompt_of(END)[: max(0, tokens - most)]
    assert len(ids) <= tokens and (THINKING_BOUNDED in end.notes) == (most < tokens)


def test_a_model_that_does_not_think_says_what_it_says_without(qwen: Any, tokenizer: Any) -> None:
    prompt = prompt_of(TASK)
    [plain] = finishes(decoder(qwen, tokenizer), ask(tokens=200), prompt)
    [bounded] = finishes(decoder(qwen, tokenizer), ask(tokens=200, thinking=4), prompt)
    assert (bounded.output_ids, bounded.notes) == (plain.output_ids, plain.notes)


def test_beam_search_refuses_it(qwen: Any, tokenizer: Any) -> None:
    [end] = decoder(qwen, tokenizer).generate(ask(beams=2, thinking=4), prompt_of(OPENED))
    assert isinstance(end, Finish) and end.reason == "error" and "--thinking-tokens" in end.error


def _spelt(text: str, most: int, opened: str = "") -> ThinkingBudget:
    """A budget that has seen the text character by character."""
    budget = ThinkingBudget(most, opened, lambda end: [ord(char) for char in end])
    for end in range(len(opened) + 1, len(opened + text) + 1):
        budget.note((opened + text)[:end])
    return budget


def test_what_the_model_ends_itself_is_not_ended_again() -> None:
    assert _spelt("hm</think>I said it", 40, "<think>").left is None
    assert _spelt("<think>hm</think>I said it", 40).left is None
    assert not _spelt("hm</think>and <think> is a word that I explain at length", 14, "<think>").forced
    at_the_bound = _spelt("hm</think>I said it", 10, "<think>")
    assert (at_the_bound.left, at_the_bound.forced, at_the_bound.used_up) == (None, [], False)
    quoted = _spelt("I end with `</think>` soon", 40, "<think>")
    assert quoted.left == 14, "spoken of, and still thinking"
    assert _spelt("x" * 12, 12, "<think>").forced == [ord(char) for char in END]
    assert _spelt("x" * 12 + END[:5], 12, "<think>").forced == [ord(char) for char in END[5:]]
    assert _spelt("x" * 300, 12).left is None, "it answers"
