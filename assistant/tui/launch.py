"""Start options of the app, filled in by the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from assistant.core.events import Settings, StudyInfo
from assistant.core.generation import Engine
from assistant.core.problem import Problem
from assistant.core.submission import Sandbox
from assistant.problems.own_function import OwnWork
from assistant.session.header import Held
from assistant.settings.preferences import Preferences
from assistant.settings.xdg import data_folder

if TYPE_CHECKING:
    from assistant.session.annotation_queue import AnnotationQueue


class Problems(Protocol):
    """A set of problems, as `assistant.problems` gives it."""

    @property
    def name(self) -> str: ...

    @property
    def problems(self) -> tuple[Problem, ...]: ...

    @property
    def skipped(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class EngineChoice:
    """Which model answers: one on this machine (empty: the default one), or a server's."""

    model: str = ""
    base_url: str = ""
    """Address of the server; empty for this machine."""


@dataclass(frozen=True)
class Launch:
    """Everything the app needs from outside. The callables run in threads, so that the screen paints first."""

    open_engine: Callable[[], Engine]
    open_sandbox: Callable[[], Sandbox]
    load_problems: Callable[[], Problems]
    sessions: Path
    settings: Settings = field(default_factory=Settings)
    annotator: str = "anonymous"
    problem: str | None = None
    """Id of the problem to open at once."""
    resume: Path | None = None
    """Journal of the session to resume at once."""
    held: Held = field(default_factory=lambda: Held(author="person", interface="app"))
    """Who speaks, and through what."""
    study: StudyInfo | None = None
    open_queue: Callable[[], AnnotationQueue] | None = None
    """A study instead of free choice: opens this annotator's queue (blocks; runs in a thread)."""
    preferences: Preferences = field(default_factory=Preferences)
    own_problems: Path = field(default_factory=lambda: data_folder() / "own-problems.jsonl")
    """Where problems that the person writes are kept."""
    own: OwnWork | None = None
    """The function of `assistant fix`, opened at once."""
    model_name: str = ""
    """Shown until the model says its own name."""
    source: str = "starter"
    """Name or path of the problems that are loaded first."""
    load_source: Callable[[str], Problems] | None = None
    """Another set of problems by its name or path; None where there is no choice."""
    choice: EngineChoice = EngineChoice()
    """What `open_engine` opens."""
    open_choice: Callable[[EngineChoice], Engine] | None = None
    """Another engine; None where there is no choice."""
    warnings: tuple[str, ...] = ()
    """Warnings about the settings file, shown once the app is open."""
    served: bool = False
    """The person sits at a browser of a study's server: this machine's files and settings are not theirs."""
