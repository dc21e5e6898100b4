"""Sessions as the analysis sees them, made by hand."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.core.events import Effort
from assistant.journal.records import Edit, Feedback, ProgramRecord, SessionRecord
from tests.analysis.simulation import problem_of


def program(
    turn: int,
    round_: int,
    parent: str | None = None,
    *,
    solved: bool = False,
    hidden_passed: bool | None = None,
    arm: str = "human",
    sample: int = 0,
    edited: bool = False,
    complete: bool = True,
    tokens: int = 100,
) -> ProgramRecord:
    """Program `t{turn}s{sample}`; half of its tokens are read, half written."""
    return ProgramRecord(
        seq=10 * turn + sample,
        id=f"t{turn}s{sample}",
        turn=turn,
        sample=sample,
        round=round_,
        parent=parent,
        arm=arm,
        edited=edited,
        complete=complete,
        solved=solved,
        hidden_passed=hidden_passed,
        code_sha256="0" * 64,
        prompt_tokens=tokens // 2,
        generated_tokens=tokens - tokens // 2,
        seconds=1.0,
    )


def words(
    about: str,
    round_: int,
    text: str = "no",
    *,
    seq: int = 0,
    kinds: Sequence[str] = (),
    seconds: float = 0.0,
) -> Feedback:
    """Feedback that took `seconds` of typing."""
    return Feedback(seq, about, round_, text, tuple(kinds), Effort(typing=seconds), "person", "def f(): pass")


def session(
    name: str,
    programs: Sequence[ProgramRecord],
    *,
    problem: int = 1,
    annotator: str = "anon-1",
    rounds: int = 4,
    end: str = "rounds_used_up",
    feedback: Sequence[Feedback] = (),
    edits: Sequence[Edit] = (),
    clock: Effort | None = None,
    imported_from: str = "",
    samples: int = 1,
) -> SessionRecord:
    """A session on simulated problem number `problem`."""
    task = problem_of(problem)
    return SessionRecord(
        id=name,
        annotator=annotator,
        problem=task,
        problem_sha256=task.sha256,
        model="m",
        precision="",
        rounds=rounds,
        samples=samples,
        visible_tests=None,
        study="",
        condition={},
        imported_from=imported_from,
        programs=tuple(programs),
        feedback=tuple(feedback),
        edits=tuple(edits),
        end=end,
        clock=clock or Effort(),
    )
