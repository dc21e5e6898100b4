"""The paper's protocol as a bench: real sessions, words that stand in for a person's, and what is counted of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.analysis.solve_curve import human_curve, true_curves
from assistant.bench.costs import Prices
from assistant.bench.protocol.protocol_config import ProtocolConfig, showing_one
from assistant.bench.protocol.stand_in import RULE
from assistant.bench.protocol.summary import summarise
from assistant.bench.recorded_words import read_words
from assistant.bench.sample_log import read_samples
from assistant.core.errors import UsageError
from assistant.core.events import FeedbackGiven, SessionContinued, SessionStarted, Settings
from assistant.core.problem import AssertTest, CallTest, Problem
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.journal.load import read_recordings, read_sessions
from assistant.problems.collection import write_source
from assistant.sandbox.local import LocalSandbox
from assistant.session.header import Held
from assistant.session.session import Session
from tests.bench.conftest import FALSE, RIGHT, WRONG, Run, addition
from tests.engine.server_fixtures import Exchange, MisbehavingServer, running

ANSWERS = [RIGHT, WRONG, FALSE, RIGHT]
"""In the first run: solved, not solved, solved falsely, and what a failing hidden test led to."""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three problems of which each answer of the script meets one."""
    path = tmp_path / "three.jsonl"
    write_source(path, [addition(f"test/{name}") for name in "abc"])
    return path


def script_of(tmp_path: Path, answers: list[str]) -> Path:
    path = tmp_path / "script.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in answers))
    return path


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def people(folder: Path, sandbox: LocalSandbox) -> Path:
    """A session in which a person spoke."""
    held = Held(author="person")
    session = Session.begin(
        addition("test/a"),
        Settings(),
        ScriptedEngine([WRONG, RIGHT]),
        sandbox,
        folder,
        annotator="t",
        held=held,
    )
    list(session.start())
    list(session.feedback("the sign is wrong"))
    session.close()
    return folder


def test_a_run_waits_for_words_goes_on_with_them_and_counts_what_its_journals_say(
    run: Run, tmp_path: Path, source: Path, sandbox: LocalSandbox
) -> None:
    out = tmp_path / "o"
    words = [
        "bench",
        "protocol",
        "--problems",
        source,
        "--engine",
        "scripted",
        "--hidden-feedback",
        "--rounds",
        "2",
    ]
    words += ["--script", script_of(tmp_path, ANSWERS), "--out", out, "--person-model", "claude"]
    status, told, talk = run(*words)
    assert status == 0
    assert "1 session waits for words" in talk
    assert "simulated words, not shown to stand in for people" in told
    early = json.loads((out / "summary.json").read_text())
    assert {point["arm"] for point in early["curves"]["visible"]} == {
        "human"
    }  # no arm of the easy problems alone
    (waiting,) = lines_of(out / "waiting.jsonl")
    assert waiting["problem"] == "test/b"
    assert "assert add(1, 2) == 3  # got -1" in waiting["seen"]
    assert "add(-1, -1)" not in waiting["seen"]
    before = {path.name: path.read_bytes() for path in (out / "sessions").rglob("*.jsonl")}
    run(*words)
    assert before == {path.name: path.read_bytes() for path in (out / "sessions").rglob("*.jsonl")}

    spoken = tmp_path / "words.jsonl"
    spoken.write_text(json.dumps({**waiting, "seen": "", "words": "you\nsubtract, but it should add"}) + "\n")
    folder = people(tmp_path / "people", sandbox)
    status, told, _ = run(*words, "--words", spoken, "--sessions", folder, "--json")
    summary = json.loads(told)
    assert status == 0
    assert summary["complete"] is True
    assert (summary["origin"], summary["person"]) == ("simulated", "claude")
    assert (out / "waiting.jsonl").read_text() == ""

    recordings, left_out = read_recordings(out / "sessions")
    assert (len(recordings), left_out) == (3, [])
    firsts = [recording.events[0] for recording in recordings]
    assert all(isinstance(first, SessionStarted) and first.author == "model" for first in firsts)
    given = [event for item in recordings for event in item.events if isinstance(event, FeedbackGiven)]
    assert sorted((event.author, event.author_model) for event in given) == [
        ("model", "claude"),
        ("model", RULE),
    ]
    assert {event.text for event in given if event.author_model == "claude"} == {
        "you subtract, but it should add"
    }
    assert sum(isinstance(e, SessionContinued) for item in recordings for e in item.events) == 1

    sessions, _ = read_sessions(out / "sessions")
    assert {session.origin for session in sessions} == {"model claude"}
    for tests, curve in (("visible", human_curve(sessions)), ("hidden", true_curves(sessions))):
        words_only = [point for point in summary["curves"][tests] if point["arm"] == "human"]
        expected = [point for point in curve if point.arm == "human"]
        assert [point["value"] for point in words_only] == [point.rate for point in expected]
    assert [p["value"] for p in summary["curves"]["visible"] if p["arm"] == "human"] == pytest.approx(
        [2 / 3, 1, 1]
    )
    assert [p["value"] for p in summary["curves"]["hidden"] if p["arm"] == "human"] == pytest.approx(
        [1 / 3, 2 / 3, 2 / 3]
    )
    assert [p["value"] for p in summary["hidden_test_said"]] == pytest.approx([1 / 3, 1, 1])
    assert {p["arm"] for p in summary["curves"]["visible"]} == {
        "human",
        "retry",
        "tests",
        "resample",
        "shuffled",
    }
    assert summary["words"] == [{"round": 1, "feedbacks": 1, "mean_words": 6.0, "leaky": 0}]
    assert [p["value"] for p in summary["people"]["curves"]["visible"]][:2] == [0, 1]
    groups = {sample.group for sample in read_samples(out / "samples.jsonl")}
    assert {"after 0", "after 2", "after 2 with a hidden test said"} <= groups
    assert run("verify", out / "sessions")[0] == 0
    status, told, _ = run("bench", "show", out)
    assert status == 0
    assert "people" in told and "simulated words" in told

    (out / "summary.json").write_text(json.dumps({**summary, "people": None}))
    (tmp_path / "script.jsonl").unlink()
    status, told, talk = run(*words, "--sessions", folder)  # a finished run needs no model for people's line
    assert status == 0, talk
    assert "sessions of people, 1 on 1 problems" in told
    assert json.loads((out / "summary.json").read_text())["people"] == summary["people"]


