"""An export on a hub: one commit, private unless said otherwise, and nothing of anybody else's replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant.core.errors import AssistantError, UsageError
from assistant.datasets.atomic_directory import MARK

_OF_THE_HUB = frozenset((".gitattributes", "README.md"))
"""What a repository may hold that nobody has put anything into."""


def check_name(name: str) -> None:
    """Raise `UsageError` for a name that no hub takes, and `AssistantError` where nobody is logged in."""
    from huggingface_hub import get_token
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError:
        name = ""
    if "/" not in name:
        raise UsageError(
            "--push is the name of a dataset on the hub, like YOU/feedback-1 (letters, digits, - _ .)"
        )
    if not get_token():
        raise AssistantError(
            "nobody is logged in to the hub: `hf auth login`, or set HF_TOKEN to one that may write"
        )


def push(folder: Path, name: str, *, public: bool, message: str) -> str:
    """Make the dataset `name` on the hub hold exactly what `folder` holds; its address. Raises `AssistantError`.

    The whole folder is one commit: the dataset is what it was, or this export.
    """
    from huggingface_hub import HfApi

    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
    with _one_line(folder, name, public=public), _without_bars():
        _check_free(api, name, public=public)
        url = api.create_repo(name, repo_type="dataset", private=not public, exist_ok=True)
        api.upload_folder(
            repo_id=url.repo_id,
            folder_path=folder,
            repo_type="dataset",
            commit_message=message,
            delete_patterns=["*"],
        )
    return str(url)


def _check_free(api: Any, name: str, *, public: bool) -> None:
    """Refuse what is somebody's, and what everybody would read without being asked."""
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        found = api.dataset_info(name)
    except RepositoryNotFoundError:
        return
    files = {file.rfilename for file in found.siblings or ()}
    if MARK not in files and files - _OF_THE_HUB:
        raise AssistantError(
            f"{name} on the hub is no export of ours (no {MARK} in it) and stays as it is: choose another name"
        )
    if not found.private and not public:
        raise AssistantError(
            f"{name} on the hub is public: nothing was uploaded; add --public if everybody may read it, or choose "
            "another --push NAME"
        )


@contextmanager
def _without_bars() -> Iterator[None]:
    """The client's progress bars draw over one another, one for each file."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    hidden = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not hidden:
            enable_progress_bars()


@contextmanager
def _one_line(folder: Path, name: str, *, public: bool) -> Iterator[None]:
    """What goes wrong on the way as one line that says where the dataset is and how to try again."""
    from huggingface_hub.errors import HfHubHTTPError

    private = "" if public else " --private"
    command = f"hf upload {name} {folder} . --repo-type dataset{private}"
    again = f"the dataset is whole in {folder}; try again with `{command}`"
    try:
        yield
    except AssistantError as error:
        raise AssistantError(f"{error}; the dataset is whole in {folder}") from None
    except HfHubHTTPError as error:
        said = " ".join(str(error.server_message or error).split())[:200]
        raise AssistantError(f"the hub did not take {name} ({said}): {again}") from None
    except (OSError, ValueError, RuntimeError) as error:
        raise AssistantError(
            f"{name} could not be uploaded ({' '.join(str(error).split())[:200]}): {again}"
        ) from None
    except (
        Exception
    ) as error:  # the transport's own errors: httpx under several names, by release of the client
        if not type(error).__module__.startswith(("httpx", "httpcore", "requests")):
            raise
        raise AssistantError(f"the hub cannot be reached ({type(error).__name__}): {again}") from None
