"""Studies from the command line: whose session it is, what was agreed to, what a study fixes, what is still asked."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from assistant.cli.study import KEYS
from assistant.core import events as ev
from assistant.core.errors import JournalError, UsageError
from assistant.journal.reader import read_journal
from assistant.journal.study_answers import last_study_answers
from assistant.journal.writer import Journal
from assistant.session.study import Study
from assistant.session.study_file import example, load_study, parse_study
from assistant.session.study_tables import Allocation, Conditions, Consent, Participants, Plan
from tests.session.test_commands import AT_STUDY, ENGINE, ONE, PLAIN, STUDY, Run, journals, run, state_of

__all__ = ["run"]
RESUME = ("resume", "--plain", *ENGINE, "--sessions", "sessions")


def events_of(path: Path, kind: type[ev.Event]) -> list[ev.Event]:
    return [event for event in read_journal(path).events if isinstance(event, kind)]


def ended(path: Path) -> str:
    end = state_of(path).ended
    return end.reason if end else "open"


@pytest.mark.slow
def test_another_annotators_session_is_not_resumed_and_not_changed(run: Run) -> None:
    run(*PLAIN, *ONE, "--annotator", "a2", said="no\n:later\n")
    (path,) = journals()
    before = path.read_bytes()
    for words in ((), ("--annotator", "a3")):
        status, _, err = run(*RESUME, path.stem, *words, said="other words\n")
        assert status == 2
        assert "belongs to annotator a2" in err and "--annotator a2" in err
        assert path.read_bytes() == before
    assert run(*RESUME, path.stem, "--annotator", "a2", "--author", "model:m", said="mine\n:stop\n")[0] == 0
    (resumed,) = events_of(path, ev.SessionResumed)
    assert isinstance(resumed, ev.SessionResumed)
    assert (resumed.annotator, resumed.author, resumed.author_model) == ("a2", "model", "m")
    assert (resumed.interface, resumed.command) == ("plain", "resume")
    words_given = [(e.author, e.author_model) for e in events_of(path, ev.FeedbackGiven)]  # type: ignore[attr-defined]
    assert words_given == [("unknown", ""), ("model", "m")]


@pytest.mark.parametrize(
    ("said", "author", "noted"),
    [((), "unknown", 1), (("--author", "person"), "person", 0), (("--author", "model:gpt"), "model", 0)],
)
def test_a_script_is_no_person_unless_it_says_so(
    run: Run, said: tuple[str, ...], author: str, noted: int
) -> None:
    _, _, err = run(*PLAIN, *ONE, *said, said="no\nno\n:stop\n")
    assert err.count("unknown author") == noted
    (path,) = journals()
    assert {e.author for e in events_of(path, ev.FeedbackGiven)} == {author}  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.parametrize("said", ["", "no\n", "no\nstill no\n"])
def test_the_end_of_input_gives_up_nothing(run: Run, said: str) -> None:
    status, _, err = run(*PLAIN, *ONE, "--annotator", "x", said=said)
    (path,) = journals()
    assert (status, ended(path)) == (0, "interrupted")
    assert f"assistant resume {path.stem} --annotator x" in err
    run(*RESUME, path.stem, "--annotator", "x", said=":stop\n")
    assert ended(path) == "gave_up"


@pytest.mark.slow
def test_the_exit_status_tells_of_words_that_were_refused_at_the_end(run: Run) -> None:
    assert run(*PLAIN, *ONE, said="x" * 99_999 + "\n")[0] == 1
    assert run(*PLAIN, *ONE, said="x" * 99_999 + "\nno\n")[0] == 0


def test_a_disk_that_fails_for_a_while_is_told_and_the_session_goes_on(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, left = Journal.append, [1]

    def append(journal: Journal, event: ev.Event) -> object:
        if isinstance(event, ev.FeedbackGiven) and left[0]:
            left[0] -= 1
            raise JournalError("disk full: repair that, then try again")
        return real(journal, event)

    monkeypatch.setattr(Journal, "append", append)
    status, _, err = run(*PLAIN, *ONE, said="first words\nsecond words\n:stop\n")
    (path,) = journals()
    assert status == 0
    assert f"later with: assistant resume {path.stem}" in err
    assert [e.text for e in events_of(path, ev.FeedbackGiven)] == ["second words"]  # type: ignore[attr-defined]


@pytest.mark.slow
def test_resuming_a_studys_session_goes_through_the_study(run: Run) -> None:
    Path("study.toml").write_text(STUDY.replace("lesson = true", "lesson = false"), encoding="utf-8")
    run(*AT_STUDY, "a1", said="yes\nno\n:later\n")
    (path,) = journals()
    status, out, err = run(*RESUME, path.stem, "--annotator", "a1", said="no\nno\n4\n")
    assert status == 0
    assert "hidden" not in out and "control" not in out
    assert "Do you agree?" not in err and "How hard was it?" in err
    assert [e.answer for e in events_of(path, ev.QuestionAnswered)] == ["4"]  # type: ignore[attr-defined]
    header = read_journal(path).events[0]
    assert isinstance(header, ev.SessionStarted) and header.study is not None
    assert tomllib.loads(header.study.text)["name"] == "pilot"
    assert (header.study.position, header.study.total) == (1, 2)


@pytest.mark.slow
@pytest.mark.parametrize("cut", ["question_answered", "session_ended"])
def test_open_questions_are_asked_before_the_next_problem_and_skipped_ones_are_not(
    run: Run, cut: str
) -> None:
    run(*AT_STUDY, "a1", said="yes\n:stop\n")
    (path,) = journals()
    assert events_of(path, ev.QuestionAnswered) == [], "the input ended before an answer"
    _, _, err = run(*AT_STUDY, "a1", said="hard\n:later\n" if cut == "question_answered" else "\n:later\n")
    assert err.index("still open about test/add") < err.index("problem 2 of 2")
    answers = [e.answer for e in events_of(path, ev.QuestionAnswered)]  # type: ignore[attr-defined]
    assert answers == (["hard"] if cut == "question_answered" else [""])
    assert "still open" not in run(*AT_STUDY, "a1", said=":later\n")[2]


@pytest.mark.slow
@pytest.mark.parametrize(("word", "reason"), [(":stop", "gave_up"), (":bad", "bad_task")])
def test_who_decided_before_the_program_died_is_asked_the_questions_and_not_the_problem(
    run: Run, word: str, reason: str
) -> None:
    run(*AT_STUDY, "a1", said=f"yes\n{word}\n")
    (path,) = journals()
    *kept, last = path.read_bytes().splitlines(keepends=True)
    assert b'"session_ended"' in last and b'"session_ending"' in kept[-1]
    path.write_bytes(b"".join(kept))  # as a kill at the question leaves it
    status, _, err = run(*RESUME, path.stem, "--annotator", "a1", said="4\n")
    assert status == 0 and "How hard was it?" in err and "What is wrong" not in err
    assert ended(path) == reason
    assert [e.answer for e in events_of(path, ev.QuestionAnswered)] == ["4"]  # type: ignore[attr-defined]


@pytest.mark.slow
def test_a_changed_consent_text_is_asked_again_whatever_its_version(run: Run) -> None:
    run(*AT_STUDY, "a1", said="yes\n:stop\n1\n:later\n")
    Path("study.toml").write_text(STUDY.replace("publish your words", "sell your words"), encoding="utf-8")
    status, _, err = run(*AT_STUDY, "a1", said="no\n:stop\n1\n")
    assert "Do you agree?" in err and "does not agree" in err and "other: consent" in err
    given = [e for path in journals() for e in events_of(path, ev.ConsentGiven)]
    assert all(isinstance(e, ev.ConsentGiven) for e in given)
    said = [(e.text, e.granted) for e in given]  # type: ignore[attr-defined]
    assert ("May we publish your words?", True) in said
    assert all(granted is ("publish" in text) for text, granted in said)
    assert status == 0


@pytest.mark.slow
def test_a_refusal_can_be_changed_and_the_record_says_by_whom(run: Run) -> None:
    run(*AT_STUDY, "a1", said="no\n:later\n")
    assert "does not agree" in run(*AT_STUDY, "a1", said=":later\n")[2], "told every time, not asked again"
    _, out, _ = run("consent", "a1", "--yes", "--study", "study.toml", "--sessions", "sessions")
    assert "entered by the researcher" in out
    _, _, err = run(*AT_STUDY, "a1", said=":stop\n1\n:later\n")
    assert "does not agree" not in err
    last = state_of(journals()[0]).consents[-1]
    assert (last.granted, last.given_in, last.recorded_by) == (True, "consent.jsonl", "researcher")


FIXED = [
    ("--rounds", "9"), ("--samples", "1"), ("--temperature", "0.7"), ("--seed", "5"), ("--max-tokens", "9"),
    ("--tests-in-prompt", "1"), ("--failing-cases",), ("--keep-rounds",), ("--template", "paper"), ("--arms", "none"),
    ("--model", "other"), ("--problem", "test/add"), ("--problems", "starter"), ("--author", "person"),
    ("--precision", "int8"),
]  # fmt: skip


@pytest.mark.parametrize("words", FIXED, ids=lambda words: words[0])
def test_what_a_study_fixes_is_not_overridden(run: Run, words: tuple[str, ...]) -> None:
    more = 'model = "script"\nengine = "scripted"\nprecision = "auto"\nauthor = "model"\nsamples = 1\n'
    Path("study.toml").write_text(more + STUDY, encoding="utf-8")
    status, _, err = run(*AT_STUDY, "a1", *words, said="yes\n:later\n")
    if words == ("--samples", "1"):
        assert status == 0, "the study's own value changes nothing"
    else:
        assert (status, err.count("\n")) == (2, 1)
        assert words[0].replace("--keep-rounds", "--drop-rounds") in err and "study pilot" in err
        assert not journals()


def test_a_study_that_fixes_the_model_runs_on_no_script(run: Run) -> None:
    Path("study.toml").write_text('model = "Qwen/Nothing"\n' + STUDY, encoding="utf-8")
    status, _, err = run(*AT_STUDY, "a1", said="yes\n:later\n")
    assert status == 2 and "Qwen/Nothing" in err and not journals()


def test_every_error_of_a_study_file_is_told_at_once(tmp_path: Path) -> None:
    text = 'title = "x"\norder = "latn"\nrounds = "many"\nconsent = "we"\n[conditions]\nfailing = true\n'
    with pytest.raises(UsageError) as told:
        parse_study(text, "study.toml")
    line = str(told.value)
    assert "\n" not in line
    for piece in (
        "`name` is missing", "`title` is no key", "`order`", "`rounds`", "[consent] with version, text",
        "`conditions.failing` is no key (`failing_cases`?)",
    ):  # fmt: skip
        assert piece in line
    assert all(f" {key}," in line for key in list(Study.model_fields)[1:-1]), "all keys are named"


@pytest.mark.parametrize(
    "text", ["x = " + "[" * 100_000, "[" * 100_000, "x = 1\nx = 2", "\x00", "x = " + "9" * 6000]
)
def test_an_odd_study_file_is_one_clear_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "s.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as told:
        load_study(path)
    assert "\n" not in str(told.value)


def test_a_study_file_without_end_is_refused() -> None:
    with pytest.raises(UsageError, match=r"larger than|not a plain file"):
        load_study(Path("/dev/zero"))


def test_the_example_has_every_key_and_is_a_study(run: Run) -> None:
    status, out, _ = run("study", "new", "mine.toml")
    assert (status, "study check mine.toml" in out) == (0, True)
    assert run("study", "new", "mine.toml")[0] == 2
    text = Path("mine.toml").read_text(encoding="utf-8")
    assert text == example()
    load_study(Path("mine.toml"))
    live = "\n".join(
        line.removeprefix("# ")
        if " = " in line or line.startswith(("# [", "# We", "# publ", '# """'))
        else line
        for line in text.splitlines()
    )
    everything = tomllib.loads(live)
    tables = {
        "": Study,
        "consent": Consent,
        "conditions": Conditions,
        "participants": Participants,
        "plan": Plan,
    }
    tables["allocation"] = Allocation
    for table, model in tables.items():
        for name, field in model.model_fields.items():
            assert field.description, name
            assert name in (everything[table] if table else everything), name
            assert name in KEYS
    parse_study(live, "all keys")


