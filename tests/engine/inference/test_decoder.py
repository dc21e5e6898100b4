"""What a decoder promises, on tiny random models."""

from __future__ import annotations

import hashlib
import struct
import threading
import weakref
from typing import Any

import pytest
from decoding_kit import ask, decoder, finishes, prompt_of, reference_greedy

from assistant.core.generation import Chunk, Finish

TASK = "def add(a, b):\n    return a + b\n# again, please\ndef add(a, b):\n    return"
MORE = " a - b\n# no: the sum\n"


def test_greedy_equals_recomputing_everything_for_every_token(model: Any, tokenizer: Any) -> None:
    [end] = finishes(decoder(model, tokenizer), ask(), prompt_of(TASK))
    assert list(end.output_ids or ()) == reference_greedy(model, prompt_of(TASK), 48)


def test_lookup_equals_plain_and_accepts_something(model: Any, tokenizer: Any) -> None:
    prompt = prompt_of(TASK)
    [plain] = finishes(decoder(model, tokenizer, lookup=False), ask(tokens=200), prompt)
    [drafted] = finishes(decoder(model, tokenizer), ask(tokens=200), prompt)
    assert drafted.output_ids == plain.output_ids
    assert plain.drafted_tokens == 0
    assert drafted.accepted_tokens <= drafted.drafted_tokens


def test_a_later_round_reuses_the_earlier_and_says_the_same(model: Any, tokenizer: Any) -> None:
    warm = decoder(model, tokenizer)
    [first] = finishes(warm, ask(conversation="s"), prompt_of(TASK))
    follow = prompt_of(TASK) + list(first.output_ids or ()) + prompt_of(MORE)
    [second] = finishes(warm, ask(conversation="s"), follow)
    [cold] = finishes(decoder(model, tokenizer), ask(), follow)
    assert second.output_ids == cold.output_ids
    assert second.reused_tokens >= len(prompt_of(TASK)) + len(first.output_ids or ()) - 1
    assert cold.reused_tokens == 0


def test_nothing_is_read_ahead_where_it_could_change_what_is_said(model: Any, tokenizer: Any) -> None:
    warm = decoder(model, tokenizer)
    [read] = finishes(warm, ask(conversation="s", tokens=0), prompt_of(TASK))
    [end] = finishes(warm, ask(conversation="s"), prompt_of(TASK))
    assert (read.text, read.reason, end.reused_tokens) == ("", "length", 0)


def test_branching_back_reuses_the_common_beginning(model: Any, tokenizer: Any) -> None:
    warm = decoder(model, tokenizer)
    finishes(warm, ask(conversation="s"), prompt_of(TASK + MORE))
    [back] = finishes(warm, ask(conversation="s"), prompt_of(TASK + "?"))
    [cold] = finishes(decoder(model, tokenizer), ask(), prompt_of(TASK + "?"))
    assert back.output_ids == cold.output_ids
    assert back.reused_tokens == len(prompt_of(TASK))


def test_samples_are_the_same_alone_and_in_any_batch(model: Any, tokenizer: Any) -> None:
    prompt = prompt_of(TASK)
    eight = finishes(decoder(model, tokenizer), ask(samples=8, temperature=0.8), prompt)
    three = finishes(decoder(model, tokenizer), ask(samples=3, temperature=0.8), prompt)
    assert [end.output_ids for end in eight[:3]] == [end.output_ids for end in three]
    assert len({end.output_ids for end in eight}) > 1
    assert len({end.seed for end in eight}) == 8


def test_greedy_samples_are_told_k_times(model: Any, tokenizer: Any) -> None:
    ends = finishes(decoder(model, tokenizer), ask(samples=3), prompt_of(TASK))
    assert [end.sample for end in ends] == [0, 1, 2]
    assert len({end.output_ids for end in ends}) == 1


def test_cancelling_keeps_the_partial_text(qwen: Any, tokenizer: Any) -> None:
    cancel = threading.Event()
    stream = decoder(qwen, tokenizer, lookup=False).generate(ask(tokens=400), prompt_of(TASK), cancel)
    shown, end = "", None
    for item in stream:
        if isinstance(item, Chunk):
            shown += item.text
            if len(shown) > 5:
                cancel.set()
        else:
            end = item
    assert isinstance(end, Finish)
    assert (end.reason, end.text) == ("cancelled", shown)
    assert 0 < end.generated_tokens < 400


def test_cancelled_before_it_began(qwen: Any, tokenizer: Any) -> None:
    cancel = threading.Event()
    cancel.set()
    [end] = finishes(decoder(qwen, tokenizer), ask(), prompt_of(TASK), cancel)
    assert (end.reason, end.text, end.generated_tokens) == ("cancelled", "", 0)


