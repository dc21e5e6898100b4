"""What stands after each feedback, as samples: a protocol run is compared with another like any bench.

The groups are `after 0`, `after 1` … (the program that solved by then, else the last answer), and with a failing
hidden test as feedback `after 4 with a hidden test said`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant.bench.jobs import Sample, what_was_generated
from assistant.bench.run_folder import write_lines
from assistant.bench.scoring import NO_PROGRAM
from assistant.core.outcome import Report
from assistant.core.state import Program, State

SAID = " with a hidden test said"


def samples_of(state: State) -> Iterator[Sample]:
    """One session: what stands after each number of feedbacks, of the experiment and beyond it."""
    rounds = state.settings.rounds
    for told in range(rounds + 1):
        yield from _sample(state.of_experiment, told, "")
    if state.settings.continue_after_end:
        for told in range(rounds + 1):
            yield from _sample(state, told, SAID)


def standing(state: State, told: int, *, by_hidden: bool) -> Program | None:
    """The program after `told` feedbacks: the first that solves by then, else the last answer.

    `by_hidden`: to solve is to pass the hidden tests as well.
    """
    made = [p for p in state.programs if p.arm == "human" and p.complete and state.words(p.id) <= told]
    solving = [p for p in made if p.solved and not (by_hidden and p.false_solve)]
    return solving[0] if solving else made[-1] if made else None


def _sample(state: State, told: int, said: str) -> Iterator[Sample]:
    program = standing(state, told, by_hidden=bool(said))
    problem, finish = state.problem, program.finish if program is not None else None
    if program is None or problem is None or finish is None:
        return
    visible, hidden = program.visible, program.hidden if program.solved else None
    yield Sample(
        group=f"after {told}{said}",
        row=problem.id,
        problem=problem.id,
        difficulty=problem.difficulty,
        sample=0,
        outcome=visible.outcome.value if visible is not None else NO_PROGRAM,
        solved=program.solved,
        honest=None if hidden is None else hidden.passed,
        visible_passed=visible.pass_count if visible else 0,
        visible_total=len(problem.visible_tests),
        hidden_passed=hidden.pass_count if hidden else 0,
        hidden_total=len(hidden.cases) if hidden else 0,
        code=program.code,
        expected="",
        **what_was_generated(finish),
        sealed=_sealed(visible),
        hard_coded=program.hard_coded,
    )


def _sealed(report: Report | None) -> bool:
    return report is None or report.sealed


def write_samples(path: Path, states: Sequence[State]) -> list[Sample]:
    """`samples.jsonl`, whole, from all sessions; sorted by group. Raises AssistantError."""
    samples = [sample for state in states for sample in samples_of(state)]
    write_lines(path, (sample.model_dump_json() for sample in samples))
    return samples
