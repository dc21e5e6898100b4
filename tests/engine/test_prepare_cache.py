"""The cache trusts nothing half-made, whatever interrupted the making."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.core.errors import EngineError
from assistant.engine.models import capacity
from assistant.engine.models.cache import WAITING, ModelCache
from assistant.engine.models.manifest import MANIFEST, Manifest
from assistant.engine.progress import Cancelled, Steps

KEY = "model-0123-v1"
MADE = Manifest(name="Model", weights_sha256="0123")


def fill(target: Path, scratch: Path) -> Manifest:
    (scratch / "joined").write_bytes(b"x" * 100)
    (target / "model.safetensors").write_bytes(b"weights")
    return MADE


@pytest.fixture
def cache(tmp_path: Path) -> ModelCache:
    return ModelCache(tmp_path)


def names(cache: ModelCache) -> set[str]:
    return {path.name for path in cache.folder.iterdir() if path.is_dir()}


def test_a_built_model_is_found_with_its_hashes(cache: ModelCache) -> None:
    folder = cache.build(KEY, fill, Steps())
    assert cache.find(KEY) == folder
    ((manifest, size),) = cache.entries().values()
    assert size == 7 and set(manifest.files) == {"model.safetensors"}
    assert len(manifest.files["model.safetensors"].sha256) == 64
    assert names(cache) == {KEY}


def test_it_is_built_once(cache: ModelCache) -> None:
    def never(target: Path, scratch: Path) -> Manifest:
        raise AssertionError("built twice")

    assert cache.build(KEY, fill, Steps()) == cache.build(KEY, never, Steps())


@pytest.mark.parametrize("damage", ["truncate", "remove", "manifest", "old format"])
def test_a_damaged_model_is_not_trusted_and_built_anew(cache: ModelCache, damage: str) -> None:
    folder = cache.build(KEY, fill, Steps())
    weights, manifest = folder / "model.safetensors", folder / MANIFEST
    if damage == "truncate":
        weights.write_bytes(b"weig")
    elif damage == "remove":
        weights.unlink()
    elif damage == "manifest":
        manifest.write_text(manifest.read_text()[:40])
    else:
        manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 0'))
    assert cache.find(KEY) is None
    cache.build(KEY, fill, Steps())
    assert cache.find(KEY) == folder and weights.read_bytes() == b"weights"


def test_earlier_formats_of_the_same_model_are_removed(cache: ModelCache) -> None:
    for key in ("model-0123-v1", "model-0123-v1-int8-p1", "model-0123-v1-int8-p2", "other-int8-p1"):
        cache.build(key, fill, Steps())
    cache.free_older("model-0123-v1-int8-p2", "model-0123-v1-int8-p")
    assert names(cache) == {"model-0123-v1", "model-0123-v1-int8-p2", "other-int8-p1"}


def test_a_failed_build_leaves_nothing(cache: ModelCache) -> None:
    def fails(target: Path, scratch: Path) -> Manifest:
        fill(target, scratch)
        raise EngineError("it went wrong")

    with pytest.raises(EngineError, match="went wrong"):
        cache.build(KEY, fails, Steps())
    assert names(cache) == set()


def test_a_full_disk_is_one_line_and_leaves_nothing(cache: ModelCache) -> None:
    def runs_full(target: Path, scratch: Path) -> Manifest:
        fill(target, scratch)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(EngineError, match="disk ran full") as caught:
        cache.build(KEY, runs_full, Steps())
    assert "\n" not in str(caught.value)
    assert names(cache) == set()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte, where this user may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("no small file system can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    def too_large(target: Path, scratch: Path) -> Manifest:
        (target / "model.safetensors").write_bytes(b"x" * 3_000_000)
        return MADE

    cache = ModelCache(small_disk)
    with pytest.raises(EngineError, match="disk ran full"):
        cache.build(KEY, too_large, Steps())
    assert names(cache) == set()


def test_what_a_dead_process_left_is_not_trusted_and_swept(cache: ModelCache) -> None:
    program = (
        "import os, signal\nfrom pathlib import Path\nfrom assistant.engine.models.cache import ModelCache\n"
        "from assistant.engine.progress import Steps\n"
        "def fill(target, scratch):\n"
        "    (target / 'model.safetensors').write_bytes(b'half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"ModelCache(Path({str(cache.folder.parent)!r})).build({KEY!r}, fill, Steps())"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == -9
    assert names(cache) == {KEY + ".building"} and cache.find(KEY) is None
    cache.sweep()
    assert names(cache) == set()


def test_the_second_start_waits_for_the_first_and_says_so(cache: ModelCache) -> None:
    building, waiting = threading.Event(), threading.Event()
    builds, steps_seen = [], []

    def slow(target: Path, scratch: Path) -> Manifest:
        builds.append(1)
        building.set()
        assert waiting.wait(20)
        return fill(target, scratch)

    def see(progress: object) -> None:
        steps_seen.append(progress.step)  # type: ignore[attr-defined]
        waiting.set()

    first = threading.Thread(target=lambda: cache.build(KEY, slow, Steps()))
    first.start()
    assert building.wait(20)
    assert cache.leftovers() == []  # somebody works on it: it is no leftover
    with pytest.raises(EngineError, match="another process"):
        cache.free(KEY)
    assert cache.build(KEY, slow, Steps(see)) == cache.path(KEY)
    first.join()
    assert builds == [1] and WAITING in steps_seen


def test_waiting_can_be_cancelled(cache: ModelCache) -> None:
    building, leave = threading.Event(), threading.Event()

    def slow(target: Path, scratch: Path) -> Manifest:
        building.set()
        assert leave.wait(20)
        return fill(target, scratch)

    first = threading.Thread(target=lambda: cache.build(KEY, slow, Steps()))
    first.start()
    assert building.wait(20)
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    with pytest.raises(Cancelled):
        cache.build(KEY, fill, Steps(cancel=cancel))
    leave.set()
    first.join()


def test_a_cache_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match="ASSISTANT_CACHE"):
        ModelCache(tmp_path / "file").build(KEY, fill, Steps())


def test_room_is_asked_for_with_the_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "free_disk", lambda _: 1_000_000_000)
    with pytest.raises(EngineError, match=r"5\.3 GB needed .* 1\.0 GB free.*ASSISTANT_CACHE"):
        capacity.require_disk(tmp_path, 5_000_000_000, "prepare the model")
    capacity.require_disk(tmp_path, 500_000_000, "prepare the model")
    monkeypatch.setattr(capacity, "free_memory", lambda: 2_000_000_000)
    with pytest.raises(EngineError, match=r"4\.6 GB needed, 2\.0 GB free"):
        capacity.require_memory(4_600_000_000, "load the model")
    capacity.require_memory(1_000_000_000, "load the model")
