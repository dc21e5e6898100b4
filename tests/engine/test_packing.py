"""A model packed straight from what was published is the model that the way over 16 bits gives, to the bit."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_model import _add_tokenizer, make_tokenizer, save_folder

from assistant.core.errors import EngineError, WeightsError
from assistant.engine.inference import precision, quantized_checkpoint
from assistant.engine.inference.chat_tokenizer import open_tokenizer
from assistant.engine.inference.cpu_kernels import kernel_cache
from assistant.engine.inference.decoder import end_tokens
from assistant.engine.inference.forward import forward_for
from assistant.engine.inference.linear import rounded_rows
from assistant.engine.inference.llama_forward import RaggedForward
from assistant.engine.inference.llama_weights import build
from assistant.engine.models import capacity, catalogue, integrity, loader, packing, provision, wheels
from assistant.engine.models.cache import ModelCache
from assistant.engine.models.gguf_tensors import JoinedFiles
from assistant.engine.models.source import DataWheels, GgufFile, LocalFolder, Source
from assistant.engine.progress import Steps

WIDTH, INNER, LAYERS, HEADS, GROUPS = 256, 512, 2, 4, 2

pytestmark = pytest.mark.skipif(
    not kernel_cache.instructions(), reason="no 8-bit numbers of our own on this processor"
)


def random_blocks(random: np.random.Generator, kind: Any, rows: int, width: int) -> Any:
    """Rows of random blocks of 4 and 6 bits with scales of a usual size."""
    import gguf

    block, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = random.integers(0, 256, (rows * width // block, size), dtype=np.uint8)
    halves = random.uniform(1e-4, 1e-2, (len(blocks), 2)).astype(np.float16).view(np.uint8)
    if kind == gguf.GGMLQuantizationType.Q4_K:
        blocks[:, :4] = halves
    else:
        blocks[:, -2:] = halves[:, :2]
    return blocks.reshape(rows, -1)


def save_quantized_gguf(path: Path, architecture: str) -> Path:
    """A random model as a Q4_K_M file has it: 4 and 6 bits, norms and biases whole."""
    import gguf

    four, six = gguf.GGMLQuantizationType.Q4_K, gguf.GGMLQuantizationType.Q6_K
    random, tokenizer = np.random.default_rng(3), make_tokenizer()
    vocabulary, size = len(tokenizer), WIDTH // HEADS
    writer = gguf.GGUFWriter(str(path), architecture)
    writer.add_name("Tiny")
    writer.add_context_length(4096)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(GROUPS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(vocabulary)
    _add_tokenizer(writer, tokenizer)

    def blocks(name: str, kind: Any, rows: int, width: int) -> None:
        writer.add_tensor(name, random_blocks(random, kind, rows, width), raw_dtype=kind)

    def floats(name: str, count: int) -> None:
        writer.add_tensor(name, random.normal(1, 0.3, count).astype(np.float32))

    blocks("token_embd.weight", four, vocabulary, WIDTH)
    floats("output_norm.weight", WIDTH)
    if architecture == "qwen2":  # the other one's head is the embedding
        blocks("output.weight", six, vocabulary, WIDTH)
    for layer in range(LAYERS):
        for part, rows in (("q", WIDTH), ("k", GROUPS * size), ("v", GROUPS * size)):
            blocks(f"blk.{layer}.attn_{part}.weight", six if part == "v" else four, rows, WIDTH)
            if architecture == "qwen2":
                floats(f"blk.{layer}.attn_{part}.bias", rows)
        blocks(f"blk.{layer}.attn_output.weight", four, WIDTH, WIDTH)
        blocks(f"blk.{layer}.ffn_gate.weight", four, INNER, WIDTH)
        blocks(f"blk.{layer}.ffn_up.weight", four, INNER, WIDTH)
        blocks(f"blk.{layer}.ffn_down.weight", six, WIDTH, INNER)
        floats(f"blk.{layer}.attn_norm.weight", WIDTH)
        floats(f"blk.{layer}.ffn_norm.weight", WIDTH)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="module", params=["qwen2", "llama"])
def quantized(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_quantized_gguf(tmp_path_factory.mktemp("quantized") / f"{request.param}.gguf", request.param)


def packed(source: Source, root: Path, wanted: str = "int8") -> Path:
    ready = packing.packed(source, wanted, root, 1, Steps())
    assert ready is not None
    return ready.folder


def weights(folder: Path) -> bytes:
    return precision.packed_file(folder, "int8").read_bytes()


def in_parts(file: Path, count: int, folder: Path) -> tuple[DataWheels, list[Path]]:
    """The file as data wheels carry it, cut without regard for what is in it."""
    whole = file.read_bytes()
    cuts = [len(whole) * part // count for part in range(count + 1)]
    parts = [folder / f"part{number}.bin" for number in range(count)]
    for part, start, end in zip(parts, cuts, cuts[1:], strict=False):
        part.write_bytes(whole[start:end])
    known = catalogue.default_model()
    assert known.parts is not None
    made = {"count": count, "bytes": len(whole), "sha256": hashlib.sha256(whole).hexdigest()}
    return DataWheels(known.model_copy(update={"parts": known.parts.model_copy(update=made)})), parts


@pytest.mark.slow
def test_straight_from_the_blocks_is_what_the_way_over_16_bits_gives(quantized: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = packed(GgufFile(quantized), tmp_path / "packed")
    ours = precision.open_packed(folder)
    plain = provision.prepare(GgufFile(quantized), tmp_path / "plain", Steps()).folder
    model = AutoModelForCausalLM.from_pretrained(plain, dtype=torch.bfloat16)
    theirs = build(model, "int8")
    assert torch.equal(ours.embedding, theirs.embedding) and torch.equal(ours.norm, theirs.norm)
    assert torch.equal(ours.frequencies, theirs.frequencies) and ours.rotary_scale == theirs.rotary_scale
    assert ours.config.rms_norm_eps == theirs.config.rms_norm_eps
    for mine, other in zip(ours.products(), theirs.products(), strict=True):
        assert mine.tensors().keys() == other.tensors().keys()
        assert all(torch.equal(mine.tensors()[part], kept) for part, kept in other.tensors().items())
    for block, other_block in zip(ours.blocks, theirs.blocks, strict=True):
        assert torch.equal(block.attention_norm, other_block.attention_norm)
        assert torch.equal(block.feed_norm, other_block.feed_norm)
    tokenizers = open_tokenizer(folder), AutoTokenizer.from_pretrained(plain)
    for text in ("def add(a, b):\n    return a + b\n", "<|im_start|>user\n 12 – é<|im_end|>"):
        assert tokenizers[0](text)["input_ids"] == list(tokenizers[1](text)["input_ids"])
    assert end_tokens(ours, tokenizers[0]) == end_tokens(model, tokenizers[1])


@pytest.mark.slow
def test_four_bits_keep_the_numbers_of_the_file(quantized: Path, tmp_path: Path) -> None:
    """Rounded to 16 and then to 8 bits they are the packed model of 8 bits, whose way is tested above."""
    ours = precision.open_packed(packed(GgufFile(quantized), tmp_path, "q4"), "q4")
    eight = precision.open_packed(packed(GgufFile(quantized), tmp_path))
    runs = set()
    for mine, other in zip(ours.products(), eight.products(), strict=True):
        kept = other.tensors()
        whole = torch.from_numpy(np.concatenate([one.floats() for one in mine.weights()]))
        rounded, scale = rounded_rows(whole.bfloat16())
        assert torch.equal(rounded, kept["weight"]) and torch.equal(scale, kept["scale"])
        assert (mine.bias is None and "bias" not in kept) or torch.equal(mine.bias, kept["bias"])
        runs.add(tuple(part.bits for part in mine.parts))
    assert {(4,), (6,), (4, 6)} <= runs
    ids = list(range(40))
    [native], [written] = (
        way([ids], way.new_cache(1, 64), [len(ids)]) for way in (forward_for(ours), RaggedForward(ours))
    )
    assert type(forward_for(ours)).__name__ == "NativeForward"
    assert float((native - written).abs().median() / written.std()) < 1e-4


def test_four_bits_are_kept_and_never_made(tmp_path: Path) -> None:
    source = LocalFolder(save_folder(tmp_path / "folder"))
    with pytest.raises(EngineError, match="choose auto or int8"):
        packed(source, tmp_path / "cache", "q4")


@pytest.mark.slow
def test_data_wheels_are_packed_without_being_joined(
    quantized: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, parts = in_parts(quantized, 5, tmp_path)
    monkeypatch.setattr(wheels, "locate", lambda _: parts)
    with monkeypatch.context() as patch:
        # What is left of the header must fit the first part, as it does in the real ones.
        patch.setattr(packing, "read_header", lambda _: provision.read_header(quantized))
        patch.setattr(packing, "_head_of", lambda first, header, size, target: _whole(quantized, target))
        folder = packed(source, tmp_path / "wheels")
        assert weights(folder) == weights(packed(GgufFile(quantized), tmp_path / "one"))
        parts[-1].write_bytes(parts[-1].read_bytes()[:-1] + b"\x55")
        with pytest.raises(WeightsError, match="do not match their hash"):
            packed(source, tmp_path / "damaged")
    assert ModelCache(tmp_path / "damaged").entries() == {}
    assert [path.suffix for path in (tmp_path / "damaged" / "models").iterdir()] == [".lock"]


def _whole(file: Path, target: Path) -> Path:
    target.write_bytes(file.read_bytes())
    return target


@pytest.mark.parametrize("count", [1, 2, 7])
def test_joined_files_read_like_one(tmp_path: Path, count: int) -> None:
    whole = bytes(range(256)) * 3
    (tmp_path / "whole").write_bytes(whole)
    _, parts = in_parts(tmp_path / "whole", count, tmp_path)
    joined = JoinedFiles(parts)
    assert len(joined) == len(whole)
    for start, size in ((0, len(whole)), (0, 0), (5, 1), (100, 500), (len(whole) - 1, 1), (len(whole), 0)):
        assert joined.read(start, size).tobytes() == whole[start : start + size]
    with pytest.raises(ValueError, match="ends before"):
        joined.read(1, len(whole))


@pytest.fixture(scope="module")
def tiny_packed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """A cache with a packed folder of the tiny model."""
    root = tmp_path_factory.mktemp("packed")
    yield root, packed(LocalFolder(save_folder(root / "tiny-chat")), root)


def test_a_flipped_bit_is_named_and_a_sound_folder_is_remembered(tiny_packed: tuple[Path, Path]) -> None:
    root, folder = tiny_packed
    file = precision.packed_file(folder, "int8")
    whole = file.read_bytes()
    assert integrity.damaged(folder, Steps()) == [] and not integrity._is_due(folder)
    stored = quantized_checkpoint.WeightsFile(file)
    at = stored._data + stored.arrays["blocks.1.down.weight"].start + 100
    try:
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        assert integrity._is_due(folder)
        check = integrity.BackgroundCheck([folder])
        check.start()
        check.wait(60)
        assert f"{file.name}: blocks.1.down.weight of {folder.name} no longer has" in check.damage
        file.write_bytes(whole.replace(b"F32", b"f32", 1))
        assert integrity.damaged(folder, Steps()) == [f"{file.name}: its header"]
        planned = loader.plan(LocalFolder(root / "tiny-chat"), root, "cpu", "int8", 1, Steps())
        with pytest.raises(
            WeightsError, match=rf"cut short .*; `assistant model free {folder.name}` removes it"
        ):
            loader.load(planned, 1, Steps())
    finally:
        file.write_bytes(whole)
    assert root in folder.parents


def test_a_model_that_is_not_of_the_family_is_left_to_transformers(tmp_path: Path) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    folder = tmp_path / "gpt2"
    GPT2LMHeadModel(GPT2Config(n_embd=32, n_layer=1, n_head=2, vocab_size=320)).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    root = tmp_path / "cache"
    assert packing.packed(LocalFolder(folder), "auto", root, 1, Steps()) is None
    with pytest.raises(EngineError, match="not made for gpt2"):
        packing.packed(LocalFolder(folder), "int8", root, 1, Steps())
    assert ModelCache(root).entries() == {} and ModelCache(root).leftovers() == []


def test_too_little_room_is_said_with_the_number(
    tiny_packed: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = LocalFolder(tiny_packed[0] / "tiny-chat")
    monkeypatch.setattr(capacity, "free_disk", lambda _: 1000)
    with pytest.raises(EngineError, match=r"Too little disk space to convert tiny-chat \(once\)"):
        packed(source, tmp_path / "small")
    monkeypatch.setattr(capacity, "free_disk", lambda _: 10**12)
    monkeypatch.setattr(capacity, "free_memory", lambda: 10**8)
    with pytest.raises(EngineError, match=r"Too little memory to convert .* 1\.7 GB needed"):
        packed(source, tmp_path / "small")


@pytest.mark.slow
def test_a_later_start_answers_without_importing_what_is_slow(tiny_packed: tuple[Path, Path]) -> None:
    root, folder = tiny_packed
    program = f"""
