"""How hard each problem of a source is for a model: one greedy answer and k drawn ones, all tests.

python -m tests.benchmarks.measure_difficulty starter --results FILE [--write assistant/problems/starter.jsonl]

A program counts as solving its problem when it passes every visible and every hidden test. The difficulty is
read off the rate of solving programs among the 1 + k: **easy** from 0.8, **hard** up to 0.2, **medium** between
(with k = 4: easy 4 or 5 of 5, medium 2 or 3, hard 0 or 1). It says nothing about other models.

Results are appended to FILE problem by problem, so that a measurement can be interrupted and taken up again.
`--write` puts the words into a file of our own JSON Lines; with `--only-write` nothing more is measured before.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant.core.code_extraction import extract_code
from assistant.core.generation import Engine, Finish, Request, Sampling
from assistant.core.plugins import engine_kinds
from assistant.core.problem import Problem
from assistant.core.submission import Sandbox, Submission
from assistant.engine.open import open_engine
from assistant.problems.load import load_source
from assistant.sandbox.local import open_sandbox
from assistant.session import prompting
from assistant.settings.paths import cache_folder

EASY_FROM = 0.8
HARD_UP_TO = 0.2


@dataclass(frozen=True)
class Measured:
    """One problem's count of programs: all drawn, passing the visible tests, passing all tests."""

    id: str
    sha256: str
    """The problem's hash without its difficulty: results for another wording do not count."""
    programs: int
    visible: int
    solved: int
    greedy_solved: bool
    seconds: float
    model: str
    codes: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        return self.solved / self.programs

    @property
    def difficulty(self) -> str:
        """The stated rule."""
        return "easy" if self.rate >= EASY_FROM else "hard" if self.rate <= HARD_UP_TO else "medium"


def identity(problem: Problem) -> str:
    """A problem's hash, the same before and after its difficulty is written."""
    return problem.model_copy(update={"difficulty": ""}).sha256


def measure(problem: Problem, engine: Engine, sandbox: Sandbox, drawn: int, sampling: Sampling) -> Measured:
    """Draw the programs and run them."""
    begun = time.monotonic()
    info = engine.prepare()
    template = prompting.load_template("paper", is_chat=info.is_chat)
    prompt = prompting.dialogue_prompt(
        template,
        prompting.task_turn(template, problem, problem.visible_tests),
        (),
        entry_point=problem.entry_point,
    )
    greedy = sampling.model_copy(update={"temperature": 0.0})
    finishes = list(_answers(engine, prompt, greedy, 1))
    if drawn:
        finishes += _answers(engine, prompt, sampling, drawn)
    codes = tuple(extract_code(finish.text, problem.entry_point).code or "" for finish in finishes)
    verdicts = [_verdict(problem, code, sandbox) for code in codes]
    return Measured(
        id=problem.id,
        sha256=identity(problem),
        programs=len(verdicts),
        visible=sum(visible for visible, _ in verdicts),
        solved=sum(everything for _, everything in verdicts),
        greedy_solved=verdicts[0][1],
        seconds=round(time.monotonic() - begun, 1),
        model=f"{info.name} {info.precision or info.dtype} on {info.device}".strip(),
        codes=codes,
    )


def _answers(engine: Engine, prompt: prompting.Prompt, sampling: Sampling, samples: int) -> Iterator[Finish]:
    request = Request(
        messages=prompt.messages,
        sampling=sampling,
        samples=samples,
        raw=prompt.raw,
        stop=prompt.stop,
        until_program=prompt.until_program,
    )
    for piece in engine.generate(request):
        if isinstance(piece, Finish):
            if piece.reason == "error":
                raise SystemExit(f"the model failed: {piece.error}")
            yield piece


def _verdict(problem: Problem, code: str, sandbox: Sandbox) -> tuple[bool, bool]:
    """Whether `code` passes the visible tests, and whether it passes all."""
    if not code.strip() or not sandbox.run(Submission.of(problem, code)).passed:
        return False, False
    return True, not problem.hidden_tests or sandbox.run(Submission.of(problem, code, hidden=True)).passed


def read_results(path: Path, problems: Sequence[Problem]) -> dict[str, Measured]:
    """Earlier results on these very problems by id; a line that was cut off does not count."""
    wanted = {problem.id: identity(problem) for problem in problems}
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    found = [Measured(**{**json.loads(line), "codes": ()}) for line in lines if line.endswith("}")]
    return {one.id: one for one in found if wanted.get(one.id) == one.sha256}


def write_difficulty(path: Path, results: dict[str, Measured]) -> None:
    """Set the `difficulty` of every measured record of `path`, all lines or none."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for record in records:
        if record["id"] in results:
            record["difficulty"] = results[record["id"]].difficulty
    fresh = path.with_suffix(".new")
    fresh.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    fresh.replace(path)


def show(results: Sequence[Measured]) -> None:
    """The rates, hardest first, and their summary."""
    for one in sorted(results, key=lambda m: (m.rate, m.id)):
        print(
            f"{one.difficulty:6} {one.solved}/{one.programs}  visible {one.visible}/{one.programs}  {one.id}"
        )
    programs, solved = sum(m.programs for m in results), sum(m.solved for m in results)
    visible = sum(m.visible for m in results)
    words = ", ".join(f"{count} {word}" for word, count in Counter(m.difficulty for m in results).items())
    greedy = sum(m.greedy_solved for m in results)
    print(
        f"{len(results)} problems ({words}); greedy solves {greedy}; of {programs} programs {solved} pass all"
    )
    print(
        f"tests and {visible - solved} only the visible ones; {', '.join(sorted({m.model for m in results}))}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    problems = [p for p in load_source(options.source).problems if not options.id or p.id in options.id]
    results = read_results(options.results, problems)
    missing = [] if options.only_write else [p for p in problems if p.id not in results]
    if missing:
        for one in _measure_all(missing, options):
            results[one.id] = one
    show(list(results.values()))
    if options.write:
        write_difficulty(options.write, results)


def _measure_all(problems: Sequence[Problem], options: argparse.Namespace) -> Iterator[Measured]:
    engine = open_engine(
        options.engine,
        model=options.model,
        device=options.device,
        precision=options.precision,
        cache=cache_folder(),
        base_url=options.base_url,
        script=options.script,
    )
    sampling = Sampling(
        temperature=options.temperature, seed=options.seed, max_new_tokens=options.max_new_tokens
    )
    sandbox = open_sandbox()
    try:
        for problem in problems:
            one = measure(problem, engine, sandbox, options.samples, sampling)
            with options.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(one), ensure_ascii=False) + "\n")
            print(f"{one.id}: {one.solved} of {one.programs}, {one.seconds} s", file=sys.stderr, flush=True)
            yield one
    finally:
        sandbox.close()
        engine.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure how hard problems are for a model.")
    parser.add_argument("source")
    parser.add_argument("--results", type=Path, required=True, help="appended to; taken up where it ended")
    parser.add_argument("--write", type=Path, help="own JSON Lines whose difficulty is set")
    parser.add_argument("--only-write", action="store_true", help="measure nothing more")
    parser.add_argument("--id", action="append", default=[], help="only this problem (repeatable)")
    parser.add_argument("--samples", type=int, default=4, help="k, drawn beside the greedy one")
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-new-tokens", type=int, default=512)
    parser.add_argument("--engine", choices=engine_kinds(), default="transformers")
    for name in ("model", "base-url", "script"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    return parser


if __name__ == "__main__":
    main()
