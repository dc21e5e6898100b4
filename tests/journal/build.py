"""Whole sessions, built of events that look like real ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from assistant.core import events as ev
from assistant.core.control_arms import RESAMPLE, control_seed
from assistant.core.generation import Finish, Message, ModelInfo, Sampling
from assistant.core.outcome import CaseReport, Outcome, Report
from assistant.core.problem import AssertTest, CallTest, Problem
from assistant.core.state import State, apply
from assistant.journal.codec import FIRST_PREV, encode, hash_of

PROBLEM = Problem(
    id="starter/7",
    text="Write a function snake(name) that turns CamelCase into snake_case.",
    entry_point="snake",
    visible_tests=(
        AssertTest(code="assert snake('CamelCase') == 'camel_case'"),
        AssertTest(code="assert snake('A') == 'a'"),
        AssertTest(code="assert snake('') == ''"),
    ),
    hidden_tests=tuple(CallTest(arguments=f"['{'Ab' * n}']", expected=f"'{'_ab' * n}'") for n in range(1, 7)),
    reference="import re\n\ndef snake(name):\n    return re.sub('(?<!^)([A-Z])', r'_\\\\1', name).lower()\n",
    source="starter",
    licence="Apache-2.0",
    tags=("strings",),
)
WORDS = "the first letter must not get an underscore"
MODEL = ModelInfo(engine="scripted", name="script", versions={"assistant": "0.1.0"})
CODE = "def snake(name):\n    return ''.join('_' + c.lower() if c.isupper() else c for c in name)\n"
ANSWER = f"```python\n{CODE}```\n"
TASK = Message(role="user", content=f"{PROBLEM.text}\n" + "\n".join(PROBLEM.test_texts()))


def header(session: str, **changes: object) -> ev.SessionStarted:
    """The first event of a session on `PROBLEM`."""
    event = ev.SessionStarted(
        session=session,
        app_version="0.1.0",
        annotator="anon-tester1",
        problem=PROBLEM,
        problem_sha256=PROBLEM.sha256,
        model=MODEL,
        settings=ev.Settings(),
        sandbox={"seccomp": True, "landlock": "abi 6"},
        machine={"python": "3.11"},
    )
    return event.model_copy(update=changes)


def answer(turn: int, round_: int, parent: str | None = None, *, arm: ev.Arm = "human") -> list[ev.Event]:
    """A generation, started and finished."""
    messages = (TASK,)
    if round_ and arm != "resample":
        said = Message(role="user", content=WORDS if arm == "human" else "Try again.")
        messages = (TASK, Message(role="assistant", content=ANSWER), said)
    return [
        ev.GenerationStarted(
            turn=turn,
            arm=arm,
            round=round_,
            parent=parent,
            messages=messages,
            sampling=Sampling(),
            template_sha256="0" * 64,
        ),
        ev.GenerationFinished(
            turn=turn,
            arm=arm,
            round=round_,
            program=f"t{turn}s0",
            finish=Finish(
                sample=0, text=ANSWER, reason="stop", generated_tokens=40, output_ids=tuple(range(1000, 1040))
            ),
            code=CODE,
        ),
    ]


def verdict(
    turn: int, round_: int, *, passed: bool, hidden: bool | None = None, arm: ev.Arm = "human"
) -> list[ev.Event]:
    """The visible tests' verdict, and the hidden ones' unless `hidden` is None."""
    name = f"t{turn}s0"
    events: list[ev.Event] = [
        ev.TestsFinished(
            turn=turn,
            arm=arm,
            round=round_,
            program=name,
            code_sha256=hashlib.sha256(CODE.encode()).hexdigest(),
            visible=report(PROBLEM.test_texts(), passed=passed),
        )
    ]
    if hidden is not None:
        texts = [test.text("snake") for test in PROBLEM.hidden_tests]
        events.append(
            ev.HiddenScored(
                turn=turn, arm=arm, round=round_, program=name, hidden=report(texts, passed=hidden)
            )
        )
    return events


def report(tests: Sequence[str], *, passed: bool) -> Report:
    """All passed, or the first one wrong."""
    outcomes = [Outcome.PASSED if passed or n else Outcome.WRONG for n in range(len(tests))]
    cases = tuple(
        CaseReport(
            test=test,
            outcome=outcome,
            expected=test.rpartition(" == ")[2],
            actual=test.rpartition(" == ")[2] if outcome is Outcome.PASSED else "'_camel_case'",
            seconds=0.001,
        )
        for test, outcome in zip(tests, outcomes, strict=True)
    )
    return Report(outcome=outcomes[0], sealed=True, layers={"seccomp": True}, cases=cases, seconds=0.02)


def feedback(program: str, round_: int, text: str = WORDS) -> ev.FeedbackGiven:
    """Somebody's words about `program`."""
    return ev.FeedbackGiven(program=program, round=round_, text=text, effort=ev.Effort(reading=8, typing=12))


