"""Requests that share steps say what they say alone, come and go when they like, and fail for themselves."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from decoding_kit import ask, decoder, finishes, prompt_of, tiny_model

from assistant.core.generation import Chunk, Finish, NeverCancelled, Request
from assistant.engine.inference.decoder import Decoder
from assistant.engine.inference.llama_weights import build

TEXT = "def add(a, b):\n    return a + b\n# again, please: "
Asked = tuple[Request, list[int]]


@pytest.fixture
def int8(way: str) -> Any:
    return build(tiny_model("qwen2"), "int8")


def together(using: Decoder, asked: Sequence[Asked], arrivals: Sequence[int]) -> Mapping[int, list[Finish]]:
    """Serve the requests in shared steps; request i joins before step `arrivals[i]`."""
    scheduler = using.scheduler()
    ends: dict[int, list[Finish]] = {key: [] for key in range(len(asked))}
    texts: dict[tuple[int, int], str] = {}
    step = most = 0
    while scheduler.open or step <= max(arrivals):
        for key, (request, prompt) in enumerate(asked):
            if arrivals[key] == step:
                steps = using.steps(request, prompt, scheduler.company(key), NeverCancelled())
                scheduler.add(key, steps)
        most = max(most, scheduler.open)
        for key, item in scheduler.step():
            if isinstance(item, Chunk):
                texts[key, item.sample] = texts.get((key, item.sample), "") + item.text
            else:
                ends[key].append(item)
        step += 1
    assert {error for _, error in scheduler.ended()} == {None}
    assert len(asked) == 1 or most > 1, "no two requests were open at once"
    for key, found in ends.items():
        assert all(texts.get((key, end.sample), "") == end.text for end in found)
    return {key: sorted(found, key=lambda end: end.sample) for key, found in ends.items()}


@pytest.mark.parametrize("seed", range(3))
def test_requests_that_share_steps_say_what_they_say_alone(int8: Any, tokenizer: Any, seed: int) -> None:
    lots = random.Random(seed)
    asked: list[Asked] = []
    for number in range(7):
        request = ask(
            samples=lots.choice([1, 1, 3]), temperature=lots.choice([0.0, 0.0, 0.5]), seed=number,
            tokens=lots.choice([0, 1, 9, 40]), conversation=lots.choice(["", "", f"s{number}"]),
        )  # fmt: skip
        prompt = prompt_of(TEXT * lots.randint(1, 9) + f"{number} " * lots.randint(0, 40))
        asked.append((request, prompt))
    shared = together(Decoder(int8, tokenizer), asked, [lots.choice([0, 0, 1, 4, 20]) for _ in asked])
    alone = Decoder(int8, tokenizer)
    for key, (request, prompt) in enumerate(asked):
        expected = finishes(alone, request, prompt)
        assert [end.output_ids for end in shared[key]] == [end.output_ids for end in expected]
        assert [end.reason for end in shared[key]] == [end.reason for end in expected]


def test_who_is_cancelled_leaves_and_the_others_go_on(int8: Any, tokenizer: Any) -> None:
    using, stop = Decoder(int8, tokenizer), threading.Event()
    scheduler = using.scheduler()
    for key, cancel in enumerate((stop, NeverCancelled())):
        request = ask(tokens=30, seed=key)
        scheduler.add(key, using.steps(request, prompt_of(TEXT), scheduler.company(key), cancel))
    ends: dict[int, Finish] = {}
    while scheduler.open:
        for key, item in scheduler.step():
            if isinstance(item, Finish):
                ends[key] = item
            else:
                stop.set()
    [alone] = finishes(Decoder(int8, tokenizer), ask(tokens=30, seed=1), prompt_of(TEXT))
    assert (ends[0].reason, ends[1].output_ids) == ("cancelled", alone.output_ids)
    assert 0 < ends[0].generated_tokens < ends[1].generated_tokens


def test_a_prompt_begins_where_another_request_began(int8: Any, tokenizer: Any) -> None:
    """Also without a conversation: a benchmark's prompts have their instructions in common."""
    using = Decoder(int8, tokenizer)
    finishes(using, ask(), prompt_of(TEXT * 2 + "one"))
    [end] = finishes(using, ask(), prompt_of(TEXT * 2 + "two"))
    [cold] = finishes(Decoder(int8, tokenizer), ask(), prompt_of(TEXT * 2 + "two"))
    assert end.reused_tokens >= len(TEXT * 2) and end.output_ids == cold.output_ids


def test_a_failed_step_ends_those_that_shared_it_and_no_more(qwen: Any, tokenizer: Any) -> None:
    using = decoder(qwen, tokenizer)
    scheduler = using.scheduler()
    for key in range(2):
        scheduler.add(key, using.steps(ask(), prompt_of(TEXT), scheduler.company(key), NeverCancelled()))
    for _ in range(4):
        list(scheduler.step())

    class Broken:
        ragged, padded = True, False

        def __call__(self, *_: Any) -> Any:
            raise ValueError("a broken step")

    scheduler.forward = cast(Any, Broken())
    list(scheduler.step())
    assert [str(error) for _, error in scheduler.ended()] == ["a broken step"] * 2
    [end] = finishes(using, ask(), prompt_of(TEXT))
    assert end.reason in ("stop", "length")


def test_a_model_whose_rows_move_in_lockstep_serves_one_at_a_time(tokenizer: Any) -> None:
    using = decoder(tiny_model("gpt2"), tokenizer)
    scheduler = using.scheduler()
    assert not scheduler.joins
    scheduler.add(0, using.steps(ask(), prompt_of(TEXT), scheduler.company(0), NeverCancelled()))
    with pytest.raises(ValueError, match="one request at a time"):
        scheduler.add(1, using.steps(ask(), prompt_of(TEXT), scheduler.company(1), NeverCancelled()))
