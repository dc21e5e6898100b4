"""The real `assistant serve STUDY.toml`, killed: no app stays behind, and everybody goes on where they were."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import psutil
import pytest
from aiohttp.test_utils import unused_port

from assistant.core import events as ev
from assistant.journal.consent import add_answer
from assistant.journal.library import list_sessions
from assistant.journal.reader import read_journal
from assistant.server.invitations import Invitations
from assistant.server.participants import StudyPlace
from tests.conftest import REPOSITORY
from tests.server.conftest import RIGHT, STUDY, WRONG, Browser, until
from tests.tui.terminal import environment_at


@contextlib.contextmanager
def served(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    words = ["serve", str(folder / "study.toml"), "--host", "127.0.0.1", "--port", str(port)]
    words += [
        "--engine",
        "scripted",
        "--script",
        str(folder / "script.jsonl"),
        "--sessions",
        str(folder / "sessions"),
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "assistant", *words],
        cwd=REPOSITORY,
        env={**environment_at(folder), "TMPDIR": str(folder)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stderr is not None and "Study pilot is at" in process.stderr.readline()
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def opened(browser: Browser) -> aiohttp.ClientWebSocketResponse:
    """The person's terminal, as soon as the server answers."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await browser.open()
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_killed_server_leaves_no_app_and_everybody_goes_on(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(STUDY)
    script = {"entry_point": "rotate_left", "answers": [WRONG, RIGHT]}
    (tmp_path / "script.jsonl").write_text(json.dumps(script))
    folder, port = tmp_path / "sessions", unused_port()
    place = StudyPlace.open(tmp_path / "study.toml", folder)
    secret = Invitations(folder).invite(["anna"])["anna"]
    consent = place.study.consent
    assert consent is not None
    add_answer(folder, "anna", "granted", version="1", text_sha256=consent.sha256, text=consent.text)
    browser = Browser(f"http://127.0.0.1:{port}")
    try:
        for number in (signal.SIGKILL, signal.SIGHUP):
            with served(tmp_path, port) as server:
                while number == signal.SIGKILL:
                    with contextlib.suppress(aiohttp.ClientConnectionError):
                        assert (await browser.get(f"/join/{secret}"))[0] == 200
                        break
                    await asyncio.sleep(0.1)
                tab = await opened(browser)  # the second server takes the cookie of the first
                reading = asyncio.create_task(_read(tab))
                await until(lambda: any(s.events > 4 for s in list_sessions(folder)))
                if number == signal.SIGHUP:
                    await until(lambda: _resumed(folder) == 1)
                    other = await opened(browser)  # the same person at another device
                    await asyncio.wait_for(reading, 60)
                    assert tab.closed, "one tab a person: the later one"
                    reading = asyncio.create_task(_read(other))
                    await until(lambda: _resumed(folder) == 2)
                apps = psutil.Process(server.pid).children(recursive=True)
                assert apps
                server.send_signal(number)
                server.wait(30)
                deadline = time.monotonic() + 30  # 5 s by itself; the suite shares its processors
                while any(app.is_running() for app in apps) and time.monotonic() < deadline:
                    await asyncio.sleep(0.1)
                assert not [app for app in apps if app.is_running()]
                reading.cancel()
    finally:
        await browser.http.close()
    (session,) = list_sessions(folder)  # nothing was begun twice
    given = [e for e in read_journal(session.path).events if isinstance(e, ev.ConsentGiven)]
    assert [(e.granted, e.given_in) for e in given] == [(True, "consent.jsonl")]
    assert (session.annotator, session.trouble, session.rounds) == ("anna", "", 0)


async def _read(socket: aiohttp.ClientWebSocketResponse) -> None:
    async for _ in socket:
        pass


def _resumed(folder: Path) -> int:
    (session,) = list_sessions(folder)
    return sum(isinstance(event, ev.SessionResumed) for event in read_journal(session.path).events)