def whole_session(session: str, *, feedbacks: int = 1, hidden: bool = True) -> list[ev.Event]:
    """A session that is solved after `feedbacks` rounds; a false solve when not `hidden`."""
    events: list[ev.Event] = [header(session)]
    for round_ in range(feedbacks + 1):
        last = round_ == feedbacks
        events += answer(round_, round_, f"t{round_ - 1}s0" if round_ else None)
        events += verdict(round_, round_, passed=last, hidden=hidden if last else False)
        if not last:
            events.append(feedback(f"t{round_}s0", round_ + 1))
    events.append(ev.SessionEnded(reason="solved", effort=ev.Effort(reading=8.0 * feedbacks)))
    return list(as_a_session(events))


def lines_of(events: Iterable[ev.Event]) -> list[bytes]:
    """`events` as a journal's lines, without the cost of syncing each."""
    lines: list[bytes] = []
    for seq, event in enumerate(as_a_session(events)):
        prev = hash_of(lines[-1]) if lines else FIRST_PREV
        stamp = ev.Stamp(
            seq=seq, time=f"2026-11-23T03:00:{seq % 60:02}.000000+00:00", mono=float(seq), prev=prev
        )
        lines.append(encode(stamp, event))
    return lines


def as_a_session(events: Iterable[ev.Event]) -> Iterator[ev.Event]:
    """`events` with the seeds and the dialogues that a session would have, where `answer` made them."""
    state = State()
    for event in events:
        if isinstance(event, ev.GenerationStarted) and event.sampling == Sampling():
            event = _asked(state, event)
        yield event
        with suppress(KeyError):
            state = apply(state, event)


def _asked(state: State, event: ev.GenerationStarted) -> ev.GenerationStarted:
    sampling = state.settings.sampling
    if event.arm in ("human", "simulated"):
        seed = sampling.seed + 1000 * state.draws
    else:
        seed = control_seed(state.session, event.arm, event.parent or "", event.round)
        sampling = RESAMPLE.sampling(sampling) if event.arm == "resample" else sampling
    update: dict[str, object] = {"sampling": sampling.model_copy(update={"seed": seed})}
    if len(event.messages) == 3 and event.parent in {program.id for program in state.programs}:
        steps = [program for program in state.path(event.parent) if program.feedback]
        said = [Message(role="user", content=program.feedback) for program in steps]
        given = Message(role="assistant", content=ANSWER)
        before = [message for words in said for message in (given, words)]
        update["messages"] = (TASK, *before, *event.messages[1:])
    return event.model_copy(update=update)


def write_session(folder: Path, session: str, events: Iterable[ev.Event] | None = None) -> Path:
    """A journal in `folder/2026-11-23`; a whole solved session unless `events` are given."""
    path = folder / "2026-11-23" / f"{session}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(line + b"\n" for line in lines_of(events or whole_session(session))))
    return path


def chained_lines(records: Iterable[dict[str, Any]]) -> list[bytes]:
    """These records as lines, numbered and chained anew."""
    prev, lines = FIRST_PREV, list[bytes]()
    for seq, record in enumerate(records):
        text = json.dumps({**record, "seq": seq, "prev": prev}, ensure_ascii=False, separators=(",", ":"))
        prev = hash_of(text.encode())
        lines.append(text.encode() + b"\n")
    return lines


def write_chained(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """A journal of these records: what somebody leaves who changed it with care."""
    path.write_bytes(b"".join(chained_lines(records)))
