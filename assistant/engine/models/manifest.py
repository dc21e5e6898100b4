"""What a cached model consists of. Without a manifest that fits its files, a folder is no model."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import Field, ValidationError

from assistant.core.problem import FrozenModel
from assistant.engine.progress import Steps

FORMAT = 1
"""Of the cache: folders of another format are built anew."""
MANIFEST = "manifest.json"
BLOCK = 8 * 1024 * 1024
LIBRARIES = ("torch", "transformers", "safetensors", "tokenizers", "gguf", "accelerate", "numba")


class FileRecord(FrozenModel):
    """One file of a model."""

    bytes: int
    sha256: str
    """Of the file; of packed weights, of their header, which holds the SHA-256 of each array."""


class Manifest(FrozenModel):
    """Written last, so that its presence says that everything else is there."""

    format: int = FORMAT
    name: str
    revision: str = ""
    weights_sha256: str
    """Of the weights as published (the GGUF file), before conversion."""
    precision: str = ""
    """The number format when it was converted further; empty for the plain weights."""
    versions: Mapping[str, str] = Field(default_factory=dict)
    """Libraries that made it."""
    made: str = ""
    files: Mapping[str, FileRecord] = Field(default_factory=dict)


def library_versions() -> dict[str, str]:
    """Versions of what turns weights into text, as far as installed."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def is_packed(path: Path) -> bool:
    """Whether a file of a model is weights of a format of our own, which carry their hashes."""
    return path.name.startswith("weights-")


def file_sha256(path: Path, steps: Steps, step: str) -> str:
    """SHA-256 of a file, reported block by block as `step`."""
    digest = hashlib.sha256()
    size, done = path.stat().st_size, 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            done += len(block)
            steps(step, done, size, "bytes")
    return digest.hexdigest()


def write_manifest(folder: Path, manifest: Manifest, steps: Steps) -> None:
    """Hash and sync every file of `folder`, then write the manifest as its last file."""
    from assistant.engine.inference.weights_file import header_sha256

    files = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        _sync(path)
        files[str(path.relative_to(folder))] = FileRecord(
            bytes=path.stat().st_size,
            sha256=header_sha256(path) if is_packed(path) else file_sha256(path, steps, "recording hashes"),
        )
    complete = manifest.model_copy(
        update={"files": files, "versions": library_versions(), "made": datetime.now(UTC).isoformat()}
    )
    target = folder / MANIFEST
    target.write_text(complete.model_dump_json(indent=1), encoding="utf-8")
    _sync(target)


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest, if it is of this format and every file is there in its recorded size."""
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
        manifest = Manifest.model_validate_json(text)
        sizes_fit = all((folder / name).stat().st_size == file.bytes for name, file in manifest.files.items())
    except (OSError, ValueError, ValidationError):
        return None
    return manifest if sizes_fit and manifest.format == FORMAT else None


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
