"""Fixtures that every room's tests may use."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from tests.thoroughness import load_profile

REPOSITORY = Path(__file__).resolve().parents[1]
MEMORY_OF_A_WORKER = 4 * 1024**3
"""Bytes: a pytest process with torch in it, its model worker, and its share of the one real model."""
LONGEST = (
    "tui/test_key_order.py",
    "tui/test_real_model.py",
    "session/test_kill.py",
    "tui/test_pictures.py",
    "sandbox/test_differential.py",
    "sandbox/test_corpus.py",
    "tui/test_dialogs.py",
    "engine/test_worker.py",
    "problems/test_expected_values.py",
    "engine/test_prepare_models.py",
    "engine/test_openai_servers.py",
    "tui/test_working.py",
    "tui/test_ends.py",
    "engine/inference/test_int8.py",
    "analysis/test_invariants.py",
    "problems/test_publishers.py",
    "training/test_training.py",
    "datasets/test_loading.py",
    "journal/test_changed_fields.py",
)
"""The files that take longest, longest first (`pytest --durations=50`): no core waits at the end for one of them."""


def pytest_configure() -> None:
    """The tests' children, hundreds of them, read compiled modules and do not compile each again."""
    load_profile()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def pytest_xdist_auto_num_workers() -> int | None:
    """Two pytest processes a core: many tests wait, for a terminal, a child or a deadline."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # xdist reads it
    room = psutil.virtual_memory().total // MEMORY_OF_A_WORKER
    return int(max(1, min(2 * (os.cpu_count() or 1), room)))


@pytest.fixture
def shared_data() -> Path:
    """The folder of real datasets beside the checkout; the test is skipped where it is absent."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no ../shared/data beside the checkout: real datasets are not here")
    return folder


@pytest.fixture(autouse=True)
def _private_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the person's own settings, sessions or cache (weights stay where they are)."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))
    (home / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "run"))  # no engine service of the person's


@pytest.fixture(autouse=True)
def _one_real_model_at_a_time(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Tests with real weights wait for one another, in whichever process: each takes gigabytes."""
    if request.node.get_closest_marker("weights") is None:
        yield
        return
    with FileLock(tmp_path_factory.getbasetemp().parent / "real-model.lock"):
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, in their order."""
    tests = Path(__file__).parent
    place = {tests / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))
