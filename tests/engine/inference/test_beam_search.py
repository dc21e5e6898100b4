"""Beam search, held against transformers' own."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest
from decoding_kit import END, ask, decoder, finishes, prompt_of, reference_beams, tiny_model

from assistant.core.generation import Finish, Request
from assistant.engine.inference.kv_cache import KeyValueCache

TASK = "def add(a, b):\n    return a + b\n# again, please\ndef add(a, b):\n    return"
ENDS = [END, *range(3, 256, 20)]


@pytest.fixture(scope="module", params=["qwen2", "gpt2"])
def ending(request: pytest.FixtureRequest) -> Any:
    """A model that is unsure, so that beams cross, and has many ends, so that answers have unlike lengths."""
    import torch

    model = tiny_model(request.param, seed=3)
    with torch.no_grad():
        model.get_output_embeddings().weight.mul_(0.6)
    model.generation_config.eos_token_id = ENDS
    return model


def test_answers_are_those_of_transformers_token_by_token(ending: Any, tokenizer: Any) -> None:
    ours = decoder(ending, tokenizer)
    draw = random.Random(5)
    lengths, reasons = set(), set()
    for beams, tokens in [(2, 24), (3, 12), (5, 32), (5, 1), (8, 16)]:
        for _ in range(3):
            prompt = [draw.randrange(256) for _ in range(draw.randrange(1, 40))]
            ends = finishes(ours, ask(samples=beams, beams=beams, tokens=tokens), prompt)
            assert [end.output_ids for end in ends] == reference_beams(ending, prompt, beams, tokens)
            lengths |= {end.generated_tokens for end in ends}
            reasons |= {end.reason for end in ends}
    assert len(lengths) > 4, "answers of unlike lengths compete"
    assert reasons == {"stop", "length"}


def test_fewer_answers_are_the_best_ones(ending: Any, tokenizer: Any) -> None:
    prompt = prompt_of(TASK)
    five = finishes(decoder(ending, tokenizer), ask(samples=5, beams=5), prompt)
    two = finishes(decoder(ending, tokenizer), ask(samples=2, beams=5), prompt)
    assert [end.output_ids for end in two] == [end.output_ids for end in five[:2]]
    assert five[0].notes[0].startswith("beam 1 of 5: log probability -")


def test_a_stop_text_ends_a_beam_and_is_no_part_of_it(ending: Any, tokenizer: Any) -> None:
    prompt = prompt_of(TASK)
    free = finishes(decoder(ending, tokenizer), ask(samples=4, beams=4), prompt)
    letter = next(character for end in free for character in end.text if character.isascii())
    ends = finishes(decoder(ending, tokenizer), ask(samples=4, beams=4, stop=(letter,)), prompt)
    assert all(letter not in end.text for end in ends)
    assert any(
        bytes(end.output_ids or ())[-1:] == letter.encode() for end in ends if max(end.output_ids or ()) < 256
    )


def test_searches_and_draws_that_share_steps_say_what_they_say_alone(qwen: Any, tokenizer: Any) -> None:
    asked = [
        (ask(samples=3, beams=3, tokens=20), prompt_of(TASK)),
        (ask(samples=2, temperature=1.0, tokens=20), prompt_of(TASK[:30])),
        (ask(samples=5, beams=5, tokens=12), prompt_of(TASK[7:])),
    ]
    using = decoder(qwen, tokenizer)
    scheduler = using.scheduler()
    assert scheduler.joins
    for key, (request, prompt) in enumerate(asked):
        scheduler.add(key, using.steps(request, prompt, scheduler.company(key), threading.Event()))
    found: dict[int, dict[int, Finish]] = {key: {} for key in range(len(asked))}
    while scheduler.open:
        for key, item in scheduler.step():
            if isinstance(item, Finish):
                found[key][item.sample] = item
    for key, (request, prompt) in enumerate(asked):
        alone = finishes(decoder(qwen, tokenizer), request, prompt)
        assert [end.output_ids for end in alone] == [found[key][end.sample].output_ids for end in alone]


def test_a_conversation_goes_on_after_a_search(qwen: Any, tokenizer: Any) -> None:
    warm, follow = decoder(qwen, tokenizer), prompt_of(TASK + " a\n# no")
    finishes(warm, ask(conversation="s", samples=4, beams=4), prompt_of(TASK))
    [end] = finishes(warm, ask(conversation="s"), follow)
    [cold] = finishes(decoder(qwen, tokenizer), ask(), follow)
    assert (end.output_ids, end.reused_tokens) == (cold.output_ids, len(prompt_of(TASK)))


def test_a_cancelled_search_ends_every_answer(qwen: Any, tokenizer: Any) -> None:
    class After:
        left = 6

        def is_set(self) -> bool:
            self.left -= 1
            return self.left <= 0

    ends = finishes(decoder(qwen, tokenizer), ask(samples=3, beams=3), prompt_of(TASK), After())
    assert [end.reason for end in ends] == ["cancelled"] * 3
    assert 0 < ends[0].generated_tokens < 48


@pytest.mark.parametrize("request_", [ask(beams=2, temperature=0.5), ask(beams=2, samples=3)])
def test_what_a_search_cannot_give_is_refused(qwen: Any, tokenizer: Any, request_: Request) -> None:
    for end in finishes(decoder(qwen, tokenizer), request_, prompt_of(TASK)):
        assert end.reason == "error"
        assert "beam search takes temperature 0" in end.error


def test_rows_are_copied_from_where_they_differ() -> None:
    import torch

    cache = KeyValueCache(2, rows=2)
    for layer in range(2):
        cache.write(layer, 0, 0, torch.randn(2, 1, 6, 4), torch.randn(2, 1, 6, 4))
    cache.lengths = [6, 4]
    before = [buffer.clone() for buffer in (*cache.keys, *cache.values) if buffer is not None]
    cache.copy_row(0, 1, 4)
    assert cache.lengths == [6, 6]
    for old, new in zip(before, [*cache.keys, *cache.values], strict=True):
        assert new is not None
        assert torch.equal(new[0], old[0])
        assert torch.equal(new[1, :, 4:6], old[0, :, 4:6])
        assert torch.equal(new[1, :, :4], old[1, :, :4])
