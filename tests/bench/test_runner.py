"""A run loses nothing: killed, stopped, failed or told to go on."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from assistant.bench.jobs import Batch, Job, missing_batches
from assistant.bench.runner import Concurrency, Runner, RunTotals
from assistant.bench.sample_log import SampleLog, read_samples
from assistant.bench.scoring import ProgramJudge
from assistant.core.errors import AssistantError, EngineError, SandboxError
from assistant.core.generation import (
    Cancel,
    Chunk,
    Finish,
    ModelInfo,
    NeverCancelled,
    Progress,
    Request,
    Sampling,
)
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.engine.scripted.script import ScriptedAnswer
from assistant.sandbox.local import LocalSandbox
from assistant.session.prompting import Prompt
from tests.bench.conftest import RIGHT, WRONG, Run, addition


def jobs(count: int, samples: int = 4) -> list[Job]:
    return [Job("g", f"r{i}", addition(f"test/{i}"), Prompt(()), Sampling(), samples) for i in range(count)]


def run_jobs(
    engine: ScriptedEngine | SeededEngine,
    sandbox: LocalSandbox,
    path: Path,
    some: Sequence[Job],
    pace: Concurrency = Concurrency(batch=4),
) -> RunTotals:
    log = SampleLog(path)
    tally = RunTotals(sum(job.samples for job in some), done=len(log.done), before=len(log.done))
    try:
        Runner(engine, ProgramJudge(sandbox), log, pace, threading.Event()).run(some, tally)
    finally:
        log.close()
    return tally


class SeededEngine:
    """Answers decided by the seeds, as a sampling model's are, in an order that they do not decide."""

    def prepare(
        self, progress: Callable[[Progress], None] = lambda _: None, cancel: Cancel = NeverCancelled()
    ) -> ModelInfo:
        return ModelInfo(engine="seeded", name="seeded")

    def generate(self, request: Request, cancel: Cancel = NeverCancelled()) -> Iterator[Chunk | Finish]:
        places = list(range(request.samples))
        random.shuffle(places)
        for sample in places:
            time.sleep(random.random() / 500)
            number = random.Random(f"{request.sampling.seed} {sample}").randrange(10**6)
            text = f"# {number}\n{RIGHT if number % 3 else WRONG}"
            yield Finish(sample=sample, text=text, reason="stop", seed=request.sampling.seed)

    def close(self) -> None:
        """Nothing."""


def texts(path: Path) -> dict[tuple[str, str, int], str]:
    return {sample.key: sample.text for sample in read_samples(path)}


def test_the_same_seed_gives_the_same_samples_however_many_streams_and_shards(
    sandbox: LocalSandbox, tmp_path: Path
) -> None:
    run_jobs(SeededEngine(), sandbox, tmp_path / "a.jsonl", jobs(6))
    run_jobs(SeededEngine(), sandbox, tmp_path / "b.jsonl", jobs(6)[::-1], Concurrency(streams=5, batch=4))
    first, second = texts(tmp_path / "a.jsonl"), texts(tmp_path / "b.jsonl")
    assert first == second
    run_jobs(SeededEngine(), sandbox, tmp_path / "1.jsonl", jobs(6)[::2])
    run_jobs(SeededEngine(), sandbox, tmp_path / "2.jsonl", jobs(6)[1::2])
    assert texts(tmp_path / "1.jsonl") | texts(tmp_path / "2.jsonl") == first
    assert len(first) == 24
    assert len(set(first.values())) > 20


