"""The cache of prepared models: a folder is either complete, with a manifest, or it is never trusted.

A model is built in a sibling folder `KEY.building` under the lock `KEY.lock` (freed by the system when its
process dies) and renamed when it is whole. So a `.building` folder whose lock is free is a dead one's leftover.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from assistant.core.errors import EngineError
from assistant.engine.models.capacity import free_disk, size_text
from assistant.engine.models.manifest import Manifest, read_manifest, write_manifest
from assistant.engine.progress import Steps

BUILDING = ".building"
WAITING = "waiting for another start that prepares this model"


class ModelCache:
    """Prepared models below `root/models`."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "models"

    def path(self, key: str) -> Path:
        """Where the model of this key is, or would be."""
        return self.folder / key

    def find(self, key: str) -> Path | None:
        """The folder of a complete model: its manifest is there and every file has the recorded size."""
        folder = self.path(key)
        return folder if read_manifest(folder) is not None else None

    def build(self, key: str, fill: Callable[[Path, Path], Manifest], steps: Steps) -> Path:
        """The model of this key, built by `fill(model_folder, scratch_folder)` unless it is already there.

        Waits while another process builds it. Whatever stops the work, nothing half-made stays.
        """
        with self._locked(key, steps):
            if (found := self.find(key)) is not None:
                return found
            self._remove(key)
            building = self.path(key + BUILDING)
            try:
                self._fill(building, self.path(key), fill, steps)
            except Exception as error:
                raise self._explained(error) from error
            finally:
                shutil.rmtree(building, ignore_errors=True)
            return self.path(key)

    def entries(self) -> dict[str, tuple[Manifest, int]]:
        """Complete models by key, with their size on disk in bytes."""
        found = {}
        for folder in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            manifest = read_manifest(folder) if folder.suffix != BUILDING else None
            if manifest is not None:
                found[folder.name] = (manifest, sum(record.bytes for record in manifest.files.values()))
        return found

    def leftovers(self) -> list[Path]:
        """What interrupted work of dead processes left, and folders that are no complete model."""
        found = []
        for folder in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            key = folder.name.removesuffix(BUILDING)
            if folder.is_dir() and read_manifest(folder) is None and not self._in_use(key):
                found.append(folder)
        return found

    def sweep(self) -> None:
        """Remove leftovers of dead processes."""
        for folder in self.leftovers():
            shutil.rmtree(folder, ignore_errors=True)

    def free(self, key: str) -> None:
        """Remove one model. Raises EngineError while another process builds it."""
        try:
            with FileLock(self._lock_file(key), timeout=0):
                self._remove(key)
        except Timeout:
            raise EngineError(f"{key} is being prepared by another process; nothing was removed.") from None

    def free_older(self, key: str, stem: str) -> None:
        """Remove models whose key begins with `stem`, all but `key`: earlier formats of the same thing."""
        for other in self.entries():
            if other.startswith(stem) and other != key:
                with suppress(EngineError):
                    self.free(other)

    def _fill(
        self, building: Path, final: Path, fill: Callable[[Path, Path], Manifest], steps: Steps
    ) -> None:
        model, scratch = building / "model", building / "scratch"
        model.mkdir(parents=True)
        scratch.mkdir()
        manifest = fill(model, scratch)
        shutil.rmtree(scratch)
        write_manifest(model, manifest, steps)
        model.rename(final)
        _sync(self.folder)

    def _remove(self, key: str) -> None:
        """Take a model out of sight at once, then delete it."""
        building = self.path(key + BUILDING)
        shutil.rmtree(building, ignore_errors=True)
        if self.path(key).exists():
            self.path(key).rename(building)
            shutil.rmtree(building, ignore_errors=True)

    @contextmanager
    def _locked(self, key: str, steps: Steps) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._explained(error) from error
        lock = FileLock(self._lock_file(key))
        while True:
            try:
                lock.acquire(timeout=0.1)
                break
            except Timeout:
                steps(WAITING)
            except OSError as error:
                raise self._explained(error) from error
        try:
            yield
        finally:
            lock.release()

    def _in_use(self, key: str) -> bool:
        try:
            with FileLock(self._lock_file(key), timeout=0):
                return False
        except (Timeout, OSError):
            return True

    def _lock_file(self, key: str) -> str:
        return str(self.path(key + ".lock"))

    def _explained(self, error: Exception) -> Exception:
        """A disk that cannot be written or has run full, in one line; anything else as it is."""
        number = getattr(error, "errno", None)
        if number in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error):
            free = size_text(free_disk(self.folder))
            return EngineError(
                f"The disk ran full while the model was prepared ({free} free in {self.folder}); nothing "
                "half-made was kept. Make room, or set ASSISTANT_CACHE to a folder on a larger disk."
            )
        if number in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            return EngineError(
                f"The cache {self.folder} cannot be written. Set ASSISTANT_CACHE to a folder of your own."
            )
        return error


def _sync(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
