"""Planned exclusions: each rule leaves out what it says and nothing else, and what departs from the plan is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from assistant.analysis.exclusions import excluded
from assistant.analysis.study_plan import notes, planned_studies
from assistant.core.errors import UsageError
from assistant.journal.records import SessionRecord, StudyFreeze
from assistant.session.study_file import parse_study
from tests.analysis.build import program, session, words

FILE = """
name = "s"
[allocation]
gold = ["sim/8"]
attention = ["sim/9"]
[plan]
hypotheses = ["Words help."]
primary_outcome = "lift"
exclusions = ["People who were drunk.", "Doubles."]
[exclusions]
"""
STOP = {"end": "gave_up"}


def frozen(rules: str) -> StudyFreeze:
    return StudyFreeze("2026-11-01", "f" * 64, FILE + rules)


def held(
    name: str,
    rules: str,
    *,
    who: str = "a1",
    solved: bool = True,
    problem: int = 1,
    seconds: float = 9.0,
    said: bool = True,
    **more: Any,
) -> SessionRecord:
    """A session under the frozen plan: one feedback, after which it is solved or not."""
    programs = [program(0, 0, solved=solved and not said), program(1, 1, "t0s0", solved=solved)]
    feedback = [words("t0s0", 1, seconds=seconds, seq=5)] if said else []
    given = {"end": "solved" if solved else "rounds_used_up", "study": "s", "freeze": frozen(rules)} | more
    made = session(name, programs[: 1 + said], problem=problem, annotator=who, feedback=feedback)
    return replace(made, **{"study_problems": 2, "began": "2026-11-02", **given})


ATTENTION, GOLD = {"condition": {"attention": "yes"}}, {"condition": {"gold": "yes"}}


@pytest.mark.parametrize(
    ("rules", "sessions", "out"),
    [
        # Who fails the check goes with every session; who solved it in another session, or goes on with it, stays.
        ("failed_attention = true",
         [("x", ATTENTION | {"solved": False, "problem": 9}), ("y", {}), ("z", {"who": "a2"})], "xy"),
        ("failed_attention = true", [("x", ATTENTION | {"solved": False, "end": "open"}), ("y", {})], ""),
        ("failed_attention = true", [("x", ATTENTION | {"solved": False}), ("y", ATTENTION), ("z", {})], ""),
        ("failed_attention = true", [("x", GOLD | {"solved": False}), ("y", {})], ""),
        ("failed_gold = true",
         [("x", GOLD | {"solved": False, "problem": 8}), ("y", {}), ("z", {"who": "a2"})], "xy"),
        ("attention_problems = true", [("x", ATTENTION), ("y", {})], "x"),
        # a1 ended one of two; a2 both; a3's number of problems is not on record: one of the two begun.
        ("least_ended = 0.6",
         [("x", {}), ("y", {"end": "open", "problem": 2, "solved": False}), ("p", {"who": "a2"}),
          ("q", {"who": "a2", "problem": 2}), ("r", {"who": "a3", "study_problems": None})], "xy"),
        ("least_ended = 0.5", [("x", {}), ("y", {"end": "open", "problem": 2, "solved": False})], ""),
        ("least_seconds = 9", [("x", {"seconds": 8.9}), ("y", {"seconds": 9.0}), ("z", {"said": False})], "x"),
        ("most_seconds = 9", [("x", {"seconds": 9.1}), ("y", {"seconds": 9.0})], "x"),
        ("unended = true", [("x", {"end": "open"}), ("y", {"end": "interrupted"}), ("z", STOP)], "xy"),
        ("bad_task = true", [("x", {"end": "bad_task"}), ("y", STOP)], "x"),
        ("", [("x", {"end": "bad_task"}), ("y", {"end": "open"})], ""),
        # Practice is no problem of the study, and a session beside the plan falls under none of its rules.
        ("least_ended = 1.0",
         [("x", {"condition": {"practice": "yes"}, "end": "open"}), ("y", {"study_problems": 1})], ""),
        ("unended = true", [("x", {"end": "open", "freeze": None}), ("y", {"end": "open"})], "y"),
    ],
)  # fmt: skip
def test_a_rule_leaves_out_what_it_says(
    rules: str, sessions: Sequence[tuple[str, dict[str, Any]]], out: str
) -> None:
    made = [held(name, rules, **more) for name, more in sessions]
    found = excluded(made)
    assert "".join(sorted(x.session for x in found)) == out
    assert all(x.planned and x.rule == rules.split()[0] for x in found)
    assert excluded(made, planned=False) == []
    (plan, *_) = planned_studies(made, found)
    assert plan.departures == () and plan.mark("lift") == "planned, primary outcome"
    said = " ".join(notes([plan], [], found))
    assert ("Planned exclusion, applied: " in said) == bool(rules)
    assert not rules or f": {len(out)} session" in said


def test_a_session_counts_under_the_first_rule_alone() -> None:
    rules = "unended = true\nleast_seconds = 10"
    (found,) = excluded([held("x", rules, end="open")])
    assert found.rule == "least_seconds"


def test_what_a_person_leaves_out_is_planned_only_by_the_plans_words() -> None:
    made = [
        held("x", "unended = true"),
        held("y", "unended = true", who="a2"),
        held("z", "unended = true", who="a3"),
    ]
    found = excluded(made, ["a2=2", "z"])
    assert [(x.session, x.rule, x.planned) for x in found] == [
        ("y", "words 2", True),
        ("z", "by hand", False),
    ]
    (plan,) = planned_studies(made, found)
    said = " ".join(notes([plan], [], found))
    assert (
        "Planned exclusion in words, applied by a person (`--leave-out NAME=2`): Doubles: 1 session of 1"
        in said
    )
    assert "Left out by hand, planned by nobody (`--leave-out`): 1 session of 1 annotator." in said
    assert plan.mark("lift") == "planned, primary outcome, but sessions chosen otherwise than planned"
    assert plan.mark("people") == "exploratory"
    assert planned_studies(made, found[:1])[0].departures == ()
    for chosen in ({"condition": True}, {"rules_applied": False}):
        assert planned_studies(made, [], **chosen)[0].departures
    for wrong in ("nobody", "a2=3", "a2=0", "a2=x", "a2=²"):
        with pytest.raises(UsageError, match="--leave-out"):
            excluded(made, [wrong])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('name = "s"\n[exclusions]\nunended = true', "write a table [plan]"),
        (FILE.replace("gold", "#") + "failed_gold = true", "allocation.gold names no problem"),
        (FILE + "least_seconds = 5\nmost_seconds = 4", "least_seconds is more"),
        (FILE + "least_ended = 1.5", "`exclusions.least_ended`"),
        (FILE + "unended_ = true", "no key (`unended`?)"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused_in_a_line(text: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_study(text, "study.toml")
    assert says in str(refused.value) and "\n" not in str(refused.value)
