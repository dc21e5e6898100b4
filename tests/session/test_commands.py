"""A researcher's commands, from a study file to replay: the real program on scripted answers."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from assistant.cli.main import main
from assistant.core import events as ev
from assistant.core.state import State, replay
from assistant.journal.reader import read_journal
from assistant.journal.validation import verify_folder
from assistant.session.study_freeze import Freeze, freeze_path
from tests.session.conftest import RIGHT, WRONG
from tests.session.test_kill import PROBLEM

TIMES = WRONG.replace("-", "*")
Run = Callable[..., tuple[int, str, str]]
STUDY = """
name = "pilot"
source = "problems.jsonl"
problems = ["test/add", "test/two"]
annotators = ["a1", "a2"]
rounds = 3
lesson = true
questions = ["How hard was it?"]
arms = ["retry", "resample"]

[consent]
version = "1"
text = "May we publish your words?"
"""


class Terminal(io.StringIO):
    """Input of a person at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run(*words, said=...)`: exit status, stdout and stderr of the program in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    other = PROBLEM.model_copy(update={"id": "test/two"})
    problems = "".join(f"{problem.model_dump_json()}\n" for problem in (PROBLEM, other))
    Path("problems.jsonl").write_text(problems, encoding="utf-8")
    answers = {"entry_point": "add", "answers": [WRONG, TIMES, WRONG, RIGHT]}
    Path("script.jsonl").write_text(json.dumps(answers) + "\n", encoding="utf-8")
    Path("study.toml").write_text(STUDY, encoding="utf-8")

    def call(*words: str, said: str = "", terminal: bool = False) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", Terminal(said) if terminal else io.StringIO(said))
        with pytest.raises(SystemExit) as end:
            main([*words])
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return call


ENGINE = ("--engine", "scripted", "--script", "script.jsonl")
PLAIN = ("run", "--plain", *ENGINE, "--sessions", "sessions", "--arms", "none")
AT_STUDY = ("run", "--plain", *ENGINE, "--sessions", "sessions", "--study", "study.toml", "--annotator")
ONE = ("--problems", "problems.jsonl", "--problem", "test/add")


def journals() -> list[Path]:
    """The folder's journals, oldest first."""
    return sorted(Path("sessions").rglob("*.jsonl"))


def state_of(path: Path) -> State:
    return replay(read_journal(path).events)


def test_plain_mode_reads_the_effort_clock_at_every_step(run: Run) -> None:
    run(*PLAIN, *ONE, said=":test add(1, 1) == 2\n:untest\nit must add\n:stop\n")
    events = read_journal(journals()[0]).events
    steps = (ev.TestAdded, ev.TestRemoved, ev.FeedbackGiven, ev.SessionEnded)
    before = [(type(a), type(b)) for a, b in pairwise(events) if isinstance(b, steps)]
    assert before == [(ev.ClockChanged, step) for step in steps]
    clocks = [event.effort for event in events if isinstance(event, ev.ClockChanged)]
    assert clocks == sorted(clocks, key=lambda effort: (effort.reading, effort.waiting))
    state = replay(events)
    assert state.clock.waiting > 0.0
    assert (state.clock.typing, state.clock.away, state.clock.editing) == (0.0, 0.0, 0.0)
    assert 0.0 < state.effort.active <= state.clock.active


@pytest.mark.slow
def test_an_annotator_stops_and_goes_on_another_day(run: Run) -> None:
    status, out, err = run(*AT_STUDY, "a1", said="yes\nsubtracting is wrong\n:later\n")
    assert (status, err.count("Do you agree?")) == (0, 1)
    assert "problem 1 of 2 of study pilot" in err
    assert "goes on with the same command" in err
    assert "hidden tests" not in out, "the session is not over"
    assert "How hard" not in err
    first = state_of(journals()[0])
    assert (first.round, first.ended and first.ended.reason) == (1, "interrupted")

    status, out, err = run(*AT_STUDY, "a1", said="negative numbers\nstill\n4\n:stop\n2\n")
    assert (status, "Do you agree?" in err) == (0, False)
    assert "--- so far: round 1, program t1s0" in out, "where it stands is shown before anything is asked"
    assert "hidden tests: 1 of 1 pass" in out
    assert "study pilot is done" in err
    one, two = map(state_of, journals())
    assert (one.ended and one.ended.reason, two.ended and two.ended.reason) == ("solved", "gave_up")
    said = [e.answer for e in read_journal(journals()[0]).events if isinstance(e, ev.QuestionAnswered)]
    assert said == ["4"]
    assert one.clock.waiting > 0
    assert [f for f in verify_folder(Path("sessions")) if f.is_error] == []


@pytest.mark.slow
def test_a_study_keeps_strangers_out_and_names_a_changed_file(run: Run) -> None:
    assert run(*AT_STUDY, "somebody", said="yes\n")[::2] == (
        2, "assistant: study pilot is for a1, a2, not for somebody: say who you are with --annotator\n",
    )  # fmt: skip
    run(*AT_STUDY, "a1", said="yes\n:later\n")
    Path("study.toml").write_text(STUDY.replace("rounds = 3", "rounds = 2"), encoding="utf-8")
    assert "the study file has changed" in run(*AT_STUDY, "a1", said=":later\n")[2]


@pytest.mark.slow
def test_study_check_says_what_will_happen(run: Run) -> None:
    frozen = Freeze(
        freeze_path(Path("study.toml")), "2026-12-01T00:00:00Z", STUDY.replace("rounds = 3", "rounds = 2")
    )
    head = f"Frozen at: {frozen.at}\nSHA-256: {frozen.sha256}\n--- the study file, byte for byte ---\n"
    frozen.path.write_text(head + frozen.text, encoding="utf-8")
    status, out, _ = run("study", "check", "study.toml")
    assert status == 0
    assert "2 annotators, 4 sessions; up to 3 rounds" in out
    assert "control arms: retry, resample" in out
    assert "power to see a gain of 20%" in out
    assert "! note: the study file was changed after it was frozen" in out and "(other: rounds)" in out
    Path("study.toml").write_text(STUDY + "[conditions]\nfailing_cases = 3\n", encoding="utf-8")
    status, _, err = run("study", "check", "study.toml")
    assert (status, err.count("\n")) == (2, 1)
    assert "conditions.failing_cases" in err


@pytest.mark.slow
def test_missing_controls_are_made_and_bad_files_left_out(run: Run) -> None:
    run(*PLAIN, *ONE, said="wrong\nwrong\nwrong\n")
    run(*PLAIN, *ONE, said="wrong\n:later\n")
    ended, open_ = journals()
    (ended.parent / "torn.jsonl").write_text("{not json\nnor this\n", encoding="utf-8")
    status, out, err = run("arms", "sessions", "--arms", "retry,resample", *ENGINE)
    assert (status, out) == (0, "6 control arms made in 1 of 3 sessions; 2 sessions left out\n")
    assert "torn.jsonl: " in err
    assert f"{open_.name}: the session is not over" in err
    controls = [p for p in state_of(ended).programs if p.arm != "human"]
    first = [p for p in controls if p.arm == "resample" and p.round == 1 and p.redraw_of is None]
    assert len(first) == 4, "as many tries as rounds"
    assert run("arms", "sessions", "--arms", "retry,resample", *ENGINE)[1].startswith("0 control arms")
    Path("script.jsonl").write_text(json.dumps({"text": RIGHT}) + "\n", encoding="utf-8")
    assert "made with another model (revision" in run("arms", "sessions", *ENGINE)[2]


@pytest.mark.slow
def test_a_control_that_a_crash_cut_off_is_made_again_whole(run: Run) -> None:
    run(*PLAIN, *ONE, said="wrong\n:stop\n")
    run("arms", "sessions", "--arms", "retry", *ENGINE)
    (path,) = journals()
    whole = path.read_bytes()
    for cut in range(1, 5):
        path.write_bytes(b"\n".join(whole.split(b"\n")[: -1 - cut]) + b"\n")
        made = run("arms", "sessions", "--arms", "retry", *ENGINE)[1]
        assert made.startswith("1 control arm made"), f"{cut} events were missing"
        controls = [p for p in state_of(path).programs if p.arm == "retry"]
        assert controls[-1].hidden is not None
        assert [f for f in verify_folder(Path("sessions")) if f.is_error] == []


@pytest.mark.slow
def test_replay_says_the_same_or_where_it_differs(run: Run) -> None:
    run(*PLAIN, *ONE, said="wrong\n:stop\n")
    name = journals()[0].stem
    status, out, _ = run("replay", name, "--sessions", "sessions", "--script", "script.jsonl")
    assert (status, out.splitlines()[-1]) == (0, "the same throughout")
    answers = {"entry_point": "add", "answers": [WRONG, RIGHT]}
    Path("script.jsonl").write_text(json.dumps(answers) + "\n", encoding="utf-8")
    status, out, err = run("replay", name, "--sessions", "sessions", "--script", "script.jsonl")
    assert status == 1
    assert "t1s0     generation     DIFFERS  first differing character is number" in out
    assert "differs from the recording: revision" in err
    assert run("replay", name, "--sessions", "sessions", "--tests-only")[0] == 0


@pytest.mark.slow
def test_json_holds_hidden_verdicts_back_until_the_end(run: Run) -> None:
    _, out, _ = run(*PLAIN, *ONE, "--json", said="wrong\n:stop\n")
    types = [json.loads(line)["type"] for line in out.splitlines()]
    assert types[types.index("session_ended") :] == ["session_ended", "hidden_scored", "hidden_scored"]
    assert types.count("hidden_scored") == 2
    _, out, _ = run(*PLAIN, *ONE, "--json", said="wrong\n:later\n")
    assert "hidden_scored" not in out
