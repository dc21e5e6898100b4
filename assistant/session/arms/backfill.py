"""Control arms that are still missing after the sessions: made folder-wide, several sessions at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from assistant.core import events as ev
from assistant.core.errors import AssistantError
from assistant.core.generation import Cancel, Engine, ModelInfo
from assistant.core.state import State, apply, replay
from assistant.core.submission import Sandbox
from assistant.journal.reader import read_journal
from assistant.journal.writer import Journal
from assistant.session.arms.build import missing_arms, numbered, run_arm

MUST_AGREE = ("engine", "name", "revision", "weights_sha256", "precision", "dtype", "chat_template_sha256")
"""What of two models must be the same for a control to differ from the person's answer in its feedback only."""


@dataclass(frozen=True)
class Completed:
    """What became of one journal."""

    path: Path
    made: int = 0
    failed: int = 0
    """Controls that the model could not answer; they can be tried again."""
    left_out: str = ""
    """Why nothing could be made, in one line."""


def complete(
    paths: Sequence[Path],
    wanted: Sequence[ev.Arm],
    engine: Engine,
    sandbox: Sandbox,
    report: Callable[[Completed], None],
    *,
    at_once: int = 2,
) -> None:
    """Make what is missing in these journals, `at_once` sessions side by side; `report` hears of each one.

    Interrupted, it stops at once: what is made by then is on disk and reported, and nothing is half made.
    """
    model, cancel = engine.prepare(), threading.Event()
    with ThreadPoolExecutor(at_once, thread_name_prefix="arms") as pool:
        work = [pool.submit(_complete, path, wanted, model, engine, sandbox, cancel) for path in paths]
        waiting = set(work)
        try:
            for done in as_completed(work):
                waiting.discard(done)
                report(done.result())
        finally:
            cancel.set()
            for unfinished in [future for future in waiting if not future.cancel()]:
                report(unfinished.result())


def _complete(
    path: Path,
    wanted: Sequence[ev.Arm],
    model: ModelInfo,
    engine: Engine,
    sandbox: Sandbox,
    cancel: Cancel,
) -> Completed:
    try:
        events = read_journal(path).events
        why = _unfit(events, model)
        if why or not missing_arms(replay(events), wanted):
            return Completed(path, left_out=why)
        return _append_missing(path, wanted, engine, sandbox, cancel)
    except AssistantError as error:
        return Completed(path, left_out=str(error).removeprefix(f"{path}: "))
    except (KeyError, ValueError) as error:
        return Completed(path, left_out=f"its events do not fit together ({error}); see `assistant verify`")


def _unfit(events: Sequence[ev.Event], model: ModelInfo) -> str:
    """Why no control can be made of this session now; empty when one can."""
    state = replay(list(events))
    if state.started is None:
        return "it has no first line that says what was asked"
    if not state.of_experiment.is_over:
        return "the session is not over: finish it first (`assistant resume`)"
    for recorded in (e.model for e in events if isinstance(e, ev.SessionStarted | ev.SessionResumed)):
        for name in MUST_AGREE:
            before, now = getattr(recorded, name), getattr(model, name)
            if before != now:
                return (
                    f"it was made with another model ({name} {before or 'unknown'}, here {now or 'unknown'})"
                )
    return ""


def _append_missing(
    path: Path, wanted: Sequence[ev.Arm], engine: Engine, sandbox: Sandbox, cancel: Cancel
) -> Completed:
    journal, recorded = Journal.reopen(path)
    made = failed = 0
    try:
        state = replay(recorded)
        for task in missing_arms(state, wanted):
            if cancel.is_set():
                break
            events = run_arm(state, task, engine, sandbox, cancel)
            if events is None:
                failed += not cancel.is_set()
                continue
            state = _append(journal, state, events)
            made += 1
    finally:
        journal.close()
    return Completed(path, made, failed)


def _append(journal: Journal, state: State, events: Sequence[ev.Event]) -> State:
    for event in numbered(events, state.turns):
        journal.append(event)
        state = apply(state, event)
    return state
