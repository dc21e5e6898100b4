"""assistant: a local model writes a function, its tests run, a person says what is wrong, it writes again.

From Python: `read_journal`, `load_problems`, `open_engine`, `open_sandbox`, `judge`, `Session`, `Settings`,
`analyze`, `export` and `sandbox_reward`, each with a docstring (`assistant/api.py`). They are loaded when they are
first used.
"""

from typing import Any

__version__ = "0.1.0"
__all__ = [
    "Problem",
    "Session",
    "Settings",
    "analyze",
    "export",
    "judge",
    "load_problems",
    "open_engine",
    "open_sandbox",
    "read_journal",
    "sandbox_reward",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("assistant.api"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
