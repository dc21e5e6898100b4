"""The app in a real terminal with the real model, by keys alone: one whole session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.core import events as ev
from assistant.engine.models import catalogue
from assistant.engine.models.inventory import is_here
from assistant.journal.library import list_sessions
from assistant.journal.reader import read_journal
from assistant.settings.paths import cache_folder
from tests.tui.terminal import TURN, Terminal, environment_at

ANSWER = 900.0
"""Seconds that an answer may take where everything else is slow too."""


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    if not is_here(catalogue.default_model(), cache_folder()):
        pytest.skip("the default model is not converted yet: run `assistant model pull`")
    environment = environment_at(tmp_path, ASSISTANT_CACHE=str(cache_folder()))
    terminal = Terminal(["--arms", "none", "--sessions", str(tmp_path / "sessions")], environment, 120, 36)
    yield terminal
    terminal.kill()


@pytest.mark.weights
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_whole_session_with_the_real_model(terminal: Terminal, tmp_path: Path) -> None:
    """Whether the words help is the model's affair; that it answers them, and that all is recorded, is ours."""
    terminal.until("Problems  96 of 96")
    terminal.press("even-pl")
    terminal.until("Problems  1 of 96")
    terminal.press("enter")
    terminal.until("of 3 pass", ANSWER)
    terminal.until("your turn", ANSWER)
    terminal.press(
        "Close, but places are counted from one: add up the second, the fourth, the sixth and so on."
    )
    terminal.until("and so on.")
    terminal.press("enter")
    terminal.until("round 1", ANSWER)
    while not TURN.search(terminal.text) and "Solved" not in terminal.text:
        terminal.read()
    terminal.press("ctrl+q")
    assert terminal.end() == 0
    (session,) = list_sessions(tmp_path / "sessions")
    events = read_journal(session.path).events
    answers = [event for event in events if isinstance(event, ev.GenerationFinished)]
    assert [answer.round for answer in answers] == [0, 1]
    assert answers[1].finish.reused_tokens > 0 and all(answer.code for answer in answers)
    assert [event.round for event in events if isinstance(event, ev.FeedbackGiven)] == [1]
