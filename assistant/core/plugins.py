"""Parts that are found by name: entry points of installed packages, our own and those of other people.

Listing imports nothing. A part that was named and cannot be loaded is an error (`PluginError`); one that nobody named
is left out with a warning (`PluginWarning`) where it is another package's, and an error where it is ours.
"""

from __future__ import annotations

import tomllib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path
from typing import Any, Literal

from assistant.core.errors import AssistantError

Group = Literal["engines", "problem_formats", "export_formats", "importers", "control_arms"]
"""What a part is; its entry-point group is `assistant.GROUP`."""
PACKAGE = "assistant"
_CHECKOUT = Path(__file__).parents[2] / "pyproject.toml"


class PluginError(AssistantError):
    """A part that was asked for by name cannot be loaded."""


class PluginWarning(UserWarning):
    """Another package's part cannot be used and was left out."""


@dataclass(frozen=True)
class Plugin:
    """One part that can be loaded by its name."""

    group: str
    name: str
    target: str
    """`module` or `module:attribute`."""
    package: str
    """The distribution that declares it; `assistant` for built-in parts."""

    @property
    def is_built_in(self) -> bool:
        return self.package == PACKAGE

    def load(self) -> Any:
        """The object itself. Raises PluginError that names it."""
        try:
            return EntryPoint(self.name, self.target, f"{PACKAGE}.{self.group}").load()
        except (Exception, SystemExit) as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise PluginError(
                f"`{self.name}` ({PACKAGE}.{self.group}, from the package {self.package}) cannot be loaded "
                f"from {self.target}: {reason}; update or uninstall {self.package}"
            ) from error


@cache
def found(group: Group) -> dict[str, Plugin]:
    """Every part of a group by name, nothing imported: built-in parts, then others by name."""
    parts: dict[str, Plugin] = {}
    for part in [*_built_in(group), *_others(group)]:
        if part.name in parts:
            _warn(f"`{part.name}` of {part.package} is left out: {parts[part.name].package} has that name")
        else:
            parts[part.name] = part
    return parts


def names(group: Group) -> tuple[str, ...]:
    """The names of a group, nothing imported."""
    return tuple(found(group))


def engine_kinds() -> tuple[str, ...]:
    """What `--engine` and the setting take: `auto` and every engine's name."""
    return ("auto", *names("engines"))


@cache
def load(group: Group, name: str) -> Any:
    """The part of that name. Raises PluginError where it is unknown or cannot be loaded."""
    part = found(group).get(name)
    if part is None:
        raise PluginError(f"there is no `{name}` in {PACKAGE}.{group}; known: {', '.join(names(group))}")
    return part.load()


@cache
def load_all(group: Group) -> dict[str, Any]:
    """Every part that can be loaded, by name.

    Raises PluginError for a built-in part that cannot be loaded; warns of another package's.
    """
    loaded = {}
    for part in found(group).values():
        try:
            loaded[part.name] = load(group, part.name)
        except PluginError as error:
            if part.is_built_in:
                raise
            _warn(str(error))
    return loaded


def _built_in(group: Group) -> list[Plugin]:
    """Ours: as a checkout's pyproject.toml declares them, else as they were installed.

    The checkout comes first because the metadata of an editable install is as old as its last `pip install`.
    """
    declared = _checkout_entry_points().get(f"{PACKAGE}.{group}")
    if declared is None:
        declared = {e.name: e.value for e in _installed(group) if _package(e) == PACKAGE}
    return [Plugin(group, name, declared[name], PACKAGE) for name in sorted(declared)]


def _others(group: Group) -> Iterator[Plugin]:
    others = {
        Plugin(group, e.name, e.value, _package(e)) for e in _installed(group) if _package(e) != PACKAGE
    }
    yield from sorted(others, key=lambda part: (part.name, part.package, part.target))


@cache
def _all_installed() -> Any:
    """Read once, as every installed distribution is looked at. Its type differs between Python 3.11 and 3.12."""
    return entry_points()


def _installed(group: Group) -> EntryPoints:
    selected: EntryPoints = _all_installed().select(group=f"{PACKAGE}.{group}")
    return selected


def _package(entry_point: EntryPoint) -> str:
    return entry_point.dist.name if entry_point.dist is not None else "?"


@cache
def _checkout_entry_points() -> dict[str, dict[str, str]]:
    """Entry points of the pyproject.toml beside this package, by group; none where it is installed elsewhere."""
    try:
        project = tomllib.loads(_CHECKOUT.read_text(encoding="utf-8"))["project"]
    except (OSError, ValueError, KeyError):
        return {}
    return project.get("entry-points", {}) if project.get("name") == PACKAGE else {}


def _warn(message: str) -> None:
    warnings.warn(f"plugin {message}", PluginWarning, stacklevel=3)
