"""A dialogue that outgrows a real (tiny) model's context, through the whole session: rounds dropped, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_model import OpenEngine, save_folder

from assistant.cli.run_options import RunOptions
from assistant.core import events as ev
from assistant.core.generation import Finish
from assistant.core.problem import AssertTest, Problem
from assistant.core.submission import Sandbox
from assistant.journal.reader import read_journal
from assistant.sandbox.local import open_sandbox
from assistant.session.session import Session

CONTEXT = 1024
LONG_WORDS = "Not so, think again. " * 15
PROBLEM = Problem(
    id="test/add",
    text="Write a function add that adds two numbers.",
    entry_point="add",
    visible_tests=(AssertTest(code="assert add(1, 2) == 3"),),
    source="test",
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = open_sandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture
def small_context(open_tiny: OpenEngine, tmp_path: Path, sandbox: Sandbox) -> Iterator[Session]:
    yield from _session(open_tiny, tmp_path, sandbox, RunOptions(max_tokens=60))


@pytest.fixture
def strict(open_tiny: OpenEngine, tmp_path: Path, sandbox: Sandbox) -> Iterator[Session]:
    yield from _session(open_tiny, tmp_path, sandbox, RunOptions(max_tokens=60, drop_rounds=False))


def _session(
    open_tiny: OpenEngine, tmp_path: Path, sandbox: Sandbox, options: RunOptions
) -> Iterator[Session]:
    engine = open_tiny(save_folder(tmp_path / "small", context=CONTEXT))
    engine.prepare()
    # What this model writes is no program: every answer is to use a round up.
    settings = options.settings().model_copy(update={"unchanged_uses_round": True})
    session = Session.begin(PROBLEM, settings, engine, sandbox, tmp_path / "journals", annotator="t")
    yield session
    session.close()


def talk(session: Session) -> list[Finish]:
    """The first answer and three rounds of long words; how each turn ended."""
    list(session.start())
    for number in range(3):
        list(session.feedback(f"{number}: {LONG_WORDS}"))
    return [program.finish for program in session.state.programs if program.finish is not None]


@pytest.mark.slow
def test_the_oldest_rounds_are_left_out(small_context: Session) -> None:
    ends = talk(small_context)
    assert any(end.overflow for end in ends), "the dialogue did outgrow the context"
    assert ends[-1].reason in ("stop", "length") and ends[-1].prompt_tokens <= CONTEXT
    events = read_journal(small_context.path).events
    asked = [event for event in events if isinstance(event, ev.GenerationStarted)]
    last = [event for event in asked if event.point is None][-1]
    assert last.dropped_rounds > 0
    words = [message.content for message in last.messages if message.role == "user"]
    assert PROBLEM.text in words[0] and words[-1].startswith("2: ")
    assert not any(word.startswith("0: ") for word in words)
    assert small_context.state.round == 3


@pytest.mark.slow
def test_or_it_is_refused_in_words(strict: Session) -> None:
    ends = talk(strict)
    assert ends[-1].reason == "error" and ends[-1].overflow > 0
    assert f"more than the {CONTEXT}" in ends[-1].error
    assert strict.state.round < 3
    started = [e for e in read_journal(strict.path).events if isinstance(e, ev.GenerationStarted)]
    assert all(event.dropped_rounds == 0 for event in started)