import sys
from pathlib import Path
from assistant.core.generation import Finish, Message, Request, Sampling
from assistant.engine.models.loader import plan
from assistant.engine.models.source import resolve
from assistant.engine.process.model_host import Host
from assistant.engine.progress import Steps
planned = plan(resolve({str(root / "tiny-chat")!r}), Path({str(root)!r}), "cpu", "auto", 1, Steps())
host = Host.load(planned, 1, Steps())
request = Request(messages=(Message(role="user", content="hi"),), sampling=Sampling(max_new_tokens=2))
[end] = [end for end in host.decoder.generate(request, host.prompt_ids(request)) if isinstance(end, Finish)]
slow = [name for name in ("transformers", "gguf", "scipy.linalg", "torch._prims") if name in sys.modules]
print(planned.prepared.folder, host.info.is_chat, end.generated_tokens, slow)
import torch
from assistant.engine.models.lazy_torch import complete_torch
from torch.export import export
complete_torch()
values, _ = torch.linalg.eigh(torch.empty(3, 3, device="meta"))
kind = type(sys.modules["torch._meta_registrations"]).__name__
print(kind, export.__name__, torch.export.Dim.__name__, *values.shape)
"""
    said = subprocess.check_output([sys.executable, "-c", program], text=True)
    first, later = said.splitlines()
    assert first.split() == [str(folder), "True", "2", "[]"]
    assert later.split() == ["module", "export", "Dim", "3"], "who wants all of torch gets it"
