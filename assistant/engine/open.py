"""Builds the engine that the user chose. Importing this is cheap; torch and httpx come with the engine."""

from __future__ import annotations

from pathlib import Path

from assistant.core.errors import UsageError
from assistant.core.generation import Engine
from assistant.engine.models.catalogue import DEFAULT
from assistant.engine.process.protocol import ModelChoice

KINDS = ("auto", "transformers", "openai", "scripted")


def open_engine(
    kind: str = "auto",
    *,
    model: str | None = None,
    device: str = "auto",
    precision: str = "auto",
    cache: Path,
    base_url: str | None = None,
    script: Path | str | None = None,
) -> Engine:
    """An engine that is not prepared yet. `auto` is a server when `base_url` is given, a script when `script`
    is, else a model on this machine. Raises UsageError for contradictory options."""
    if kind == "auto":
        kind = "openai" if base_url else "scripted" if script else "transformers"
    if kind == "transformers":
        return _local(model, device, precision, cache)
    if kind == "openai":
        return _server(model, base_url)
    if kind == "scripted":
        return _scripted(script)
    raise UsageError(f"There is no engine {kind!r}; choose one of {', '.join(KINDS)}.")


def _local(model: str | None, device: str, precision: str, cache: Path) -> Engine:
    from assistant.engine.process.client import LocalEngine

    chosen = None if model == DEFAULT else model
    return LocalEngine(ModelChoice(model=chosen, device=device, precision=precision, cache=str(cache)))


def _server(model: str | None, base_url: str | None) -> Engine:
    from assistant.engine.openai_server import OpenAIEngine

    if not base_url:
        raise UsageError("The engine `openai` needs --base-url, e.g. --base-url http://localhost:8000/v1.")
    return OpenAIEngine(base_url, model=model)


def _scripted(script: Path | str | None) -> Engine:
    from assistant.engine.scripted.engine import ScriptedEngine

    return ScriptedEngine() if script is None else ScriptedEngine.from_file(script)
