"""Recorded feedback as a benchmark: the arms, the halves, the search, and words that a model wrote."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.bench.feedback.feedback_jobs import ARMS, JobFactory, Wording, parse_arms
from assistant.bench.feedback.feedback_states import (
    FeedbackState,
    half_of,
    held_out,
    ilf_states,
    journal_states,
    only_people,
)
from assistant.bench.sample_log import read_samples
from assistant.core.errors import AssistantError, UsageError
from assistant.core.events import Settings
from assistant.core.generation import ModelInfo, Sampling
from assistant.core.problem import AssertTest, Problem
from assistant.core.submission import Limits
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.sandbox.local import LocalSandbox
from assistant.session.commands import AddTest
from assistant.session.header import Held
from assistant.session.prompting import known_templates, load_template
from assistant.session.session import Session
from tests.bench.conftest import RIGHT, WRONG, Run, addition

MODEL = ModelInfo(engine="scripted", name="x")
PERSON = Held(author="person")


@pytest.fixture(scope="module")
def journals(sandbox: LocalSandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sessions: two feedbacks in one, one in the other."""
    folder = tmp_path_factory.mktemp("sessions")
    for name, words in (("test/a", ["the sign is wrong", "add, do not subtract"]), ("test/b", ["use plus"])):
        session = Session.begin(
            addition(name), Settings(), ScriptedEngine([WRONG]), sandbox, folder, annotator="t", held=PERSON
        )
        list(session.start())
        for said in words:
            list(session.feedback(said))
        session.close()
    return folder


@pytest.fixture(scope="module")
def moments(journals: Path) -> list[FeedbackState]:
    return sorted(journal_states(journals, print), key=lambda m: (m.problem_id, m.row))


def asker(moments: list[FeedbackState], **simulated: str) -> JobFactory:
    return JobFactory(MODEL, Sampling(), 1, moments, simulated)


def test_every_feedback_of_a_journal_is_a_moment(moments: list[FeedbackState]) -> None:
    assert [m.words for m in moments] == ["the sign is wrong", "add, do not subtract", "use plus"]
    assert {m.origin for m in moments} == {"people"}
    assert [len(m.state.path(m.state.current)) for m in moments] == [1, 2, 1]


