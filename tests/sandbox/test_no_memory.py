"""A program that leaves marks wherever it can finds none of them in the next run, nor does anybody else."""

# ruff: noqa: E501
from __future__ import annotations

import fcntl
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.core.errors import SandboxError
from assistant.core.outcome import Report
from assistant.core.problem import AssertTest, StdinTest
from assistant.core.submission import Limits, Submission
from assistant.sandbox.local import LocalSandbox

SEEN = r"""
import fcntl, json, os, resource, signal, sys, time

def tried(what, *args):
    try:
        return repr(what(*args))
    except BaseException as error:
        return type(error).__name__ + str(getattr(error, "errno", ""))

def seen():
    found = {}
    for fd in range(3):
        found[f"flags {fd}"] = tried(fcntl.fcntl, fd, fcntl.F_GETFL)
        found[f"position {fd}"] = tried(os.lseek, fd, 0, 1)
        found[f"size {fd}"] = tried(lambda fd=fd: os.fstat(fd).st_size)
        found[f"mode {fd}"] = tried(lambda fd=fd: os.fstat(fd).st_mode)
    for path in ("/dev/null", json.__file__, os.__file__):
        for flags in (os.O_RDONLY, os.O_RDWR):
            fd = None
            try:
                fd = os.open(path, flags)
                found[f"flock {path} {flags}"] = tried(fcntl.flock, fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                kind = fcntl.F_WRLCK if flags else fcntl.F_RDLCK
                found[f"lock {path} {flags}"] = tried(fcntl.fcntl, fd, fcntl.F_GETLK, __import__("struct").pack("hhqqi", kind, 0, 0, 0, 0) + bytes(8))
                found[f"times {path} {flags}"] = tried(lambda: (os.fstat(fd).st_mtime_ns, os.fstat(fd).st_mode))
            except OSError as error:
                found[f"open {path} {flags}"] = error.errno
            finally:
                if fd is not None:
                    os.close(fd)
    for folder in ("/", "/tmp", ".", "/packages", "/dev", "/dev/shm", "/var/tmp", "/run", "/proc", "/sys"):
        found[f"list {folder}"] = tried(lambda: sorted(os.listdir(folder)))
        found[f"mode of {folder}"] = tried(lambda: os.stat(folder).st_mode)
    found["scratch written"] = tried(lambda: time.time() - os.stat("/tmp").st_mtime < 5) if os.access("/tmp", os.W_OK) else ""
    found["limits"] = [tried(resource.getrlimit, n) for n in range(16)]
    found["mask"] = tried(lambda: os.umask(os.umask(0)))
    found["here"] = tried(os.getcwd)
    found["environment"] = sorted(os.environ.items())
    found["handlers"] = [tried(signal.getsignal, n) for n in range(1, 32)]
    found["modules"] = sorted(sys.modules)
    found["children"] = tried(lambda: resource.getrusage(resource.RUSAGE_CHILDREN).ru_nvcsw)
    found["frames"], frame = [], sys._getframe()
    while frame:
        kept = {k: v for k, v in frame.f_locals.items() if k in ("request", "answer", "data", "status", "role", "given", "own")}
        found["frames"].append([frame.f_code.co_name, "" if "source" in str(kept) else repr(kept)])
        frame = frame.f_back
    found["names"] = tried(lambda: (os.uname(), os.getppid(), os.getuid(), os.getgid(), os.getgroups(), os.getpriority(0, 0)))
    return found
"""
LEFT = r"""
def leave():
    for fd in (0, 1, 2, *range(4, 128)):  # 3 is the program's own stream: it would only end itself
        for flags in (os.O_APPEND, os.O_NONBLOCK, os.O_ASYNC, os.O_DIRECT):
            tried(lambda: fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | flags))
        tried(fcntl.flock, fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        tried(fcntl.lockf, fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for command in (37, 38):
            tried(fcntl.fcntl, fd, command, __import__("struct").pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0) + bytes(8))
        for command in (1024, 1026, 1031, 1033, 10, 15, 8):
            tried(fcntl.fcntl, fd, command, 1)
        tried(os.fchmod, fd, 0o777)
        tried(os.utime, fd)
        tried(os.set_inheritable, fd, True)
        if fd != 1:
            tried(os.write, fd, b"I was here")
            tried(os.lseek, fd, 5, 0)
            tried(os.ftruncate, fd, 5)
    for folder in ("/", "/tmp", ".", "/packages", "/dev", "/dev/shm", "/var/tmp", "/run", os.path.dirname(os.__file__)):
        for name in ("mark", "wipe-1-1", "x" * 250, "\n", ".hidden"):
            tried(lambda: open(os.path.join(folder, name), "w").write("I was here"))
            tried(os.mkdir, os.path.join(folder, name + "d"))
            tried(os.symlink, "/etc", os.path.join(folder, name + "l"))
            tried(os.mkfifo, os.path.join(folder, name + "p"))
            tried(os.chmod, os.path.join(folder, name + "d"), 0)
        tried(os.utime, folder, (1, 1))
        tried(os.chmod, folder, 0o755)
    for path in ("/dev/null", json.__file__, os.__file__):
        tried(os.utime, path, (1, 1))
        tried(os.chmod, path, 0o666)
        for flags in (os.O_RDONLY, os.O_RDWR):
            try:
                fd = os.open(path, flags)
            except OSError:
                continue
            tried(fcntl.flock, fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            tried(fcntl.lockf, fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.dup2(fd, 100 + flags)
    os.umask(0o777)
    os.environ["MARK"] = "I was here"
    for number in (1, 4, 6, 7, 8, 10, 11, 12, 13, 14, 15):
        tried(resource.setrlimit, number, (64, 64))
    tried(os.nice, 5)
    sys.modules["mark"] = sys
"""


