"""An interpreter that lies below the scratch is seen elsewhere inside the namespaces; this process follows it."""

# ruff: noqa: PTH110
# (raw paths: this code runs between a fork and the confinement)
from __future__ import annotations

import os
import sys
import types

from assistant.sandbox.isolation.filesystem_policy import SCRATCH

ELSEWHERE = "/interpreter"
"""Where the interpreter's folders are seen whose own place the scratch covers; their whole path stands below it."""
_PREFIXES = ("prefix", "exec_prefix", "base_prefix", "base_exec_prefix")


def moved(path: str) -> str:
    """Where `path` of the machine is seen inside the namespaces."""
    return ELSEWHERE + path if path.startswith(SCRATCH + "/") else path


def follow() -> None:
    """Inside the namespaces: everything that will still be imported is looked for where it is now."""
    sys.path[:] = map(_found, sys.path)
    for name in _PREFIXES:
        setattr(sys, name, _found(getattr(sys, name)))
    for module in list(sys.modules.values()):
        if isinstance(module, types.ModuleType):
            _move(module)
    sys.path_importer_cache.clear()


def _found(path: str) -> str:
    """The new place of a path that is seen there; others stay as they are."""
    new = moved(path)
    return new if new != path and os.path.exists(new) else path


def _move(module: types.ModuleType) -> None:
    known = module.__dict__
    if isinstance(file := known.get("__file__"), str):
        known["__file__"] = _found(file)
    if isinstance(folders := known.get("__path__"), list):
        folders[:] = map(_found, folders)
