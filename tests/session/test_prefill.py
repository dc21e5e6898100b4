"""Unsent words are read by the model while they are typed, never while an answer is on its way."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from assistant.core import events as ev
from assistant.core.generation import Cancel, Chunk, Finish, NeverCancelled, Request
from assistant.core.problem import Problem
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.session.prompting import known_templates
from assistant.session.session import Session
from assistant.session.turns import first_request
from tests.session.conftest import HALF, RIGHT, WRONG, Begin


class Reader(ScriptedEngine):
    """Remembers what it was to read; a reading lasts until it is stopped or `patience` seconds are over."""

    patience = 0.0

    def __init__(self, answers: list[str]) -> None:
        super().__init__(answers)
        self.read: list[str] = []
        self.stopped: list[str] = []
        self.reading = threading.Event()
        self.session: Session | None = None

    def prefill(self, request: Request, cancel: Cancel = NeverCancelled()) -> None:
        words = request.messages[-1].content
        self.read.append(words)
        self.reading.set()
        for _ in range(int(self.patience / 0.01)):
            if cancel.is_set():
                self.stopped.append(words)
                return
            threading.Event().wait(0.01)

    def generate(self, request: Request, cancel: Cancel = NeverCancelled()) -> Iterator[Chunk | Finish]:
        for item in super().generate(request, cancel):
            if self.session is not None:
                self.session.prefill("typed while the model writes")
            yield item


def session_with(begin: Begin, answers: list[str]) -> tuple[Session, Reader]:
    session = begin(answers)
    engine = Reader(answers)
    session.engine = engine
    session._prefill.engine = engine
    return session, engine


def test_unsent_words_stand_behind_the_dialogue_that_will_be_sent(begin: Begin) -> None:
    session, engine = session_with(begin, [WRONG, RIGHT])
    session.prefill("before there is a program")
    list(session.start())
    session.prefill("  ")
    assert engine.read == []
    session.prefill("it must add")
    assert engine.read == ["it must add"]
    list(session.feedback("it must add"))
    session.prefill("after the end")
    assert engine.read == ["it must add"]


def test_nothing_is_read_while_an_answer_is_on_its_way(begin: Begin) -> None:
    session, engine = session_with(begin, [WRONG, HALF])
    engine.session = session
    list(session.start())
    assert engine.read == []
    session.prefill("now")
    assert engine.read == ["now"]


def test_sending_stops_the_reading_and_newer_words_replace_older(begin: Begin) -> None:
    session, engine = session_with(begin, [WRONG, HALF])
    engine.patience = 20.0
    list(session.start())
    threads = []
    for words in ("it", "it must", "it must add"):
        engine.reading.clear()
        threads.append(threading.Thread(target=session.prefill, args=(words,)))
        threads[-1].start()
        assert engine.reading.wait(10)
    list(session.feedback("it must add numbers"))
    for thread in threads:
        thread.join(10)
    assert sorted(engine.stopped) == ["it", "it must", "it must add"]


def test_an_engine_that_cannot_read_ahead_is_left_alone(begin: Begin) -> None:
    session = begin([WRONG])
    list(session.start())
    session.prefill("it must add")


@pytest.mark.parametrize("template", [name for name in known_templates() if not name.endswith("-base")])
def test_what_is_read_before_a_session_begins_is_what_it_then_sends(begin: Begin, template: str) -> None:
    session = begin([WRONG], prompt={"template": template, "visible_tests": 1})
    assert session.state.started is not None
    read = first_request(session.state.started, "next")
    events = list(session.start())
    sent = next(event for event in events if isinstance(event, ev.GenerationStarted))
    assert read is not None and read.conversation == "next"
    assert (read.messages, read.raw) == (sent.messages, sent.raw)


def test_nothing_is_read_where_a_session_begins_with_a_program(begin: Begin, problem: Problem) -> None:
    started = begin([WRONG]).state.started
    assert started is not None
    given = problem.model_copy(update={"given": "def add(a, b):\n    return a\n"})
    assert first_request(started.model_copy(update={"problem": given}), "next") is None
    alone = started.settings.model_copy(update={"person_alone": True})
    assert first_request(started.model_copy(update={"settings": alone}), "next") is None