def test_a_server_speaks_where_words_are_missing_and_is_asked_once(
    run: Run, tmp_path: Path, source: Path
) -> None:
    asked: list[str] = []

    def speak(exchange: Exchange) -> None:
        asked.append(exchange.body["messages"][-1]["content"])  # the engine also tries the server out
        exchange.begin()
        exchange.delta("You take away,\nbut it should add.")
        exchange.delta(reason="stop")
        exchange.end()

    out = tmp_path / "o"
    with running(MisbehavingServer([speak])) as server:
        words = ["bench", "protocol", "--problems", source, "--engine", "scripted", "--arms", "none"]
        words += ["--script", script_of(tmp_path, [RIGHT, WRONG, RIGHT, RIGHT]), "--out", out]
        words += ["--person-model", "tiny", "--person-base-url", server.url]
        status, _, talk = run(*words)
    assert status == 0, talk
    assert sum("one informal sentence" in prompt for prompt in asked) == 1
    (line,) = lines_of(out / "words.jsonl")
    assert (line["author"], line["words"]) == ("model:tiny", "You take away, but it should add.")
    assert read_words([out / "words.jsonl"]).model == "tiny"
    # Every session is over; with arms that were asked for and were not made, the run is not finished.
    whole = summarise(out, out / "sessions", 3, (), {}, lambda _: {}, Prices())
    part = summarise(out, out / "sessions", 3, ("retry",), {}, lambda _: {}, Prices())
    assert (whole["complete"], part["complete"]) == (True, False)


def test_each_option_is_a_setting_of_every_session() -> None:
    plain, all_ = ProtocolConfig(source="x"), ProtocolConfig(source="x", redraw=True, hidden_feedback=True)
    settings = plain.settings()
    assert (settings.samples, settings.sampling.temperature, settings.rounds) == (1, 0, 4)
    assert not (settings.redraw or settings.redraw_unchanged or settings.continue_after_end)
    settings = all_.settings()
    assert settings.redraw and settings.redraw_unchanged and settings.continue_after_end
    assert settings.unchanged_uses_round


