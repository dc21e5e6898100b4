"""No isolation: for `--unsafe-run`, and inside another system's own sandbox."""

from __future__ import annotations

from typing import Any

from assistant.sandbox.isolation import rlimits


class Unconfined:
    """No confinement, but memory and processor time are bounded, so that a mistake does not stop the machine."""

    def __init__(self, layers: dict[str, bool | str]) -> None:
        self.layers = layers

    def enclose_child(self, role: str, bounds: dict[str, Any]) -> None:
        """Bounds that any process may set itself."""
        rlimits.apply(bounds["memory_bytes"], bounds["seconds"], bounds["cases"])

    def folder_of(self, package: str) -> str:
        """Where it is installed."""
        return package

    def begin(self) -> None:
        """Nothing to do."""

    def clear(self) -> bool:
        """Nothing to empty."""
        return True