def test_only_problems_that_a_dataset_held_out(moments: list[FeedbackState], tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    trained, first = moments[0], moments[2].state
    assert trained.state.problem is not None and first.problem is not None
    other = first.problem.model_copy(update={"text": "Write a function add that adds."})
    tested = replace(moments[2], state=first.model_copy(update={"problem": other}))
    folder = tmp_path / "data" / "sft"
    folder.mkdir(parents=True)
    for split, problem in (("train", trained.state.problem), ("test", other)):
        table = pyarrow.table({"content_sha256": [problem.content_sha256]})
        parquet.write_table(table, folder / f"{split}-00000.parquet")
    assert held_out([trained, tested], tmp_path) == [tested]
    with pytest.raises(UsageError, match="about a problem of the test split"):
        held_out([trained], tmp_path)
    with pytest.raises(UsageError, match="is no dataset"):
        held_out([trained, tested], folder)


def test_what_the_arms_send(moments: list[FeedbackState]) -> None:
    second, wording = moments[1], Wording.parse("paper")
    sent = {
        arm: [m.content for m in asker(moments).job(second, wording, arm).prompt.messages] for arm in ARMS
    }
    assert sent["human"][-1] == "add, do not subtract"
    assert len(sent["human"]) == 5
    assert sent["resample"] == sent["human"][:3]
    for arm in ("retry", "tests", "shuffled"):
        assert sent[arm][:-1] == sent["human"][:-1]
        assert sent[arm][-1] != sent["human"][-1]
    assert sent["shuffled"][-1] == "use plus"  # the only words about another problem
    assert "assert add(1, 2) == 3  # got -1" in sent["tests"][-1]


def test_shuffled_words_stand_in_the_persons_frame(moments: list[FeedbackState]) -> None:
    wording = Wording.parse("rewrite+cases")
    human, shuffled = (
        asker(moments).job(moments[0], wording, arm).prompt.messages[-1].content
        for arm in ("human", "shuffled")
    )
    assert human.replace("the sign is wrong", "use plus") == shuffled
    assert "got -1" in shuffled


@pytest.mark.parametrize("name", [n for n in known_templates() if not n.endswith("-base")])
def test_every_template_carries_the_words_and_the_task(name: str, moments: list[FeedbackState]) -> None:
    for wording in (Wording.parse(name), Wording.parse(f"{name}+cases")):
        prompt = asker(moments).job(moments[1], wording, "human").prompt
        text = "\n".join(m.content for m in prompt.messages)
        assert "adds two numbers" in text
        assert "add, do not subtract" in text
        assert "the sign is wrong" in text
        assert ("got -1" in text) is wording.failing_cases
        assert not any(mark in text for mark in ("{feedback}", "{task}", "{words}", "{answer}", "{cases}"))
        assert prompt.messages[-1].role == "user"


def test_template_hashes_tell_wordings_apart() -> None:
    hashes = {name: load_template(name).sha256 for name in known_templates()}
    assert len(set(hashes.values())) == len(hashes)


def test_base_models_fall_back_on_the_papers_text(moments: list[FeedbackState]) -> None:
    base = JobFactory(MODEL.model_copy(update={"is_chat": False}), Sampling(), 1, moments, {})
    prompt = base.job(moments[0], Wording.parse("reviewed"), "human").prompt
    assert prompt.raw
    assert prompt.messages[0].content.rstrip().endswith("[BEGIN]")


def test_a_greedy_model_does_not_write_its_own_program_again(moments: list[FeedbackState]) -> None:
    jobs = {arm: asker(moments).job(moments[0], Wording.parse("paper"), arm) for arm in ARMS}
    assert jobs["resample"].sampling.temperature > 0
    assert jobs["human"].sampling.temperature == 0


@pytest.mark.slow
def test_halves_divide_the_problems(sandbox: LocalSandbox, shared_data: Path) -> None:
    found = ilf_states(shared_data / "ilf" / "human-feedback.jsonl", sandbox, Limits(), print)
    first, second = half_of(found, "choose"), half_of(found, "report")
    assert (len(first), len(second)) == (52, 52)
    assert not {m.problem_id for m in first} & {m.problem_id for m in second}
    assert half_of(found, "choose") == first
    assert len(half_of(found, "all")) == 104
    with pytest.raises(UsageError, match="--half none"):
        half_of(found, "none")


@pytest.mark.slow
def test_simulated_words_are_labelled_and_never_a_persons(run: Run, tmp_path: Path, journals: Path) -> None:
    script = tmp_path / "s.txt"
    script.write_text(f"The sign is wrong.\n\n{RIGHT}")
    words = ["bench", "feedback", journals, "--engine", "scripted", "--script", script]
    status, told, _ = run(*words, "--arms", "human,retry,simulated", "--out", tmp_path / "o")
    assert status == 0
    assert "simulated person (a model)" in told
    groups = {sample.group for sample in read_samples(tmp_path / "o" / "samples.jsonl")}
    assert groups == {"insist human", "insist retry", "insist simulated"}
    said = list(read_samples(tmp_path / "o" / "words.jsonl"))
    assert {sample.group for sample in said} == {"simulated person"}
    assert all(sample.text.startswith("The sign is wrong.") for sample in said)
    summary = json.loads((tmp_path / "o" / "summary.json").read_text())
    assert set(summary["wordings"]["insist"]["lifts"]) == {"retry", "simulated"}


@pytest.mark.slow
def test_a_search_chooses_on_one_half_and_reports_on_the_other(
    run: Run, tmp_path: Path, sandbox: LocalSandbox
) -> None:
    """The scripted model answers every other question right: with two wordings, always the second's."""
    folder = tmp_path / "sessions"
    for place in range(4):
        session = Session.begin(
            addition(f"test/{place}"),
            Settings(),
            ScriptedEngine([WRONG]),
            sandbox,
            folder,
            annotator="t",
            held=PERSON,
        )
        list(session.start())
        list(session.feedback("use plus"))
        session.close()
    script = tmp_path / "s.jsonl"
    script.write_text("".join(json.dumps({"text": t}) + "\n" for t in [WRONG, RIGHT] * 20))
    words = ["bench", "feedback", folder, "--engine", "scripted", "--script", script, "--search"]
    words += [
        "--template",
        "paper",
        "--template",
        "restate",
        "--arms",
        "human,retry",
        "--out",
        tmp_path / "o",
    ]
    status, _, talk = run(*words)
    assert status == 0
    assert "chosen on this half: restate" in talk
    found = json.loads((tmp_path / "o" / "search.json").read_text())
    assert found["chosen"] == "restate"
    assert set(found["choose"]["wordings"]) == {"paper", "restate"}
    assert set(found["report"]["wordings"]) == {"restate"}
    rows = [
        {sample.row for sample in read_samples(tmp_path / "o" / half / "samples.jsonl")}
        for half in ("choose", "report")
    ]
    assert len(rows[0]) == len(rows[1]) == 2
    assert not rows[0] & rows[1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "or --ilf FILE"),
        (["--ilf", "nowhere.jsonl"], "nowhere.jsonl"),
        (["empty"], "holds no feedback"),
        (["empty", "--arms", "telepathy"], "no arm `telepathy`"),
        (["empty", "--half", "third"], "--half third"),
        (["empty", "--template", "sonnet"], "no prompt template `sonnet`"),
    ],
)
def test_bad_requests_get_one_line(run: Run, tmp_path: Path, words: list[str], says: str) -> None:
    named = [str(tmp_path) if word == "empty" else word for word in words]
    status, _, talk = run("bench", "feedback", "--engine", "scripted", *named)
    assert status == 2
    assert says in talk.strip().splitlines()[-1]


