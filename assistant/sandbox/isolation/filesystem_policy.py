"""The files that a Python program needs to run, and nothing else; where they are seen inside the namespaces."""

# ruff: noqa: PTH110, PTH112, PTH118, PTH119, PTH120, PTH208
# (raw paths: this code runs between a fork and the confinement)
from __future__ import annotations

import os
import sys
import sysconfig
import types

DEVICES = ("/dev/null", "/dev/urandom", "/dev/zero")
SCRATCH = "/tmp"
PACKAGES = "/packages"
"""Inside the namespaces the granted packages are here: where they are installed may be below the scratch."""
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")
_FOREIGN = ("site-packages", "dist-packages", "test", "idlelib", "ensurepip")


def library_folders() -> list[str]:
    """Folders of shared libraries."""
    return [folder for folder in _LIBRARIES if os.path.isdir(folder)]


def standard_library() -> list[str]:
    """The interpreter's own folders."""
    names = ("stdlib", "platstdlib")
    folders = [
        sysconfig.get_path(name, vars={"base": sys.base_prefix, "platbase": sys.base_exec_prefix})
        for name in names
    ]
    found = [
        folder for folder in dict.fromkeys([*folders, os.path.dirname(os.__file__)]) if os.path.isdir(folder)
    ]
    return list(dict.fromkeys([*found, *map(os.path.realpath, found)]))


def time_zones() -> list[str]:
    return [folder for folder in ("/usr/share/zoneinfo",) if os.path.isdir(folder)]


def readable(packages: list[str]) -> list[str]:
    """Paths that may be read: the standard library, shared libraries, devices, and the folders of `packages`.

    Other packages are left out because a published test set may be among them.
    """
    paths = [path for folder in standard_library() for path in _own_entries(folder)]
    for folder in library_folders():
        paths += _libraries_in(folder)
    paths += packages
    return [*paths, *time_zones(), "/etc/ld.so.cache", *DEVICES, *interpreter_libraries()]


def behind_namespaces(package: str) -> str:
    """Where the folder `package` is seen inside the namespaces; its neighbouring folders are kept next to it."""
    return os.path.join(PACKAGES, os.path.basename(package))


def listable() -> list[str]:
    """Folders whose entries may be listed (importing does) though not all of them may be read."""
    return standard_library()


def foreign_folders() -> list[str]:
    """Folders of other packages inside the interpreter's own: not even their names are anybody's business."""
    wanted = (os.path.join(folder, name) for folder in standard_library() for name in _FOREIGN)
    return list({os.path.realpath(path): path for path in wanted if os.path.isdir(path)}.values())


def _own_entries(folder: str) -> list[str]:
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name not in _FOREIGN]


def _libraries_in(folder: str) -> list[str]:
    """The machine's own subfolder where there is one, else the library files themselves."""
    machine = sysconfig.get_config_var("MULTIARCH") or ""
    if machine and os.path.isdir(os.path.join(folder, machine)):
        return [os.path.join(folder, machine)]
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if ".so" in name]


def interpreter_libraries() -> list[str]:
    """Shared libraries that an interpreter brings along (`libpython`, and more in some distributions)."""
    folder = os.path.join(sys.base_prefix, "lib")
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return [os.path.join(folder, name) for name in names if ".so" in name]


ELSEWHERE = "/interpreter"
"""Where the interpreter's folders are seen whose own place the scratch covers; their whole path stands below it."""
_PREFIXES = ("prefix", "exec_prefix", "base_prefix", "base_exec_prefix")


def visible_at(path: str) -> str:
    """Where `path` of the machine is seen inside the namespaces."""
    return ELSEWHERE + path if path.startswith(SCRATCH + "/") else path


def follow_the_interpreter() -> None:
    """Inside the namespaces: imports are looked for where an interpreter below the scratch is seen."""
    sys.path[:] = map(_visible, sys.path)
    for name in _PREFIXES:
        setattr(sys, name, _visible(getattr(sys, name)))
    for module in list(sys.modules.values()):
        if isinstance(module, types.ModuleType):
            _move(module)
    sys.path_importer_cache.clear()


def _visible(path: str) -> str:
    """The new place of a path that is seen there; others stay as they are."""
    new = visible_at(path)
    return new if new != path and os.path.exists(new) else path


def _move(module: types.ModuleType) -> None:
    known = module.__dict__
    if isinstance(file := known.get("__file__"), str):
        known["__file__"] = _visible(file)
    if isinstance(folders := known.get("__path__"), list):
        folders[:] = map(_visible, folders)
