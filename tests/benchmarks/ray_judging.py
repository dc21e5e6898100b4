"""Programs judged a second on a Ray cluster of two nodes here, by the worker of one of them and by both.

python -m tests.benchmarks.ray_judging [--problems humaneval] [--block 40] [--rounds 6]

Reference solutions, each with a number in a comment so that none is known already. One worker and two take turns,
block by block of the same problems; each node has one core by its own account, while both share this machine.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count, islice
from statistics import median

from assistant.bench.load_problems import load_ready
from assistant.bench.ray_judge import RayJudge
from assistant.core.optional_deps import need
from assistant.core.problem import Problem
from assistant.sandbox.local import open_sandbox

_NUMBERS = count()


def speed(judge: RayJudge, problems: Sequence[Problem], at_once: int) -> float:
    """Programs a second."""
    programs = [(problem, f"# {next(_NUMBERS)}\n{problem.reference}") for problem in problems]
    begun = time.perf_counter()
    with ThreadPoolExecutor(at_once) as threads:
        verdicts = list(threads.map(lambda pair: judge.score(*pair), programs))
    assert all(verdict.solved for verdict in verdicts)
    return len(verdicts) / (time.perf_counter() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problems", default="humaneval")
    parser.add_argument("--block", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=6)
    options = parser.parse_args()
    cluster = need("ray.cluster_utils", "ray").Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
    )
    cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    speeds: dict[int, list[float]] = {1: [], 2: []}
    with closing(open_sandbox()) as sandbox:
        ready = load_ready(options.problems, sandbox, print).problems
        problems = list(islice((p for p in ready if p.reference), options.block))
        with closing(RayJudge(cluster.address, sandbox)) as judge:
            pinned = need("ray.util.scheduling_strategies", "ray").NodeAffinitySchedulingStrategy
            both = judge._task
            only = both.options(scheduling_strategy=pinned(judge._ray.nodes()[0]["NodeID"], soft=False))
            speed(judge, problems, judge.slots)  # workers and their sandboxes start
            for number in range(options.rounds):
                for workers in (1, 2) if number % 2 else (2, 1):
                    judge._task = both if workers == 2 else only
                    speeds[workers].append(speed(judge, problems, 2 * workers))
                    print(f"round {number + 1}, {workers}: {speeds[workers][-1]:.1f} a second", flush=True)
    cluster.shutdown()
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"load of the machine at the end: {load} on {os.cpu_count()} cores")
    for workers, found in speeds.items():
        print(
            f"{workers} worker(s): {median(found):.1f} a second (median; {min(found):.1f} to {max(found):.1f})"
        )
    ratios = [two / one for one, two in zip(speeds[1], speeds[2], strict=True)]
    print(
        f"two to one, round by round: {median(ratios):.2f} (median; {min(ratios):.2f} to {max(ratios):.2f})"
    )


if __name__ == "__main__":
    main()
