"""Where the compiled kernels lie: made once for a processor, then loaded.

They are always compiled in a process of their own and loaded from its files. In the process that has compiled
them, numba links other copies of the inner functions, whose sums may differ in the last bit.
"""

from __future__ import annotations

import ctypes
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
    """The best of our kernels that this processor can run, a key of `PANELS`, or nothing."""
    if platform.machine() not in ("x86_64", *_ARM) or find_spec("numba") is None:
        return ""
    try:
        from llvmlite import binding
    except (ImportError, OSError):  # an install that is broken: torch steps then
        return ""
    if is_arm():
        return next((kind for kind, needed in ARM_FEATURES.items() if arm_features().issuperset(needed)), "")
    features = binding.get_host_cpu_features()
    if all(features.get(name) for name in ("avx512f", "avx512bw", "avx512vl", "avx512vnni")):
        return "avx512-vnni"
    if not (features.get("avx2") and features.get("fma")):
        return ""
    return "avx-vnni" if features.get("avxvnni") else "avx2"


PANELS = {"avx512-vnni": 32, "avx-vnni": 16, "avx2": 8, "neon-i8mm": 16, "neon-dotprod": 16}
"""Output channels of a panel, for each: `intrinsics.DOT.panel`, without importing numba."""
_ARM = ("aarch64", "arm64")
"""What Linux calls it, and macOS."""
ARM_FEATURES = {"neon-i8mm": ("dotprod", "i8mm"), "neon-dotprod": ("dotprod",)}
"""What each needs, in LLVM's names; the best kind first."""
NEEDED = "an x86-64 processor with AVX2 or an aarch64 one with dot products (FEAT_DotProd)"
"""Without which there are none of our kernels, as text."""
_HWCAPS = {"dotprod": (16, 20), "i8mm": (26, 13)}
"""The word of the auxiliary vector (AT_HWCAP, AT_HWCAP2) and its bit, of Linux's asm/hwcap.h."""


def is_arm() -> bool:
    """Whether this is a 64-bit ARM processor."""
    return platform.machine() in _ARM


@cache
def arm_features() -> frozenset[str]:
    """Which of `dotprod` and `i8mm` the kernel of this system says that the processor has.

    LLVM finds the processor's name and guesses from that; where it does not know the name it guesses too low.
    """
    library = ctypes.CDLL(None)
    if sys.platform == "darwin":  # written by the documentation, tried on no such machine
        return frozenset(
            name
            for name, key in (("dotprod", b"FEAT_DotProd"), ("i8mm", b"FEAT_I8MM"))
            if _sysctl(library, b"hw.optional.arm." + key)
        )
    library.getauxval.restype, library.getauxval.argtypes = ctypes.c_ulong, [ctypes.c_ulong]
    words = {name: (library.getauxval(which), bit) for name, (which, bit) in _HWCAPS.items()}
    return frozenset(name for name, (word, bit) in words.items() if word >> bit & 1)


def _sysctl(library: Any, name: bytes) -> bool:
    value = ctypes.c_int(0)
    size = ctypes.c_size_t(ctypes.sizeof(value))
    failed = library.sysctlbyname(name, ctypes.byref(value), ctypes.byref(size), None, ctypes.c_size_t(0))
    return not failed and value.value != 0


def arm_target_features() -> str:
    """What numba is to tell LLVM that the processor has: what LLVM found, and what our kernels need."""
    from llvmlite import binding

    needed = [f"+{name}" for name in ARM_FEATURES.get(instructions(), ())]
    return ",".join(filter(None, [binding.get_host_cpu_features().flatten(), *needed]))


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
    processor = f"{binding.get_host_cpu_name()} {binding.get_host_cpu_features().flatten()} {instructions()}"
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
