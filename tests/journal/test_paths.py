"""Folders: the option before the environment before the setting before `./sessions` before XDG."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant.settings.paths import cache_folder, config_folder, data_folder, sessions_folder
from assistant.settings.preferences import save_preference


def test_sessions_go_to_the_first_place_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert sessions_folder() == data_folder() / "sessions"
    (tmp_path / "sessions").mkdir()
    assert sessions_folder() == tmp_path / "sessions"
    save_preference("sessions", "~/by-setting")
    assert sessions_folder() == Path.home() / "by-setting"
    monkeypatch.setenv("ASSISTANT_SESSIONS", "by-environment")
    assert sessions_folder() == tmp_path / "by-environment"
    assert sessions_folder(tmp_path / "by-option") == tmp_path / "by-option"


def test_the_cache_is_moved_by_environment_and_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_preference("cache", str(tmp_path / "by-setting"))
    monkeypatch.setenv("ASSISTANT_CACHE", str(tmp_path / "by-environment"))
    assert cache_folder() == tmp_path / "by-environment"
    monkeypatch.delenv("ASSISTANT_CACHE")
    assert cache_folder() == tmp_path / "by-setting"
    save_preference("cache", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "assistant"


def test_settings_and_data_follow_the_desktop() -> None:
    assert config_folder() == Path(os.environ["XDG_CONFIG_HOME"]) / "assistant"
    assert data_folder() == Path(os.environ["XDG_DATA_HOME"]) / "assistant"
