"""A study's server with many people at once: key to paint, sessions kept, memory, and a kill in the middle.

python -m tests.benchmarks.study_load [--people 50] [--keys 40] [--pace 2.0]

`assistant serve STUDY.toml` runs as its own process with the scripted engine; every person is a websocket client that
opens a link, agrees, presses keys (one every `pace` seconds, each at its own moment), gives feedback once, and is
still there when the server is killed with SIGKILL; all come back with their cookies to a second server. The time of
a key ends with the first bytes that the app paints after it. Wall clock on a busy machine says little.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil

from assistant.core import events as ev
from assistant.journal.library import list_sessions
from assistant.journal.reader import read_journal
from assistant.journal.validation import verify_folder
from assistant.server.invitations import Invitations

WRONG = "```python\ndef rotate_left(items, steps):\n    return items[steps:] + items[:steps]\n```"
STUDY = """
name = "load"
problems = ["starter/rotate-left"]
[consent]
version = "1"
text = "We keep what you type."
"""
KEYS = "the list wraps around when there are more steps than items "


@dataclass
class Person:
    """One browser."""

    name: str
    link: str
    base: str
    http: aiohttp.ClientSession
    times: list[float] = field(default_factory=list)
    started: float = 0.0
    """Seconds from the socket to the first painted bytes."""
    socket: aiohttp.ClientWebSocketResponse | None = None
    painted: asyncio.Event = field(default_factory=asyncio.Event)
    reading: asyncio.Task[None] | None = None

    async def join(self) -> None:
        async with self.http.get(self.link) as answer:
            shown = re.search(r'name="text" value="(\w+)"', await answer.text())
        if shown is not None:
            fields = {"answer": "granted", "text": shown[1]}
            async with self.http.post(
                f"{self.base}/consent", data=fields, headers={"Origin": self.base}
            ) as answer:
                answer.raise_for_status()

    async def open(self) -> None:
        begun = time.perf_counter()
        self.socket = await self.http.ws_connect(
            f"{self.base}/ws?width=100&height=30", headers={"Origin": self.base}, max_msg_size=0
        )
        self.painted.clear()
        self.reading = asyncio.create_task(self._read(self.socket))
        await asyncio.wait_for(self.painted.wait(), 300)
        self.started = time.perf_counter() - begun

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type == aiohttp.WSMsgType.BINARY:
                self.painted.set()

    async def press(self, keys: str, pace: float) -> None:
        """Each key when the screen is quiet; its time is that to the next painted bytes."""
        assert self.socket is not None
        for key in keys:
            await asyncio.sleep(random.uniform(0.5, 1.5) * pace)
            self.painted.clear()
            begun = time.perf_counter()
            await self.socket.send_json(["stdin", key])
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.painted.wait(), 10)
                self.times.append(time.perf_counter() - begun)


@contextlib.contextmanager
def server(words: Sequence[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "assistant", "serve", *words],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    process.stderr.readline()
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def tree(process: int) -> list[psutil.Process]:
    return [psutil.Process(process), *psutil.Process(process).children(recursive=True)]


def apps_of(server: int) -> list[psutil.Process]:
    """The apps of the people: forked from a child of the server, or its children where it cannot fork."""
    children = psutil.Process(server).children()
    forked = [app for child in children for app in child.children() if app.cmdline() == child.cmdline()]
    return forked or children


async def left_after(processes: Sequence[psutil.Process], what: str) -> str:
    """Which of them live 5 seconds later, in a line; one that only waits to be collected lives no more."""
    await asyncio.sleep(5)
    left = Counter[str]()
    for process in processes:
        with contextlib.suppress(psutil.Error):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                left[" ".join(process.cmdline()[-3:])[:60]] += 1
    return f"orphans          {left.total()} of {len(processes)} 5 s after {what} {dict(left) or ''}"


def memory(processes: Sequence[psutil.Process]) -> tuple[float, float]:
    """MiB in proportion to what is shared (PSS), of the first process and of all the others."""
    sizes = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            sizes.append(process.memory_full_info().pss / 2**20)
    return sizes[0], sum(sizes[1:])


def by_command(processes: Sequence[psutil.Process]) -> Counter[str]:
    """MiB (PSS) by what runs."""
    found = Counter[str]()
    for process in processes:
        with contextlib.suppress(psutil.Error):
            words = " ".join(process.cmdline()[1:])[:60]
            found[words] += round(process.memory_full_info().pss / 2**20)
    return found


async def gathered(people: Sequence[Person], step: Callable[[Person], Awaitable[None]]) -> list[str]:
    """Everybody at once; what failed."""
    found = await asyncio.gather(*(step(person) for person in people), return_exceptions=True)
    return [f"{p.name}: {error!r}" for p, error in zip(people, found, strict=True) if error is not None]


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


async def until_ready(base: str) -> None:
    async with aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(base):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.2)


async def measure(options: argparse.Namespace, scratch: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base, folder, file = f"http://127.0.0.1:{port}", scratch / "sessions", scratch / "study.toml"
    file.write_text(STUDY)
    script = scratch / "script.jsonl"
    script.write_text(json.dumps({"entry_point": "rotate_left", "answers": [WRONG, WRONG]}))
    homes = {n: str(scratch / n.lower()) for n in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")}
    environment = {**os.environ, **homes, "ASSISTANT_CACHE": str(scratch / "cache")}
    words = [
        str(file),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--engine",
        "scripted",
        "--script",
        str(script),
    ]
    words += ["--sessions", str(folder)]
    secrets = Invitations(folder).invite([f"p{n:03}" for n in range(options.people)])
    people = [
        Person(
            name,
            f"{base}/join/{secret}",
            base,
            aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)),
        )
        for name, secret in secrets.items()
    ]
    faults: list[str] = []
    with server(words, environment) as first:
        await until_ready(base)
        faults += await gathered(people, Person.join)
        faults += await gathered(people, Person.open)
        print(f"first bytes      p50 {percentile([p.started for p in people], 0.5):7.2f} s"
              f"   p95 {percentile([p.started for p in people], 0.95):7.2f} s")  # fmt: skip
        deadline = time.monotonic() + 300
        while (
            sum(s.events > 4 for s in list_sessions(folder)) < options.people and time.monotonic() < deadline
        ):
            await asyncio.sleep(1)
        await gathered(people, lambda person: person.press("\x1b", 0.1))  # the tour, where it is shown
        for person in people:
            person.times.clear()
        used = psutil.cpu_times()
        faults += await gathered(people, lambda p: p.press((KEYS * 10)[: options.keys], options.pace))
        busy = psutil.cpu_times()
        times = [seconds * 1000 for person in people for seconds in person.times]
        print(f"key to paint     p50 {percentile(times, 0.5):7.0f} ms  p95 {percentile(times, 0.95):7.0f} ms"
              f"  p99 {percentile(times, 0.99):7.0f} ms  of {len(times)} keys, "
              f"{options.people * options.keys - len(times)} without an answer")  # fmt: skip
        idle = busy.idle - used.idle
        total = sum(busy) - sum(used)
        print(f"processors       {100 * (1 - idle / total):7.0f} % busy meanwhile")
        own, apps = memory(tree(first.pid))
        print(
            f"memory (PSS)     server {own:.0f} MiB, apps {apps:.0f} MiB: {apps / options.people:.0f} MiB a person"
        )
        for name, size in by_command(tree(first.pid)[1:]).most_common():
            print(f"                 {size / options.people:5.1f} MiB a person: {name}")
        faults += await gathered(people, lambda person: person.press("\r", 0.1))
        while (
            sum(s.feedbacks for s in list_sessions(folder)) < options.people
            and time.monotonic() < deadline + 300
        ):
            await asyncio.sleep(1)
        before = {s.annotator: (s.id, s.feedbacks) for s in list_sessions(folder)}
        tabs = apps_of(first.pid)[: max(1, options.people // 10)]
        theirs = [process for tab in tabs for process in tree(tab.pid)]
        for tab in tabs:
            tab.kill()
        print(await left_after(theirs, f"SIGKILL of {len(tabs)} tabs"))
        everything = tree(first.pid)[1:]
        os.kill(first.pid, signal.SIGKILL)
        print(await left_after(everything, "SIGKILL of the server"))
    with server(words, environment) as second:
        await until_ready(base)
        faults += await gathered(people, Person.open)
        deadline = time.monotonic() + 300
        while _resumed(folder) < options.people and time.monotonic() < deadline:
            await asyncio.sleep(1)
        after = {s.annotator: (s.id, s.feedbacks) for s in list_sessions(folder)}
        back = _resumed(folder)
        everything = tree(second.pid)
        os.kill(second.pid, signal.SIGHUP)
        print(await left_after(everything, "SIGHUP of the server"))
    same = sum(after.get(name) == where for name, where in before.items())
    broken = [str(finding) for finding in verify_folder(folder) if finding.is_error]
    given = sum(feedbacks for _, feedbacks in before.values())
    print(f"sessions         {len(before)} of {options.people} began, {given} feedbacks; "
          f"after the kill {back} went on, {same} at the same round; verify: {len(broken)} faults")  # fmt: skip
    for fault in [*faults, *broken]:
        print(f"! {fault}")
    for person in people:
        await person.http.close()


def _resumed(folder: Path) -> int:
    return sum(
        any(isinstance(event, ev.SessionResumed) for event in read_journal(session.path).events)
        for session in list_sessions(folder)
        if not session.trouble
    )


def main() -> None:
    """Serve, press, kill, come back, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--keys", type=int, default=40, help="keys that each person presses")
    parser.add_argument("--pace", type=float, default=2.0, help="mean seconds between two keys of a person")
    with tempfile.TemporaryDirectory(prefix="study-load-") as scratch:
        asyncio.run(measure(parser.parse_args(), Path(scratch)))


if __name__ == "__main__":
    main()
