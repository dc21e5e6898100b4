"""Seconds from nothing to a model that answers: the first start (`--first`, in an empty cache) and later ones.

python tests/benchmarks/engine_start.py [--first] [--repeat 5] [--model NAME] [--precision auto]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time

from assistant.core.generation import Message, Progress, Request, Sampling
from assistant.engine.process.client import LocalEngine
from assistant.engine.process.protocol import ModelChoice
from assistant.settings.paths import cache_folder

HELLO = Request(messages=(Message(role="user", content="Say hello."),), sampling=Sampling(max_new_tokens=1))


def start(choice: ModelChoice) -> tuple[dict[str, float], float]:
    """Seconds of each step, and until the first token of an answer."""
    began = time.perf_counter()
    since, steps, step = began, dict[str, float](), "starting the process"

    def note(progress: Progress) -> None:
        nonlocal since, step
        if progress.step != step:
            now = time.perf_counter()
            steps[step] = steps.get(step, 0.0) + now - since
            since, step = now, progress.step

    engine = LocalEngine(choice)
    try:
        engine.prepare(note)
        note(Progress(step="first token"))
        list(engine.generate(HELLO))
        note(Progress(step=""))
    finally:
        engine.close()
    return steps, time.perf_counter() - began


def tell(steps: dict[str, float], total: float) -> None:
    """One start, step by step."""
    print(
        f"{total:6.1f} s  " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in steps.items()),
        flush=True,
    )


def main() -> None:
    """Print every start, then the median and the range of the later ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", action="store_true")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--model")
    parser.add_argument("--precision", default="auto")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as empty:
        cache = empty if wanted.first else str(cache_folder())
        choice = ModelChoice(model=wanted.model, precision=wanted.precision, cache=cache)
        if wanted.first:
            print("first start:")
            tell(*start(choice))
        print("later starts:")
        totals = []
        for _ in range(wanted.repeat):
            steps, total = start(choice)
            totals.append(total)
            tell(steps, total)
        print(f"median {statistics.median(totals):.1f} s, range {min(totals):.1f}-{max(totals):.1f}")


if __name__ == "__main__":
    main()
