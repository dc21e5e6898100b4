"""What only the extras of the package need, imported when it is needed."""

from __future__ import annotations

import gc
import importlib
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from assistant.core.errors import AssistantError


def check(*modules: str, extra: str = "analysis") -> None:
    """Raise what `need` would for the first of these that is not installed, importing none."""
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise _missing(module, "not installed", extra)


def need(module: str, extra: str = "analysis") -> Any:
    """The module of that name. Raises `AssistantError` that says how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise _missing(module, str(error), extra) from None


def _missing(module: str, why: str, extra: str) -> AssistantError:
    return AssistantError(
        f"this needs {module.partition('.')[0]}, which cannot be imported ({why}): "
        f"pip install 'assistant[{extra}]'"
    )


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """For while hundreds of thousands of records are made and kept: searching them all again finds no garbage."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