LINE = {"problem": "a", "round": 1, "program": "p", "tests": "t", "author": "model:m", "words": "no"}


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([{**LINE, "author": "person"}], "sessions of people are laid over with --sessions"),
        ([LINE, {**LINE, "problem": "b", "author": "model:n"}], "its author is n and not m"),
        ([LINE, {**LINE, "words": "yes"}], "other words about the same state"),
        ([{**LINE, "said": "no"}], "is no recorded words (said"),
        ([{"problem": "a"}], "is no recorded words (round"),
    ],
)
def test_a_file_of_words_that_is_none_is_refused_in_one_line(
    tmp_path: Path, lines: list[dict[str, Any]], says: str
) -> None:
    path = tmp_path / "words.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(UsageError) as refused:
        read_words([path])
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "say which model speaks"),
        (["--person-model", "m", "--show-test", "all"], "--show-test all is not known"),
        (["--person-model", "m", "--sessions", "nowhere"], "nowhere"),
        (["--person-model", "m", "--arms", "telepathy"], "no control arm `telepathy`"),
    ],
)
def test_bad_requests_get_one_line(run: Run, words: list[str], says: str) -> None:
    status, _, talk = run("bench", "protocol", "--engine", "scripted", *words)
    assert status in (1, 2)
    assert says in talk.strip().splitlines()[-1]


def test_one_more_test_is_a_hidden_one_that_stays_hidden(sandbox: LocalSandbox, problem: Problem) -> None:
    shown = showing_one(problem, "hidden", 0, sandbox)
    assert shown.visible_tests == (*problem.visible_tests, *problem.hidden_tests)
    assert shown.hidden_tests == problem.hidden_tests


def test_a_test_that_harden_added_is_shown_and_never_counted(sandbox: LocalSandbox, problem: Problem) -> None:
    wrong = CallTest(arguments="[1, 1]", expected="3", suites=("hardened",))
    right = CallTest(arguments="[2, 2]", expected="4", suites=("hardened",))
    hard = problem.model_copy(update={"hidden_tests": (*problem.hidden_tests, wrong, right)})
    shown = showing_one(hard, "hardened", 0, sandbox)
    assert shown.visible_tests == (*problem.visible_tests, AssertTest(code="assert add(2, 2) == 4"))
    assert shown.hidden_tests == problem.hidden_tests


def test_a_sample_is_drawn_by_the_seed(sandbox: LocalSandbox, tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    write_source(path, [addition(f"test/{number}") for number in range(30)])

    def drawn(seed: int) -> list[str]:
        config = ProtocolConfig(source=str(path), sample=5, seed=seed)
        return [problem.id for problem in config.problems(sandbox, lambda _: None)]

    assert drawn(1) == drawn(1)
    assert len(set(drawn(1))) == 5
    assert drawn(1) != drawn(2)


def test_a_hardened_set_gives_the_same_sample(sandbox: LocalSandbox, tmp_path: Path) -> None:
    """A problem whose only hidden tests are those that `--harden` added has nothing that judges it."""
    added = CallTest(arguments="[2, 2]", expected="4", suites=("hardened",))
    plain = [addition(f"test/{number}") for number in range(12)]
    plain = [p if n % 2 else p.model_copy(update={"hidden_tests": ()}) for n, p in enumerate(plain)]
    hard = [p.model_copy(update={"hidden_tests": (*p.hidden_tests, added)}) for p in plain]

    def drawn(problems: list[Problem]) -> list[str]:
        path = tmp_path / "set.jsonl"
        write_source(path, problems)
        config = ProtocolConfig(source=str(path), sample=4, shown="hidden")
        return [problem.id for problem in config.problems(sandbox, lambda _: None)]

    assert drawn(hard) == drawn(plain)


@pytest.mark.parametrize("name", ["protocol_words", "ilf_words"])
def test_the_words_that_are_kept_say_that_a_model_wrote_them(name: str) -> None:
    found = read_words([Path(__file__).parents[1] / "benchmarks" / f"{name}.jsonl"], "claude")
    assert len(found.words) >= 40
    assert all("`" not in words and "def " not in words for words in found.words.values())
