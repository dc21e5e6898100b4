"""A model folder that lacks something, and weights that changed on the disk, are named in one line."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_model import OpenEngine, ask

from assistant.core.errors import EngineError
from assistant.core.generation import Finish
from assistant.engine.models.cache import ModelCache
from assistant.engine.models.folder_checks import check_folder
from assistant.engine.models.integrity import MARK, BackgroundCheck, damaged
from assistant.engine.models.manifest import Manifest, write_manifest
from assistant.engine.progress import Steps

QUIET = Steps(lambda _: None)


def no_tokenizer(folder: Path) -> None:
    for path in [*folder.glob("tokenizer*"), *folder.glob("vocab*"), *folder.glob("merges*")]:
        path.unlink()


def pointer(folder: Path) -> None:
    text = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 988097824\n"
    (folder / "model.safetensors").write_text(text, encoding="utf-8")


def half(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def stump(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\x01\x02")


def shard_missing(folder: Path) -> None:
    weight_map = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": weight_map}), encoding="utf-8"
    )


def broken_index(folder: Path) -> None:
    (folder / "model.safetensors.index.json").write_text('{"weight_map": [', encoding="utf-8")


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def only_gguf(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "tiny.gguf")


def only_tokenizer_settings(folder: Path) -> None:
    no_tokenizer(folder)
    (folder / "tokenizer_config.json").write_text("{}", encoding="utf-8")


def replaced(name: str, content: bytes | None) -> Callable[[Path], None]:
    """Damage: this content in place of the file, or no file."""

    def damage(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        if content is not None:
            (folder / name).write_bytes(content)

    return damage


def dangling(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to("blobs/none")


def part_without_index(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")


def torch_page(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"<html>Sign in</html>")


def only_adapter(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "adapter_model.safetensors")
    (folder / "config.json").rename(folder / "adapter_config.json")


def only_training(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "training_args.bin").write_bytes(b"PK")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (only_tokenizer_settings, "holds no tokenizer"),
        (replaced("config.json", None), "no config.json"),
        (replaced("config.json", b""), "config.json .* cannot be read"),
        (replaced("config.json", b"[" * 100_000), "config.json .* cannot be read"),
        (replaced("tokenizer.json", b"<html>Sign in</html>"), "tokenizer.json .* cannot be read"),
        (dangling, "was cut short"),
        (part_without_index, "model-00002-of-00002.safetensors"),
        (torch_page, "no file of PyTorch"),
        (only_adapter, "an adapter and no whole model"),
        (only_training, "holds no weights"),
        (no_tokenizer, "holds no tokenizer"),
        (pointer, "git lfs pull"),
        (half, "was cut short"),
        (stump, "was cut short"),
        (shard_missing, "model-00002-of-00002.safetensors"),
        (broken_index, "index.json"),
        (no_weights, "holds no weights"),
        (only_gguf, "give the file itself"),
    ],
)
def test_what_a_folder_lacks_is_said(
    damage: Callable[[Path], None], words: str, tiny_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(tiny_folder, folder)
    check_folder(folder)
    damage(folder)
    with pytest.raises(EngineError, match=words) as caught:
        check_folder(folder)
    assert "\n" not in str(caught.value)


def flip(path: Path, at: int = -9) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def cached(root: Path) -> Path:
    folder = ModelCache(root).path("m-v1")
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(bytes(range(256)) * 64)
    (folder / "config.json").write_text("{}", encoding="utf-8")
    write_manifest(folder, Manifest(name="m", weights_sha256="0" * 64), QUIET)
    return folder


def test_a_flipped_bit_is_named(tmp_path: Path) -> None:
    folder = cached(tmp_path)
    assert damaged(folder, QUIET) == []
    assert (folder / MARK).is_file()
    flip(folder / "model.safetensors")
    assert damaged(folder, QUIET) == ["model.safetensors"]


def test_the_background_compares_once_and_again_what_changed(tmp_path: Path) -> None:
    folder = cached(tmp_path)

    def compared() -> str:
        check = BackgroundCheck([folder])
        check.start()
        check.wait(30)
        return check.damage

    assert compared() == ""
    first = (folder / MARK).stat().st_mtime_ns
    assert compared() == ""
    assert (folder / MARK).stat().st_mtime_ns == first
    flip(folder / "model.safetensors")
    assert "model.safetensors of m-v1" in compared()


def test_it_stands_still_while_the_model_works(tmp_path: Path) -> None:
    folder = cached(tmp_path)
    check = BackgroundCheck([folder])
    check.pause()
    check.start()
    check.wait(0.2)
    assert not (folder / MARK).exists()
    check.resume()
    check.wait(30)
    assert (folder / MARK).is_file()


def test_doctor_and_model_info_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from assistant.cli.doctor import _weights
    from assistant.cli.model import info

    monkeypatch.setenv("ASSISTANT_CACHE", str(tmp_path))
    folder = cached(tmp_path)
    assert [finding.state for finding in _weights()] == ["ok"]
    assert info("m") == 0
    flip(folder / "config.json", 0)
    (found,) = _weights()
    assert found.state == "failure"
    assert "config.json" in found.detail
    assert info("m") == 1
    assert "config.json" in capsys.readouterr().out


@pytest.mark.slow
def test_an_answer_is_refused_once_the_weights_are_known_to_be_damaged(
    open_tiny: OpenEngine, tiny_gguf: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    open_tiny(tiny_gguf, cache=cache).pull()
    (weights,) = cache.glob("models/*/model.safetensors")
    flip(weights)
    engine = open_tiny(tiny_gguf, cache=cache)
    engine.prepare()
    until = time.monotonic() + 120
    while time.monotonic() < until:
        end = list(engine.generate(ask(tokens=2)))[-1]
        assert isinstance(end, Finish)
        if end.reason == "error":
            break
        time.sleep(0.1)
    assert "model.safetensors" in end.error
    assert "assistant model free" in end.error
