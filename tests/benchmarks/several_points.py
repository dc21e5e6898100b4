"""Whether the model follows feedback of several points, of one point and of none: as it answers, and point by point.

python -m tests.benchmarks.several_points RESULTS [--kinds several,one,wish] [--ways answer,steps,quoted] [--limit N]

A line of several_points.jsonl is a wrong program for a starter problem and what was said of it, with an expression
for each point that holds where the point was followed (and never for the wrong program). A language model wrote them
(`author`). `several` names two to four changes, `one` a single local one, `wish` none. Each is a session of one round
as the app holds it, under the default wording: `answer` without steps (`Settings.point_by_point`), `steps` with them,
`quoted` with the first failing test behind the words, as the app's key for it writes it.
A line of RESULTS is one session. It can be stopped and run again: what is there is not measured again.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from assistant.core import events as ev
from assistant.core.generation import Engine
from assistant.core.problem import AssertTest, Problem
from assistant.core.program_equality import same_program
from assistant.core.state import State
from assistant.core.stats.proportion import wilson
from assistant.core.submission import Sandbox, Submission
from assistant.engine.open import open_engine
from assistant.problems.load import load_source
from assistant.sandbox.local import open_sandbox
from assistant.session.header import Held, given_program, parse_author
from assistant.session.session import Session
from assistant.settings.paths import cache_folder
from assistant.tui.feedback_suggestions import quoted_case
from assistant.tui.test_rows import verdicts_of
from tests.benchmarks.results_file import Row, measure_all, rows_of

CASES = Path(__file__).with_suffix(".jsonl")
WAYS = ("answer", "steps", "quoted")


def measure(case: Row, way: str, problem: Problem, engine: Engine, sandbox: Sandbox) -> Row:
    """One session of one round, and which points its current program meets."""
    settings = ev.Settings(
        redraw=True, redraw_unchanged=True, unchanged_uses_round=False, point_by_point=way == "steps"
    )
    author, name = parse_author(case["author"])
    with tempfile.TemporaryDirectory() as folder:
        session = Session.begin(
            problem, settings, engine, sandbox, Path(folder),
            annotator="several-points", held=Held(author=author, author_model=name),
            given=given_program(case["program"], "pasted"),
        )  # fmt: skip
        with closing(session):
            list(session.start())
            quote = quoted_test(session.state) if way == "quoted" else ""
            list(session.feedback(f"{case['words']} {quote}".rstrip()))
            return {"case": case["id"], "way": way} | _outcome(case, session.state, sandbox)


def quoted_test(state: State) -> str:
    """The first visible test that fails, as a sentence."""
    program = state.current_program
    assert program is not None
    rows = (
        row for row in verdicts_of(state, program).visible if row.case is not None and not row.case.passed
    )
    return quoted_case(next(rows))


def _outcome(case: Row, state: State, sandbox: Sandbox) -> Row:
    program = state.current_program
    assert program is not None and state.problem is not None
    failed = next((p.finish.error for p in state.programs if p.finish and p.finish.reason == "error"), "")
    if failed:
        raise SystemExit(f"the model failed: {failed}")
    made = [p.finish for p in state.programs if p.finish is not None]
    return {
        "points": followed(case, program.code, state.problem, sandbox),
        "visible": program.solved,
        "hidden": program.hidden_passed,
        "same": program.code is not None and same_program(program.code, case["program"]),
        "turns": len({p.turn for p in state.programs}) - 1,
        "tokens": sum(finish.generated_tokens for finish in made),
        "code": program.code,
    }


def followed(case: Row, code: str | None, problem: Problem, sandbox: Sandbox) -> list[bool]:
    """For each point, whether the program meets it."""
    tests = tuple(AssertTest(code=f"assert {point['check']}") for point in case["points"])
    if not tests or code is None:
        return [False] * len(tests)
    report = sandbox.run(Submission.of(problem, code).model_copy(update={"tests": tests}))
    return [test.passed for test in report.cases] or [False] * len(tests)


def unsound(case: Row, problem: Problem, sandbox: Sandbox) -> bool:
    """Whether a check holds for the wrong program, or not for the right one, or the wrong program passes."""
    wrong = followed(case, case["program"], problem, sandbox)
    right = followed(case, problem.reference, problem, sandbox)
    return any(wrong) or not all(right) or sandbox.run(Submission.of(problem, case["program"])).passed


def report(rows: Sequence[Row], cases: Mapping[str, Row]) -> None:
    """By kind of feedback and way: shares with 95% intervals (Wilson 1927)."""
    heads = ("all points", "each point", "visible tests", "and hidden", "same program")
    print(f"{'':16}{''.join(f'{head:>20}' for head in heads)}  generations")
    for kind, way in ((kind, way) for kind in ("several", "one", "wish") for way in WAYS):
        found = [row for row in rows if row["way"] == way and row["case"].startswith(f"{kind}/")]
        if not found:
            continue
        shares = [
            [all(row["points"]) for row in found if cases[row["case"]]["points"]],
            [met for row in found for met in row["points"]],
            [row["visible"] for row in found],
            [bool(row["visible"] and row["hidden"]) for row in found],
            [row["same"] for row in found],
        ]
        turns = sum(row["turns"] for row in found) / len(found)
        print(f"{f'{kind}, {way}':16}{''.join(f'{_share(share):>20}' for share in shares)}  {turns:.1f}")


def _share(true: Sequence[bool]) -> str:
    if not true:
        return "–"
    low, high = wilson(sum(true), len(true))
    return f"{sum(true)}/{len(true)} ({low:.0%}–{high:.0%})"


def main() -> None:
    """Measure what RESULTS lacks, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("results", type=Path)
    parser.add_argument("--kinds", default="several,one,wish")
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--limit", type=int, default=None, help="cases of each kind")
    parser.add_argument("--model", default=None)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    problems = {problem.id: problem for problem in load_source("starter").problems}
    cases = [case for kind in options.kinds.split(",") for case in cases_of(kind)[: options.limit]]
    done = {(row["case"], row["way"]) for row in rows_of(options.results)}
    engine = open_engine("transformers", model=options.model, device=options.device, cache=cache_folder())
    with closing(engine), closing(open_sandbox()) as sandbox:
        for case in cases:
            if unsound(case, problems[case["problem"]], sandbox):
                raise SystemExit(f"{case['id']}: its checks do not tell the wrong program from the right one")
        missing = [(case, way) for case in cases for way in options.ways.split(",")]
        missing = [(case, way) for case, way in missing if (case["id"], way) not in done]

        def session(asked: tuple[Row, str]) -> Row:
            case, way = asked
            return measure(case, way, problems[case["problem"]], engine, sandbox)

        measure_all(options.results, missing, session, lambda row: {**row, "code": "…"})
    by_id = {case["id"]: case for case in cases}
    report([row for row in rows_of(options.results) if row["case"] in by_id], by_id)


def cases_of(kind: str) -> list[Row]:
    """The cases of one kind, in the order of the file."""
    return [case for case in rows_of(CASES) if case["id"].startswith(f"{kind}/")]


if __name__ == "__main__":
    main()
