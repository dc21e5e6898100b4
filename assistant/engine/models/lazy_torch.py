"""torch without what only meta tensors and `torch.export` need, which is a third of its import: 0.27 of 0.94 s.

A packed model is stepped with plain tensors. `import_torch` leaves those parts for later; who asks one of them for
something gets it, and `complete_torch` brings what is registered by being imported. transformers needs all of it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from types import ModuleType
from typing import Any

LATER = ("torch._meta_registrations", "torch.export")
"""What is left out: shapes of meta tensors, and exporting."""


class _Later(ModuleType):
    """Stands for a module until something of it is wanted."""

    def __init__(self, spec: ModuleSpec) -> None:
        super().__init__(spec.name)
        self.__spec__, self.__file__ = spec, spec.origin

    def __getattr__(self, name: str) -> Any:
        # Who looks through all modules asks each of them for such names.
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        return getattr(_real(self.__name__), name)


def import_torch() -> None:
    """Import torch without these parts. Nothing is left out where it is imported already."""
    if "torch" in sys.modules:
        return
    whole = find_spec("torch")
    places = whole.submodule_search_locations if whole is not None else []
    for name in LATER:
        if spec := PathFinder.find_spec(name, places):
            sys.modules[name] = _Later(spec)
    import torch  # noqa: F401


def complete_torch() -> None:
    """Import what was left out, for transformers."""
    for name in LATER:
        if isinstance(sys.modules.get(name), _Later):
            _real(name)


def _real(name: str) -> ModuleType:
    """The module itself; its package and `sys.modules` have it from then on."""
    if isinstance(sys.modules.get(name), _Later):
        del sys.modules[name]
    return import_module(name)
