"""A 7 B model on a CUDA card: one feedback round, and 80 samples in one batch, beside vLLM on the same card.

python -m tests.benchmarks.engine_gpu [--repeat 10] [--vllm-python PATH] [--one-by-one]
python -m tests.benchmarks.engine_gpu --tiny --device cpu        (tries the script itself, without a card)

The weights are random (seeded), of Qwen2.5-7B's shape, made on the spot: no hub, no download. Every answer has the
same length, whatever it says. Both engines run in processes of their own and take turns, each time on a new random
dialogue. A round: the dialogue up to the last program is in the cache (170 tokens), 30 new ones are fed and 89 are
answered, greedy. `ours` drafts nothing, which is the worst case: random weights repeat themselves, so that with
drafts (`ours-lookup`) they look faster than real ones would; only the first counts. A batch: 80 samples of one
prompt at temperature 0.8. `cancel`: from the wish to stop to the end of the answer, in the middle of a batch.

vLLM wants a torch of its own: give the Python of its environment with --vllm-python. Cards that cannot hold the
model twice take --one-by-one.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import subprocess
import sys
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

    def __init__(self, engine: str, options: argparse.Namespace) -> None:
        python = options.vllm_python if engine == "vllm" else sys.executable
        share = 0.9 if options.one_by_one else 0.45
        command = [python, "-m", "tests.benchmarks.engine_gpu_child", engine, options.shape, options.device]
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


def orders(options: argparse.Namespace) -> Iterator[Row]:
    """What every engine is asked, the warm-ups first; always the same dialogues."""
    draw = random.Random(options.seed)
    vocabulary = SHAPES[options.shape]["vocab_size"]
    for number in range(WARM_UPS + options.repeat):
        prompt = [draw.randrange(vocabulary) for _ in range(KEPT + NEW)]
        common = {"number": number, "prompt": prompt, "counts": number >= WARM_UPS}
        yield {**common, "kind": "round", "kept": KEPT, "samples": 1, "tokens": ANSWER}
        common["prompt"] = prompt[::-1]  # nothing of it is in a cache
        yield {**common, "kind": "batch", "kept": 0, "samples": options.samples, "tokens": BATCH_ANSWER}


def measured(engines: Sequence[str], options: argparse.Namespace) -> list[tuple[str, Row, Row]]:
    """(name, order, answer) of every order that counts; engines take turns unless they must come one by one."""
    found: list[tuple[str, Row, Row]] = []
    for group in [[engine] for engine in engines] if options.one_by_one else [list(engines)]:
        children = {engine: Child(engine, options) for engine in group}
        for engine, child in children.items():
            print(f"{engine}: {child.about}", file=sys.stderr, flush=True)
        for order in orders(options):
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
        yield engine, children[engine], {**order, "lookup": False}
        if engine == "ours":
            if order["kind"] == "round":
                yield "ours-lookup", children[engine], {**order, "lookup": True}
            else:
                yield "cancel", children[engine], {**order, "lookup": False, "cancel": True}


def table(found: Sequence[tuple[str, Row, Row]]) -> None:
    """Medians and ranges; ratios of the medians, and of each pair."""
    by: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for name, order, answer in found:
        by[order["kind"], name].append(answer)
    for (kind, name), rows in sorted(by.items()):
        print(f"{kind:6} {name:12} n {len(rows):3}  {_spoken(kind, name, rows)}")
    rounds = [[row["seconds"] for row in by["round", name]] for name in ("ours", "vllm")]
    batches = [[_speed(row) for row in by["batch", name]] for name in ("ours", "vllm")]
    for what, (ours, theirs) in (
        ("round, seconds, ours / vLLM (goal: at most 1.2)", rounds),
        ("batch, tokens/s, ours / vLLM (goal: at least 0.8)", batches),
    ):
        if ours and theirs:
            pairs = [a / b for a, b in zip(ours, theirs, strict=True)]
            print(f"{what}: {median(ours) / median(theirs):.2f}, by pair {spread(pairs)}")


def _spoken(kind: str, name: str, rows: Sequence[Row]) -> str:
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
    """Ours, and vLLM where it is. Leaves with one line where there is no card."""
    import torch

    if options.device != "cpu" and not torch.cuda.is_available():
        raise SystemExit(
            "engine_gpu needs a CUDA card, and torch sees none here. `--tiny --device cpu` tries the script itself."
        )
    if options.device == "cpu":
        print("on a processor, and so without vLLM: this shows that the script works, no figure of a card")
        return ["ours"]
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {options.shape}, seed {options.seed}")
    if options.vllm_python == sys.executable and importlib.util.find_spec("vllm") is None:
        print("vLLM is not installed here (see --vllm-python): ours alone, without a ratio")
        return ["ours"]
    return ["ours", "vllm"]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--tiny", dest="shape", action="store_const", const="tiny", default="qwen2.5-7b")
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--samples", type=int, default=80)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--vllm-python", default=sys.executable, help="Python of an environment that has vLLM"
    )
    parser.add_argument("--one-by-one", action="store_true", help="never both models on the card")
    options = parser.parse_args(arguments)
    table(measured(engines_here(options), options))


if __name__ == "__main__":
    main()