def test_arms_are_parsed_in_their_usual_order() -> None:
    assert parse_arms("tests") == ("human", "tests")
    assert parse_arms("all") == ARMS
    assert parse_arms("all,simulated") == (*ARMS, "simulated")


def test_a_problem_is_scored_with_the_tests_that_a_person_added(
    sandbox: LocalSandbox, tmp_path: Path, problem: Problem
) -> None:
    session = Session.begin(
        problem, Settings(), ScriptedEngine([WRONG]), sandbox, tmp_path, annotator="t", held=PERSON
    )
    list(session.start())
    list(session.execute(AddTest(AssertTest(code="assert add(-5, 2) == -3"))))
    list(session.feedback("use plus"))
    session.close()
    (moment,) = journal_states(tmp_path, print)
    job = asker([moment]).job(moment, Wording.parse("paper"), "human")
    assert len(job.problem.visible_tests) == 3


def test_feedback_of_an_unknown_speaker_is_left_out_and_said(
    sandbox: LocalSandbox, tmp_path: Path, problem: Problem
) -> None:
    speakers: tuple[tuple[str, str], ...] = (("person", ""), ("model", "m"), ("unknown", ""), ("unknown", ""))
    for author, model in speakers:
        held = Held.model_validate({"author": author, "author_model": model})
        session = Session.begin(
            problem, Settings(), ScriptedEngine([WRONG]), sandbox, tmp_path, annotator="t", held=held
        )
        list(session.start())
        list(session.feedback("use plus"))
        session.close()
    states, said = journal_states(tmp_path, print), list[str]()
    assert sorted(state.origin for state in states) == ["people", "simulated", *["unknown speaker"] * 2]
    (kept,) = only_people(states, said.append)
    assert kept.origin == "people"
    assert said == [
        "left out: 1 feedback that a model wrote", "left out: 2 feedbacks that an unknown speaker wrote",
    ]  # fmt: skip
    with pytest.raises(AssistantError, match="no feedback here is known to be a person's"):
        only_people([state for state in states if state.origin != "people"], said.append)


@pytest.mark.slow
def test_two_wordings_are_compared_arm_by_arm(run: Run, tmp_path: Path, journals: Path) -> None:
    for name, template, answer in (("a", "paper", WRONG), ("b", "restate", RIGHT)):
        (tmp_path / f"{name}.txt").write_text(answer)
        words = ["bench", "feedback", journals, "--engine", "scripted", "--script", tmp_path / f"{name}.txt"]
        run(*words, "--template", template, "--arms", "human,retry", "--out", tmp_path / name)
    status, told, _ = run("bench", "compare", tmp_path / "a", tmp_path / "b", "--json")
    assert status == 0
    found = json.loads(told)["compared"]
    pairs = {(item["a"], item["b"]): item["difference"] for item in found}
    assert pairs.keys() == {("paper human", "restate human"), ("paper retry", "restate retry")}
    assert all(d["difference"] == 1 and d["only_first"] == 3 for d in pairs.values())
