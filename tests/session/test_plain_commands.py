"""Plain mode has the app's actions: each has a command or a stated reason, and each command does what it says."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from assistant.cli import plain_commands
from assistant.cli.plain_printer import Printer, answer_to
from assistant.core import events as ev
from assistant.core.errors import UsageError
from assistant.core.state_labels import WHAT_WORKS
from assistant.journal.reader import read_journal
from assistant.journal.session_summary import summarize
from assistant.journal.validation import verify_folder
from assistant.session.study import Study
from assistant.tui.actions import ACTIONS, binding_id
from tests.session.conftest import RIGHT, WRONG
from tests.session.test_commands import ENGINE, ONE, PLAIN, Run, journals, run, state_of

__all__ = ["run"]

SHOWN = ("app", "work", "feedback", "editor", "summary")
"""Places of the app where a session is held."""


@pytest.mark.parametrize(
    ("question", "typed", "answer", "told"),
    [
        ("Why?", "\n", "", "Why? "),
        ({"text": "Why?"}, "\n\n because \n", "because", "please answer"),
        ({"text": "?", "kind": "scale", "highest": 5}, "6\n2.5\n5\n", "5", "(1 to 5)"),
        ({"text": "?", "kind": "choice", "choices": ["yes", "2"]}, "maybe\n1\n", "yes", "(1 yes · 2 2)"),
        ({"text": "?", "kind": "choice", "choices": ["2", "yes"]}, "2\n", "2", "(1 2 · 2 yes)"),
        ({"text": "?", "kind": "number", "lowest": 0}, "-1\n2,5\n", "2,5", "at least 0"),
        ("Why?", ":later\nbecause\n", None, "Why? "),
        ("Why?", "", None, "Why? "),
    ],
)
def test_a_question_is_asked_until_its_answer_is_one(
    question: object, typed: str, answer: str | None, told: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    printer = Printer(json_events=False)
    (asked,) = Study.model_validate({"name": "s", "questions": [question]}).questions
    assert answer_to(asked, printer) == answer
    assert printer.left is (answer is None) and told in capsys.readouterr().err


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


def test_one_goes_on_after_the_end(run: Run) -> None:
    """Beyond the experiment a failing hidden test becomes a visible one; the result stays that of the first end."""
    false, right = "```python\ndef add(a, b):\n    return abs(a) + abs(b)\n```", RIGHT
    answers = {"entry_point": "add", "answers": [false, right, right]}
    Path("script.jsonl").write_text(json.dumps(answers) + "\n", encoding="utf-8")
    said = _said(
        ":hidden 9", ":hidden", ":hidden", "negative numbers", ":continue x", ":continue 1", ":stop", "left"
    )
    status, out, err = run(*PLAIN, *ONE, said=said, terminal=True)
    assert status == 0, err
    path = journals()[0]
    kinds = [event.type for event in read_journal(path).events if "session_" in event.type]
    assert kinds == ["session_started", *["session_ended", "session_continued"] * 2, "session_ended"]
    assert [test.text("add") for test in state_of(path).extra_tests] == ["assert add(-1, -1) == -2"]
    assert out.count(f"session {path.stem}: solved at once") == 3
    assert "and then solved after 1 more feedback, beyond the experiment" in out
    assert "and then gave up after 1 more feedback, beyond the experiment" in out
    told = ("say a number from 1 to 1", "no hidden test fails that is not", "say how many more rounds")
    assert all(line in err for line in told)
    assert not [finding for finding in verify_folder(Path("sessions")) if finding.is_error]


def test_one_goes_on_another_day(run: Run) -> None:
    """`assistant resume` on a session that has ended shows how it did, and records nothing until one goes on."""
    false = "```python\ndef add(a, b):\n    return abs(a) + abs(b)\n```"
    answers = {"entry_point": "add", "answers": [false, RIGHT]}
    Path("script.jsonl").write_text(json.dumps(answers) + "\n", encoding="utf-8")
    run(*PLAIN, *ONE)
    path = journals()[0]
    before = path.read_bytes()
    again = ("resume", path.stem, "--plain", *ENGINE, "--sessions", "sessions")
    status, out, err = run(*again)
    assert (status, path.read_bytes()) == (0, before)
    assert f"session {path.stem}: solved at once" in out and ":continue goes on for two more rounds" in err
    status, out, err = run(*again, said=_said(":hidden", "negative numbers"))
    assert status == 0, err
    kinds = [event.type for event in read_journal(path).events if "session_" in event.type]
    assert kinds[1:] == ["session_ended", "session_continued", "session_resumed", "session_ended"]
    assert "and then solved after 1 more feedback, beyond the experiment" in out
    assert not [finding for finding in verify_folder(Path("sessions")) if finding.is_error]


def test_hidden_tests_stay_hidden_until_the_end(run: Run) -> None:
    assert "hidden tests stay hidden until the end" in run(*PLAIN, *ONE, said=_said(":hidden", ":stop"))[2]
    assert "has not ended" in run(*PLAIN, *ONE, said=_said(":continue", ":stop"))[2]


def test_other_answers_are_drawn_and_gone_on_from(run: Run) -> None:
    said = _said(":draw", ":draw", ":back t2s0", "it takes away", ":rounds", ":stop")
    status, out, err = run(*PLAIN, *ONE, said=said)
    assert status == 0, err
    state = state_of(journals()[0])
    assert [(p.id, p.arm) for p in state.programs] == [
        ("t0s0", "human"), ("t1s0", "draw"), ("t2s0", "draw"), ("t3s0", "human"),
    ]  # fmt: skip
    assert [p.id for p in state.path(state.current)] == ["t2s0", "t3s0"]
    assert ":back t2s0 goes on from it" in err and "(t2s0)" in out
    assert verify_folder(Path("sessions")) == []


def test_the_same_program_is_drawn_again_and_it_is_said_so(run: Run) -> None:
    """Three more draws after the same program: the one that differs goes on; where none does, no try is used."""
    answers = {"entry_point": "add", "answers": [WRONG, WRONG, WRONG, WRONG]}
    Path("script.jsonl").write_text(json.dumps(answers) + "\n", encoding="utf-8")
    status, out, err = run(*PLAIN, *ONE, "--rounds", "1", said=_said("it subtracts", "it subtracts", ":stop"))
    assert status == 0
    assert err.count("same program; drew again: the model is writing") == 2
    assert "of these, program t1s0 is the one to go on with\nnote: same program as before" in out
    assert out.count("; no try used\n") == 2
    state = state_of(journals()[0])
    assert (state.feedback_count, state.tries_left, len(state.programs)) == (2, 1, 9)


def test_several_points_are_taken_one_after_the_other_and_it_is_said_so(run: Run) -> None:
    three, sum_of_small = ("3", "a + b if a < 4 else 0")
    programs = [f"```python\ndef add(a, b):\n    return {value}\n```" for value in ("a", three, sum_of_small)]
    answers = {"entry_point": "add", "answers": [WRONG, *programs]}
    Path("script.jsonl").write_text(json.dumps(answers) + "\n", encoding="utf-8")
    said = _said("It has to add. Negative numbers count, too.", ":rounds", ":stop")
    status, out, err = run(*PLAIN, *ONE, "--point-by-point", said=said)
    assert status == 0, err
    assert "point 1 of 2: the model is writing" in err and "point 2 of 2: the model is writing" in err
    assert "of these, program t3s0 is the one to go on with" in out and "point by point" in out
    state = state_of(journals()[0])
    assert (state.current, state.tries_left) == ("t3s0", 3)
    assert verify_folder(Path("sessions")) == []


def test_what_works_is_said_once_at_a_terminal(run: Run) -> None:
    told = [
        WHAT_WORKS in run(*PLAIN, *ONE, said=":stop\n", terminal=terminal)[2]
        for terminal in (False, True, True)
    ]
    assert told == [False, True, False]


@pytest.mark.parametrize(
    ("lines", "by_words"),
    [
        (("it must add", "no, add", "add them"), True),
        (("it must add", ":edit inline", "def add(a, b):", "    return a + b", "."), False),
        (("it must add", "no"), False),
    ],
)
def test_a_summary_says_whether_words_alone_solved_it(
    run: Run, lines: tuple[str, ...], by_words: bool
) -> None:
    run(*PLAIN, *ONE, said=_said(*lines))
    summary = summarize(journals()[0])
    assert summary.by_words is by_words
    assert (summary.state == "solved") is (len(lines) > 2)
