"""How hard the starter problems are for a model under a wording, and which ones a sentence or two win.

python -m tests.benchmarks.starter_difficulty rates --results FILE
python -m tests.benchmarks.starter_difficulty words --results FILE [--sentences FILE]
python -m tests.benchmarks.starter_difficulty write --results FILE [--into assistant/problems/starter_rates.json]

`rates` draws five programs a problem in one batch with the wording that a new session uses, and counts those that
pass every visible and every hidden test. `words` holds a session on each problem of a file of sentences, greedy as
the app is: the first answer, then one sentence after the other until it is solved. Both append JSON lines to FILE,
problem by problem, so that a measurement can be interrupted and taken up again; results of another model, wording
or text of a problem do not count. `write` makes of FILE what the app shows: the rates with date, model and wording,
the words easy, medium and hard (easy from 4 of 5, hard up to 1 of 5), and the order of the list. It says nothing
about other models.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from assistant.bench.calibration import drawn, passes_all, plan_of, session_template
from assistant.bench.scoring import ProgramJudge
from assistant.core import events as ev
from assistant.core.generation import Engine, ModelInfo, Sampling
from assistant.core.plugins import engine_kinds
from assistant.core.problem import Problem
from assistant.core.submission import Sandbox
from assistant.engine.open import open_engine
from assistant.problems.load import load_source
from assistant.problems.starter_rates import FILE, MeasuredProblem, Measurement, identity
from assistant.sandbox.local import open_sandbox
from assistant.session.header import Held, parse_author
from assistant.session.session import Session
from assistant.settings.paths import cache_folder
from tests.benchmarks.results_file import Row, measure_all, rows_of

HERE = Path(__file__).resolve().parent
STARTER = HERE.parents[1] / "assistant" / "problems" / "starter.jsonl"
EASY_FROM, HARD_UP_TO = 0.8, 0.2


def rate_of(problem: Problem, engine: Engine, sandbox: Sandbox, sampling: Sampling, samples: int) -> Row:
    """Draw the programs in one batch and run them."""
    plan = plan_of((problem,), "starter", engine.prepare(), sampling, samples)
    verdicts = drawn(plan, engine, ProgramJudge(sandbox))
    solved = sum(map(passes_all, verdicts))
    codes = [verdict.code or "" for verdict in verdicts]
    return {"solved": solved, "of": len(codes), "temperature": sampling.temperature, "codes": codes}


def words_of(problem: Problem, said: Row, engine: Engine, sandbox: Sandbox, folder: Path) -> Row:
    """A session: the first answer, and a sentence after each failed one."""
    sentences = said["sentences"]
    author, author_model = parse_author(said["author"])
    settings = ev.Settings(
        rounds=len(sentences), arms=(), redraw=True, redraw_unchanged=True, unchanged_uses_round=False
    )
    session = Session.begin(
        problem, settings, engine, sandbox, folder, annotator="starter-difficulty", held=Held()
    )
    with closing(session):
        list(session.start())
        for sentence in sentences:
            if session.state.ended is None:
                list(session.feedback(sentence, author=author, author_model=author_model))
        state = session.state
    best = state.current_program
    won = state.solved and best is not None and not best.false_solve
    return {
        "won_after": state.feedback_count if won else None,
        "journal": session.path.name,
        "author": said["author"],
    }


def circumstances(model: ModelInfo) -> Row:
    """What a result depends on besides the problem."""
    template = session_template(model)
    return {
        "model": model.name, "precision": model.precision or model.dtype, "weights_sha256": model.weights_sha256,
        "template": template.id, "template_sha256": template.sha256,
    }  # fmt: skip


def measure(
    kind: str,
    problems: Iterable[Problem],
    options: argparse.Namespace,
    of: Callable[[Problem, Engine, Sandbox], Row],
) -> None:
    """Measure what FILE lacks, and append it line by line."""
    engine = open_engine(
        options.engine, model=options.model, device=options.device, precision=options.precision,
        cache=cache_folder(), base_url=options.base_url, script=options.script,
    )  # fmt: skip
    with closing(engine), closing(open_sandbox()) as sandbox:
        around = circumstances(engine.prepare())
        done = {(row["id"], row["sha256"]) for row in rows_of(options.results) if _is(row, kind, around)}
        missing = [problem for problem in problems if (problem.id, identity(problem)) not in done]

        def row_of(problem: Problem) -> Row:
            date = datetime.now(UTC).date().isoformat()
            row = {"kind": kind, "id": problem.id, "sha256": identity(problem), "date": date, **around}
            return row | of(problem, engine, sandbox)

        def shown(row: Row) -> str:
            counts = {key: row[key] for key in ("solved", "of", "won_after") if key in row}
            return f"{row['id']}: {counts}"

        measure_all(options.results, missing, row_of, shown)


def _is(row: Row, kind: str, around: Row) -> bool:
    return row["kind"] == kind and all(row[key] == value for key, value in around.items())


def measurement(rows: Sequence[Row], problems: Sequence[Problem]) -> Measurement:
    """What the app shows: the results of the last rate's model and wording on these very problems."""
    last = next((row for row in reversed(rows) if row["kind"] == "rate"), None)
    if last is None:
        raise SystemExit("there is no rate in the results: measure `rates` first")
    around = {
        key: last[key] for key in ("model", "precision", "weights_sha256", "template", "template_sha256")
    }
    rates = {row["id"]: row for row in rows if _is(row, "rate", around)}
    words = {row["id"]: row for row in rows if _is(row, "words", around)}
    measured = {}
    for problem in problems:
        row, said = rates.get(problem.id), words.get(problem.id, {})
        if row is None or row["sha256"] != identity(problem):
            continue
        won = said.get("won_after") if said.get("sha256") == row["sha256"] else None
        measured[problem.id] = MeasuredProblem(
            sha256=row["sha256"], solved=row["solved"], of=row["of"], won_after=won
        )
    dates = max(row["date"] for row in rates.values())
    return Measurement(date=dates, temperature=last["temperature"], problems=measured, **around)


