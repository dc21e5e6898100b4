"""`assistant replay ID`: once more from the journal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.cli import options as o
from assistant.cli.composition import (
    check_options,
    journal_folder,
    make_engine,
    make_sandbox,
    run_options,
)
from assistant.cli.run_options import RunOptions
from assistant.core.errors import JournalError
from assistant.core.plugins import engine_kinds
from assistant.engine.inference.precision import PRECISIONS

if TYPE_CHECKING:
    from assistant.core import events as ev
    from assistant.core.generation import Engine, ModelInfo


@o.with_groups
def replay(
    session: o.SessionId,
    tests_only: Annotated[
        bool, typer.Option("--tests-only", help="Run the programs, not the model.")
    ] = False,
    engine: o.EngineOptions = o.EngineOptions(),
    sessions: o.WrittenSessions = None,
    json_: Annotated[bool, typer.Option("--json", help="One line of JSON for each comparison.")] = False,
) -> int:
    """Generate and test again from the recorded messages; say the same, or where it first differs."""
    from assistant.core import events as ev
    from assistant.journal.library import find_session
    from assistant.journal.reader import read_journal
    from assistant.session.replay import repeat_generations, repeat_tests

    folder = journal_folder(RunOptions(sessions=sessions))
    events = list(read_journal(find_session(folder, session)).events)
    header = next((e for e in events if isinstance(e, ev.SessionStarted)), None)
    if header is None:
        raise JournalError(f"session {session} has no first line that says what was asked")
    options = as_recorded(run_options(engine), header.model)
    check_options(options)
    sandbox = make_sandbox(options)
    differing = 0
    try:
        if not tests_only:
            with_model = make_engine(options)
            try:
                _print_differences(events, with_model)
                differing += sum(_print(c, json_) for c in repeat_generations(events, with_model))
            finally:
                with_model.close()
        differing += sum(_print(c, json_) for c in repeat_tests(events, header.problem, sandbox))
    finally:
        sandbox.close()
    if not json_:
        print("the same throughout" if not differing else f"{differing} differ")
    return 1 if differing else 0


def as_recorded(options: RunOptions, model: ModelInfo) -> RunOptions:
    """What was not said on the command line as it was when the session was made."""
    if options.script is not None or options.engine not in (None, model.engine):
        return options
    named: dict[str, Any] = {
        "engine": model.engine,
        "model": _model_word(model),
        "precision": model.precision if model.precision in PRECISIONS else None,
        "base_url": list(model.servers),
    }
    missing: dict[str, Any] = {
        name: value for name, value in named.items() if getattr(options, name) is None and value
    }
    return replace(options, **missing) if model.engine in engine_kinds() else options


def _model_word(model: ModelInfo) -> str | None:
    """What `--model` takes for the recorded model; None where a journal cannot know (a script, a folder)."""
    from assistant.engine.models.catalogue import known_models

    for known in known_models():
        if (known.hub_name, known.revision) == (model.name, model.revision):
            return known.name
    return model.name if model.engine == "openai" or "/" in model.name else None


def _print_differences(events: Sequence[ev.Event], engine: Engine) -> None:
    """Versions, devices and whatever else is not as it was, of each model that the session was held with."""
    from assistant.core.events import SessionResumed, SessionStarted
    from assistant.session.replay import model_differences

    recorded = [e.model for e in events if isinstance(e, SessionStarted | SessionResumed)]
    differing = {line for model in recorded for line in model_differences(model, engine.prepare())}
    for line in sorted(differing):
        print(f"differs from the recording: {line}", file=sys.stderr)


def _print(comparison: object, json_: bool) -> bool:
    """Print one comparison; True when it differs."""
    from assistant.session.replay import ReplayComparison

    assert isinstance(comparison, ReplayComparison)
    if json_:
        print(comparison.model_dump_json(), flush=True)
    else:
        word = {True: "same", False: "DIFFERS", None: "not comparable"}[comparison.same]
        print(f"{comparison.program:8} {comparison.what:14} {word}  {comparison.detail}", flush=True)
    return comparison.same is False
