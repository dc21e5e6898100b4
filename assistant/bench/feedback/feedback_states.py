"""States in which a person gave feedback on a program: every arm starts from them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.bench.load_problems import Say
from assistant.core import events as ev
from assistant.core.errors import AssistantError, UsageError
from assistant.core.optional_deps import need
from assistant.core.problem import sha256_of
from assistant.core.speaker import UNKNOWN
from assistant.core.state import Program, State, apply
from assistant.core.state_labels import plural
from assistant.core.submission import Limits, Sandbox, Submission
from assistant.journal.load import read_recordings
from assistant.problems.formats.ilf import IlfRow, read_ilf

NOT_PEOPLE = {"simulated": "a model wrote", UNKNOWN: "an unknown speaker wrote"}
"""Origins that no person answers for, and how that is said."""
HALVES = ("choose", "report", "all")


@dataclass(frozen=True)
class FeedbackState:
    """`state` has the feedback pending. `origin` names its author; states of different origin are kept apart."""

    row: str
    state: State
    origin: str

    @property
    def words(self) -> str:
        """What the person said."""
        return self.state.pending_feedback.text if self.state.pending_feedback else ""

    @property
    def problem_id(self) -> str:
        return self.state.problem.id if self.state.problem else ""

    def under(self, template: str, failing_cases: bool) -> State:
        """The state with another wording of the dialogue; as many tests are shown as were then."""
        wording = {"template": template, "failing_cases": failing_cases, "template_sha256": ""}
        prompt = self.state.settings.prompt.model_copy(update=wording)
        settings = self.state.settings.model_copy(update={"prompt": prompt, "samples": 1})
        return self.state.model_copy(update={"settings": settings})


def ilf_states(path: Path, sandbox: Sandbox, limits: Limits, say: Say) -> list[FeedbackState]:
    """ILF's rows. Those whose program passes here are left out, by name."""
    found = read_ilf(path)
    for line in found.skipped:
        say(f"left out: {line}")
    states = [_ilf_state(row, sandbox, limits) for row in found.rows]
    for item in states:
        if item.state.solved:
            say(f"left out: {item.row}: its program passes the tests")
    return [item for item in states if not item.state.solved]


def _ilf_state(row: IlfRow, sandbox: Sandbox, limits: Limits) -> FeedbackState:
    report = sandbox.run(Submission.of(row.problem, row.wrong, limits=limits))
    program = Program(id="t0s0", turn=0, round=0, code=row.wrong, visible=report)
    state = State(
        session=f"ilf {row.problem.id}",
        problem=row.problem,
        programs=(program,),
        current=program.id,
        pending_feedback=ev.FeedbackGiven(program=program.id, round=1, text=row.feedback),
        turns=1,
    )
    return FeedbackState(row.problem.id, state, "ILF's annotators")


def journal_states(folder: Path, say: Say) -> list[FeedbackState]:
    """Every feedback in a folder of journals. Raises UsageError where there is none."""
    recordings, left_out = read_recordings(folder)
    for item in left_out:
        say(f"left out: {item.message}")
    states = [state for recording in recordings for state in _in_journal(recording.events)]
    if not states:
        raise UsageError(f"{folder} holds no feedback about a program that fails its tests")
    return states


def _in_journal(events: Iterable[ev.Event]) -> Iterator[FeedbackState]:
    """The state after each feedback, before its answer; nothing that is beyond the experiment."""
    state = State()
    for event in events:
        state = apply(state, event)
        if state.beyond:
            return
        if isinstance(event, ev.FeedbackGiven) and _counts(state):
            yield FeedbackState(
                f"{state.session}/{event.program}/{event.round}", state, _origin(state, event)
            )


def _counts(state: State) -> bool:
    table = state.current_program
    if any(program.given for program in state.programs):
        return False  # about a person's own function, which is no answer of a model
    return table is not None and table.code is not None and table.visible is not None and not table.solved


def _origin(state: State, event: ev.FeedbackGiven) -> str:
    if event.author != "person":
        return "simulated" if event.author == "model" else UNKNOWN
    imported = state.started.imported_from if state.started else ""
    return f"imported from {imported}" if imported else "people"


def only_people(states: Sequence[FeedbackState], say: Say) -> list[FeedbackState]:
    """Feedback of a model, or of an unknown speaker, is never counted as a person's.

    Raises AssistantError where none is left.
    """
    kept = [item for item in states if item.origin not in NOT_PEOPLE]
    for origin, wrote in NOT_PEOPLE.items():
        count = sum(item.origin == origin for item in states)
        if count:
            say(f"left out: {plural(count, 'feedback')} that {wrote}")
    if not kept:
        raise AssistantError(
            "no feedback here is known to be a person's, and this bench is about human feedback"
        )
    return kept


def half_of(states: Sequence[FeedbackState], half: str) -> list[FeedbackState]:
    """`choose` and `report` divide the problems in two, always the same way. Raises UsageError."""
    if half not in HALVES:
        raise UsageError(f"--half {half} is not known; choose {', '.join(HALVES)}")
    problems = sorted({item.problem_id for item in states})
    random.Random("halves").shuffle(problems)
    chosen = set(problems[: len(problems) // 2])
    return [m for m in states if half == "all" or (m.problem_id in chosen) == (half == "choose")]


def held_out(states: Sequence[FeedbackState], export: Path) -> list[FeedbackState]:
    """Those on problems of the test split of a dataset that `assistant export` wrote: no training has seen them.

    Raises UsageError where there are none.
    """
    files = [str(path) for path in sorted(export.glob("data/*/test-*.parquet"))]
    if not files:
        raise UsageError(f"{export} is no dataset of `assistant export` with a test split")
    with need("duckdb").connect() as connection:
        rows = connection.execute("SELECT DISTINCT content_sha256 FROM read_parquet($1)", [files]).fetchall()
    tested = {row[0] for row in rows}
    kept = [m for m in states if m.state.problem and m.state.problem.content_sha256 in tested]
    if not kept:
        raise UsageError(f"no feedback here is about a problem of the test split of {export}")
    return kept


def fingerprint(states: Sequence[FeedbackState]) -> str:
    """SHA-256 over problems, programs and feedback."""
    parts = [
        [m.row, m.state.problem.sha256 if m.state.problem else "", m.words, *_codes(m.state)] for m in states
    ]
    return sha256_of(parts)


def _codes(state: State) -> list[str]:
    return [program.code or "" for program in state.path(state.current)]
