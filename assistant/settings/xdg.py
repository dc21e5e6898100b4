"""The folders that the desktop's conventions give to a program (`XDG_CONFIG_HOME` and its like)."""

from __future__ import annotations

from pathlib import Path

import platformdirs

NAME = "assistant"


def config_folder() -> Path:
    """For settings."""
    return platformdirs.user_config_path(NAME)


def data_folder() -> Path:
    """For what must be kept: sessions without a folder of their own, the annotator's id."""
    return platformdirs.user_data_path(NAME)


def default_cache_folder() -> Path:
    """For what can be made again, unless the person moved it; see `paths.cache_folder`."""
    return platformdirs.user_cache_path(NAME)
