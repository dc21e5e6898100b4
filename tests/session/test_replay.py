"""Replay says the same, or names the first thing that differs."""

from __future__ import annotations

from assistant.core import events as ev
from assistant.core.generation import ModelInfo
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.journal.reader import read_journal
from assistant.session.replay import model_differences, repeat_generations, repeat_tests
from tests.session.conftest import RIGHT, WRONG, Begin


def _solved(begin: Begin) -> list[ev.Event]:
    session = begin([WRONG, RIGHT])
    list(session.start())
    list(session.feedback("add them"))
    return list(read_journal(session.path).events)


def test_the_same_answers_are_said_to_be_the_same(begin: Begin) -> None:
    found = list(repeat_generations(_solved(begin), ScriptedEngine([WRONG, RIGHT])))
    assert [(c.program, c.same) for c in found] == [("t0s0", True), ("t1s0", True)]


def test_the_first_difference_is_named(begin: Begin) -> None:
    events = _solved(begin)
    changed = []
    for event in events:
        if isinstance(event, ev.GenerationFinished):
            ids = (5, 6, 7) if event.turn == 0 else (8, 9)
            event = event.model_copy(update={"finish": event.finish.model_copy(update={"output_ids": ids})})
        changed.append(event)

    class Tokens(ScriptedEngine):
        def generate(self, *args: object, **kwargs: object):  # type: ignore[no-untyped-def,override]
            for piece in super().generate(*args, **kwargs):  # type: ignore[arg-type]
                yield (
                    piece.model_copy(update={"output_ids": (5, 6, 9)}) if hasattr(piece, "reason") else piece
                )

    found = list(repeat_generations(changed, Tokens([WRONG, RIGHT])))
    assert [c.same for c in found] == [False, False]
    assert found[0].detail == "first differing token is number 2: 7, now 9"
    assert found[1].detail == "first differing token is number 0: 8, now 5"


def test_verdicts_are_compared(begin: Begin) -> None:
    session = begin([WRONG, RIGHT])
    list(session.start())
    list(session.feedback("add them"))
    events = list(read_journal(session.path).events)
    assert session.state.problem is not None
    assert all(c.same for c in repeat_tests(events, session.state.problem, session.sandbox))
    forged = [
        e.model_copy(update={"code": WRONG.split("\n", 1)[1][:-3]})
        if isinstance(e, ev.GenerationFinished) and e.turn == 1
        else e
        for e in events
    ]
    found = [c for c in repeat_tests(forged, session.state.problem, session.sandbox) if not c.same]
    assert [(c.program, c.what) for c in found] == [("t1s0", "visible tests"), ("t1s0", "hidden tests")]
    assert found[0].detail == "case 1: passed, now wrong"


def test_differences_between_models_are_named() -> None:
    before = ModelInfo(engine="transformers", name="m", device="cpu", versions={"torch": "2.12"})
    now = before.model_copy(update={"device": "cuda", "versions": {"torch": "2.13"}})
    assert model_differences(before, now) == ["device cpu -> cuda", "torch 2.12 -> 2.13"]
    assert model_differences(before, before) == []
    counted = before.model_copy(update={"parameters": 7})
    assert model_differences(before, counted) == [], "older journals do not say how many"
    assert model_differences(counted, counted.model_copy(update={"parameters": 8})) == ["parameters 7 -> 8"]
