"""A cache of its own for every test."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that `cache_folder()` answers."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("ASSISTANT_CACHE", str(folder))
    monkeypatch.delenv("ASSISTANT_SESSIONS", raising=False)
    return folder
