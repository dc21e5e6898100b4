"""Hashes of weights that are not ours: computed once, remembered by path, size and time of change."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from pathlib import Path

from assistant.engine.models.manifest import file_sha256
from assistant.engine.progress import Steps

STEP = "hashing weights"
MEMO = "hashes.json"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def folder_sha256(folder: Path, root: Path, steps: Steps) -> str:
    """One hash for all safetensors files of a folder, in the order of their names."""
    found = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("*.bin"))
    each = [remembered_sha256(path, root, steps) for path in found]
    if len(each) == 1:
        return each[0]
    return hashlib.sha256("".join(each).encode()).hexdigest() if each else ""


def remembered_sha256(path: Path, root: Path, steps: Steps) -> str:
    """SHA-256 of a file. The hub names its files by it; others are hashed once and remembered below `root`."""
    real = path.resolve()
    if _SHA256.fullmatch(real.name):
        return real.name
    status = real.stat()
    key = f"{real}:{status.st_size}:{status.st_mtime_ns}"
    memo = _read(root / MEMO)
    if key not in memo:
        memo[key] = file_sha256(real, steps, STEP)
        _write(root / MEMO, memo)
    return memo[key]


def _read(memo: Path) -> dict[str, str]:
    try:
        found = json.loads(memo.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(memo: Path, found: dict[str, str]) -> None:
    """Replace the memo whole; a cache that cannot be written only costs time."""
    try:
        memo.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=memo.parent, prefix=".hashes-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)
        Path(name).replace(memo)
    except OSError:
        return
