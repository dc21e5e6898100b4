"""The few installed packages that programs may import: each by its own folder, never the folder of all packages."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType


class Granted:
    """A finder for packages whose folders are known by name."""

    def __init__(self, folders: Mapping[str, str]) -> None:
        self._folders = dict(folders)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The package's spec; None for every other name (its submodules are found by its own path)."""
        folder = self._folders.get(name)
        if folder is None:
            return None
        return importlib.util.spec_from_file_location(
            name, Path(folder) / "__init__.py", submodule_search_locations=[folder]
        )


def grant(folders: Mapping[str, str]) -> None:
    """Let `import` find these packages, after everything else."""
    sys.meta_path.append(Granted(folders))
