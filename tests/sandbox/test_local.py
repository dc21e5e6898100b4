"""The sandbox as a whole: threads, lost workers, refusals, promises, reference values."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assistant.core.errors import SandboxError
from assistant.core.outcome import Outcome
from assistant.core.problem import AssertTest, CallTest, Problem
from assistant.core.submission import Limits, Submission
from assistant.problems.expected_values import with_expected
from assistant.sandbox import worker as worker_module
from assistant.sandbox.isolation_notice import banner, notes
from assistant.sandbox.local import LocalSandbox, open_sandbox
from assistant.sandbox.pool import open_worker
from assistant.sandbox.self_check import try_promises
from tests.sandbox.conftest import Run
from tests.sandbox.run_corpus import gone_within, processes_of

GOOD = Submission(source="def f(x):\n    return x * 2\n", tests=(AssertTest(code="assert f(2) == 4"),))


def test_many_threads_share_one_sandbox(sandbox: LocalSandbox) -> None:
    def submission(number: int) -> Submission:
        source = f"import time\ndef f(x):\n    time.sleep(0.002)\n    return x * {number}\n"
        return Submission(source=source, tests=(AssertTest(code=f"assert f(1) == {number}"),))

    with ThreadPoolExecutor(8) as pool:
        reports = list(pool.map(lambda number: sandbox.run(submission(number)), range(60)))
    assert all(report.passed for report in reports)


@pytest.mark.slow
def test_a_killed_worker_is_replaced() -> None:
    sandbox = open_sandbox()
    try:
        for _ in range(3):
            for pid in sandbox.worker_pids():
                os.kill(pid, signal.SIGKILL)
            assert sandbox.run(GOOD).passed
    finally:
        sandbox.close()


@pytest.mark.slow
def test_a_worker_that_does_not_answer_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "ANSWER_SECONDS", 0.5)
    sandbox = open_sandbox()
    try:
        stopped = [pid for session in sandbox.worker_pids() for pid in processes_of(session)]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        assert sandbox.run(GOOD).passed
    finally:
        sandbox.close()


def test_nothing_lives_on_after_close() -> None:
    sandbox = open_sandbox()
    sandbox.run(GOOD)
    sessions = sandbox.worker_pids()
    assert any(processes_of(session) for session in sessions)
    sandbox.close()
    assert gone_within(sessions, 0, 3.0)
    with pytest.raises(SandboxError, match="closed"):
        sandbox.run(GOOD)


@pytest.mark.slow
def test_nothing_lives_on_after_the_harness_is_killed(tmp_path: Path) -> None:
    """The end of the harness is the end of everything below it, in the middle of a run."""
    code = (
        "import sys, threading, time\n"
        "from assistant.sandbox.local import open_sandbox\n"
        "from assistant.core.submission import Submission, Limits\n"
        "from assistant.core.problem import AssertTest\n"
        "s = open_sandbox()\n"
        "print(*s.worker_pids(), flush=True)\n"
        "s.run(Submission(source='def f(x):\\n    while True: pass\\n',"
        " tests=(AssertTest(code='assert f(1)'),), limits=Limits(seconds=60)))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as harness:
        assert harness.stdout is not None
        sessions = [int(word) for word in harness.stdout.readline().split()]
        time.sleep(0.5)
        assert len(processes_of(sessions[0])) >= 3
        harness.kill()
    assert gone_within(sessions, 0, 3.0)


def test_a_worker_outlives_the_thread_that_started_it() -> None:
    """Without namespaces a worker's parent is that very thread."""
    made: list[worker_module.SandboxWorker] = []
    thread = threading.Thread(target=lambda: made.append(open_worker(namespaces=False)))
    thread.start()
    thread.join()
    time.sleep(0.3)
    (worker,) = made
    try:
        assert worker.is_alive()
        worker.clear()
        assert not worker.spent
    finally:
        worker.close()


def test_without_namespaces_the_note_says_what_is_missing() -> None:
    worker = open_worker(namespaces=False)
    try:
        assert "no private scratch" in notes(worker.layers)[-1]
        assert banner(worker.layers) == ""
    finally:
        worker.close()


def test_where_the_walls_cannot_stand_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        worker_module,
        "_BOOT",
        'import sys, socket; socket.socket(fileno=0).send(b\'{"failed": "no Landlock"}\')',
    )
    with pytest.raises(SandboxError, match=r"no Landlock.*--unsafe-run"):
        open_sandbox()


def test_a_worker_that_cannot_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "_BOOT", "raise SystemExit(1)")
    with pytest.raises(SandboxError, match="did not start"):
        open_sandbox()


