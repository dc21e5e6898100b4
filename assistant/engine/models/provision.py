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
    """A model folder that transformers loads as it is."""

    folder: Path
    name: str
    revision: str
    weights_sha256: str


def prepare(source: Source, root: Path, steps: Steps) -> PreparedModel:
    """Make the model of `source` loadable, in the cache below `root` where it must be converted."""
    cache = ModelCache(root)
    cache.sweep()
    match source:
        case DataWheels(model):
            return _from_wheels(model, cache, steps)
        case GgufFile(path):
            return _from_gguf(path, cache, root, steps)
        case HubModel():
            folder = hub.fetch(source, steps)
            # The hub's snapshot folders are named by their commit.
            return PreparedModel(
                folder, source.name, folder.name, hash_cache.folder_sha256(folder, root, steps)
            )
        case LocalFolder(path):
            check_folder(path)
            return PreparedModel(path, path.name, "", hash_cache.folder_sha256(path, root, steps))


def cache_key(name: str, sha256: str) -> str:
    """`qwen2.5-coder-1.5b-instruct-cc324af070c2-v1`: readable, and new for other weights or another format."""
    slug = re.sub(r"[^a-z0-9.]+", "-", name.rpartition("/")[2].lower()).strip("-.")
    return f"{slug[:48] or 'model'}-{sha256[:12]}-v{FORMAT}"


def _from_wheels(model: KnownModel, cache: ModelCache, steps: Steps) -> PreparedModel:
    assert model.parts is not None
    wanted = model.parts
    key = cache_key(model.hub_name, wanted.sha256)
    manifest = Manifest(name=model.hub_name, revision=model.revision, weights_sha256=wanted.sha256)

    def fill(target: Path, scratch: Path) -> Manifest:
        gguf = scratch / "weights.gguf"
        wheels.join(files, gguf, wanted, steps)
        _convert(gguf, target, steps)
        return manifest

    if (folder := cache.find(key)) is None:
        files = wheels.locate(wanted)
        # The joined file is there until its conversion is written, so both must fit, and all that comes after.
        require_disk(
            cache.folder,
            max(model.disk_bytes, wanted.converted_bytes + wanted.bytes),
            "prepare the default model",
        )
        require_memory(int(wanted.converted_bytes * MEMORY_FACTOR), "convert the default model (once)")
        folder = cache.build(key, fill, steps)
    return PreparedModel(folder, manifest.name, manifest.revision, manifest.weights_sha256)


def _from_gguf(path: Path, cache: ModelCache, root: Path, steps: Steps) -> PreparedModel:
    header = read_header(path)
    sha256 = hash_cache.remembered_sha256(path, root, steps)
    key = cache_key(path.stem, sha256)
    manifest = Manifest(name=path.stem, revision=path.name, weights_sha256=sha256)

    def fill(target: Path, _: Path) -> Manifest:
        _convert(path, target, steps)
        return manifest

    if (folder := cache.find(key)) is None:
        require_disk(cache.folder, converted_bytes(header), f"convert {path.name} (once)")
        require_memory(int(converted_bytes(header) * MEMORY_FACTOR), f"convert {path.name} (once)")
        folder = cache.build(key, fill, steps)
    return PreparedModel(folder, manifest.name, manifest.revision, sha256)


def _convert(gguf: Path, target: Path, steps: Steps) -> None:
    convert(gguf, target, steps)
    if not (target / "config.json").is_file():
        raise WeightsError(f"The conversion of {gguf.name} wrote no model; nothing was kept.")
