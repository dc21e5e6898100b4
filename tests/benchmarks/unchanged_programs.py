"""How often feedback brings the same program back: greedy alone, and with the second draw that a session makes.

python -m tests.benchmarks.unchanged_programs RESULTS --ilf FILE [--limit 50] [--model NAME]

Each row of ILF's released feedback is answered greedily, under the default wording. Where the answer is the program
that the person spoke about (by its syntax tree), or holds none, the same prompt is drawn again as
`Settings.redraw_unchanged` does it: several samples at a temperature, the best by visible tests of those that differ.
A line of RESULTS is one row. It can be stopped and run again: what is there is not measured again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from assistant.bench.feedback.feedback_states import FeedbackState, ilf_states
from assistant.core import events as ev
from assistant.core.code_extraction import read_answer
from assistant.core.generation import Engine, Finish
from assistant.core.program_equality import same_program
from assistant.core.state import State
from assistant.core.stats.proportion import wilson
from assistant.core.submission import Limits, Sandbox, Submission
from assistant.engine.open import open_engine
from assistant.sandbox.local import open_sandbox
from assistant.session import turns
from assistant.settings.paths import cache_folder
from tests.benchmarks.results_file import Row, measure_all, rows_of


def measure(item: FeedbackState, engine: Engine, sandbox: Sandbox) -> Row:
    """One feedback: what came at first, and what a session takes after its second draw."""
    default = ev.PromptSettings()
    state = item.under(default.template, default.failing_cases)
    settings = state.settings.model_copy(update={"redraw": True, "redraw_unchanged": True})
    state = state.model_copy(update={"settings": settings})
    started = turns.next_turn(state, engine.prepare(), 0, state.turns)
    (first,) = _codes(state, started, engine)
    row: Row = {"row": item.row, "first": _kind(state, first), "first_solved": _solved(state, first, sandbox)}
    samples = state.redraw_samples(state.current, [first], 1)
    if not samples:
        return row | {"taken": row["first"], "solved": row["first_solved"]}
    update = {"sampling": turns.hotter(turns.turn_sampling(settings, state.draws + 1)), "samples": samples}
    drawn = _codes(state, started.model_copy(update=update), engine)
    others = [code for code in drawn if _kind(state, code) == "changed"]
    best = max(others, key=lambda code: _passes(state, code, sandbox), default=first)
    return row | {"taken": _kind(state, best), "solved": _solved(state, best, sandbox)}


def _codes(state: State, started: ev.GenerationStarted, engine: Engine) -> list[str | None]:
    request = turns.request_of(started, state.session)
    finishes = [piece for piece in engine.generate(request) if isinstance(piece, Finish)]
    failed = next((finish.error for finish in finishes if finish.reason == "error"), "")
    if failed:
        raise SystemExit(f"the model failed: {failed}")
    assert state.problem is not None
    finishes.sort(key=lambda finish: finish.sample)
    return [read_answer(finish, state.problem.entry_point).code for finish in finishes]


def _kind(state: State, code: str | None) -> str:
    """`changed`, `same` or `no program`."""
    table = state.current_program
    assert table is not None and table.code is not None
    if code is None:
        return "no program"
    return "same" if same_program(table.code, code) else "changed"


def _passes(state: State, code: str | None, sandbox: Sandbox) -> int:
    assert state.problem is not None
    return sandbox.run(Submission.of(state.problem, code)).pass_count if code else -1


def _solved(state: State, code: str | None, sandbox: Sandbox) -> bool:
    assert state.problem is not None
    return bool(code) and sandbox.run(Submission.of(state.problem, code or "")).passed


def report(rows: Sequence[Row]) -> None:
    """Shares with 95% intervals."""
    print(f"{len(rows)} feedbacks")
    print(f"{'':14}{'same program':>22}{'no program':>22}{'solved':>22}")
    for name, kind, solved in (("greedy", "first", "first_solved"), ("second draw", "taken", "solved")):
        shares = [_share([row[kind] == what for row in rows]) for what in ("same", "no program")]
        print(f"{name:14}{shares[0]:>22}{shares[1]:>22}{_share([row[solved] for row in rows]):>22}")


def _share(true: Sequence[bool]) -> str:
    low, high = wilson(sum(true), len(true))
    return f"{sum(true)}/{len(true)} ({low:.0%}–{high:.0%})"


def main() -> None:
    """Measure what RESULTS lacks, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("results", type=Path)
    parser.add_argument("--ilf", type=Path, required=True, metavar="FILE")
    parser.add_argument("--limit", type=int, default=50)
    parser.add_argument("--model", default=None)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    done = {row["row"] for row in rows_of(options.results)}
    engine = open_engine("transformers", model=options.model, device=options.device, cache=cache_folder())
    with closing(engine), closing(open_sandbox()) as sandbox:
        states = ilf_states(options.ilf, sandbox, Limits(), lambda line: None)[: options.limit]
        missing = [item for item in states if item.row not in done]
        measure_all(options.results, missing, lambda item: measure(item, engine, sandbox), str)
    wanted = {item.row for item in states}
    report([row for row in rows_of(options.results) if row["row"] in wanted])


if __name__ == "__main__":
    main()
