"""What further draws bring at the first answer, and whether a person waits longer for it because of them.

python -m tests.benchmarks.first_answer_draws RESULTS --problems PATH [--limit 100] [--draws 3] [--model NAME]

Each problem is begun twice, as in the app: without draws, and with those of the problem before still being made (its
session is left a second after its answer, in the midst of them). The seconds are from leaving until the verdict on
the first answer. Before the two, the problem is begun once without a clock, so that both find the beginning of its
prompt in the cache (reading it takes longer than what is measured); which of the two comes first alternates.
A line of RESULTS is one problem. It can be stopped and run again: what is there is not measured again.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import mean, median
from typing import Any

from assistant.core import events as ev
from assistant.core.generation import Engine
from assistant.core.problem import Problem
from assistant.core.state import Program, State
from assistant.core.stats.bootstrap import cluster_bootstrap
from assistant.core.stats.proportion import wilson
from assistant.core.submission import Sandbox
from assistant.engine.open import open_engine
from assistant.problems.load import load_source
from assistant.sandbox.local import open_sandbox
from assistant.session.arms.background import BackgroundWork, start_background_work
from assistant.session.draws import draws_beside, passed
from assistant.session.header import Held
from assistant.session.session import Session
from assistant.settings.paths import cache_folder
from tests.benchmarks.results_file import rows_of

Row = dict[str, Any]
READING = 1.0
"""Seconds after an answer until the person leaves: the draws are being made then."""


class Desk:
    """Opens one session after the other, as a person does who goes from problem to problem."""

    def __init__(self, engine: Engine, sandbox: Sandbox, folder: Path) -> None:
        self._parts = engine, sandbox, folder
        self._left: tuple[Session, BackgroundWork | None] | None = None

    def open(self, problem: Problem, draws: int) -> tuple[Session, float]:
        """A session on `problem` after its first answer, and the seconds since the one before was left."""
        engine, sandbox, folder = self._parts
        begun = time.perf_counter()
        self.leave()
        settings = ev.Settings(draws=draws, arms=(), redraw=True)
        session = Session.begin(
            problem, settings, engine, sandbox, folder, annotator="first-answer-draws", held=Held()
        )
        self._left = session, start_background_work(session)
        list(session.start())
        seconds = time.perf_counter() - begun
        return session, seconds

    def finish(self) -> None:
        """Let the draws of the open session be made."""
        if self._left is not None and self._left[1] is not None:
            self._left[1].finish(timeout=3600)

    def leave(self) -> None:
        """Close the open session."""
        if self._left is not None:
            session, work = self._left
            if work is not None:
                work.close()
            session.close()
            self._left = None


def measure(problem: Problem, before: Problem, desk: Desk, draws: int, with_first: bool) -> Row:
    """One problem both ways; `before` is what the person comes from."""
    row: Row = {"problem": problem.id, "draws": draws, "warmed": True}
    desk.open(problem, 0)
    for drawing in (with_first, not with_first):
        desk.open(before, draws if drawing else 0)
        time.sleep(READING)
        session, seconds = desk.open(problem, draws if drawing else 0)
        row["seconds_with" if drawing else "seconds_without"] = round(seconds, 3)
        if drawing:
            desk.finish()
            row |= _verdicts(session.state)
        desk.leave()
    return row


def _verdicts(state: State) -> Row:
    """Of the first answer, and of what the person could have: that, or the draw that passes most visible tests."""
    first = state.human_programs[-1] if state.human_programs else None
    drawn = draws_beside(state, first)
    assert first is not None
    best = max((first, *drawn), key=lambda program: passed(state, program))
    return {
        "first": _verdict(first), "best": _verdict(best), "drawn": [_verdict(program) for program in drawn],
    }  # fmt: skip


def _verdict(program: Program) -> Row:
    return {"visible": program.solved, "hidden": program.hidden_passed}


def report(rows: Sequence[Row]) -> None:
    """Tables with 95% intervals."""
    print(f"{len(rows)} problems")
    print(f"{'solved at the first answer':34}{'1 program':>22}{'with draws':>22}")
    for name, keys in (("visible tests", ("visible",)), ("visible and hidden tests", ("visible", "hidden"))):
        judged = [
            row for row in rows if all(row["first"][key] is not None or key == "visible" for key in keys)
        ]
        shares = [
            _share([all(row[which][key] for key in keys) for row in judged]) for which in ("first", "best")
        ]
        print(f"{name:34}{shares[0]:>22}{shares[1]:>22}")
    timed = [row for row in rows if row.get("warmed")]
    if not timed:
        return
    longer = [row["seconds_with"] - row["seconds_without"] for row in timed]
    for name in ("seconds_without", "seconds_with"):
        seconds = [row[name] for row in timed]
        print(f"{name.replace('_', ' '):34}median {median(seconds):.2f}, mean {mean(seconds):.2f}")
    low, high = cluster_bootstrap([(value, 1.0) for value in longer]) if len(longer) > 1 else (0.0, 0.0)
    longest = f"median {median(longer):+.2f}, mean {mean(longer):+.2f} s ({low:+.2f} to {high:+.2f})"
    print(f"{'longer with draws':34}{longest}")


def _share(passes: Sequence[bool]) -> str:
    low, high = wilson(sum(passes), len(passes))
    return f"{sum(passes)}/{len(passes)} ({low:.0%}–{high:.0%})"


def main() -> None:
    """Measure what RESULTS lacks, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("results", type=Path)
    parser.add_argument("--problems", required=True, metavar="PATH")
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--model", default=None)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    problems = load_source(options.problems).problems[: options.limit]
    done = {(row["problem"], row["draws"]) for row in rows_of(options.results)}
    engine = open_engine("transformers", model=options.model, device=options.device, cache=cache_folder())
    with closing(engine), closing(open_sandbox()) as sandbox, tempfile.TemporaryDirectory() as folder:
        engine.prepare()
        desk = Desk(engine, sandbox, Path(folder))
        wanted = [pair for pair in enumerate(problems) if (pair[1].id, options.draws) not in done]
        if wanted:
            desk.open(problems[-1], 0)  # the very first request takes longer than any other
            desk.leave()
        for number, problem in wanted:
            row = measure(problem, problems[number - 1], desk, options.draws, with_first=number % 2 == 0)
            with options.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(row, file=sys.stderr, flush=True)
    named = {problem.id for problem in problems}
    rows = [row for row in rows_of(options.results) if row["draws"] == options.draws]
    report([row for row in rows if row["problem"] in named])


if __name__ == "__main__":
    main()
