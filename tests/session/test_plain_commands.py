"""Plain mode has the app's actions: each has a command or a stated reason, and each command does what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.cli import plain_commands
from assistant.core import events as ev
from assistant.core.errors import UsageError
from assistant.journal.reader import read_journal
from assistant.journal.validation import verify_folder
from assistant.tui.actions import ACTIONS, binding_id
from tests.session.test_commands import ONE, PLAIN, Run, journals, run, state_of

__all__ = ["run"]

SHOWN = ("app", "work", "feedback", "editor", "summary")
"""Places of the app where a session is held."""


def test_every_action_of_the_session_has_a_command_or_a_stated_reason() -> None:
    actions = {binding_id(action) for action in ACTIONS if action.where in SHOWN}
    with_command = {name for command in plain_commands.COMMANDS for name in command.actions}
    without = set(plain_commands.WITHOUT_COMMAND)
    assert actions - with_command - without == set()
    assert (with_command | without) - actions == set()
    assert with_command & without == set()


def test_help_lists_every_command_and_a_mistyped_one_is_not_sent() -> None:
    names = [name for each in plain_commands.COMMANDS for name in (each.name, *each.also)]
    assert len(set(names)) == len(names)
    assert all(f"\n{each.name}" in plain_commands.help_text() for each in plain_commands.COMMANDS)
    assert plain_commands.parse("it adds: wrong") is None and plain_commands.parse(": as it is") is None
    with pytest.raises(UsageError, match=r"did you mean :test\?"):
        plain_commands.parse(":tset f(1) == 2")


def _said(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


def test_a_whole_session_by_commands(run: Run) -> None:
    """The answers are a - b, a * b, a - b, a + b."""
    status, out, err = run(
        *PLAIN,
        *ONE,
        said=_said(
            ":try add(5, 2)",
            ":test add(1, 1) == 2",
            ":tests",
            ":untest",
            ":label logic, sentence",
            ":more It has to add.",
            ":quote",
            ":line 2",
            "it takes away",
            ":diff",
            ":rounds",
            ":back 0",
            ":edit inline",
            "def add(a, b):",
            "    return a - b - 0",
            ".",
            ":code",
            ":save mine.py",
            ":forget",
            ":stop",
        ),
    )
    assert status == 0, err
    state, events = state_of(journals()[0]), read_journal(journals()[0]).events
    (words,) = [event for event in events if isinstance(event, ev.FeedbackGiven)]
    assert words.text.startswith("It has to add.\nFor add(") and words.text.endswith("`: it takes away")
    assert words.kinds == ("logic", "sentence")
    kinds = (ev.ScratchCalled, ev.TestAdded, ev.TestRemoved, ev.ProgramChosen, ev.CodeEdited)
    assert [type(event) for event in events if isinstance(event, kinds)] == list(kinds)
    assert Path("mine.py").read_text(encoding="utf-8").endswith("return a - b - 0\n")
    assert state.ended is not None and state.ended.reason == "gave_up"
    assert "add(5, 2): 3" in out and "-    return a - b" in out and "you said: It has to add." in out
    assert "   2      return a - b - 0" in out
    assert not [finding for finding in verify_folder(Path("sessions")) if finding.is_error]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (":back 0", "there is no program 0; :rounds lists them"),
        (":back 7", "there is no program 7; :rounds lists them"),
        (":back", "say more: :back PROGRAM"),
        (":stop it", ":stop takes nothing after it"),
        (":quote 9", "say a number from 1 to"),
        (":untest", "no test was added"),
        (":label fun", "fun is not a label: choose from"),
        (":diff", "this is the first program"),
        (":line x", "say a number from 1 to"),
        (":edit inline\n.", "nothing changed, so nothing was run"),
        (":test add(", "not a Python expression"),
        (":nonsense", ":nonsense is not a command"),
        (":help nonsense", ":nonsense is not a command"),
        (":save /nowhere/at/all.py", "/nowhere/at/all.py: No such file"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line_and_nothing_is_lost(run: Run, line: str, told: str) -> None:
    _, _, err = run(*PLAIN, *ONE, said=_said(line, ":more not sent yet"))
    assert told in err
    state = state_of(journals()[0])
    assert state.feedback_count == 0 and len(state.programs) == 1
    assert state.draft.strip() == "not sent yet"