@pytest.fixture(scope="module")
def alone() -> Iterator[LocalSandbox]:
    """A sandbox with one worker, so that each run follows the last in the same place."""
    try:
        opened = LocalSandbox(workers=1)
    except SandboxError as error:
        pytest.skip(f"no sandbox here: {error}")
    yield opened
    opened.close()


@pytest.fixture
def fresh(alone: LocalSandbox) -> Iterator[LocalSandbox]:
    """A sandbox whose worker has made no files yet."""
    sandbox = LocalSandbox(workers=1)
    yield sandbox
    sandbox.close()


def reported(sandbox: LocalSandbox, source: str, *tests: str, **more: object) -> Report:
    asserts = tuple(AssertTest(code=test) for test in tests)
    return sandbox.run(Submission(source=source, tests=asserts, limits=Limits(seconds=20), **more))  # type: ignore[arg-type]


def test_nothing_that_is_written_is_there_in_the_next_run(alone: LocalSandbox) -> None:
    source = (
        SEEN
        + LEFT
        + "FOUND = json.dumps(seen())\nleave()\ndef solution(n):\n    return FOUND[n * 1500 : n * 1500 + 1500]\n"
    )
    tests = [f"assert solution({n}) == 'nothing is expected'" for n in range(12)]
    workers = alone.worker_pids()
    runs = [reported(alone, source, *tests) for _ in range(4)]
    texts = ["".join(eval(case.actual or "''") for case in run.cases) for run in runs]
    first = json.loads(texts[0])
    for text in texts[1:]:
        assert {name: value for name, value in json.loads(text).items() if first[name] != value} == {}
    assert alone.worker_pids() == workers, "the worker was replaced"


def test_a_run_with_more_tests_looks_the_same(alone: LocalSandbox) -> None:
    source = (
        SEEN + "FOUND = json.dumps(seen())\ndef solution(n):\n    return FOUND[n * 1500 : n * 1500 + 1500]\n"
    )
    tests = [f"assert solution({n}) == 'nothing is expected'" for n in range(12)]
    texts = []
    for more in (0, 40):
        run = reported(alone, source, *tests, *["assert solution(0) != ''"] * more)
        texts.append("".join(eval(case.actual or "''") for case in run.cases[:12]))
    assert texts[0] == texts[1]