@pytest.mark.slow
def test_unsafe_runs_say_so() -> None:
    sandbox = open_sandbox(unsafe=True)
    try:
        report = sandbox.run(GOOD)
        assert report.passed and report.layers["unsafe"] is True
        assert banner(sandbox.layers).startswith("UNSAFE RUN")
        hanging = GOOD.model_copy(
            update={"source": "def f(x):\n    while True: pass\n", "limits": Limits(seconds=0.3)}
        )
        assert sandbox.run(hanging).outcome is Outcome.TIMED_OUT
    finally:
        sandbox.close()


def test_promises_are_kept(sandbox: LocalSandbox) -> None:
    promises = try_promises(sandbox)
    assert len(promises) >= 10
    assert [promise for promise in promises if not promise.kept] == []


def test_promises_tell_when_they_are_broken() -> None:
    """The attempts are real: without walls they succeed."""
    sandbox = open_sandbox(unsafe=True)
    try:
        broken = {promise.name for promise in try_promises(sandbox) if not promise.kept}
    finally:
        sandbox.close()
    assert {"cannot read a secret", "cannot start a process", "cannot execute a program"} <= broken
    assert {"cannot connect to the network", "cannot signal another process"} <= broken


def test_tests_that_could_leave_traces_get_a_judge_of_their_own(run: Run) -> None:
    poison = "import math\nmath.pi = 3\nassert f(math.pi) == 6"
    assert run(GOOD.source, poison).passed
    assert run(GOOD.source, "import sys\nsys.modules['math'] = None\nassert f(1) == 2").passed
    assert run("import math\ndef f(x):\n    return x\n", "import math\nassert f(3) != math.pi").passed


def test_a_standing_judge_forgets(run: Run) -> None:
    assert run(GOOD.source, "left = f(2)\nassert left == 4").passed
    report = run(GOOD.source, "assert f(2) == 4 and left == 4")
    assert report.outcome is Outcome.RAISED and "left" in report.message


def problem(*tests: CallTest, reference: str) -> Problem:
    return Problem(id="p", text="", entry_point="f", visible_tests=tests, reference=reference, source="s")


def test_expected_values_come_from_the_reference(sandbox: LocalSandbox) -> None:
    tests = [CallTest(arguments=f"[{x}]") for x in ("1", "0", "'a'", "None")]
    source = "def f(x):\n    return {1: [1.5, (x,)], 0: 10 ** 5000, 'a': float('inf'), None: object()}[x]\n"
    done, dropped = with_expected(problem(*tests, CallTest(arguments="[2]"), reference=source), sandbox)
    expected = [test.expected for test in done.visible_tests if isinstance(test, CallTest)]
    assert expected == ["[1.5, (1,)]", hex(10**5000), "1e999"]
    assert len(dropped) == 2 and "KeyError" in dropped[1]
    assert sandbox.run(Submission.of(done, source)).passed


def test_a_problem_with_all_its_values_is_left_alone(sandbox: LocalSandbox) -> None:
    given = problem(CallTest(arguments="[1]", expected="1"), reference="def f(x):\n    return x\n")
    assert with_expected(given, sandbox) == (given, ())


def test_numpy_may_be_imported_and_no_other_package(run: Run) -> None:
    pytest.importorskip("numpy")
    source = (
        "import numpy as np\ndef f(x):\n    return [np.int64(x), np.array([x, x]).mean(), np.float32(0.5)]\n"
    )
    report = run(source, "assert f(2) == [2, 2.0, 0.5]", seconds=30.0)
    assert report.passed, report.message
    report = run("import pydantic\n", "assert f(2)")
    assert report.message.startswith("ModuleNotFoundError")
    array = "import numpy as np\ndef f(x):\n    return np.array([x])\n"
    assert (
        run(array, "assert f(2) == 2", seconds=30.0).message
        == "not judged: cannot compare a `ndarray` with a plain value"
    )


def test_a_package_installed_below_the_scratch_is_granted_and_costs_no_wall(
    sandbox: LocalSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="tmp.") as folder:
        (Path(folder) / "granted").mkdir()
        (Path(folder) / "granted" / "__init__.py").write_text("def f(x):\n    return x * 2\n")
        monkeypatch.syspath_prepend(folder)
        monkeypatch.setattr(worker_module, "GRANTED_PACKAGES", ("granted",))
        opened = open_sandbox()
        try:
            assert opened.layers == sandbox.layers
            source = "import granted\nopen('/tmp/written', 'w').close()\nf = granted.f\n"
            report = opened.run(Submission(source=source, tests=GOOD.tests))
            assert report.passed or sandbox.layers["namespaces"] is not True, report.message
            reached = "import os\ndef f(x):\n    return os.listdir('/tmp')\n"
            seen = opened.run(Submission(source=reached, tests=(AssertTest(code="assert f(0) == []"),)))
            assert seen.passed or sandbox.layers["namespaces"] is not True, seen.message
        finally:
            opened.close()
