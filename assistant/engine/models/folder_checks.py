"""Checks of a model folder before it is loaded: one line on what is missing or truncated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from assistant.core.errors import EngineError

_LFS = b"version https://git-lfs"
_NO_TOKENIZERS = frozenset({"tokenizer_config.json"})
"""Settings of a tokenizer that is in another file."""
_NO_WEIGHTS = re.compile(r"training_args|optimizer|scheduler|rng_state|adapter_model")
"""What training leaves next to weights."""
_PART = re.compile(r"(.*-)(\d{5})-of-(\d{5})(\.(?:safetensors|bin))")
_TORCH = (b"PK", b"\x80")
"""How PyTorch's files begin: as an archive, formerly as a pickle."""
_TOKENIZERS = ("tokenizer*", "vocab*", "*.tiktoken", "spiece*", "tekken*", "*.model", "merges*")
_WEIGHTS = ("*.safetensors", "*.bin", "*.pt", "*.pth")
_INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_LONGEST_HEADER = 100_000_000


def check_folder(folder: Path) -> None:
    """Raise EngineError where files of the model are missing, are git-lfs pointers or are cut short."""
    _check_pointers(folder)
    _check_config(folder)
    _check_shards(folder)
    found = (path for pattern in _WEIGHTS for path in sorted(folder.glob(pattern)))
    weights = [path for path in found if not _NO_WEIGHTS.match(path.name)]
    if not weights:
        others = sorted(folder.glob("*.gguf"))
        hint = (
            f": give the file itself, --model {others[0]}" if others else ": copy its *.safetensors files too"
        )
        raise EngineError(f"{folder.name} holds no weights{hint}.")
    for path in weights:
        _check_parts(path)
        if path.suffix == ".safetensors":
            _check_whole(path)
        else:
            _check_torch(path)
    if (folder / "tokenizer.json").is_file():
        _read_object(folder / "tokenizer.json")
    if not any(path.name not in _NO_TOKENIZERS for pattern in _TOKENIZERS for path in folder.glob(pattern)):
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


def _check_config(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        adapter = (folder / "adapter_config.json").is_file()
        hint = (
            "an adapter and no whole model: merge it into its base model first"
            if adapter
            else "no config.json"
        )
        raise EngineError(
            f"{folder.name} holds {hint}{'' if adapter else ': copy that file of the model too'}."
        )
    _read_object(folder / "config.json")


def _read_object(path: Path) -> None:
    """Raise EngineError unless the file holds a JSON object."""
    try:
        if isinstance(json.loads(path.read_text(encoding="utf-8")), dict):
            return
    except (OSError, ValueError, RecursionError):
        pass
    raise EngineError(f"{path.name} in {path.parent.name} cannot be read: copy it again.")


def _check_parts(path: Path) -> None:
    """Of weights in numbered files all must be there, also where no index lists them."""
    if found := _PART.fullmatch(path.name):
        before, _, count, after = found.groups()
        names = [f"{before}{number:05}-of-{count}{after}" for number in range(1, int(count) + 1)]
        _check_present(path.parent, names)


def _check_torch(path: Path) -> None:
    try:
        with path.open("rb") as file:
            if file.read(2).startswith(_TORCH):
                return
    except OSError:
        pass
    raise EngineError(
        f"{path.name} in {path.parent.name} is no file of PyTorch's, or was cut short: copy it again."
    )


def _check_shards(folder: Path) -> None:
    for name in _INDEXES:
        try:
            shards = set(json.loads((folder / name).read_text(encoding="utf-8"))["weight_map"].values())
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
            raise EngineError(f"{name} in {folder.name} cannot be read: copy it again.") from None
        _check_present(folder, sorted(map(str, shards)))


def _check_present(folder: Path, names: Sequence[str]) -> None:
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise EngineError(
            f"{folder.name} is incomplete: {', '.join(missing[:3])}{more} of {len(names)} files of weights "
            "are missing: copy them too."
        )


def _check_whole(path: Path) -> None:
    """A safetensors file begins with the length of its header, which says where the last tensor ends."""
    try:
        size = path.stat().st_size
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


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Within, what transformers says about a folder that it cannot read becomes an EngineError in one line."""
    try:
        yield
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = " ".join(str(error).split())[:300]
        raise EngineError(f"{name} cannot be loaded: {reason}") from error
