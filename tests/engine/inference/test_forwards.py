"""The ways to step a model agree with transformers, with each other, and with themselves in any batch."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from decoding_kit import ask, finishes, prompt_of, reference_beams, reference_greedy, tiny_model

from assistant.engine.inference.cuda_graphs import GraphedForward
from assistant.engine.inference.decoder import Decoder
from assistant.engine.inference.forward import Forward, forward_for
from assistant.engine.inference.llama_forward import PaddedForward, RaggedForward
from assistant.engine.inference.llama_weights import build, packed_config
from assistant.engine.inference.transformers_forward import TransformersForward

IDS = prompt_of("def add(a, b):\n    return a + b\n# again, please: " * 8)
MAKERS: dict[str, Callable[[Any], Forward]] = {
    "ragged": lambda model: RaggedForward(build(copy.deepcopy(model), "float32")),
    "padded": lambda model: PaddedForward(build(copy.deepcopy(model), "float32")),
    "graphed": lambda model: GraphedForward(build(copy.deepcopy(model), "float32"), record=lambda run: run),
    "transformers": TransformersForward,
}


@pytest.fixture(scope="module", params=["qwen2", "llama", "qwen3"])
def plain(request: pytest.FixtureRequest) -> Any:
    return tiny_model(request.param)


@pytest.fixture(params=list(MAKERS))
def forward(request: pytest.FixtureRequest, plain: Any) -> Forward:
    return MAKERS[request.param](plain)


def _near(left: torch.Tensor, right: torch.Tensor) -> bool:
    return torch.allclose(left, right, atol=2e-4, rtol=2e-4)


@pytest.fixture(scope="module")
def expected(plain: Any) -> torch.Tensor:
    with torch.inference_mode():
        logits: torch.Tensor = plain(torch.tensor([IDS])).logits[0]
    return logits


def test_in_one_piece_and_in_several(forward: Forward, expected: torch.Tensor) -> None:
    cache = forward.new_cache(1, 64)
    [begin] = forward([IDS[:130]], cache, [3])
    [middle] = forward([IDS[130:131]], cache, [1])
    [rest] = forward([IDS[131:]], cache, [len(IDS) - 131])
    assert _near(torch.cat([begin, middle, rest]), expected[127:])
    assert cache.lengths == [len(IDS)]


def test_cropping_forgets(forward: Forward, expected: torch.Tensor) -> None:
    cache = forward.new_cache(1, 64)
    forward([[*IDS[:100], 7, 8, 9]], cache, [0])
    cache.crop(0, 100)
    assert _near(forward([IDS[100:]], cache, [len(IDS) - 100])[0], expected[100:])


def test_no_logits_are_computed_that_nobody_wants(forward: Forward) -> None:
    assert forward([IDS[:9]], forward.new_cache(1, 64), [0])[0].shape[0] == 0


@pytest.mark.parametrize("name", ["ragged", "padded", "graphed"])
def test_rows_of_different_lengths(name: str, plain: Any, expected: torch.Tensor) -> None:
    forward = MAKERS[name](plain)
    cache = forward.new_cache(3, 64)
    other = [5, 6, 7, 8]
    forward([IDS[:140], other[:3], IDS[:1]], cache, [0, 0, 0])
    first, second, third = forward([IDS[140:142], other[3:], []], cache, [2, 1, 0])
    [fourth] = forward([[], [], IDS[1:20]], cache, [0, 0, 19])[2:]
    with torch.inference_mode():
        alone = plain(torch.tensor([other])).logits[0, -1:]
    assert _near(first, expected[140:142])
    assert _near(second, alone)
    assert third.shape[0] == 0
    assert _near(fourth, expected[1:20])
    assert cache.lengths == [142, 4, 20]


def test_selected_rows_go_on_as_they_were(forward: Forward, expected: torch.Tensor) -> None:
    cache = forward.new_cache(1, 64)
    forward([IDS[:50]], cache, [0])
    three = cache.select([0, 0, 0])
    pieces = forward([IDS[50:60]] * 3, three, [10, 10, 10])
    assert all(_near(piece, expected[50:60]) for piece in pieces)
    two = three.select([2, 1], capacity=300)
    assert _near(forward([IDS[60:70]] * 2, two, [10, 10])[1], expected[60:70])


@pytest.mark.parametrize("name", list(MAKERS))
def test_a_decoder_over_each_way_says_the_same(name: str, plain: Any, tokenizer: Any) -> None:
    decoder = Decoder(copy.deepcopy(plain), tokenizer)
    decoder._forward = MAKERS[name](plain)
    prompt = IDS[:120]
    [greedy] = finishes(decoder, ask(conversation="s", tokens=60), prompt)
    assert list(greedy.output_ids or ()) == reference_greedy(plain, prompt, 60)
    beams = finishes(decoder, ask(beams=4, samples=4, tokens=16), prompt)
    assert [end.output_ids for end in beams] == reference_beams(plain, prompt, 4, 16)
    four = finishes(decoder, ask(conversation="s", samples=4, temperature=0.7, tokens=60), prompt)
    two = finishes(decoder, ask(conversation="s", samples=2, temperature=0.7, tokens=60), prompt)
    assert [end.output_ids for end in four[:2]] == [end.output_ids for end in two]


def test_what_fits_is_written_out_and_the_rest_left_to_transformers() -> None:
    assert isinstance(forward_for(tiny_model("qwen2")), RaggedForward)
    assert isinstance(forward_for(tiny_model("gpt2")), TransformersForward)
    windowed = tiny_model("qwen2")
    windowed.config.layer_types, windowed.config.sliding_window = ["full_attention", "sliding_attention"], 16
    assert isinstance(forward_for(windowed), TransformersForward)


def test_a_windowed_model_goes_on_where_its_dialogue_was_read(tokenizer: Any) -> None:
    from transformers import AutoModelForCausalLM, MistralConfig

    torch.manual_seed(0)
    config = MistralConfig(
        vocab_size=259,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        sliding_window=16,
        max_position_embeddings=1024,
    )
    model = AutoModelForCausalLM.from_config(config).eval()
    decoder = Decoder(model, tokenizer)
    assert isinstance(decoder._forward, TransformersForward)
    assert decoder._forward.croppable
    prompt = IDS[:60]
    [end] = finishes(decoder, ask(conversation="s", tokens=30), prompt)
    assert list(end.output_ids or ()) == reference_greedy(model, prompt, 30)
    [again] = finishes(decoder, ask(conversation="s", tokens=30), prompt)
    assert (again.output_ids, again.reused_tokens) == (end.output_ids, len(prompt) - 1)
    assert again.drafted_tokens > 0
    assert len(finishes(decoder, ask(samples=3, temperature=1.0, tokens=20), prompt)) == 3
    beams = finishes(decoder, ask(beams=3, samples=3, tokens=12), prompt)
    assert [end.output_ids for end in beams] == reference_beams(model, prompt, 3, 12)


def test_parameters_are_counted_as_transformers_counts_them(plain: Any) -> None:
    ours = build(copy.deepcopy(plain), "float32")
    packed = packed_config(plain.config, None, 2 * len(ours.frequencies))
    assert ours.parameter_count == sum(weight.numel() for weight in plain.parameters())
    assert replace(ours, config=packed).parameter_count == ours.parameter_count