def test_a_consumer_that_leaves_does_no_harm(qwen: Any, tokenizer: Any) -> None:
    using = decoder(qwen, tokenizer)
    stream = using.generate(ask(conversation="s", samples=3, temperature=1.0), prompt_of(TASK))
    next(iter(stream))
    stream.close()  # type: ignore[attr-defined]
    [after] = finishes(using, ask(conversation="s"), prompt_of(TASK + MORE))
    [cold] = finishes(decoder(qwen, tokenizer), ask(), prompt_of(TASK + MORE))
    assert after.output_ids == cold.output_ids


def test_a_dialogue_longer_than_the_context_is_refused_in_words(qwen: Any, tokenizer: Any) -> None:
    [end] = finishes(decoder(qwen, tokenizer), ask(), prompt_of("x" * 1200))
    assert end.reason == "error"
    assert "1200 tokens" in end.error
    assert "1024" in end.error
    assert end.overflow == 1200 + 48 - 1024


def test_the_context_bounds_the_answer(qwen: Any, tokenizer: Any) -> None:
    [end] = finishes(decoder(qwen, tokenizer), ask(tokens=400), prompt_of("x" * 892))
    assert end.generated_tokens <= 132
    assert end.reason in ("length", "stop")
    [cramped] = finishes(decoder(qwen, tokenizer), ask(tokens=400), prompt_of("x" * 1012))
    assert (cramped.reason, cramped.overflow) == ("error", 388)


def test_finish_counts_and_hashes(qwen: Any, tokenizer: Any) -> None:
    prompt = prompt_of(TASK)
    [end] = finishes(decoder(qwen, tokenizer), ask(tokens=9), prompt)
    assert end.prompt_sha256 == hashlib.sha256(struct.pack(f"<{len(prompt)}i", *prompt)).hexdigest()
    assert (end.prompt_tokens, end.generated_tokens) == (len(prompt), len(end.output_ids or ()))
    assert end.first_token_seconds is not None
    assert 0 < end.first_token_seconds <= end.seconds


@pytest.mark.parametrize("seed", range(6))
def test_stop_strings_end_the_text_and_are_not_in_it(qwen: Any, tokenizer: Any, seed: int) -> None:
    [whole] = finishes(decoder(qwen, tokenizer), ask(tokens=300, temperature=1.0, seed=seed), prompt_of(TASK))
    middle = len(whole.text) // 2
    stop = whole.text[middle : middle + 2]
    assert len(stop) == 2, "no text to cut: a weak test"
    request = ask(tokens=300, temperature=1.0, seed=seed, stop=("never said", stop))
    [cut] = finishes(decoder(qwen, tokenizer), request, prompt_of(TASK))
    assert cut.text == whole.text[: whole.text.find(stop)]
    assert cut.reason == "stop"
    assert cut.generated_tokens < whole.generated_tokens


class _Hungry:
    """Fails as a full card does while more than `rows` rows are fed, or while what failed is still held."""

    def __init__(self, forward: Any, rows: int) -> None:
        self._forward, self._rows = forward, rows
        self._failed: weakref.ref[Any] | None = None
        self.ragged, self.croppable, self.padded = forward.ragged, forward.croppable, forward.padded
        self.bitwise_deterministic, self.free_tokens = forward.bitwise_deterministic, forward.free_tokens
        self.should_compact = forward.should_compact
        self.prefill_chunk = forward.prefill_chunk

    def new_cache(self, rows: int, capacity: int) -> Any:
        return self._forward.new_cache(rows, capacity)

    def __call__(self, tokens: Any, cache: Any, last: Any) -> Any:
        import torch

        assert self._failed is None or self._failed() is None, "the failed batch still holds its memory"
        if len(tokens) > self._rows and cache.lengths[0] > 80:
            self._failed = weakref.ref(cache)
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return self._forward(tokens, cache, last)


@pytest.mark.slow
def test_out_of_memory_retries_with_fewer_rows_and_says_so(qwen: Any, tokenizer: Any) -> None:
    request = ask(samples=5, temperature=1.0, conversation="s")
    easy = finishes(decoder(qwen, tokenizer), request, prompt_of(TASK))
    using = decoder(qwen, tokenizer)
    using._forward = _Hungry(using._forward, 2)
    tight = finishes(using, request, prompt_of(TASK))
    assert [end.output_ids for end in tight] == [end.output_ids for end in easy]
    assert any("out of memory" in note for end in tight for note in end.notes)
    using._forward = _Hungry(using._forward, 0)
    [hopeless] = finishes(using, ask(), prompt_of(TASK))
    assert hopeless.reason == "error"
    assert "out of memory" in hopeless.error
