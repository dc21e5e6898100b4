"""The circumstances that this machine offers: as we are, as an ordinary user, and each without namespaces."""

from __future__ import annotations

import atexit
import functools
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
_ORDINARY = 61234
"""A user id that nobody has."""
MODES = ("as we are", "ordinary user", "no namespaces", "ordinary user, no namespaces")


_NEEDED = ("pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection")
"""What the sandbox and its corpus import beside the standard library."""


def environment(root: Path) -> dict[str, str]:
    """Where the modules are, for an interpreter that need not be ours."""
    path = os.pathsep.join([str(root), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    return {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


@functools.cache
def readable_copy() -> Path:
    """The package, these tests and what they need, where every user can read them (our own may be root's alone)."""
    folder = Path(tempfile.mkdtemp(prefix="assistant-modes-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(REPOSITORY / "assistant", folder / "assistant", ignore=_without_caches)
    shutil.copytree(REPOSITORY / "tests" / "sandbox", folder / "tests" / "sandbox", ignore=_without_caches)
    for name in _NEEDED:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            place = Path(spec.origin)
            if place.name == "__init__.py":
                shutil.copytree(place.parent, folder / name, ignore=_without_caches)
            else:
                shutil.copy(place, folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


_without_caches = shutil.ignore_patterns("__pycache__")


def run_in(mode: str, *arguments: str, timeout: float = 900.0) -> subprocess.CompletedProcess[str] | str:
    """Run `python arguments…` in a mode; a string says why this machine does not offer it."""
    interpreter, root = sys.executable, REPOSITORY
    identity: dict[str, object] = {}
    if "ordinary" in mode:
        if os.getuid():
            return "these tests run as an ordinary user already"
        found = ordinary_interpreter()
        if found is None:
            return "no interpreter of this version that an ordinary user can run"
        interpreter, root = found, readable_copy()
        identity = {"user": _ORDINARY, "group": _ORDINARY, "extra_groups": []}
    command = [interpreter, "-s", *arguments]
    if "no namespaces" in mode:
        command = [interpreter, "-s", "-m", "tests.sandbox.without_namespaces", *command]
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        command,
        cwd=root,
        env=environment(root),
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
    code = "import assistant.core.submission, tests.sandbox.corpus"
    try:
        done = subprocess.run(
            [interpreter, "-s", "-c", code],
            cwd=readable_copy(),
            env=environment(readable_copy()),
            user=_ORDINARY,
            group=_ORDINARY,
            extra_groups=[],
            capture_output=True,
        )
    except OSError:
        return False
    return done.returncode == 0
