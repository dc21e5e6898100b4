"""Packages that a test may lack."""

from __future__ import annotations

import importlib.util

import pytest


def need(*modules: str) -> None:
    """Skip the test, or all of a module when called at its head, where one is missing.

    Nothing is imported: `pytest.importorskip("peft")` takes four seconds in every process that only collects tests.
    """
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}", allow_module_level=True)
