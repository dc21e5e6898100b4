"""Judging on a Ray cluster of two nodes here. `[test]` has no Ray: CONTRIBUTING.md says how to run this file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.bench.jobs import Sample
from assistant.bench.ray_judge import RayJudge
from assistant.bench.runner import Concurrency, Runner, RunTotals
from assistant.bench.sample_log import SampleLog, read_samples
from assistant.bench.scoring import ProgramJudge
from assistant.core.errors import UsageError
from assistant.sandbox.local import LocalSandbox
from tests.bench.conftest import RIGHT, TALK, Run, addition
from tests.bench.test_runner import SeededEngine, jobs
from tests.extras import need

need("ray")
pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]
NOT_COMPARED = {"seconds", "first_token_seconds"}
KILLED_AFTER = 24


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head node of one core."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    yield cluster
    cluster.shutdown()


def made(path: Path, judge: ProgramJudge, watch: Any = lambda _: None) -> dict[Any, dict[str, Any]]:
    """The samples of one run, without their times; each key is there once."""
    asked = jobs(30)
    log, tally = SampleLog(path), RunTotals(sum(job.samples for job in asked))
    try:
        pace = Concurrency(batch=4, judges=judge.slots)
        Runner(SeededEngine(), judge, log, pace, threading.Event(), watch).run(asked, tally)
    finally:
        log.close()
    samples: list[Sample] = list(read_samples(path))
    found = {sample.key: sample.model_dump(exclude=NOT_COMPARED) for sample in samples}
    assert len(found) == len(samples) == tally.total
    return found


def test_a_node_that_dies_costs_no_sample_and_doubles_none(
    cluster: Any, sandbox: LocalSandbox, tmp_path: Path
) -> None:
    second = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    judge = RayJudge(cluster.address, sandbox)
    nodes_alive = lambda: sum(node["Alive"] for node in judge._ray.nodes())  # noqa: E731
    killed: list[int] = []

    def kill(totals: RunTotals) -> None:
        if totals.done >= KILLED_AFTER and not killed:
            killed.append(totals.done)
            cluster.remove_node(second, allow_graceful=False)

    try:
        assert (nodes_alive(), judge.slots) == (2, 4)
        with_ray = made(tmp_path / "ray.jsonl", judge, kill)
        assert nodes_alive() == 1
        assert 0 < killed[0] < len(with_ray), "the node died in the middle"
        assert judge.score(addition("x/1"), None) == ProgramJudge(sandbox).score(addition("x/1"), None)
    finally:
        judge.close()
    alone = made(tmp_path / "alone.jsonl", ProgramJudge(sandbox))
    assert with_ray == alone
    assert {sample["outcome"] for sample in alone.values()} >= {"passed", "wrong"}


def test_score_on_a_cluster_prints_what_it_prints_here(run: Run, cluster: Any, tmp_path: Path) -> None:
    problems, samples = tmp_path / "own.jsonl", tmp_path / "samples.jsonl"
    problems.write_text("".join(addition(f"own/{i}").model_dump_json() + "\n" for i in range(3)))
    texts = [RIGHT, TALK, "```python\ndef add(a, b):\n    while True: pass\n```"]
    lines = [Sample.model_construct(problem=f"own/{i}", code="", text=text) for i, text in enumerate(texts)]
    samples.write_text(
        "".join(line.model_dump_json(include={"problem", "code", "text"}) + "\n" for line in lines)
    )
    words = ["bench", "score", samples, "--problems", problems, "--from-text", "--timeout", "1"]
    here = run(*words, "--out", tmp_path / "here")
    there = run(*words, "--out", tmp_path / "there", "--ray", cluster.address)
    assert (here[0], here[1]) == (there[0], there[1])
    assert "33.3%" in here[1]


@pytest.mark.parametrize(
    ("address", "says"),
    [("127.0.0.1:1", "nothing answers there"), ("nowhere", "HOST:PORT"), ("ray://x/y", "HOST:PORT")],
)
def test_an_address_without_a_cluster_gets_one_line(sandbox: LocalSandbox, address: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as raised:
        RayJudge(address, sandbox)
    assert "\n" not in str(raised.value)
