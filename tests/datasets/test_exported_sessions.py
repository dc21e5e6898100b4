"""The record of a session, read with its texts, says what the session's own fold says."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.core.problem import Problem
from assistant.core.state import State, replay
from assistant.journal.load import read_session
from assistant.journal.reader import read_journal
from assistant.journal.records import SessionRecord
from tests.analysis.simulation import World, write_world
from tests.datasets.build import MENDED, RIGHT, WRONG, Script, problem


def _folded(path: Path) -> SessionRecord:
    _, session = read_session(path, lambda _, record: Problem.model_validate(record), content=True)
    assert session is not None
    return session


def _assert_same(found: SessionRecord, state: State) -> None:
    assert (found.id, found.problem) == (state.session, state.problem)
    assert [p.id for p in found.programs] == [p.id for p in state.programs]
    for ours, theirs in zip(found.programs, state.programs, strict=True):
        assert (ours.turn, ours.sample, ours.round, ours.parent, ours.arm, ours.edited, ours.complete) == (
            theirs.turn, theirs.sample, theirs.round, theirs.parent, theirs.arm, theirs.edited, theirs.complete,
        )  # fmt: skip
        assert (ours.code, ours.texts.text) == (theirs.code, theirs.text)
        assert ours.texts.visible == (theirs.visible.model_dump(mode="json") if theirs.visible else None)
        assert ours.texts.hidden == (theirs.hidden.model_dump(mode="json") if theirs.hidden else None)
        if not ours.edited and ours.arm == "human":
            given = found.feedback_of(ours)
            assert (given.text if given else "") == theirs.feedback
    assert found.end == (state.ended.reason if state.ended else "open")


@pytest.mark.parametrize("edits", [0.0, 0.5])
def test_simulated_sessions(tmp_path: Path, edits: float) -> None:
    for path in write_world(tmp_path, World(sessions=15, edits=edits)):
        _assert_same(_folded(path), replay(read_journal(path).events))


def test_branches_samples_and_edits(tmp_path: Path) -> None:
    script = Script(problem()).answer(WRONG, RIGHT, right=[False, True]).say("no")
    script.answer(WRONG, right=[False], arm="retry").answer(WRONG, right=[False])
    script.edit(MENDED, right=False).say("worse").answer(RIGHT, right=[True]).end()
    path = script.write(tmp_path, "s1")
    _assert_same(_folded(path), replay(read_journal(path).events))
