"""The circumstances that this machine offers: as we are, as an ordinary user, and each without namespaces."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
_ORDINARY = 61234
"""A user id that nobody has."""
MODES = ("as we are", "ordinary user", "no namespaces", "ordinary user, no namespaces")


def environment() -> dict[str, str]:
    """Where the modules are, for an interpreter that need not be ours."""
    path = os.pathsep.join([str(REPOSITORY), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    return {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def run_in(mode: str, *arguments: str, timeout: float = 900.0) -> subprocess.CompletedProcess[str] | str:
    """Run `python arguments…` in a mode; a string says why this machine does not offer it."""
    interpreter = sys.executable
    identity: dict[str, object] = {}
    if "ordinary" in mode:
        if os.getuid():
            return "these tests run as an ordinary user already"
        found = ordinary_interpreter()
        if found is None:
            return "no interpreter that an ordinary user can read has pydantic"
        interpreter = found
        identity = {"user": _ORDINARY, "group": _ORDINARY, "extra_groups": []}
    command = [interpreter, "-s", *arguments]
    if "no namespaces" in mode:
        command = [interpreter, "-s", "-m", "tests.sandbox.without_namespaces", *command]
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        command,
        cwd=REPOSITORY,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=timeout,
        **identity,
    )


@functools.cache
def ordinary_interpreter() -> str | None:
    """An interpreter of our version that an ordinary user may run, with our dependencies."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, shutil.which(f"python{version}", path="/usr/local/bin:/usr/bin:/bin")):
        if candidate and _works(candidate):
            return candidate
    return None


def _works(interpreter: str) -> bool:
    code = "import assistant.domain.submission, tests.sandbox.corpus"
    try:
        done = subprocess.run(
            [interpreter, "-s", "-c", code],
            cwd=REPOSITORY,
            env=environment(),
            user=_ORDINARY,
            group=_ORDINARY,
            extra_groups=[],
            capture_output=True,
        )
    except OSError:
        return False
    return done.returncode == 0