AROUND = """
[participants]
entry_questions = [{ text = "Years?", kind = "number", lowest = 0 }, "Hints?"]
end_questions = [{ text = "Tired?", kind = "scale", highest = 5 }]
completion_code = "C1ABC"
"""


@pytest.mark.slow
def test_plain_mode_asks_before_the_first_problem_and_after_the_last(run: Run) -> None:
    questions = 'questions = ["How hard was it?"]\n'
    Path("study.toml").write_text(STUDY.replace(questions, "") + AROUND, encoding="utf-8")

    def kept() -> list[tuple[str, str, str]]:
        given = last_study_answers(Path("sessions"))
        return [(answer.part, answer.question, answer.answer) for answer in given]

    _, _, err = run(*AT_STUDY, "a1", said="yes\nmany\n7\n")
    assert "please give a number" in err and kept() == [("entry", "Years?", "7")] and "problem 1" not in err
    _, _, err = run(*AT_STUDY, "a1", said="yes\nno\n:stop\n:stop\n9\n5\n")
    assert "Years?" not in err and err.index("Hints?") < err.index("problem 1 of 2") < err.index("Tired?")
    assert kept()[1:] == [("entry", "Hints?", "no"), ("end", "Tired?", "5")] and "C1ABC" in err
    assert "Tired?" not in run(*AT_STUDY, "a1")[2]
    run(*AT_STUDY, "a2", said="no\n:later\n")
    assert len(kept()) == 3, "whoever does not agree is asked nothing more"
