"""An annotator is led through a study, over several days, beside others in the same folder."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from assistant.core.errors import SessionLocked
from assistant.core.problem import AssertTest, Problem
from assistant.core.submission import Sandbox
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.session.annotation_queue import AnnotationQueue, Assignment
from assistant.session.commands import GiveConsent
from assistant.session.header import Held
from assistant.session.session import Session
from assistant.session.study import Study
from assistant.session.study_tables import Consent
from tests.session.conftest import RIGHT, WRONG


def _queue(folder: Path, who: str) -> AnnotationQueue:
    problems = [
        Problem(
            id=f"test/{name}",
            text="Write a function add.",
            entry_point="add",
            visible_tests=(AssertTest(code="assert add(1, 2) == 3"),),
            source="test",
        )
        for name in ("a", "b")
    ]
    study = Study(name="pilot", consent=Consent(version="1", text="May we publish?"))
    return AnnotationQueue.open(study, problems, who, folder)


def _hold(queue: AnnotationQueue, assignment: Assignment, sandbox: Sandbox, answers: list[str]) -> Session:
    session = Session.begin(
        assignment.problem,
        assignment.settings,
        ScriptedEngine(answers),
        sandbox,
        queue.folder,
        annotator=queue.annotator,
        study=assignment.info,
    )
    list(session.execute(GiveConsent(queue, True)))
    list(session.start())
    session.close()
    return session


def test_next_problem_until_done_and_on_another_day(tmp_path: Path, sandbox: Sandbox) -> None:
    queue = _queue(tmp_path, "a1")
    assert queue.consented() is None
    first = queue.next()
    assert first is not None
    assert (first.problem.id, first.place, first.of) == ("test/a", 1, 2)
    cut_short = _hold(queue, first, sandbox, [WRONG])
    assert queue.consented() is True

    again = _queue(tmp_path, "a1").next()
    assert again is not None
    assert again.unfinished == cut_short.path
    resumed = Session.resume(cut_short.path, ScriptedEngine([RIGHT]), sandbox)
    list(resumed.start())
    list(resumed.feedback("add"))
    resumed.close()

    second = queue.next()
    assert second is not None
    assert (second.problem.id, second.place, second.unfinished) == ("test/b", 2, None)
    _hold(queue, second, sandbox, [RIGHT])
    assert queue.next() is None


def test_others_in_the_folder_do_not_matter(tmp_path: Path, sandbox: Sandbox) -> None:
    one, two = _queue(tmp_path, "a1"), _queue(tmp_path, "a2")
    assignment = one.next()
    assert assignment is not None
    _hold(one, assignment, sandbox, [RIGHT])
    other = two.next()
    assert other is not None
    assert other.problem.id == "test/a"
    assert other.settings.sampling.seed == assignment.settings.sampling.seed
    assert two.consented() is None


def test_a_second_terminal_says_what_it_can_do(tmp_path: Path, sandbox: Sandbox) -> None:
    queue = _queue(tmp_path, "a1")
    assignment = queue.next()
    assert assignment is not None
    with closing(queue.hold(assignment, ScriptedEngine([WRONG]), sandbox, Held())) as first:
        list(first.start())
        second = _queue(tmp_path, "a1").next()
        assert second is not None and second.unfinished == first.path
        with pytest.raises(SessionLocked) as refused:
            queue.hold(second, ScriptedEngine([WRONG]), sandbox, Held())
    said = str(refused.value)
    assert (
        f"a1 has problem test/a, the next one of study pilot, open in another terminal (process {os.getpid()}"
        in said
    )
    assert all(way in said for way in ("Go on there", "`:later`", "--annotator"))
    with closing(queue.hold(second, ScriptedEngine([RIGHT]), sandbox, Held())) as again:
        assert again.path == first.path
