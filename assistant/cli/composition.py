"""From options and preferences to the parts of a session: problems, engine, sandbox, settings, folder."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.cli import options as o
from assistant.cli.run_options import RunOptions
from assistant.cli.study_options import check_study_options, fixed_by_study
from assistant.core.errors import UsageError
from assistant.core.plugins import engine_kinds
from assistant.engine.inference.precision import PRECISIONS

if TYPE_CHECKING:
    from assistant.core.events import Author, Interface
    from assistant.core.generation import Engine, EngineOptions
    from assistant.core.submission import Sandbox
    from assistant.session.annotation_queue import AnnotationQueue
    from assistant.session.header import Held

DEVICES = ("auto", "cuda", "mps", "cpu")


def run_options(engine: o.EngineOptions, **more: Any) -> RunOptions:
    """Options of a command that has those of the engine and a few of its own."""
    return RunOptions(**vars(engine), **more)


def check_options(options: RunOptions) -> None:
    """Refuse words that no part understands, before anything is started. Raises UsageError."""
    for name, value, known in (
        ("--engine", options.engine, engine_kinds()),
        ("--device", options.device, DEVICES),
        ("--precision", options.precision, PRECISIONS),
    ):
        if value is not None and value not in known:
            raise UsageError(f"{name} {value} is not known; choose {', '.join(known[:-1])} or {known[-1]}")
    o.check_samples(options.samples, options.temperature)
    o.check_thinking(options.thinking_tokens, options.max_tokens)
    if options.engine == "scripted" and options.script is not None and not options.script.is_file():
        raise UsageError(f"there is no script file {options.script}")
    if options.author is not None:
        from assistant.session.header import parse_author

        parse_author(options.author)
    check_study_options(options)


def print_settings_warnings() -> None:
    """Say on standard error what in the settings file cannot be used."""
    from assistant.settings.preferences import load_preferences

    load_preferences(lambda line: print(f"settings: {line}", file=sys.stderr))


def make_engine(options: RunOptions) -> Engine:
    """The engine that the options and preferences ask for; nothing is loaded yet."""
    from assistant.engine.no_model import NoModel
    from assistant.engine.open import open_chosen

    if options.alone or _without_model(options):
        return NoModel()
    kind, chosen = chosen_engine(options)
    return open_chosen(kind, chosen)


def chosen_engine(options: RunOptions) -> tuple[str, EngineOptions]:
    """The kind of engine that options, study and preferences ask for, and what it is opened with."""
    from assistant.core.generation import EngineOptions
    from assistant.settings.paths import cache_folder
    from assistant.settings.preferences import load_preferences

    preferences = load_preferences()
    engine, model, precision, servers = fixed_by_study(options)
    return options.engine or engine or preferences.engine, EngineOptions(
        model=options.model or model or preferences.model or None,
        device=options.device or preferences.device or "auto",
        precision=options.precision or precision or preferences.precision or "auto",
        cache=cache_folder(),
        base_url=options.servers or servers or preferences.base_url or None,
        script=options.script,
        shared=preferences.shared_engine and not options.own_engine,
    )


def _without_model(options: RunOptions) -> bool:
    """Whether the session that is resumed was begun without a model."""
    from assistant.core.state import replay
    from assistant.journal.library import find_session
    from assistant.journal.reader import read_journal

    if options.resume is None:
        return False
    events = read_journal(find_session(journal_folder(options), options.resume)).events
    return replay(events[:1]).settings.person_alone


def make_chosen_engine(options: RunOptions, model: str, base_url: str) -> Engine:
    """The engine of a choice in the app: a server's, else a model on this machine. Nothing is loaded yet."""
    from assistant.engine.open import open_chosen

    _, chosen = chosen_engine(options)
    return open_chosen(
        "openai" if base_url else "transformers",
        replace(chosen, model=model or None, base_url=base_url or None, script=None),
    )


def engine_choice(options: RunOptions) -> tuple[str, str]:
    """Model and server with which the app starts; the server is empty for a model on this machine."""
    from assistant.settings.preferences import load_preferences

    preferences = load_preferences()
    engine, model, _, servers = fixed_by_study(options)
    kind = options.engine or engine or preferences.engine
    address = options.servers or servers or preferences.base_url if kind in ("auto", "openai") else ""
    return options.model or model or preferences.model, address


