"""Tokens a second of a benchmark on this machine: problems one by one, and 16 whose answers share the model's steps.

python -m tests.benchmarks.bench_batch --problems PATH [--limit 64] [--block 16] [--together 16] [--model NAME]

Each way has a model process of its own, so that neither guesses tokens from what the other said. They take turns,
block by block of the same problems, greedy, one sample a problem (`bench synthesis -k 1 --temperature 0`); the way
that begins a block alternates. The programs of both are compared.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from statistics import median

from assistant.bench.jobs import Batch
from assistant.bench.synthesis.synthesis_config import Question
from assistant.core.generation import Engine, Finish, Request
from assistant.engine.open import open_engine
from assistant.sandbox.local import open_sandbox
from assistant.settings.paths import cache_folder


def answers(engine: Engine, requests: Sequence[Request], streams: int) -> tuple[list[Finish], float]:
    """The answers and the seconds that all of them took."""

    def answer(request: Request) -> Finish:
        return next(item for item in engine.generate(request) if isinstance(item, Finish))

    begun = time.perf_counter()
    with ThreadPoolExecutor(streams) as asking:
        ends = list(asking.map(answer, requests))
    return ends, time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problems", required=True, metavar="PATH")
    parser.add_argument("--limit", type=int, default=64)
    parser.add_argument("--block", type=int, default=16)
    parser.add_argument("--together", type=int, default=16)
    parser.add_argument("--model", default=None)
    options = parser.parse_args()
    question = Question(options.problems, samples=1, temperature="0", limit=options.limit)
    ways = {"one by one": 1, "together": options.together}
    engines = {name: open_engine("transformers", model=options.model, cache=cache_folder()) for name in ways}
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    same = count = 0
    with closing(open_sandbox()) as sandbox:
        infos = [engine.prepare() for engine in engines.values()]
        plan = question.plan(question.problems(sandbox, print), infos[0])
        requests = [Batch(job, 0, 1).request() for job in plan.jobs()]
    for engine in engines.values():
        answers(engine, requests[-1:], 1)  # the very first request takes longer than any other
    for number, begin in enumerate(range(0, len(requests), options.block)):
        block = requests[begin : begin + options.block]
        found: dict[str, list[Finish]] = {}
        for name in sorted(ways, reverse=bool(number % 2)):
            found[name], seconds = answers(engines[name], block, ways[name])
            tokens = sum(end.generated_tokens for end in found[name])
            speeds[name].append(tokens / seconds)
            print(
                f"{begin:4} {name:11} {tokens:5} tokens in {seconds:6.1f} s: {tokens / seconds:6.1f} a second"
            )
        pairs = list(zip(*found.values(), strict=True))
        same += sum(one.output_ids == other.output_ids for one, other in pairs)
        count += len(pairs)
    for engine in engines.values():
        engine.close()
    for name, each in speeds.items():
        print(f"{name:11} median {median(each):.1f} tokens a second ({min(each):.1f} to {max(each):.1f})")
    ratios = [a / b for a, b in zip(speeds["together"], speeds["one by one"], strict=True)]
    print(f"together / one by one: median {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    print(f"{same} of {count} answers are the same to the token")


if __name__ == "__main__":
    main()
