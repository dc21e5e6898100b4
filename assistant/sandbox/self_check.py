"""The sandbox's promises, tried rather than read off version numbers: small programs attempt what is forbidden."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from assistant.core.outcome import Outcome
from assistant.core.problem import AssertTest
from assistant.core.submission import Limits, Sandbox, Submission

LIMITS = Limits(seconds=10.0)


class Promise(NamedTuple):
    """What was tried, and whether it was stopped."""

    name: str
    kept: bool
    detail: str


class _Bait(NamedTuple):
    """Real things that an attempt could reach."""

    secret: Path
    outside: Path
    port: int
    name: str


_ATTEMPTS: tuple[tuple[str, str], ...] = (
    ("connect to the network", "import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)"),
    ("look up a host", "import socket\nsocket.getaddrinfo('localhost', 80)"),
    ("reach an abstract socket", "import socket\nsocket.socket(socket.AF_UNIX).connect('\\0{name}')"),
    ("read a secret", "open({secret!r}).read()"),
    ("read the environment of its parent", "import os\nopen(f'/proc/{{os.getppid() or 1}}/environ').read()"),
    ("write outside its scratch", "open({outside!r}, 'w').write('x')"),
    ("start a process", "import os\nif os.fork() == 0:\n    os._exit(0)"),
    ("execute a program", "import os\nos.execv('/bin/sh', ['sh', '-c', 'true'])"),
    ("signal another process", "import os\nos.kill({pid}, 0)"),
    ("read another process's memory", "open('/proc/{pid}/mem', 'rb').close()"),
    ("take 64 GiB of memory", "len(bytearray(1 << 36))"),
)
_PROGRAM = """
def attempt():
    try:
{body}
    except BaseException as error:
        return type(error).__name__
    return ""
"""


def try_promises(sandbox: Sandbox) -> list[Promise]:
    """Try each promise on this machine; a false `kept` means that untrusted code could really do it."""
    with _bait() as bait:
        promises = [_try(sandbox, name, _filled(body, bait)) for name, body in _ATTEMPTS]
        if bait.outside.exists():
            promises.append(Promise("leave the disk alone", False, "a file was written outside"))
    return [*promises, _runs_correct_programs(sandbox)]


def _try(sandbox: Sandbox, name: str, body: str) -> Promise:
    source = _PROGRAM.format(body=textwrap.indent(body, " " * 8))
    report = sandbox.run(_submission(source, "attempt() == ''"))
    (case,) = report.cases
    if case.outcome in (
        Outcome.PASSED,
        Outcome.EXITED_EARLY,
    ):  # it may have become the program that it executed
        return Promise(f"cannot {name}", False, "it could")
    stopped = case.actual or case.message
    return Promise(f"cannot {name}", True, f"stopped: {stopped}".replace("'", ""))


def _runs_correct_programs(sandbox: Sandbox) -> Promise:
    """The other half of the bargain: what is right passes."""
    report = sandbox.run(_submission("def double(x):\n    return 2 * x\n", "double(2) == 4"))
    return Promise("passes a correct program", report.passed, f"in {report.seconds * 1000:.0f} ms")


def _submission(source: str, claim: str) -> Submission:
    return Submission(source=source, tests=(AssertTest(code=f"assert {claim}"),), limits=LIMITS)


def _filled(body: str, bait: _Bait) -> str:
    return body.format(
        secret=str(bait.secret), outside=str(bait.outside), port=bait.port, name=bait.name, pid=os.getpid()
    )


@contextlib.contextmanager
def _bait() -> Iterator[_Bait]:
    """A secret file, a place to write, a TCP server and an abstract socket, all of them real."""
    with (
        tempfile.TemporaryDirectory(prefix="assistant-doctor-") as folder,
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        secret = Path(folder) / "secret.txt"
        secret.write_text("a secret", encoding="utf-8")
        name = f"assistant-doctor-{os.getpid()}-{os.urandom(4).hex()}"
        if os.uname().sysname == "Linux":
            abstract.bind("\0" + name)
            abstract.listen()
        yield _Bait(secret, Path(folder) / "outside.txt", server.getsockname()[1], name)