def held(options: RunOptions, interface: Interface) -> Held:
    """Who speaks and through what: as said, as the study fixes it, else the person at the terminal."""
    from assistant.session.header import Held, parse_author

    command = "resume" if options.resume else "run --study" if options.study else "run"
    author, model = parse_author(options.author) if options.author else _usual_author(options, interface)
    return Held(author=author, author_model=model, interface=interface, terminal=_terminal(), command=command)


def _usual_author(options: RunOptions, interface: Interface) -> tuple[Author, str]:
    from assistant.session.study_file import load_study

    if options.study is not None and (fixed := load_study(options.study).author):
        return fixed, ""
    at_terminal = interface in ("app", "browser") or (sys.stdin is not None and sys.stdin.isatty())
    return ("person" if at_terminal else "unknown"), ""


def _terminal() -> str:
    """The size of the terminal, e.g. `120x36`; empty without one."""
    for end in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            size = os.get_terminal_size(end.fileno())
            return f"{size.columns}x{size.lines}"
    return ""


def make_sandbox(options: RunOptions) -> Sandbox:
    """The sandbox. Raises SandboxError where it is not available."""
    from assistant.sandbox.local import open_sandbox

    return open_sandbox(unsafe=options.unsafe_run)


def journal_folder(options: RunOptions) -> Path:
    """Where journals go."""
    from assistant.settings.paths import sessions_folder

    return sessions_folder(options.sessions)


def annotator_of(options: RunOptions) -> str:
    """The pseudonym that the journal names."""
    from assistant.settings.preferences import annotator_id

    return options.annotator or annotator_id()


def study_queue(options: RunOptions, folder: Path) -> AnnotationQueue:
    """The annotator's place in the study of `--study`. Raises UsageError."""
    from assistant.problems.load import load_source
    from assistant.session.annotation_queue import AnnotationQueue
    from assistant.session.study_file import parse_study, text_of
    from assistant.session.study_freeze import read_freeze

    assert options.study is not None
    text = text_of(options.study)
    study = parse_study(text, str(options.study))
    available = load_source(study.source).problems
    freeze = read_freeze(options.study)
    return AnnotationQueue.open(study, available, annotator_of(options), folder, text, freeze)


def own_session(options: RunOptions, folder: Path) -> Path:
    """The journal that `resume` names. Raises UsageError where it is another annotator's, or there is none."""
    from assistant.core.state import replay
    from assistant.journal.library import find_session
    from assistant.journal.reader import read_journal
    from assistant.session.header import check_owner

    journal = find_session(folder, options.resume or "")
    check_owner(replay(read_journal(journal).events[:1]), annotator_of(options))
    return journal


def queue_of(options: RunOptions, folder: Path, begun: Path | None) -> AnnotationQueue | None:
    """The queue of `--study`, or of the study to which the resumed session `begun` belongs. Raises AssistantError."""
    if options.study is not None:
        return study_queue(options, folder)
    return resumed_queue(begun, options, folder) if begun is not None else None


def is_of_study(journal: Path) -> bool:
    """Whether the session in a journal belongs to a study. Raises JournalError."""
    from assistant.core.events import SessionStarted
    from assistant.journal.reader import read_journal

    header = read_journal(journal).events[0]
    return isinstance(header, SessionStarted) and header.study is not None


def required_queue(options: RunOptions, folder: Path, begun: Path | None) -> AnnotationQueue:
    """`queue_of` where there is one. Raises AssistantError."""
    queue = queue_of(options, folder, begun)
    assert queue is not None
    return queue


def resumed_queue(journal: Path, options: RunOptions, folder: Path) -> AnnotationQueue | None:
    """The queue of a session that is resumed by its id, where it belongs to a study. Raises AssistantError."""
    from assistant.core.events import SessionStarted
    from assistant.journal.reader import read_journal
    from assistant.session.annotation_queue import AnnotationQueue

    header = read_journal(journal).events[0]
    if not isinstance(header, SessionStarted) or header.study is None:
        return None
    return AnnotationQueue.for_session(header, journal, annotator_of(options), folder)
