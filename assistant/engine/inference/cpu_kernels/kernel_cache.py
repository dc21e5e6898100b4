"""Where the compiled kernels lie: made once for a processor, then loaded.

They are always compiled in a process of their own and loaded from its files. In the process that has compiled
them, numba links other copies of the inner functions, whose sums may differ in the last bit.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

_HERE = Path(__file__).parent
PACKAGE_ROOT = str(_HERE.parents[3])


@cache
def instructions() -> str:
    """The best of our kernels that this processor can run: `avx512-vnni`, `avx-vnni`, `avx2` or nothing."""
    if platform.machine() != "x86_64" or find_spec("numba") is None:
        return ""
    try:
        from llvmlite import binding
    except (ImportError, OSError):  # an install that is broken: torch steps then
        return ""
    features = binding.get_host_cpu_features()
    if all(features.get(name) for name in ("avx512f", "avx512bw", "avx512vl", "avx512vnni")):
        return "avx512-vnni"
    if not (features.get("avx2") and features.get("fma")):
        return ""
    return "avx-vnni" if features.get("avxvnni") else "avx2"


PANELS = {"avx512-vnni": 32, "avx-vnni": 16, "avx2": 8}
"""Output channels of a panel, for each: `intrinsics.DOT.panel`, without importing numba."""


def panel() -> int:
    """Output channels of a panel of weights on this processor; 0 where we have no kernels."""
    return PANELS.get(instructions(), 0)


def suits(config: Any) -> bool:
    """Whether the kernels run here, for a model with the sizes in this transformers config."""
    heads = config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // heads
    joint = size * (heads + 2 * config.num_key_value_heads)
    sizes = (config.hidden_size, config.intermediate_size, size * heads, joint)
    return bool(instructions()) and all(each % 32 == 0 for each in sizes)


@cache
def folder() -> Path:
    """Next to Python's own compiled files, or in the user's cache where that is not writable."""
    from llvmlite import binding
    from numba import __version__

    sources = b"".join(path.read_bytes() for path in sorted(_HERE.glob("*.py")))
    processor = f"{binding.get_host_cpu_name()} {binding.get_host_cpu_features().flatten()}"
    about = f"{processor} {__version__} {sys.version}".encode()
    name = f"kernels-{hashlib.sha256(sources + about).hexdigest()[:16]}"
    preferred = _HERE / "__pycache__"
    return (preferred if os.access(_HERE, os.W_OK) else user_cache_path("assistant")) / name


def import_numba() -> None:
    """Import numba, without the linear algebra of the scipy that may be installed beside it.

    numba looks there for a BLAS, which none of our kernels uses; the import takes longer than the kernels' own.
    """
    if "scipy.linalg" in sys.modules:
        return
    sys.modules["scipy.linalg"] = None  # type: ignore[assignment]
    try:
        import numba.np.arraymath  # noqa: F401
    finally:
        del sys.modules["scipy.linalg"]


def mark_compiled() -> None:
    """Say that all is there."""
    (folder() / "done").touch()


def is_compiled() -> bool:
    """Whether all is there."""
    return (folder() / "done").exists()


def compile_once(waiting: Callable[[], None] = lambda: None) -> bool:
    """Compile unless that was done, which takes a quarter of a minute; returns False if it failed.

    `waiting` is called again and again meanwhile; what it raises ends the work.
    """
    if not instructions():
        return False
    if not is_compiled():
        program = (
            f"import sys; sys.path.append({PACKAGE_ROOT!r}); "
            f"from {__package__}.compile_kernels import main; main()"
        )
        quiet: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        compiler = subprocess.Popen([sys.executable, "-P", "-c", program], **quiet)
        try:
            while compiler.poll() is None:
                waiting()
                time.sleep(0.05)
        finally:
            compiler.kill()
            compiler.wait()
    return is_compiled()
