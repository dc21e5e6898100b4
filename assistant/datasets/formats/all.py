"""Every export format by name: the entry points `assistant.export_formats`."""

from __future__ import annotations

from assistant.core import plugins
from assistant.core.errors import UsageError
from assistant.datasets.formats.base import Format


def export_format(name: str) -> Format:
    """The format of that name. Raises PluginError where there is none or it cannot be loaded."""
    loaded: Format = plugins.load("export_formats", name)
    return loaded


def format_names() -> tuple[str, ...]:
    """The names of all formats that can be loaded, in their order."""
    formats: dict[str, Format] = plugins.load_all("export_formats")
    return tuple(sorted(formats, key=lambda name: formats[name].order))


def parse_formats(words: str) -> tuple[str, ...]:
    """`sft,kto` or `all`. Raises `UsageError`, and PluginError for a named format that cannot be loaded."""
    if words == "all":
        return format_names()
    known = plugins.names("export_formats")
    names = tuple(word.strip() for word in words.split(",") if word.strip())
    for name in names:
        if name not in known:
            raise UsageError(f"there is no format {name!r}; known: {', '.join(format_names())}, all")
    if not names:
        raise UsageError(f"which format? --format is {', '.join(format_names())}, or all")
    return tuple(sorted(dict.fromkeys(names), key=lambda name: export_format(name).order))
