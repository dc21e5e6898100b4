"""Answers to a study's questions, forged in a journal that is chained anew or in the ledger: `verify` finds each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.core import events as ev
from assistant.core.questions import Question, questions_in
from assistant.journal.consent import add_answer
from assistant.journal.study_answers import StudyAnswer, add_study_answers
from assistant.journal.validation import check_file, check_folder
from tests.journal.build import header, write_session

STUDY = """
name = "s"
questions = [
    "Anything else?",
    { text = "How hard?", kind = "scale", highest = 5 },
    { text = "Which?", kind = "choice", choices = ["words", "tests"] },
    { text = "Minutes?", kind = "number", lowest = 0, highest = 90 },
]
[participants]
entry_questions = [{ text = "Years?", kind = "number", lowest = 0 }]
end_questions = [{ text = "Tired?", kind = "choice", choices = ["yes", "no"] }, "Why?"]
"""
INFO = ev.StudyInfo(name="s", sha256="5" * 64, text=STUDY)


def findings(folder: Path, question: str, answer: str, **changes: object) -> list[str]:
    """What `verify` says of a session of the study that holds this answer."""
    begun = header("s", **{"study": INFO, "interface": "browser", **changes})
    asked = ev.QuestionAnswered(question=question, answer=answer)
    return [finding.message for finding in check_file(write_session(folder, "s", [begun, asked])).findings]


@pytest.mark.parametrize(
    ("question", "sound", "forged"),
    [
        ("Anything else?", ("", "no", "6"), ()),
        ("How hard?", ("1", "5"), ("", "0", "6", "easy", "1.5")),
        ("Which?", ("words", "tests"), ("", "both", "Words", "words\\ntests")),
        ("Minutes?", ("0", "90", "4.5", "4,5"), ("", "-1", "91", "nan", "inf", "an hour")),
        ("Years?", (), ("3",)),
        ("How hard? ", (), ("3",)),
    ],
)
def test_an_answer_in_a_journal_is_one_that_its_question_takes(
    tmp_path: Path, question: str, sound: tuple[str, ...], forged: tuple[str, ...]
) -> None:
    for number, answer in enumerate((*sound, *forged)):
        told = findings(tmp_path / str(number), question, answer)
        assert [repr(question) in line for line in told] == [True] * (answer in forged), (answer, told)


def test_nothing_is_known_of_questions_without_the_studys_file_or_from_python(tmp_path: Path) -> None:
    unknown = ({"study": None}, {"study": INFO.model_copy(update={"text": ""})}, {"interface": ""})
    broken = {"study": INFO.model_copy(update={"text": "name = "})}
    for number, changes in enumerate((*unknown, broken)):
        assert findings(tmp_path / str(number), "How hard?", "9", **changes) == []


def _row(**changes: str) -> str:
    sound = StudyAnswer(
        time="2026-01-01T00:00:00Z", annotator="a", study="s", study_sha256="5" * 64, part="entry",
        question="Years?", kind="number", answer="3",
    )  # fmt: skip
    return json.dumps(sound.model_dump() | changes) + "\n"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, ""),
        ({"study_sha256": "6" * 64, "answer": "-3"}, ""),
        ({"answer": "-3"}, "'Years?' does not take the answer '-3' (please give a number of at least 0)"),
        ({"answer": ""}, "'Years?' does not take the answer '' (please answer)"),
        ({"part": "end"}, "the study does not ask 'Years?' there"),
        ({"kind": "text"}, "the question is of kind number, not text"),
        (
            {"part": "end", "question": "Tired?", "kind": "choice", "answer": "very"},
            "'Tired?' does not take the answer 'very' (please choose one of yes, no)",
        ),
    ],
)
def test_an_answer_in_the_ledger_is_one_that_its_question_takes(
    tmp_path: Path, changes: dict[str, str], says: str
) -> None:
    write_session(tmp_path, "s", [header("s", study=INFO)])
    (tmp_path / "answers.jsonl").write_text(_row() + _row(**changes) + '{"torn', encoding="utf-8")
    found = [(finding.line, finding.message, finding.is_error) for finding in check_folder(tmp_path).findings]
    assert found == [(2, says, True)] * bool(says)


def test_a_wrong_line_and_a_changed_consent_text_are_named(tmp_path: Path) -> None:
    add_answer(tmp_path, "a", "granted", version="1", text_sha256="0" * 64, text="May we?")
    questions = questions_in(STUDY)
    assert questions is not None
    add_study_answers(tmp_path, ("s", "5" * 64), "a", "entry", [(questions.entry[0], "3")])
    assert questions.entry == (Question(text="Years?", kind="number", lowest=0),)
    answers = tmp_path / "answers.jsonl"
    answers.write_text("nonsense\n" + answers.read_text(encoding="utf-8"), encoding="utf-8")
    told = [(finding.file.name, finding.kind, finding.message) for finding in check_folder(tmp_path).findings]
    assert told == [
        ("answers.jsonl", "unreadable", "line 1: not an answer to a study's question"),
        ("consent.jsonl", "contradiction", "the consent text does not have the hash that is recorded for it"),
    ]
