"""A frozen plan: the text for a registry, the hash in journals, what was planned and what was not."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from assistant.analysis.study_plan import planned_studies
from assistant.core import events as ev
from assistant.core.errors import UsageError
from assistant.journal.load import read_sessions
from assistant.journal.reader import read_journal
from assistant.journal.validation import verify_folder
from assistant.session.study_file import parse_study
from assistant.session.study_freeze import Freeze, changed_since, freeze_path, read_freeze
from tests.session.test_commands import AT_STUDY, STUDY, Run, journals, run

__all__ = ["run"]
PLAN = """
[plan]
hypotheses = ["Words solve more than asking again.", "It takes under 4 minutes <b>"]
primary_outcome = "lift"
secondary_outcomes = ["leaks"]
compared_with = ["retry"]
exclusions = ["People who end no problem."]
"""


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ('primary_outcome = "lift"', "`plan.hypotheses` is missing"),
        ('hypotheses = [" "]\nprimary_outcome = "lift"', "at least one hypothesis"),
        ('hypotheses = ["x"]\nprimary_outcome = "speed"', "`plan.primary_outcome`"),
        ('hypotheses = ["x"]\nprimary_outcome = "lift"\nprimary = 1', "no key (`primary_outcome`?)"),
        ('hypotheses = ["x"]\nprimary_outcome = "lift"\nsecondary_outcomes = ["lift"]', "among the secondary"),
        ('hypotheses = ["x"]\nprimary_outcome = "lift"\ncompared_with = ["tests"]', "does not have"),
        ('hypotheses = ["x"]\nprimary_outcome = "lift"\ncompared_with = ["person_alone"]', "does not have"),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_meant_is_refused_in_a_line(plan: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_study(f'name = "s"\narms = ["retry"]\n[plan]\n{plan}\n', "study.toml")
    assert says in str(refused.value) and "\n" not in str(refused.value)


def test_a_plan_changes_no_hash_of_a_study_without_one() -> None:
    """The hashes of older files stand in journals: this is one of a version before plans."""
    assert parse_study('name = "s"', "").sha256[:16] == "f87b6580f2768a4d"
    planned = f'name = "s"\narms = ["retry"]\n{PLAN}'
    assert parse_study(planned, "").sha256 != parse_study(planned.split("[plan]")[0], "").sha256


def test_any_byte_of_a_registration_that_was_changed_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    frozen = Freeze(freeze_path(file), "2026-12-01T00:00:00Z", f'name = "s"\r\n{PLAN}')
    head = f"Plan\nFrozen at: {frozen.at}\nSHA-256: {frozen.sha256}\n--- the study file, byte for byte ---\n"
    frozen.path.write_bytes((head + frozen.text).encode())
    assert read_freeze(file) == frozen
    for before, after in ((frozen.at, "2026-11-01T00:00:00Z"), ("lift", "leaks"), ("\r\n", "\n")):
        frozen.path.write_bytes((head + frozen.text).replace(before, after).encode())
        with pytest.raises(UsageError, match="was changed"):
            read_freeze(file)
    assert changed_since(frozen, frozen.text) == changed_since(None, "anything") == ""
    assert "comments or spaces alone" in changed_since(frozen, frozen.text + "# a comment\n")
    assert "(other: rounds)" in changed_since(frozen, f"rounds = 2\n{frozen.text}")


@pytest.mark.slow
def test_from_the_freeze_to_the_report(run: Run) -> None:
    """Data before the freeze, under it, and under a changed file: each is told apart, everywhere."""
    said = "yes\nsubtracting is wrong\n:stop\n4\n:later\n"
    status, _, err = run("study", "freeze", "study.toml")
    assert (status, "no table [plan]" in err) == (2, True)
    study = Path("study.toml")
    study.write_text(STUDY + PLAN, encoding="utf-8")
    run(*AT_STUDY, "a1", said=said)
    status, out, _ = run("study", "freeze", "study.toml", "--sessions", "sessions")
    assert status == 0 and "their data began before the freeze" in out
    text = Path("study.frozen.txt").read_text(encoding="utf-8")
    sha = out.split("SHA-256: ")[1].split()[0]
    at = text.split("Frozen at: ")[1].split("\n")[0]
    assert hashlib.sha256(f"{at}\n{study.read_text(encoding='utf-8')}".encode()).hexdigest() == sha
    assert f"SHA-256: {sha}" in text and text.endswith(PLAN)
    for told in ("1. Words solve more", "lift: difference", "leaks:", "retry, resample", "2 problems of"):
        assert told in text
    status, _, err = run("study", "freeze", "study.toml")
    assert (status, "is still what was frozen" in err) == (2, True)

    _, _, err = run(*AT_STUDY, "a2", said=said)
    assert "changed after it was frozen" not in err
    study.write_text((STUDY + PLAN).replace("rounds = 3", "rounds = 2"), encoding="utf-8")
    _, _, err = run(*AT_STUDY, "a2", said=":stop\n4\n")
    assert "was changed after it was frozen" in err and "(other: rounds)" in err

    carried = {}
    for path in journals():
        first = read_journal(path).events[0]
        assert isinstance(first, ev.SessionStarted) and first.study is not None
        carried.setdefault(first.study.frozen_sha256, []).append(first.annotator)
    assert set(carried) == {"", sha} and set(carried[sha]) == {"a2"}
    assert [f for f in verify_folder(Path("sessions")) if f.is_error] == []

    status, out, _ = run("analyze", "sessions")
    assert status == 0
    flat = " ".join(out.split())
    assert f"plan frozen at {at} (SHA-256 {sha[:16]}); primary outcome: lift; secondary: leaks." in flat
    assert "Data began before the freeze" in flat and "Hypothesis 1: Words solve more" in flat
    (plan,) = planned_studies(read_sessions(Path("sessions"))[0])
    assert plan.held + plan.before + plan.beside == len(journals()) and plan.before >= 1
    assert [plan.mark(name) for name in ("lift", "leaking", "effort")] == [
        "planned, primary outcome",
        "planned",
        "exploratory",
    ]
