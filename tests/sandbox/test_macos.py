"""The path for macOS, as far as it can be walked elsewhere: children started one by one, a profile, polled memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.core.errors import SandboxError
from assistant.core.outcome import Outcome
from assistant.core.problem import AssertTest, StdinTest
from assistant.core.submission import Limits, Submission
from assistant.sandbox import macos
from assistant.sandbox.isolation_notice import banner
from assistant.sandbox.local import run_submission


@pytest.fixture
def worker() -> Iterator[macos.Spawner]:
    made = macos.Spawner([], {"unsafe": True})
    yield made
    made.close()


def run(worker: macos.Spawner, source: str, *tests: str, seconds: float = 20.0) -> list[str]:
    made = tuple(AssertTest(code=test) for test in tests)
    submission = Submission(source=source, tests=made, limits=Limits(seconds=seconds, memory_bytes=1 << 28))
    return [case.outcome.value for case in run_submission(worker, submission)[0]]


def test_programs_run(worker: macos.Spawner) -> None:
    assert run(worker, "def f(x):\n    return x * 2\n", "assert f(2) == 4", "assert f(2) == 5") == [
        "passed",
        "wrong",
    ]
    assert run(worker, "def f(x):\n    import os\n    os._exit(0)\n", "assert f(2) == 4") == ["exited_early"]
    test = StdinTest(stdin="2", expected="4")
    submission = Submission(source="print(int(input()) * 2)\n", tests=(test,), limits=Limits(seconds=20.0))
    assert run_submission(worker, submission)[0][0].passed


@pytest.mark.slow
def test_hanging_is_ended(worker: macos.Spawner) -> None:
    run(worker, "def f(x):\n    return 4\n", "assert f(2) == 4")
    assert run(worker, "def f(x):\n    while x: pass\n", "assert f(2) == 4", seconds=2.0) == ["timed_out"]


def test_memory_is_polled(worker: macos.Spawner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(macos, "resident_bytes", lambda pid: 1 << 40)
    assert run(worker, "import time\ntime.sleep(5)\n", "assert f(2) == 4") in (
        ["out_of_memory"],
        ["exited_early"],
    )


def test_resident_memory_is_read() -> None:
    assert macos.resident_bytes(os.getpid()) > 1 << 20
    assert macos.resident_bytes(2**22 + 1) == 0


def test_the_scratch_is_wiped(worker: macos.Spawner) -> None:
    source = "import os\ndef f(x):\n    os.makedirs('a/b')\n    return len(os.listdir('.'))\n"
    for _ in range(2):
        assert run(worker, source, "assert f(2) == 1") == ["passed"]


def test_the_profile_denies_by_default(tmp_path: Path) -> None:
    lines = macos.profile(tmp_path / 'a"b').splitlines()
    assert lines[:2] == ["(version 1)", "(deny default)"]
    assert lines[-2:] == ["(deny process-fork)", "(deny network*)"]
    assert any(line.startswith("(deny file-read*") and "-packages" in line for line in lines)
    assert sum("file-write*" in line for line in lines) == 2
    assert r'a\"b")' in "\n".join(lines)
    assert not any(str(Path.home()) + '"' in line for line in lines)


def test_systems_without_a_sandbox_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "freebsd14")
    with pytest.raises(SandboxError, match="no sandbox for this system"):
        macos.open_spawner()
    monkeypatch.setattr(os, "name", "nt")
    with pytest.raises(SandboxError, match="no sandbox for this system"):
        macos.open_spawner(unsafe=True)


def test_the_banner_of_a_reduced_sandbox() -> None:
    assert banner({"reduced": macos.REDUCED}).startswith("REDUCED SANDBOX: macOS")
    assert Outcome.OUT_OF_MEMORY.word == "out of memory"
