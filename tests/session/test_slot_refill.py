"""Places of people who drop out go to others: each problem to its number of people, each place to one person."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.core.errors import UsageError
from assistant.core.problem import Problem
from assistant.core.submission import Sandbox
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.journal.consent import add_answer
from assistant.journal.session_summary import SessionSummary
from assistant.session.annotation_queue import AnnotationQueue
from assistant.session.header import Held
from assistant.session.slot_refill import SlotRefill
from assistant.session.study import Study, next_problem
from assistant.session.study_file import parse_study
from tests.session.conftest import RIGHT, WRONG
from tests.session.test_allocation import problems
from tests.thoroughness import tries


def study(people: int, each: int, **more: object) -> Study:
    table = {"per_problem": each, "refill_hours": 1.0, "refill_each": 1000, **more}
    return Study.model_validate({"name": "s", "participants": {"count": people}, "allocation": table})


def ended(name: str, problem: Problem) -> SessionSummary:
    return SessionSummary(
        id=f"{name}-{problem.id}",
        path=Path("none"),
        annotator=name,
        problem=problem.id,
        study="s",
        state="solved",
    )


@settings(max_examples=tries(15, 200), deadline=None)
@given(st.data())
def test_every_problem_comes_to_its_number_of_people_whoever_drops_out(data: st.DataObject) -> None:
    people, count = data.draw(st.integers(2, 6)), data.draw(st.integers(1, 5))
    each = data.draw(st.integers(1, people))
    plan, available = study(people, each), problems(count)
    leaving = data.draw(st.sets(st.sampled_from(plan.annotators), max_size=people - 1))
    withdrawn = data.draw(st.sets(st.sampled_from(sorted(leaving)))) if leaving else set()
    with tempfile.TemporaryDirectory() as folder:
        refill, sessions = SlotRefill(plan, Path(folder)), list[SessionSummary]()
        for name in sorted(leaving):
            share = refill.order(available, name)
            sessions += [ended(name, problem) for problem in share[: data.draw(st.integers(0, len(share)))]]
            if name in withdrawn:
                add_answer(Path(folder), name, "withdrawn")
        refill.set_away(leaving - withdrawn, away=True)
        at_work = [name for name in plan.annotators if name not in leaving]
        stayed = list(at_work)
        while at_work:  # in any order, one problem at a time
            name = data.draw(st.sampled_from(at_work))
            done = [s.problem for s in sessions if s.annotator == name]
            problem = next_problem(refill.order(available, name), done)
            problem = problem or refill.take_over(available, name, sessions, time.time())
            if problem is None:
                at_work.remove(name)
            else:
                sessions.append(ended(name, problem))
        used = Counter(s.problem for s in sessions if s.annotator not in withdrawn)
        twice = Counter((s.annotator, s.problem) for s in sessions)
        assert set(twice.values()) <= {1}
        for problem in available:
            has_all = all(twice[name, problem.id] for name in stayed)
            assert used[problem.id] == each or (used[problem.id] < each and has_all)


def test_a_place_goes_to_one_of_those_who_finish_in_the_same_moment(tmp_path: Path) -> None:
    plan, available = study(9, 1), problems(9)
    SlotRefill(plan, tmp_path).set_away(["p001", "p002"], away=True)

    def finish(name: str) -> str | None:
        own = SlotRefill(plan, tmp_path).order(available, name)
        found = SlotRefill(plan, tmp_path).take_over(available, name, [ended(name, own[0])], time.time())
        return found.id if found else None

    with ThreadPoolExecutor(7) as pool:
        found = list(pool.map(finish, plan.annotators[2:]))
    assert sorted(filter(None, found)) == ["t/0", "t/1"]
    assert [finish(name) for name, had in zip(plan.annotators[2:], found, strict=True) if not had] == [
        None
    ] * 5
    assert SlotRefill(plan, tmp_path).order(available, "p001") == []


def test_who_stays_away_comes_back_to_the_rest_and_who_is_through_is_not_asked_again(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    plan = study(3, 1, refill_each=1)
    queues = {name: AnnotationQueue.open(plan, problems(6), name, tmp_path) for name in plan.annotators}

    def work(name: str, answer: str = RIGHT) -> str | None:
        assignment = queues[name].next()
        if assignment is None:
            return None
        held = Held(author="person", interface="app")
        session = queues[name].hold(assignment, ScriptedEngine([answer]), sandbox, held)
        list(session.start())
        session.close()
        return f"{assignment.problem.id} {assignment.place} of {assignment.of}"

    assert work("p001", WRONG) == "t/0 1 of 2", "begun, not ended"
    assert [work("p002"), work("p002")] == ["t/2 1 of 2", "t/3 2 of 2"]
    assert work("p002") is None, "p001 was here a moment ago"
    (journal,) = (path for path in tmp_path.rglob("*.jsonl") if '"annotator":"p001"' in path.read_text())
    os.utime(journal, (time.time() - 3700,) * 2)
    assert work("p002") is None, "thanked and paid"
    assert [work("p003"), work("p003"), work("p003")] == ["t/4 1 of 2", "t/5 2 of 2", "t/0 3 of 3"]
    assert work("p003") is None, "one place each"
    assert work("p001") == "t/1 1 of 1"


def test_what_came_later_leaves_the_hashes_of_older_files_and_needs_a_quota() -> None:
    before = 'name = "x"\n[participants]\ncount = 4\n[allocation]\nper_problem = 2'
    old = parse_study(before, "")
    assert old.sha256 == HASH_BEFORE
    assert parse_study(f"{before}\nrefill_hours = 48", "").sha256 != HASH_BEFORE
    with pytest.raises(UsageError, match=r"is about allocation\.per_problem"):
        parse_study('name = "x"\nallocation.refill_hours = 48', "study.toml")


HASH_BEFORE = "ad6b38c190bb0575164d687d52bc9383801c3893c8c14f10eca344358ae4e18c"
"""Of the study with a quota, before places could be taken over."""
