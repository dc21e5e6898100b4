"""Seconds from Enter to the last token of a feedback round, beside llama.cpp with the same weights.

python -m tests.benchmarks.engine_rounds MODEL_FOLDER GGUF_FILE --results FILE [--rounds 20] [--only …]
python -m tests.benchmarks.engine_rounds --results FILE                        (only the table)

Each engine runs in a process of its own and they take turns, round by round: `ours` (int8, prefix reuse, prompt
lookup), `llama` (llama-cpp-python, its prompt cache on), `llama-lookup` (the same with its own prompt lookup)
and, for the first `--plain` rounds, `plain` (transformers' bfloat16 `generate`). Before a feedback round the
engine has the dialogue up to the last program in its cache, as after the round before; `ours-typed` has the
person's words too, but for the last 4 tokens, as in the app, where the model reads them a second after they are
typed. Kinds of rounds: `first`
(task to first program), `feedback` (ILF: a wrong program and what a person said about it), and `long` (the same
at 400 tokens of dialogue, of which the time to the first token counts). Everything greedy, and every engine
stops where its program is complete. Results are appended
to FILE, so that a long measurement can be made in parts. Needs ../shared/data and llama-cpp-python.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.engine_dialogues import Round, long_rounds, prompt_ids, rounds

UNREAD = 9
"""Tokens at the end of a prompt that are new when the person presses Enter: 4 of words, 5 of the template's."""
KINDS = ("first", "feedback", "long")
ENGINES = ("ours-typed", "ours", "llama", "llama-lookup", "plain")


class Child:
    """One engine in its process: JSON lines in, JSON lines out."""

    def __init__(self, engine: str, options: argparse.Namespace) -> None:
        from assistant.engine.process import worker_process as child

        place = str(options.gguf if engine.startswith("llama") else options.model)
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "tests.benchmarks.engine_rounds_child",
            engine,
            place,
        ]
        command += [str(options.threads), str(options.packed or "")]
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
            late = late or (engine == "ours-typed" and kind == "first")  # nobody types then
            if late or (kind, one.name, engine) in done:
                continue
            if engine not in children:
                children[engine] = Child(engine, options)
            fed = prompt[:-UNREAD] if engine == "ours-typed" else prime
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


def table(rows: Sequence[dict[str, Any]]) -> None:
    """Medians and ranges by kind and engine; ratios of ours to the better llama.cpp, round by round."""
    by: dict[tuple[str, str], dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in rows:
        by[row["kind"], row["engine"]][row["name"]] = row
    for (kind, engine), found in sorted(by.items()):
        seconds = [row["seconds"] for row in found.values()]
        first = [row["first"] for row in found.values()]
        tokens = [row["tokens"] for row in found.values()]
        print(
            f"{kind:8} {engine:12} n {len(found):3}  seconds {_spread(seconds)}  first token {_spread(first)}  "
            f"tokens {median(tokens):.0f}  tokens/s {sum(tokens) / sum(seconds):.1f}"
        )
    for kind in KINDS:
        for engine in ("ours", "ours-typed"):
            _ratios(kind, engine, by)


def _ratios(kind: str, engine: str, by: dict[tuple[str, str], dict[str, dict[str, Any]]]) -> None:
    ours, plain = by.get((kind, engine), {}), by.get((kind, "plain"), {})
    rivals = [by[kind, name] for name in ("llama", "llama-lookup") if (kind, name) in by]
    common = [name for name in ours if rivals and all(name in rival for rival in rivals)]
    if common:
        # The better of the two over the rounds that both had, as a person would set it once and for all.
        best = min(rivals, key=lambda rival: sum(rival[name]["seconds"] for name in common))
        shared = [name for name in ours if name in best]
        each = [ours[name]["seconds"] / best[name]["seconds"] for name in shared]
        whole = sum(ours[n]["seconds"] for n in shared) / sum(best[n]["seconds"] for n in shared)
        print(
            f"{kind}: {engine} / llama.cpp over {len(shared)} rounds: sum {whole:.2f}, by round {_spread(each)}"
        )
    if both := [name for name in ours if name in plain]:
        each = [ours[name]["seconds"] / plain[name]["seconds"] for name in both]
        print(f"{kind}: {engine} / plain generate over {len(both)} rounds: {_spread(each)}")


def _spread(values: Sequence[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path, nargs="?", help="bfloat16 weights in transformers' layout")
    parser.add_argument("gguf", type=Path, nargs="?")
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--packed", type=Path, help="folder of the packed weights (default: in the cache)")
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
