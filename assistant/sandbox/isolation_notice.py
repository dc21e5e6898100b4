"""The warning that is shown while programs are not, or not fully, isolated."""

from __future__ import annotations

from collections.abc import Mapping


def banner(layers: Mapping[str, bool | str]) -> str:
    """A warning to keep on screen, or an empty string when every required layer is active."""
    if layers.get("unsafe"):
        return "UNSAFE RUN: programs run without isolation and can do anything that your account can do."
    if layers.get("reduced"):
        return f"REDUCED SANDBOX: {layers['reduced']}."
    return ""


def isolation_notice(layers: Mapping[str, bool | str]) -> str:
    """One line on the isolation: the banner, else the missing optional layers, else empty."""
    missing = notes(layers)
    return banner(layers) or ("note: " + "; ".join(reversed(missing)) if missing else "")


def notes(layers: Mapping[str, bool | str]) -> tuple[str, ...]:
    """The missing optional layers, for a status line."""
    namespaces, scratch = layers.get("namespaces"), layers.get("scratch")
    missing = [f"no namespaces ({namespaces})"] if isinstance(namespaces, str) else []
    if layers.get("landlock") and (missing or namespaces is False):
        missing.append(
            "programs can see names, sizes and owners of files and processes, never their contents"
        )
    if isinstance(scratch, str) and scratch.startswith("none"):
        missing.append("no private scratch: solutions cannot write files")
    return tuple(missing)
