"""Seconds from Enter to the last token of a feedback round, beside the strongest rivals with the same weights.

python -m tests.benchmarks.engine_rounds MODEL_FOLDER GGUF_FILE --results FILE [--rounds 40] [--only …]
python -m tests.benchmarks.engine_rounds --results FILE                        (only the table)

Each engine runs in a process of its own and they take turns, round by round: `ours` (prefix reuse, prompt lookup;
`ours-q4` with 4-bit weights), the rivals of `engine_rivals` (`llama`, `ik`, `openvino`, each also with n-gram
lookup; `-lookup-5` drafts 5 tokens), and, for the first `--plain` rounds, `plain` (transformers' bfloat16
`generate`). Before a feedback round the engine has the dialogue up to the last program in its cache, as after the
round before; `ours-typed` has the person's words too, but for the last 4 tokens, as in the app, where the model
reads them a second after they are typed, and before a first program the whole task, as there, where the model reads
the problem that the person looks at. Kinds of rounds: `first` (task to first program), `feedback` (ILF: a wrong
program and what a person said about it), and `long` (the same at 400 tokens of dialogue, of which the time to the
first token counts). Everything greedy, and every engine stops where its program is complete. Answers differ in
length and in what they are worth: seconds a token stand beside seconds, and what came out is judged by the tests.
Results are appended to FILE, so that a long measurement can be made in parts. MODEL_FOLDER holds a tokenizer. Needs
../shared/data and the rivals' wheels.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

from assistant.core.code_extraction import extract_code
from assistant.core.submission import Submission
from assistant.problems.load import load_source
from assistant.sandbox.local import open_sandbox
from tests.benchmarks.engine_dialogues import DATA, Round, long_rounds, prompt_ids, rounds

UNREAD = 9
"""Tokens at the end of a prompt that are new when the person presses Enter: 4 of words, 5 of the template's."""
KINDS = ("first", "feedback", "long")
ENGINES = (
    "ours-typed", "ours", "ours-q4-typed", "ours-q4", "llama", "llama-lookup-3", "llama-lookup-5", "llama-lookup-10",
    "ik", "ik-lookup-3", "ik-lookup-5", "ik-lookup-10", "openvino", "openvino-lookup", "plain",
)  # fmt: skip
RIVALS = ("llama", "ik", "openvino")


class Child:
    """One engine in its process: JSON lines in, JSON lines out."""

    def __init__(self, engine: str, options: argparse.Namespace) -> None:
        from assistant.engine.process import worker_process as child

        place = str(options.gguf if engine.startswith(RIVALS) else options.model)
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "tests.benchmarks.engine_rounds_child",
            engine,
            place,
        ]
        weights = options.packed_q4 if "q4" in engine else options.packed
        command += [str(options.threads), str(weights or ""), str(options.model)]
        environment = dict(os.environ) | (
            child._ENVIRONMENT if engine.startswith("ours") else {}
        )  # as in the worker
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self._answer()  # ready

    def run(
        self, name: str, until: str, prime: Sequence[int], prompt: Sequence[int], *, realtime: bool
    ) -> dict[str, Any]:
        assert self._process.stdin is not None
        order = {"name": name, "prime": list(prime), "prompt": list(prompt), "until": until}
        order |= {"realtime": realtime}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("an engine's process has ended")
        return dict(json.loads(line))

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def orders(options: argparse.Namespace) -> Iterator[tuple[str, Round, list[int], list[int]]]:
    """(kind, round, tokens that the cache holds already, prompt) of every round."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(options.model)
    long = long_rounds(options.rounds, tokenizer)
    for one, longer in zip(rounds(options.rounds), long, strict=True):
        if "first" in options.kinds:
            yield "first", one, [], prompt_ids(tokenizer, one.first)
        if "feedback" in options.kinds:
            yield "feedback", one, *_before_and_after(tokenizer, one)
        if "long" in options.kinds:
            yield "long", one, *_before_and_after(tokenizer, longer)


def _before_and_after(tokenizer: Any, one: Round) -> tuple[list[int], list[int]]:
    before = prompt_ids(tokenizer, one.feedback[:-1], answer=False)
    return before[:-2], prompt_ids(tokenizer, one.feedback)  # without the end of turn, which is never fed


def measure(options: argparse.Namespace) -> None:
    done = {(row["kind"], row["name"], row["engine"]) for row in read(options.results)}
    children: dict[str, Child] = {}
    counts: dict[str, int] = defaultdict(int)
    for number, (kind, one, prime, prompt) in enumerate(orders(options)):
        counts[kind] += 1
        turn = options.only[number % len(options.only) :] + options.only[: number % len(options.only)]
        for engine in turn:
            late = engine == "plain" and (counts[kind] > options.plain or kind == "long")
            if late or (kind, one.name, engine) in done:
                continue
            if engine not in children:
                children[engine] = Child(engine, options)
            unread = 0 if kind == "first" else UNREAD
            fed = prompt[: len(prompt) - unread] if engine.endswith("typed") else prime
            row = {"kind": kind, "name": one.name, "engine": engine, "prompt": len(prompt), "fed": len(fed)}
            name = f"{kind} {one.name}"
            row |= children[engine].run(name, one.entry_point, fed, prompt, realtime=options.realtime)
            time.sleep(options.pause)
            with options.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(row, file=sys.stderr, flush=True)
    for child in children.values():
        child.close()


def read(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def passed(rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str, str], bool]:
    """Whether each answer passes its problem's tests, by kind, engine and problem."""
    problems = {p.id: p for p in load_source(str(DATA / "mbpp" / "mbpp.jsonl")).problems}
    found: dict[tuple[str, str, str], bool] = {}
    with closing(open_sandbox()) as sandbox:
        for row in rows:
            problem = problems[row["name"]]
            code = extract_code(row["text"], problem.entry_point).code if "text" in row else None
            report = sandbox.run(Submission.of(problem, code)) if code is not None else None
            found[row["kind"], row["engine"], row["name"]] = report is not None and report.passed
    return found


