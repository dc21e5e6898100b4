"""A tiny random model that the engine's tests run for real, in a real worker process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from forked_workers import forked_workers  # noqa: F401 (a fixture)
from tiny_model import OpenEngine, save_folder, save_gguf

from assistant.engine.process.client import LocalEngine
from assistant.engine.process.connection import Timeouts
from assistant.engine.process.protocol import ModelChoice

MOST_SECONDS = 600
"""For a test of this folder: most start processes that import torch, and a busy machine takes long for that."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(MOST_SECONDS))


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Two threads that wait for each other on a busy machine took a hundred times as long as one."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model as a folder."""
    return save_folder(tmp_path_factory.mktemp("tiny") / "tiny-chat")


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model as a GGUF file."""
    return save_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture
def open_tiny(tmp_path: Path, forked_workers: pytest.MonkeyPatch) -> Iterator[OpenEngine]:  # noqa: F811
    """Opens engines on a model path, with forked workers; all are closed at the end."""
    opened: list[LocalEngine] = []

    def open_one(
        model: Path | str,
        *,
        timeouts: Timeouts = Timeouts(),
        cache: Path | None = None,
        precision: str = "bfloat16",
    ) -> LocalEngine:
        folder = str(cache or tmp_path / "cache")
        choice = ModelChoice(model=str(model), device="cpu", precision=precision, cache=folder, threads=1)
        opened.append(LocalEngine(choice, timeouts=timeouts))
        return opened[-1]

    yield open_one
    for engine in opened:
        engine.close()


@pytest.fixture(scope="module")
def module_engine(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEngine]:
    """The module's one engine, not prepared yet."""
    cache = tmp_path_factory.mktemp("cache")
    choice = ModelChoice(
        model=str(tiny_folder), device="cpu", precision="bfloat16", cache=str(cache), threads=1
    )
    engine = LocalEngine(choice)
    yield engine
    engine.close()


@pytest.fixture
def tiny_engine(module_engine: LocalEngine, forked_workers: pytest.MonkeyPatch) -> LocalEngine:  # noqa: F811
    """The module's one engine, prepared. A test may kill its worker: the next test finds a new one."""
    module_engine.prepare()
    return module_engine