def difficulty(one: MeasuredProblem) -> str:
    """The stated rule."""
    rate = one.solved / one.of
    return "easy" if rate >= EASY_FROM else "hard" if rate <= HARD_UP_TO else "medium"


def write(found: Measurement, into: Path, starter: Path) -> None:
    """Write the rates, and the words of difficulty into the problems: all lines or none."""
    records = [json.loads(line) for line in starter.read_text(encoding="utf-8").splitlines()]
    for record in records:
        if record["id"] in found.problems:
            record["difficulty"] = difficulty(found.problems[record["id"]])
    for path, text in (
        (starter, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)),
        (into, found.model_dump_json(indent=1) + "\n"),
    ):
        fresh = path.with_suffix(".new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    print(Counter(map(difficulty, found.problems.values())), f"of {len(records)} problems")


def read_sentences(path: Path) -> Iterator[Row]:
    """`{"problem": id, "sentences": [...], "author": "model:NAME"}` a line."""
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    collection = load_source(str(options.starter))
    problems = [p for p in collection.problems if not options.id or p.id in options.id]
    if options.what == "rates":
        sampling = Sampling(
            temperature=options.temperature, seed=options.seed, max_new_tokens=options.max_tokens
        )
        measure("rate", problems, options, lambda p, e, s: rate_of(p, e, s, sampling, options.samples))
    elif options.what == "words":
        said = {row["problem"]: row for row in read_sentences(options.sentences)}
        spoken = [problem for problem in problems if problem.id in said]
        measure("words", spoken, options, lambda p, e, s: words_of(p, said[p.id], e, s, options.sessions))
    else:
        write(measurement(rows_of(options.results), problems), options.into, options.starter)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure how hard the starter problems are for a model.")
    parser.add_argument("what", choices=("rates", "words", "write"))
    parser.add_argument("--results", type=Path, required=True, help="appended to; taken up where it ended")
    parser.add_argument("--sentences", type=Path, default=HERE / "starter_sentences.jsonl")
    parser.add_argument(
        "--sessions", type=Path, default=Path("difficulty-sessions"), help="journals of `words`"
    )
    parser.add_argument("--into", type=Path, default=FILE, help="where `write` puts the rates")
    parser.add_argument("--starter", type=Path, default=STARTER)
    parser.add_argument("--id", action="append", default=[], help="only this problem (repeatable)")
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--temperature", type=float, default=0.8, help="of the programs that `rates` draws")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-tokens", type=int, default=640)
    parser.add_argument("--engine", choices=engine_kinds(), default="transformers")
    for name in ("model", "base-url", "script"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    return parser


if __name__ == "__main__":
    main()
