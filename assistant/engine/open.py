"""Engines by name: the entry points `assistant.engines`.

Importing this is cheap; torch and httpx come with the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.core import plugins
from assistant.core.errors import UsageError
from assistant.core.generation import Engine, EngineOptions

if TYPE_CHECKING:
    from assistant.engine.process.protocol import ModelChoice


def open_engine(
    kind: str = "auto",
    *,
    model: str | None = None,
    device: str = "auto",
    precision: str = "auto",
    cache: Path,
    base_url: str | None = None,
    script: Path | str | None = None,
    shared: bool = True,
) -> Engine:
    """An engine that is not prepared yet. `auto` is a server when `base_url` is given, a script when `script`
    is, else a model on this machine: the engine service's where one holds it and `shared` is true (`assistant engine
    start`). Raises UsageError for contradictory options, PluginError where the engine cannot be loaded."""
    return open_chosen(kind, EngineOptions(model, device, precision, cache, base_url, script, shared))


def open_chosen(kind: str, options: EngineOptions) -> Engine:
    """The same with the options in one value."""
    if kind == "auto":
        kind = "openai" if options.base_url else "scripted" if options.script else "transformers"
        options = replace(options, undecided=True)
    if kind not in plugins.names("engines"):
        raise UsageError(f"There is no engine {kind!r}; choose one of {', '.join(plugins.engine_kinds())}.")
    opened: Callable[[EngineOptions], Engine] = plugins.load("engines", kind)
    return opened(options)


def open_local(options: EngineOptions) -> Engine:
    """The engine `transformers`: a model on this machine, in a process of its own or in the engine service."""
    from assistant.engine.process.client import LocalEngine, own_worker

    choice = local_choice(options)
    if not options.shared:
        return LocalEngine(choice, connect=own_worker)
    from assistant.engine.service.shared import SharedOrOwn

    return LocalEngine(choice, connect=SharedOrOwn(choice, options.undecided))


def local_choice(options: EngineOptions) -> ModelChoice:
    """What a process needs to load the model."""
    from assistant.engine.models.catalogue import DEFAULT
    from assistant.engine.process.protocol import ModelChoice

    chosen = None if options.model == DEFAULT else options.model
    return ModelChoice(
        model=chosen, device=options.device, precision=options.precision, cache=str(options.cache)
    )


def open_server(options: EngineOptions) -> Engine:
    """The engine `openai`: OpenAI-compatible servers. Raises UsageError without an address."""
    from assistant.engine.openai_server import open_servers

    if not options.base_url:
        raise UsageError("The engine `openai` needs --base-url, e.g. --base-url http://localhost:8000/v1.")
    return open_servers(options.base_url, options.model)


def open_scripted(options: EngineOptions) -> Engine:
    """The engine `scripted`: answers from a file, or the demo's. Raises UsageError that names file and line."""
    from assistant.engine.scripted.engine import ScriptedEngine

    return ScriptedEngine() if options.script is None else ScriptedEngine.from_file(options.script)
