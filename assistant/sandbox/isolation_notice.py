"""The one line that a person must see while the walls are less than whole."""

from __future__ import annotations

from collections.abc import Mapping


def banner(layers: Mapping[str, bool | str]) -> str:
    """A warning to keep on screen, or an empty string when every required layer stands."""
    if layers.get("unsafe"):
        return "UNSAFE RUN: programs run without walls and can do anything that you can do."
    if layers.get("reduced"):
        return f"REDUCED SANDBOX: {layers['reduced']}."
    return ""


def told(layers: Mapping[str, bool | str]) -> str:
    """One line for a person about these walls: the banner, else what is missing of the second wall, else empty."""
    missing = notes(layers)
    return banner(layers) or ("note: " + "; ".join(reversed(missing)) if missing else "")


def notes(layers: Mapping[str, bool | str]) -> tuple[str, ...]:
    """What is missing of the second wall, for a status line."""
    namespaces, scratch = layers.get("namespaces"), layers.get("scratch")
    missing = [f"no namespaces ({namespaces})"] if isinstance(namespaces, str) else []
    if layers.get("landlock") and (missing or namespaces is False):
        missing.append(
            "programs can see names, sizes and owners of files and processes, never their contents"
        )
    if isinstance(scratch, str) and scratch.startswith("none"):
        missing.append("no private scratch: solutions cannot write files")
    return tuple(missing)