def table(rows: Sequence[dict[str, Any]]) -> None:
    """Medians and ranges by kind and engine, what passed, and ratios of ours to the best of each rival."""
    by: dict[tuple[str, str], dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in rows:
        by[row["kind"], row["engine"]][row["name"]] = row
    right = passed(rows)
    for (kind, engine), found in sorted(by.items()):
        seconds = [row["seconds"] for row in found.values()]
        each = [row["seconds"] / max(1, row["tokens"]) * 1000 for row in found.values()]
        solved = sum(right[kind, engine, name] for name in found)
        print(
            f"{kind:8} {engine:16} n {len(found):3}  seconds {_spread(seconds)}  ms a token {_spread(each, 0)}  "
            f"first token {_spread([row['first'] for row in found.values()])}  "
            f"tokens {median(row['tokens'] for row in found.values()):.0f}  pass {solved}{_steps(found.values())}"
        )
    for kind in KINDS:
        for engine in ("ours", "ours-typed", "ours-q4", "ours-q4-typed"):
            for rival in (*RIVALS, "plain"):
                _ratios(kind, engine, rival, by)


def _steps(rows: Iterable[dict[str, Any]]) -> str:
    """How many tokens a step brought, and what one took; of engines that count their guesses."""
    told = [row for row in rows if "accepted" in row]
    if not told:
        return ""
    steps = sum(max(1, row["tokens"] - row["accepted"]) for row in told)
    fed = steps + sum(row["drafted"] for row in told)
    took = sum(row["seconds"] - row["first"] for row in told)
    tokens = sum(row["tokens"] for row in told)
    return f"  tokens a step {tokens / steps:.2f}, fed {fed / steps:.2f}, ms a step {1000 * took / steps:.0f}"


def _ratios(kind: str, engine: str, rival: str, by: dict[tuple[str, str], dict[str, dict[str, Any]]]) -> None:
    ours = by.get((kind, engine), {})
    ways = [found for (of, name), found in by.items() if of == kind and name.partition("-")[0] == rival]
    common = [name for name in ours if ways and all(name in found for found in ways)]
    if not common:
        return
    # The best of its ways over the rounds that all had, as a person would set it once and for all.
    best = min(ways, key=lambda found: median(found[name]["seconds"] for name in common))
    way = next(name for (of, name), found in by.items() if of == kind and found is best)
    shared = [name for name in ours if name in best]
    each = [ours[name]["seconds"] / best[name]["seconds"] for name in shared]
    tokens = [
        ours[n]["seconds"] / max(1, ours[n]["tokens"]) / (best[n]["seconds"] / max(1, best[n]["tokens"]))
        for n in shared
    ]
    whole = sum(ours[n]["seconds"] for n in shared) / sum(best[n]["seconds"] for n in shared)
    medians = median(ours[n]["seconds"] for n in shared) / median(best[n]["seconds"] for n in shared)
    print(
        f"{kind}: {engine} / {way} over {len(shared)} rounds: of the medians {medians:.2f}, of the sums {whole:.2f}, "
        f"by round {_spread(each)}, by second a token {_spread(tokens)}"
    )


def _spread(values: Sequence[float], digits: int = 2) -> str:
    low, middle, high = min(values), median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path, nargs="?", help="bfloat16 weights in transformers' layout")
    parser.add_argument("gguf", type=Path, nargs="?")
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--packed", type=Path, help="folder of the packed weights (default: in the cache)")
    parser.add_argument("--packed-q4", type=Path, help="the same of the 4-bit weights, for `ours-q4`")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--plain", type=int, default=3, help="rounds of plain generate, which is slow")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument(
        "--realtime", action="store_true", help="time at real-time priority (busy machine, root)"
    )
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between two timings")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--only", nargs="+", choices=ENGINES, default=list(ENGINES))
    options = parser.parse_args(arguments)
    if options.model is not None:
        measure(options)
    table(read(options.results))


if __name__ == "__main__":
    main()
