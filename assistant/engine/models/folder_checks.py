"""Checks of a model folder before it is loaded: one line on what is missing or truncated."""

from __future__ import annotations

import json
from pathlib import Path

from assistant.core.errors import EngineError

_LFS = b"version https://git-lfs"
_TOKENIZERS = ("tokenizer*", "vocab*", "*.tiktoken", "spiece*", "tekken*", "*.model", "merges*")
_WEIGHTS = ("*.safetensors", "*.bin", "*.pt", "*.pth")
_INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_LONGEST_HEADER = 100_000_000


def check_folder(folder: Path) -> None:
    """Raise EngineError where files of the model are missing, are git-lfs pointers or are cut short."""
    _check_pointers(folder)
    _check_shards(folder)
    weights = [path for pattern in _WEIGHTS for path in sorted(folder.glob(pattern))]
    if not weights:
        others = sorted(folder.glob("*.gguf"))
        hint = (
            f": give the file itself, --model {others[0]}" if others else ": copy its *.safetensors files too"
        )
        raise EngineError(f"{folder.name} holds no weights{hint}.")
    for path in weights:
        if path.suffix == ".safetensors":
            _check_whole(path)
    if not any(True for pattern in _TOKENIZERS for _ in folder.glob(pattern)):
        raise EngineError(
            f"{folder.name} holds no tokenizer: copy tokenizer.json and tokenizer_config.json of the model too."
        )


def _check_pointers(folder: Path) -> None:
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        with path.open("rb") as file:
            if file.read(len(_LFS)) == _LFS:
                raise EngineError(
                    f"{path.name} in {folder.name} is a git-lfs pointer and not the file: run `git lfs pull` there."
                )


def _check_shards(folder: Path) -> None:
    for name in _INDEXES:
        try:
            shards = set(json.loads((folder / name).read_text(encoding="utf-8"))["weight_map"].values())
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
            raise EngineError(f"{name} in {folder.name} cannot be read: copy it again.") from None
        missing = sorted(str(shard) for shard in shards if not (folder / str(shard)).is_file())
        if missing:
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            raise EngineError(
                f"{folder.name} is incomplete: {', '.join(missing[:3])}{more} of {len(shards)} files of weights "
                "are missing: copy them too."
            )


def _check_whole(path: Path) -> None:
    """A safetensors file begins with the length of its header, which says where the last tensor ends."""
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(size, _LONGEST_HEADER):
                raise ValueError
            header = json.loads(file.read(length))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        whole = 8 + length + max(ends, default=0)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        raise EngineError(
            f"{path.name} in {path.parent.name} is no safetensors file, or was cut short: copy it again."
        ) from None
    if size != whole:
        raise EngineError(
            f"{path.name} in {path.parent.name} was cut short or changed: it has {size} bytes and says that it "
            f"has {whole}: copy it again."
        )