def test_a_torn_line_is_made_again_and_the_rest_is_kept(sandbox: LocalSandbox, tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    run_jobs(SeededEngine(), sandbox, path, jobs(3))
    whole, data = texts(path), path.read_bytes()
    path.write_bytes(data[: len(data) - 40])
    tally = run_jobs(SeededEngine(), sandbox, path, jobs(3))
    assert tally.before == 11
    assert texts(path) == whole
    assert path.read_bytes().count(b"\n") == 12


def test_a_line_that_is_no_sample_is_named(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text('{"foreign": true}\n')
    with pytest.raises(AssistantError, match="line 1"):
        SampleLog(path)


def test_two_runs_in_one_folder_are_refused(tmp_path: Path) -> None:
    log = SampleLog(tmp_path / "samples.jsonl")
    with pytest.raises(AssistantError, match="another process"):
        SampleLog(tmp_path / "samples.jsonl")
    log.close()


def test_an_engine_that_is_gone_ends_the_run_and_keeps_what_there_is(
    sandbox: LocalSandbox, tmp_path: Path
) -> None:
    answers = [ScriptedAnswer(text=RIGHT)] * 10 + [ScriptedAnswer(error="the server is gone")]
    path = tmp_path / "samples.jsonl"
    with pytest.raises(EngineError, match=r"the server is gone \(10 of 80 samples are kept"):
        run_jobs(ScriptedEngine(answers), sandbox, path, jobs(20))
    assert len(texts(path)) == 10
    run_jobs(ScriptedEngine([RIGHT]), sandbox, path, jobs(20))
    assert len(texts(path)) == 80


def test_single_failures_are_counted_and_made_up_for_next_time(sandbox: LocalSandbox, tmp_path: Path) -> None:
    good = [ScriptedAnswer(text=RIGHT)] * 7
    engine = ScriptedEngine([*good, ScriptedAnswer(error="hiccup"), *good])
    tally = run_jobs(engine, sandbox, tmp_path / "s.jsonl", jobs(3))
    assert (tally.done, tally.failed, tally.failure) == (11, 1, "hiccup")
    assert [b.job.row for b in missing_batches(jobs(3), 4, set(texts(tmp_path / "s.jsonl")))] == ["r1"]


def test_a_judge_that_breaks_on_an_answer_is_written_down_and_ends_nothing(tmp_path: Path) -> None:
    def broken(job: Job, text: str) -> object:
        raise ValueError("broken judge")

    log = SampleLog(tmp_path / "s.jsonl")
    runner = Runner(SeededEngine(), broken, log, Concurrency(streams=3, batch=2), threading.Event())  # type: ignore[arg-type]
    runner.run(jobs(4), RunTotals(16))
    log.close()
    samples = list(read_samples(tmp_path / "s.jsonl"))
    assert len(samples) == 16
    assert {(s.outcome, s.solved, s.trouble) for s in samples} == {
        ("not_judged", False, "ValueError: broken judge")
    }


def test_a_sandbox_that_does_not_stand_ends_the_run(tmp_path: Path) -> None:
    def gone(job: Job, text: str) -> object:
        raise SandboxError("no walls")

    log = SampleLog(tmp_path / "s.jsonl")
    runner = Runner(SeededEngine(), gone, log, Concurrency(streams=3, batch=2), threading.Event())  # type: ignore[arg-type]
    with pytest.raises(SandboxError, match="no walls"):
        runner.run(jobs(4), RunTotals(16))
    log.close()


@pytest.mark.slow
def test_after_its_time_no_new_request_is_begun(sandbox: LocalSandbox, tmp_path: Path) -> None:
    engine = ScriptedEngine([RIGHT], seconds_per_chunk=0.01)
    tally = run_jobs(engine, sandbox, tmp_path / "s.jsonl", jobs(200), Concurrency(batch=4, seconds=0.5))
    assert 0 < tally.done < 800
    assert tally.done % 4 == 0


def test_batches_have_seeds_of_their_own() -> None:
    some = [Batch(job, first, 4) for job in jobs(5, 12) for first in (0, 4, 8)]
    assert len({batch.request().sampling.seed for batch in some}) == 15


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(run: Run, tmp_path: Path) -> None:
    """SIGKILL at random moments, again and again; in the end the samples are those of a run left in peace."""
    script = tmp_path / "script.jsonl"
    answers = [f"```python\ndef rotate_left(items, steps):\n    return {i}\n```" for i in range(6)]
    lines = [{"entry_point": "rotate_left", "seconds_per_chunk": 0.002, "answers": answers}]
    lines += [{"text": "```python\nx = 1\n```", "seconds_per_chunk": 0.002}]
    script.write_text("".join(json.dumps(line) + "\n" for line in lines))
    words = [
        "bench",
        "synthesis",
        "--engine",
        "scripted",
        "--script",
        str(script),
        "-k",
        "6",
        "--limit",
        "12",
    ]
    killed = tmp_path / "killed"
    environment = {**os.environ, "COLUMNS": "80"}
    draw, kills = random.Random(5), 0
    for _ in range(40):
        process = subprocess.Popen(
            [sys.executable, "-m", "assistant", *words, "--out", str(killed)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
        )  # fmt: skip
        lines_before = count_lines(killed)
        wait_for(lambda p=process, n=lines_before: p.poll() is not None or count_lines(killed) > n)
        time.sleep(draw.random() / 4)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
        if (killed / "summary.json").exists():
            break
    assert kills >= 3
    status, _, _ = run(*words, "--out", tmp_path / "calm")
    assert status == 0
    run(*words, "--out", killed)
    assert texts(killed / "samples.jsonl") == texts(tmp_path / "calm" / "samples.jsonl")
    assert json.loads((killed / "summary.json").read_text())["complete"] is True


def count_lines(folder: Path) -> int:
    path = folder / "samples.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
