"""Where things are kept: an option, else the environment, else the setting, else the desktop's convention."""

from __future__ import annotations

import os
from pathlib import Path

from assistant.core.errors import UsageError
from assistant.settings.preferences import load_preferences
from assistant.settings.xdg import config_folder, data_folder, default_cache_folder

__all__ = ["cache_folder", "config_folder", "data_folder", "sessions_folder"]


def cache_folder() -> Path:
    """What can be made again (converted weights, indexes): `ASSISTANT_CACHE`, else the setting, else XDG."""
    chosen = os.environ.get("ASSISTANT_CACHE") or load_preferences().cache
    return _absolute(chosen) if chosen else default_cache_folder()


def sessions_folder(option: Path | str | None = None) -> Path:
    """Where journals go: `option`, else `ASSISTANT_SESSIONS`, else the setting, else `./sessions`, else XDG.

    `./sessions` counts only where it exists; the folder returned need not exist yet.
    """
    chosen = str(option or "") or os.environ.get("ASSISTANT_SESSIONS") or load_preferences().sessions
    if chosen:
        return _absolute(chosen)
    try:
        here = Path.cwd() / "sessions"
    except OSError:  # the working directory was removed
        return data_folder() / "sessions"
    return here if here.is_dir() else data_folder() / "sessions"


def _absolute(folder: str) -> Path:
    if "\0" in folder:
        raise UsageError(f"{folder!r} is no folder: its name holds a null byte")
    try:
        return Path(folder).expanduser().absolute()
    except RuntimeError:
        raise UsageError(
            f"{folder} is no folder: there is no such user's home; write the whole path"
        ) from None
    except OSError:
        raise UsageError(
            f"{folder}: the working directory was removed; go to another, or give the whole path"
        ) from None
