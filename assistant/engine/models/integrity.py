"""Whether the converted weights on the disk are still what was written: their recorded SHA-256 compared.

A model is compared once in the background, after it was made or changed, while no request is in progress; `assistant
doctor` and `assistant model info` always compare.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from assistant.core.errors import WeightsError
from assistant.engine.models.manifest import FileRecord, Manifest, file_sha256, is_packed, read_manifest
from assistant.engine.progress import Steps

STEP = "comparing with the recorded SHA-256"
MARK = "compared.json"
"""Next to the manifest: size and modification time of each file when it was verified."""
REMEDY = "`assistant model free {key}` removes it, and the next start makes it again"


def damaged(folder: Path, steps: Steps) -> list[str]:
    """Files of a cached model whose SHA-256 is not the recorded one; remembers it where there are none."""
    manifest = read_manifest(folder)
    if manifest is None:
        return []
    before = _state(folder, manifest)
    found = [
        name for file, record in manifest.files.items() for name in _damage(folder / file, record, steps)
    ]
    if not found:
        _remember(folder, before)
    return found


def _damage(path: Path, record: FileRecord, steps: Steps) -> list[str]:
    """The file's name if it is damaged; of packed weights, the arrays that are."""
    from assistant.engine.inference.weights_file import damaged_arrays, header_sha256

    if not is_packed(path):
        return [] if file_sha256(path, steps, STEP) == record.sha256 else [path.name]

    def report(done: float, total: float) -> None:
        steps(STEP, done, total, "bytes")

    try:
        if header_sha256(path) == record.sha256:
            return [f"{path.name}: {name}" for name in damaged_arrays(path, report)]
    except WeightsError:
        pass
    return [f"{path.name}: its header"]


def damage_message(folder: Path, names: Sequence[str]) -> str:
    """The damage in one line, with what to do."""
    return (
        f"The converted weights in the cache are damaged: {', '.join(names)} of {folder.name} no longer has its "
        f"recorded SHA-256; {REMEDY.format(key=folder.name)}."
    )


class _PausingCancel:
    """A `Cancel` that never cancels, but blocks between two blocks of a file while a request is in progress."""

    def __init__(self, idle: threading.Event) -> None:
        self._idle = idle

    def is_set(self) -> bool:
        self._idle.wait()
        return False


class BackgroundCheck:
    """Compares folders in a thread that stands still while the model works."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.damage = ""
        """What was found, in one line; empty while nothing was."""
        self._idle = threading.Event()
        self._idle.set()
        self._folders = [folder for folder in folders if _is_due(folder)]
        self._thread = threading.Thread(target=self._run, daemon=True, name="soundness")

    def start(self) -> None:
        """Begin, if anything is to be compared."""
        if self._folders:
            self._thread.start()

    def wait(self, seconds: float) -> None:
        """Until it is through."""
        if self._folders:
            self._thread.join(seconds)

    def pause(self) -> None:
        """The model works now."""
        self._idle.clear()

    def resume(self) -> None:
        """No request is in progress: continue."""
        self._idle.set()

    def _run(self) -> None:
        for folder in self._folders:
            try:
                names = damaged(folder, Steps(cancel=_PausingCancel(self._idle)))
            except OSError:
                continue
            if names:
                self.damage = damage_message(folder, names)
                return


def _is_due(folder: Path) -> bool:
    manifest = read_manifest(folder)
    return manifest is not None and _remembered(folder) != _state(folder, manifest)


def _state(folder: Path, manifest: Manifest) -> dict[str, list[int]]:
    found = {}
    for name in manifest.files:
        status = (folder / name).stat()
        found[name] = [status.st_size, status.st_mtime_ns]
    return found


def _remembered(folder: Path) -> object:
    try:
        return json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _remember(folder: Path, state: dict[str, list[int]]) -> None:
    """A cache that cannot be written is only compared again."""
    partial = folder / f".{MARK}.{os.getpid()}"
    try:
        partial.write_text(json.dumps(state), encoding="utf-8")
        partial.replace(folder / MARK)
    except OSError:
        partial.unlink(missing_ok=True)
