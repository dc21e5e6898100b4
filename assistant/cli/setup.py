"""From options and preferences to the parts of a session: problems, engine, sandbox, settings, folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.domain.errors import UsageError
from assistant.domain.events import PromptSettings, Settings
from assistant.domain.generation import Engine, Sampling
from assistant.domain.submission import Sandbox
from assistant.engine.decoding.precision import PRECISIONS
from assistant.session.arms import parse_arms

if TYPE_CHECKING:
    from assistant.session.desk import Desk

ENGINES = ("auto", "transformers", "openai", "scripted")
DEVICES = ("auto", "cuda", "mps", "cpu")


@dataclass(frozen=True)
class RunOptions:
    """What was said on the command line; None where nothing was, so that preferences apply."""

    source: str | None = None
    problem: str | None = None
    engine: str | None = None
    model: str | None = None
    device: str | None = None
    precision: str | None = None
    base_url: str | None = None
    script: Path | None = None
    rounds: int = 4
    samples: int = 1
    temperature: float = 0.0
    seed: int = 0
    max_tokens: int = 640
    tests_in_prompt: int | None = None
    failing_cases: bool | None = None
    drop_rounds: bool = True
    template: str | None = None
    sessions: Path | None = None
    annotator: str | None = None
    study: Path | None = None
    arms: str | None = None
    unsafe: bool = False
    resume: str | None = None

    def settings(self) -> Settings:
        """What the session's header will say was asked."""
        default = PromptSettings()
        return Settings(
            rounds=self.rounds,
            arms=None if self.arms is None else parse_arms(self.arms),
            samples=self.samples,
            sampling=Sampling(temperature=self.temperature, seed=self.seed, max_new_tokens=self.max_tokens),
            prompt=PromptSettings(
                template=self.template or default.template,
                visible_tests=self.tests_in_prompt,
                failing_cases=default.failing_cases if self.failing_cases is None else self.failing_cases,
                overflow="drop" if self.drop_rounds else "refuse",
            ),
        )


def check_options(options: RunOptions) -> None:
    """Refuse words that no part understands, before anything is started. Raises UsageError."""
    for name, value, known in (
        ("--engine", options.engine, ENGINES),
        ("--device", options.device, DEVICES),
        ("--precision", options.precision, PRECISIONS),
    ):
        if value is not None and value not in known:
            raise UsageError(f"{name} {value} is not known; choose {', '.join(known[:-1])} or {known[-1]}")
    if options.samples > 1 and options.temperature == 0:
        raise UsageError(
            "--samples above 1 with --temperature 0 draws the same program again; try --temperature 0.8"
        )
    if options.engine == "scripted" and options.script is not None and not options.script.is_file():
        raise UsageError(f"there is no script file {options.script}")


def make_engine(options: RunOptions) -> Engine:
    """The engine that the options and preferences ask for; nothing is loaded yet."""
    from assistant.engine.factory import open_engine
    from assistant.store.paths import cache_folder
    from assistant.store.preferences import load_preferences

    preferences = load_preferences()
    model, precision = _fixed_by_study(options)
    return open_engine(
        options.engine or preferences.engine,
        model=options.model or model or preferences.model or None,
        device=options.device or preferences.device or "auto",
        precision=options.precision or precision or preferences.precision or "auto",
        cache=cache_folder(),
        base_url=options.base_url or preferences.base_url or None,
        script=options.script,
    )


def _fixed_by_study(options: RunOptions) -> tuple[str, str]:
    """Model and precision that the study names; empty where it names none."""
    if options.study is None:
        return "", ""
    from assistant.session.study import load_study

    study = load_study(options.study)
    return study.model, study.precision


def make_sandbox(options: RunOptions) -> Sandbox:
    """The walls. Raises SandboxError where they do not stand."""
    from assistant.sandbox.service import open_sandbox

    return open_sandbox(unsafe=options.unsafe)


def journal_folder(options: RunOptions) -> Path:
    """Where journals go."""
    from assistant.store.paths import sessions_folder

    return sessions_folder(options.sessions)


def annotator_of(options: RunOptions) -> str:
    """The pseudonym that the journal names."""
    from assistant.store.preferences import annotator_id

    return options.annotator or annotator_id()


def study_desk(options: RunOptions, folder: Path) -> Desk:
    """The annotator's place in the study of `--study`. Raises UsageError."""
    from assistant.problems.sources import load_source
    from assistant.session.desk import Desk
    from assistant.session.study import load_study

    assert options.study is not None
    study = load_study(options.study)
    available = load_source(options.source or study.source).problems
    return Desk.open(study, available, annotator_of(options), folder)
