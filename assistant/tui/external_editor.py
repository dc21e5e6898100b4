"""The person's own editor, for a program: the app and plain mode use the same one."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from assistant.core.errors import UsageError

EDITORS = ("nano", "vim", "vi", "emacs")


def editor_command() -> list[str] | None:
    """The person's editor and its arguments; None where there is none."""
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if named:
        return shlex.split(named)
    return next(([name] for name in EDITORS if shutil.which(name)), None)


def edited_outside(command: list[str], code: str, name: str) -> str:
    """What the editor made of `code`, in a file called `name`; blocks until the editor is closed.

    Raises UsageError where the editor ended with an error, OSError where it cannot be started.
    """
    with tempfile.TemporaryDirectory(prefix="assistant-") as folder:
        path = Path(folder) / name
        path.write_text(code + "\n", encoding="utf-8")
        status = subprocess.run([*command, str(path)], check=False).returncode
        if status != 0:
            raise UsageError(f"{command[0]} ended with status {status}: nothing was taken over")
        return path.read_text(encoding="utf-8", errors="replace")
