"""What only the export needs, imported when it is needed."""

from __future__ import annotations

from typing import Any

from assistant.core import optional_deps


def need(module: str, extra: str = "export") -> Any:
    """The module of that name. Raises `AssistantError` that says how to install it."""
    return optional_deps.need(module, extra)