def test_locks_do_not_reach_the_machine(alone: LocalSandbox) -> None:
    source = SEEN + LEFT + "leave()\ndef solution(x):\n    return x\n"
    assert reported(alone, source, "assert solution(1) == 1").passed
    with Path("/dev/null").open("r+b", buffering=0) as null:
        fcntl.flock(null, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(null, fcntl.LOCK_UN)


def test_process_ids_do_not_count_the_runs(alone: LocalSandbox) -> None:
    if alone.layers["namespaces"] is not True:
        pytest.skip("process ids are the machine's without namespaces")
    with_another = LocalSandbox(workers=1)
    source = "import os\ndef solution():\n    return os.getpid()\n"
    try:
        pids = [
            int(reported(s, source, "assert solution() == 0").cases[0].actual or 0)
            for s in (alone, with_another)
        ]
    finally:
        with_another.close()
    assert min(pids) >= 300 and pids[0] != pids[1]


OTHERS = r"""
import os, time
def told(what, *args):
    try:
        return what(*args) or "told"
    except OSError:
        return ""
def solution():
    own = os.getpid()
    others = [os.getppid(), *range(max(1, own - 60), own), own + 1]
    asked = [told(what, pid) for pid in others for what in (os.getpgid, os.getsid, os.sched_getscheduler, os.sched_getaffinity)]
    asked += [told(os.getpriority, os.PRIO_PROCESS, pid) for pid in others]
    asked += [told(clock, (~pid << 3) | part) for pid in others for part in (0, 2, 6) for clock in (time.clock_gettime, time.clock_getres)]
    return sum(map(bool, asked))
"""


def test_nothing_tells_of_other_processes(alone: LocalSandbox) -> None:
    """The standing judge's process id would be a mark to count runs from, its processor time another one."""
    for _ in range(2):
        report = reported(alone, OTHERS, "assert solution() == 0")
        assert report.passed, report.cases[0]


NUMBER = "import os\nopen('/tmp/a', 'w').close()\ndef solution():\n    return os.stat('/tmp/a').st_ino\n"


@pytest.mark.slow
def test_file_numbers_do_not_count_the_runs(alone: LocalSandbox) -> None:
    if alone.layers["namespaces"] is not True:
        pytest.skip("programs cannot write files here")
    firsts = []
    for _ in range(3):
        sandbox = LocalSandbox(workers=1)
        try:
            firsts.append(int(reported(sandbox, NUMBER, "assert solution() == 0").cases[0].actual or 0))
        finally:
            sandbox.close()
    assert len(set(firsts)) > 1


def test_a_worker_that_made_many_files_is_replaced(alone: LocalSandbox) -> None:
    if alone.layers["namespaces"] is not True:
        pytest.skip("programs cannot write files here")
    many = "for n in range(5000):\n    open('/tmp/b', 'w').close()\n    __import__('os').unlink('/tmp/b')\ndef solution():\n    return 1\n"
    before = alone.worker_pids()
    assert reported(alone, many, "assert solution() == 1").passed
    assert reported(alone, NUMBER, "assert solution() < 8192 + 100").passed
    assert alone.worker_pids() != before


@pytest.mark.parametrize(
    "make",
    [
        "[open(f'/tmp/wipe-{p}-{n}', 'w').close() or None for p in range(1, 30) for n in range(1, 40)]",
        "[os.makedirs(f'/tmp/wipe-{p}-{n}/a/b') for p in (1, 2, os.getppid()) for n in range(60)]",
        "[open('/tmp/' + ('%04d' % n) * 60, 'w').close() for n in range(4000)]",
        "os.mkdir('/tmp/d'); [open('/tmp/d/' + ('%04d' % n) * 60, 'w').close() for n in range(4000)]",
        "[os.mkdir('/tmp/' + ('%04d' % n) * 60) for n in range(2000)]",
        "os.mkdir('/tmp/a'); os.mkdir('/tmp/a/b'); os.chmod('/tmp/a/b', 0); os.chmod('/tmp/a', 0); os.chmod('/tmp', 0)",
        'exec(\'for n in range(500):\\n    os.mkdir("d" * 200)\\n    os.chdir("d" * 200)\')',
    ],
)
def test_names_left_behind_cost_no_worker(fresh: LocalSandbox, make: str) -> None:
    if fresh.layers["namespaces"] is not True:
        pytest.skip("programs cannot write files here")
    before = fresh.worker_pids()
    source = f"import os\nos.chdir('/tmp')\ntry:\n    {make}\nexcept OSError:\n    pass\ndef solution(x):\n    return x\n"
    assert reported(fresh, source, "assert solution(1) == 1").passed
    after = reported(
        fresh, "import os\ndef solution():\n    return os.listdir('/tmp')\n", "assert solution() == []"
    )
    assert after.passed, after.cases[0]
    assert fresh.worker_pids() == before


STDIN = r"""
import fcntl, os
data = open(0, closefd=False).read()
said = []
for flags in (os.O_RDWR, os.O_WRONLY):
    for path in ("/proc/self/fd/0", "/dev/stdin", "/dev/fd/0"):
        try:
            fd = os.open(path, flags)
            said.append(f"{os.write(fd, b'x')} by {path}")
        except OSError:
            pass
for what in (lambda: os.write(0, b"x" * 100), lambda: os.ftruncate(0, 1 << 20), lambda: os.pwrite(0, b"x", 0),
             lambda: os.posix_fallocate(0, 0, 1 << 20), lambda: os.sendfile(0, 0, 0, 3), lambda: os.copy_file_range(0, 0, 3)):
    try:
        said.append(repr(what()))
    except (OSError, ValueError):
        pass
print(data.strip(), fcntl.fcntl(0, fcntl.F_GETFL) & os.O_ACCMODE, os.fstat(0).st_size, *said)
"""


def test_standard_input_can_only_be_read(alone: LocalSandbox) -> None:
    tests = (StdinTest(stdin="abc\n", expected="abc 0 4\n"),) * 2
    report = alone.run(Submission(source=STDIN, tests=tests, limits=Limits(seconds=20)))
    assert report.passed, report.cases
    large = StdinTest(stdin="é" * 3_000_000, expected="3000000")
    assert alone.run(
        Submission(source="print(len(input()))", tests=(large,), limits=Limits(seconds=20))
    ).passed


def test_stdin_without_memory_files_can_only_be_read(
    alone: LocalSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "memfd_create")
    test = StdinTest(stdin="abc\n", expected="abc 0 4\n")
    report = alone.run(Submission(source=STDIN, tests=(test,), limits=Limits(seconds=20)))
    assert report.passed, report.cases


def test_socket_buffers_cannot_be_raised(alone: LocalSandbox) -> None:
    source = """
import os, socket
def solution():
    total, kept = 0, []
    try:
        while True:
            a, b = socket.socketpair()
            kept += [a, b]
            for option in (7, 32, 8, 33):
                try:
                    a.setsockopt(socket.SOL_SOCKET, option, 1 << 30)
                except OSError:
                    pass
            a.setblocking(False)
            b.setblocking(False)
            for end in (a, b):
                try:
                    while True:
                        total += end.send(b"x" * 65536)
                except BlockingIOError:
                    pass
    except OSError:
        return total >> 20
"""
    report = reported(alone, source, "assert solution() < 64")
    assert report.passed, report.cases[0]


def test_event_loops_need_no_socket_options(alone: LocalSandbox) -> None:
    source = "import asyncio\nasync def g(x):\n    await asyncio.sleep(0)\n    return x\ndef solution(x):\n    return asyncio.run(g(x))\n"
    assert reported(alone, source, "assert solution(3) == 3").passed
    assert sys.platform != "linux" or alone.layers["seccomp"]
