"""The person's settings: a TOML file that keeps their comments, and defaults for what it does not say."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import tomlkit
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from tomlkit.exceptions import TOMLKitError

from assistant.core.errors import AssistantError
from assistant.core.ids import ALPHABET
from assistant.core.plugins import engine_kinds
from assistant.settings.xdg import config_folder, data_folder
from assistant.storage.bounded_read import MEGABYTE, read_text
from assistant.storage.durable_io import exclusive_lock, replace_file

SERVED = "ASSISTANT_SERVED"
"""Set where a study's server runs the app for one of its people: `new` at their first problem, else `again`."""


class PreferencesError(AssistantError):
    """The settings file cannot be changed."""


def _is_engine(name: str) -> str:
    if name not in (known := engine_kinds()):
        words = " or ".join((", ".join(map(repr, known[:-1])), repr(known[-1])))
        raise ValueError(f"Input should be {words}")
    return name


class Preferences(BaseModel):
    """What a person may set once. Empty text means: the app's own choice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    theme: str = ""
    sessions: str = ""
    """Folder of the journals."""
    cache: str = ""
    """Folder of converted weights and other things that can be made again."""
    engine: Annotated[str, AfterValidator(_is_engine)] = "auto"
    """`auto` or the name of an engine, an installed plugin's too."""
    model: str = ""
    base_url: str = ""
    """Address of an OpenAI-compatible server."""
    device: Literal["auto", "cuda", "mps", "cpu"] = "auto"
    precision: str = "auto"
    shared_engine: bool = True
    """Whether the model of `assistant engine start` is used where it is the same."""
    draws: Annotated[int, Field(ge=0, le=64)] | Literal["auto"] = "auto"
    """Further draws of each answer while the person reads; none in a study, nor on battery."""
    point_by_point: bool | Literal["auto"] = "auto"
    """Whether several points of feedback are taken one by one where its answer fails; never in a study."""
    annotator: str = ""
    """Pseudonymous id; a random one is made where this is empty."""
    keys: dict[str, str] = {}
    """Keys by action, where they differ from the app's."""
    notify: Literal["bell", "desktop", "both", "none"] = "bell"
    """How to call the person when a long round ends."""
    propose_kinds: bool = True
    """Whether kinds of feedback are proposed."""
    tour_seen: bool = False
    advice_seen: bool = False
    """Whether plain mode has said what feedback works best, as the tour does."""
    recent_problems: list[str] = []
    """Files and hub names of problems that were chosen in the app, the last one first."""
    away_seconds: float = Field(default=60.0, gt=0)
    """Without a key for this long, a person counts as away."""


def settings_file() -> Path:
    """Where the settings are, whether or not the file exists."""
    return config_folder() / "settings.toml"


def load_preferences(report: Callable[[str], None] = lambda _: None) -> Preferences:
    """The settings, with defaults for what cannot be read; `report` gets one line for each of those."""
    path = settings_file()
    try:
        text = read_text(path, MEGABYTE)
        values = tomlkit.parse(text).unwrap()
    except FileNotFoundError:
        return Preferences()
    except (OSError, UnicodeDecodeError, TOMLKitError, RecursionError) as error:
        report(f"{path}: {_reason(error)}; using the defaults, the file is left as it is")
        return Preferences()
    return _usable(path, text, values, report)


def save_preference(name: str, value: object) -> None:
    """Set one value and leave the rest of the file as it is, comments included.

    The file of whoever serves a study is not that of its people: for them nothing is written. Raises
    `PreferencesError` for an unknown name or value, and for a file that cannot be read or written.
    """
    try:
        checked = Preferences.model_validate({name: value}).model_dump()[name]
    except ValidationError as error:
        raise PreferencesError(f"setting {name}: {_what(error.errors()[0])}") from None
    if os.environ.get(SERVED):
        return
    path = settings_file()
    try:
        with exclusive_lock(path.parent):
            document = tomlkit.parse(read_text(path, MEGABYTE) if path.exists() else "")
            document[name] = checked
            replace_file(path, tomlkit.dumps(document).encode())
    except (OSError, UnicodeDecodeError, TOMLKitError, RecursionError) as error:
        raise PreferencesError(f"{path}: {_reason(error)}; {name} was not saved") from None


def annotator_id() -> str:
    """The setting, else a random pseudonym that is made once and kept in the data folder.

    Never the login name. Where nothing can be kept, a pseudonym for this run only.
    """
    chosen = load_preferences().annotator.strip()
    if chosen:
        return chosen
    path = data_folder() / "annotator"
    made = "anon-" + "".join(secrets.choice(ALPHABET) for _ in range(8))
    try:
        with exclusive_lock(path.parent):
            kept = path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else ""
            if not kept:
                replace_file(path, f"{made}\n".encode())
            return kept or made
    except OSError:
        return made


def _usable(path: Path, text: str, values: dict[str, Any], report: Callable[[str], None]) -> Preferences:
    """Every value that can be used; a line for each that cannot."""
    try:
        return Preferences.model_validate(values)
    except ValidationError as error:
        wrong = {str(trouble["loc"][0]): _what(trouble) for trouble in reversed(error.errors())}
    for name in sorted(wrong, key=lambda name: _line_of(text, name)):
        report(f"{path}, line {_line_of(text, name)}: {name}: {wrong[name]}; it is ignored")
    return Preferences.model_validate({name: value for name, value in values.items() if name not in wrong})


def _what(trouble: Any) -> str:
    return (
        "is not a setting"
        if trouble["type"] == "extra_forbidden"
        else str(trouble["msg"]).removeprefix("Value error, ")
    )


def _line_of(text: str, name: str) -> int:
    """1-based line on which a top-level setting or table begins."""
    pattern = re.compile(rf"\s*\[?\s*[\"']?{re.escape(name)}[\"']?\s*[\].=]")
    return next((n for n, line in enumerate(text.splitlines(), start=1) if pattern.match(line)), 1)


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"line {error.object[: error.start].count(10) + 1}: not UTF-8"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
