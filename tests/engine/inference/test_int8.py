"""Packed 8-bit models: near the plain ones, and the same to the last bit however the work is cut up."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from decoding_kit import ask, finishes, prompt_of, tiny_model

from assistant.core.errors import EngineError, WeightsError
from assistant.engine.inference import precision, quantized_checkpoint
from assistant.engine.inference.cpu_kernels import kernel_cache
from assistant.engine.inference.decoder import Decoder
from assistant.engine.inference.forward import forward_for
from assistant.engine.inference.linear import Int8Linear
from assistant.engine.inference.llama_weights import (
    FolderTensors,
    RoundedLlama,
    RoundingTensors,
    build,
    packed_config,
    rotary,
)

TEXT = "def add(a, b):\n    return a + b\n# again, please: " * 8  # longer than one block of keys


@pytest.fixture(scope="module", params=["qwen2", "llama", "qwen3"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def int8(kind: str, way: str) -> Any:
    return build(tiny_model(kind), "int8")


def _logits(model: Any, ids: list[int]) -> torch.Tensor:
    forward = forward_for(model)
    return forward([ids], forward.new_cache(1, len(ids)), [len(ids)])[0]


@pytest.mark.slow
def test_the_way_is_taken(int8: Any, way: str) -> None:
    assert type(forward_for(int8)).__name__ == ("NativeForward" if way == "native" else "RaggedForward")


def test_written_out_equals_transformers(kind: str) -> None:
    model, ids = tiny_model(kind), prompt_of(TEXT)
    with torch.inference_mode():
        expected = model(torch.tensor([ids])).logits[0]
    assert torch.allclose(_logits(build(tiny_model(kind), "float32"), ids), expected, atol=2e-4, rtol=2e-4)


@pytest.mark.slow
def test_int8_is_near_float(kind: str, int8: Any) -> None:
    ids = prompt_of(TEXT)
    exact = _logits(build(tiny_model(kind), "float32"), ids)
    error = (_logits(int8, ids) - exact).pow(2).mean().sqrt()
    assert error < 0.05 * exact.pow(2).mean().sqrt()


def test_logits_do_not_depend_on_how_the_tokens_are_fed(int8: Any) -> None:
    ids = prompt_of(TEXT)[:300]
    whole = _logits(int8, ids)
    forward = forward_for(int8)
    cache = forward.new_cache(3, 64)
    others = [list(range(30)), list(range(7))]
    first, *_ = forward([ids[:120], *others], cache, [120, 1, 1])
    second, *_ = forward([ids[120:121], [5], [6, 7, 8]], cache, [1, 1, 3])
    third, *_ = forward([ids[121:], [], [9]], cache, [179, 0, 1])
    assert torch.equal(torch.cat([first, second, third]), whole)


def test_forgetting_a_draft_leaves_no_trace(int8: Any) -> None:
    ids = prompt_of(TEXT)[:140]
    forward = forward_for(int8)
    cache = forward.new_cache(1, 64)
    forward([ids[:130]], cache, [0])
    forward([[1, 2, 3, 4, 5, 6]], cache, [6])
    cache.crop(0, 130)
    assert torch.equal(forward([ids[130:]], cache, [10])[0], _logits(int8, ids)[130:])


@pytest.mark.slow
@pytest.mark.parametrize("temperature", [0.0, 0.1])
def test_lookup_equals_plain_when_greedy_and_when_sampling(
    int8: Any, tokenizer: Any, temperature: float
) -> None:
    request = ask(tokens=300, temperature=temperature)
    [plain] = finishes(Decoder(int8, tokenizer, lookup=False), request, prompt_of(TEXT))
    [drafted] = finishes(Decoder(int8, tokenizer), request, prompt_of(TEXT))
    assert drafted.output_ids == plain.output_ids
    assert drafted.drafted_tokens > 0


@pytest.mark.slow
def test_samples_with_lookup_are_the_same_alone_in_a_batch_and_after_other_rounds(
    int8: Any, tokenizer: Any
) -> None:
    batch = ask(samples=6, temperature=0.4, tokens=80)
    together = finishes(Decoder(int8, tokenizer), batch, prompt_of(TEXT))
    fewer = finishes(Decoder(int8, tokenizer), batch.model_copy(update={"samples": 2}), prompt_of(TEXT))
    warm = Decoder(int8, tokenizer)
    finishes(warm, ask(conversation="s", tokens=20), prompt_of(TEXT[:200]))
    again = finishes(warm, batch.model_copy(update={"conversation": "s"}), prompt_of(TEXT))
    assert again[0].reused_tokens > 100
    assert [end.output_ids for end in together] == [end.output_ids for end in again]
    assert [end.output_ids for end in together[:2]] == [end.output_ids for end in fewer]


def test_a_prompt_read_ahead_is_reused_and_changes_nothing(int8: Any, tokenizer: Any) -> None:
    warm, whole = Decoder(int8, tokenizer), prompt_of(TEXT)
    for typed in (TEXT[:90], TEXT[:150] + " nn", TEXT[:-4]):
        [read] = finishes(warm, ask(conversation="s", tokens=0), prompt_of(typed))
        assert (read.text, read.output_ids, read.reason) == ("", (), "length")
    [ahead] = finishes(warm, ask(conversation="s"), whole)
    [cold] = finishes(Decoder(int8, tokenizer), ask(), whole)
    assert ahead.output_ids == cold.output_ids
    assert (ahead.reused_tokens, cold.reused_tokens) == (len(whole) - 4, 0)


def test_reading_ahead_that_is_stopped_keeps_what_was_read(int8: Any, tokenizer: Any) -> None:
    class AtSecondLook:
        looks = 0

        def is_set(self) -> bool:
            self.looks += 1
            return self.looks > 1

    warm, whole = Decoder(int8, tokenizer), prompt_of(TEXT)
    [read] = finishes(warm, ask(conversation="s", tokens=0), whole, AtSecondLook())
    [end] = finishes(warm, ask(conversation="s"), whole)
    assert read.reason == "cancelled"
    assert 0 < end.reused_tokens < len(whole) - 1


@pytest.mark.parametrize("panel", [0, 8, 32])
def test_written_and_mapped_is_the_same_model(int8: Any, tmp_path: Path, panel: int) -> None:
    """In rows, in the panels of this processor and in those of another one."""
    ids, file = prompt_of(TEXT)[:40], tmp_path / "weights-int8.safetensors"
    source = RoundedLlama(int8)
    quantized_checkpoint.write(source.outline(), source, file, panel=panel)
    mapped = quantized_checkpoint.load(file)
    for name in ("attention_norm", "query_norm"):
        ours, theirs = (getattr(one.blocks[-1], name) for one in (mapped, int8))
        assert (ours is None and theirs is None) or torch.equal(ours, theirs)
    for ours, theirs in zip(mapped.products(), int8.products(), strict=True):
        assert ours.tensors().keys() == theirs.tensors().keys()
        assert all(torch.equal(ours.tensors()[part], kept) for part, kept in theirs.tensors().items())
    assert torch.equal(_logits(mapped, ids), _logits(int8, ids))


def test_the_kernels_take_the_file_as_it_is(way: str, tmp_path: Path) -> None:
    if way != "native":
        pytest.skip("torch's products have a layout of their own")
    from assistant.engine.inference.cpu_kernels.intrinsics import DOT
    from assistant.engine.inference.cpu_kernels.weight_layout import stacked

    assert kernel_cache.panel() == DOT.panel
    source = RoundedLlama(build(tiny_model("qwen2"), "int8"))
    for panel in (DOT.panel, 40 - DOT.panel):
        file = tmp_path / f"{panel}.safetensors"
        quantized_checkpoint.write(source.outline(), source, file, panel=panel)
        mapped = quantized_checkpoint.load(file)
        joined, panels = stacked([block.down for block in mapped.blocks])
        shared = joined.address[0, 0] == mapped.blocks[0].down.stack.weight.ctypes.data  # type: ignore[attr-defined]
        assert shared == (panel == DOT.panel)
        assert panels[0].flags.writeable != shared


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"x": torch.zeros(1)}, tmp_path / "weights.safetensors")
    with pytest.raises(WeightsError, match="format"):
        quantized_checkpoint.load(tmp_path / "weights.safetensors")


def test_tensors_as_published_are_rounded_like_the_model(kind: str, tmp_path: Path) -> None:
    """One at a time from the files, and taken apart from a transformers model: the same bits."""
    model = precision.apply(tiny_model(kind), "bfloat16")
    model.save_pretrained(tmp_path)
    frequencies, scale = rotary(model.config)
    source = RoundingTensors(FolderTensors(tmp_path), tied=bool(model.config.tie_word_embeddings))
    sizes = packed_config(model.config, model.generation_config, 2 * len(frequencies))
    quantized_checkpoint.write(source.outline(sizes, frequencies, scale), source, tmp_path / "weights")
    ours, theirs = quantized_checkpoint.load(tmp_path / "weights"), build(model, "int8")
    assert torch.equal(ours.embedding, theirs.embedding) and torch.equal(ours.norm, theirs.norm)
    assert torch.equal(ours.frequencies, theirs.frequencies) and ours.rotary_scale == theirs.rotary_scale
    for mine, other in zip(ours.products(), theirs.products(), strict=True):
        assert mine.tensors().keys() == other.tensors().keys()
        assert all(torch.equal(mine.tensors()[part], kept) for part, kept in other.tensors().items())


def test_fine_inputs_are_a_hundred_times_nearer() -> None:
    if not precision.torch_is_exact():
        pytest.skip("no VNNI: torch's 8-bit products are not exact on this processor")
    torch.manual_seed(0)
    weight = (torch.randint(-127, 128, (64, 256)).float() / 127).contiguous()
    weight[:, 0] = 1.0  # so that every channel's scale is exactly 1/127
    x = torch.randn(9, 256)
    x[:, 3] *= 50.0  # a heavy tail
    exact = x.double() @ weight.double().t()
    errors = [
        float((Int8Linear.quantize(weight, fine=fine)(x) - exact).abs().mean()) for fine in (False, True)
    ]
    assert errors[1] < errors[0] / 100


@pytest.mark.parametrize(
    ("ours", "torchs"), [("avx2", False), ("", True), ("avx512-vnni", True), ("", False)]
)
def test_choosing(monkeypatch: pytest.MonkeyPatch, ours: str, torchs: bool) -> None:
    config = tiny_model("qwen2").config
    monkeypatch.setattr(kernel_cache, "instructions", lambda: ours)
    monkeypatch.setattr(precision, "torch_is_exact", lambda: torchs)
    can = bool(ours) or torchs
    assert precision.choose(config, "cpu") == ("int8" if can else "bfloat16")
    assert precision.choose(config, "cpu", "bfloat16") == "bfloat16"
    assert precision.choose(tiny_model("gpt2").config, "cpu") == "bfloat16"
    if not can:
        with pytest.raises(EngineError, match="needs an x86-64 processor with AVX2"):
            precision.choose(config, "cpu", "int8")


def test_odd_sizes_are_left_to_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_cache, "instructions", lambda: "avx2")
    config = tiny_model("qwen2").config
    assert kernel_cache.suits(config)
    config.intermediate_size += 4
    assert not kernel_cache.suits(config)


@pytest.mark.parametrize(
    ("device", "wanted", "words"),
    [("cpu", "int3", "no precision 'int3'"), ("cuda:0", "int8", "for the processor")],
)
def test_what_cannot_be_had_is_said_in_one_line(device: str, wanted: str, words: str) -> None:
    with pytest.raises(EngineError, match=words) as caught:
        precision.choose(tiny_model("qwen2").config, device, wanted)
    assert "\n" not in str(caught.value)


def test_models_that_are_not_written_out_are_refused_for_int8() -> None:
    sliding = SimpleNamespace(model_type="gemma3", hidden_act="gelu")
    with pytest.raises(EngineError, match="not made for gemma3"):
        precision.choose(sliding, "cpu", "int8")
