"""What only the export needs, imported when it is needed."""

from __future__ import annotations

import importlib
from typing import Any

from assistant.domain.errors import AssistantError


def need(module: str, extra: str = "export") -> Any:
    """The module of that name. Raises `AssistantError` that says how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise AssistantError(
            f"this needs {module.partition('.')[0]}, which cannot be imported ({error}): "
            f"pip install 'assistant[{extra}]'"
        ) from None
