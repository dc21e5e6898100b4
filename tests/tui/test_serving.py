"""The app in a browser: `assistant serve`, used from a headless Chromium."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant.cli.main import _guarded
from assistant.journal.library import list_sessions
from assistant.server.addresses import Addresses
from assistant.server.token_server import Guard
from tests.conftest import REPOSITORY
from tests.tui.chromium import find_chromium, open_page
from tests.tui.pictures import FOLDER, UPDATE
from tests.tui.terminal import environment_at

if TYPE_CHECKING:
    from aiohttp import ClientSession

pytest.importorskip("textual_serve", reason="the extra `serve` is not installed")

WRONG = "```python\ndef rotate_left(items, steps):\n    return items[steps:] + items[:steps]\n```"
RIGHT = (
    "```python\ndef rotate_left(items, steps):\n    if not items:\n        return []\n"
    "    steps %= len(items)\n    return items[steps:] + items[:steps]\n```"
)


@dataclass
class Served:
    """The real command, serving the app with the scripted engine."""

    process: subprocess.Popen[str]
    link: str
    """As it was printed, with its token."""

    @property
    def address(self) -> str:
        return self.link.partition("/?")[0]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"entry_point": "rotate_left", "answers": [WRONG, RIGHT]}))
    words = ["serve", "--port", str(port), "--engine", "scripted", "--script", str(script)]
    server = subprocess.Popen(
        [sys.executable, "-m", "assistant", *words, "--sessions", str(tmp_path / "sessions")],
        cwd=REPOSITORY,
        env={**environment_at(tmp_path), "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert server.stderr is not None
    link = re.search(r"http://\S+", server.stderr.readline())
    assert link is not None
    yield Served(server, link[0])
    try:
        server.terminate()
        server.wait(timeout=60)  # one that SIGTERM does not end is a fault of every test
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)


@contextlib.asynccontextmanager
async def browser(served: Served, link: str | None = None) -> AsyncIterator[tuple[ClientSession, str]]:
    """A client that opened the link, and the page that it was given."""
    import aiohttp

    async with aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(served.link if link is None else link) as answer:
                    page = await answer.text()
                break
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)
        yield http, page


@pytest.mark.slow
async def test_the_page_asks_no_other_machine_for_anything(served: Served) -> None:
    async with browser(served) as (_, page):
        loaded = re.findall(r"(?:src|href)\s*=\s*\"(https?://[^\"]*)", page)
        assert loaded and all(link.startswith(served.address) for link in loaded)
        assert "<title>assistant</title>" in page and 'rel="icon" href="data:' in page


@pytest.mark.slow
async def test_only_a_browser_that_was_given_the_link_uses_the_app(served: Served) -> None:
    async with browser(served, served.address) as (stranger, page):
        assert "carries a token" in page
        for path in ("/", "/ws", "/download/x", "/?token=wrong", "/static/js/textual.js?token=wrong"):
            async with stranger.get(served.address + path) as answer:
                assert answer.status == 403, path


@pytest.mark.slow
async def test_the_page_of_another_site_cannot_use_the_app(served: Served) -> None:
    import aiohttp

    port = served.address.rpartition(":")[2]
    rebound = {"Host": f"evil.example:{port}", "Origin": f"http://evil.example:{port}"}
    async with browser(served) as (http, _):
        for headers in ({"Origin": "http://elsewhere.example"}, {"Origin": "null"}, rebound):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect(f"{served.address}/ws", headers=headers)
            assert refused.value.status == 403
        async with http.ws_connect(f"{served.address}/ws", headers={"Origin": served.address}) as socket_:
            assert (await socket_.receive()).data


@pytest.mark.parametrize(
    ("served_at", "host", "origin", "shown", "passes"),
    [
        ("localhost", "localhost:8000", None, "secret", True),
        ("localhost", "127.0.0.1:9000", "http://127.0.0.1:9000", "secret", True),
        ("localhost", "[::1]:8000", "http://[::1]:8000", "secret", True),
        ("localhost", "localhost:8000", "http://localhost:9000", "secret", False),
        ("localhost", "localhost:8000", None, "guess", False),
        ("localhost", "localhost:8000", None, None, False),
        ("localhost", "localhost.evil.example:8000", None, "secret", False),
        ("localhost", "192.168.0.7:8000", None, "secret", False),
        ("0.0.0.0", "192.168.0.7:8000", "http://192.168.0.7:8000", "secret", True),
        ("0.0.0.0", "evil.example:8000", "http://evil.example:8000", "secret", False),
        ("box.lab", "box.lab:8000", "http://box.lab:8000", "secret", True),
        ("localhost", "", None, "secret", False),
    ],
)
def test_who_may_use_the_app(
    served_at: str, host: str, origin: str | None, shown: str | None, passes: bool
) -> None:
    assert (Guard(Addresses(served_at, 8000), "secret").refusal(host, origin, shown) == "") is passes


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])  # SIGTERM: at the end of every test here
async def test_the_end_of_the_server_is_the_end_of_every_app(
    served: Served, tmp_path: Path, number: signal.Signals
) -> None:
    async with browser(served) as (http, _):
        link = f"{served.address}/ws?width=80&height=24"
        async with http.ws_connect(link, headers={"Origin": served.address}) as socket_:
            while "96 of 96" not in str((await socket_.receive(timeout=60)).data):
                pass
            apps = _children(served.process.pid)
            assert apps
            served.process.send_signal(number)
            served.process.wait()
            deadline = time.monotonic() + 60
            while any(Path(f"/proc/{app}").exists() for app in apps) and time.monotonic() < deadline:
                await asyncio.sleep(0.1)
            assert not any(Path(f"/proc/{app}").exists() for app in apps)
    if number != signal.SIGKILL:
        assert not list(tmp_path.glob("assistant-serve-*"))


def _children(process: int) -> list[int]:
    """Processes that `process` started, and those that these started."""
    direct = [
        int(stat.parent.name)
        for stat in Path("/proc").glob("[0-9]*/stat")
        if int(_text_of(stat).rpartition(")")[2].split()[1]) == process
    ]
    return [*direct, *(child for one in direct for child in _children(one))]


def _text_of(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ") - -1"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--nonsense"], "No such option: --nonsense"),
        (["--plain"], "use `assistant run`"),
        (["--port", "TAKEN"], "try another --port"),
    ],
)
def test_what_every_tab_would_refuse_is_refused_at_once(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("localhost", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert _guarded(["serve", *(port if word == "TAKEN" else word for word in words)], False) == 2
    assert said in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_session_in_a_browser(served: Served, tmp_path: Path) -> None:
    program, folder = find_chromium(), tmp_path / "sessions"
    if program is None:
        pytest.skip("no Chromium here (apt-get install chromium)")
    async with browser(served):
        pass  # the server is up
    async with open_page(program, served.link, tmp_path / "profile") as page:
        await page.takes_keys()
        await page.press("rotate-left")  # the problem that the script knows
        await page.press_until("\r", lambda: list_sessions(folder))
        while not any(session.rounds == 0 and session.events > 4 for session in list_sessions(folder)):
            await asyncio.sleep(0.5)
        await asyncio.sleep(1)  # for the picture only
        picture = await page.picture()
        await page.press_until("wrap around\r", lambda: any(s.feedbacks for s in list_sessions(folder)))
        while not any(session.state == "solved" for session in list_sessions(folder)):
            await asyncio.sleep(0.5)
    assert len(picture) > 10_000 and picture.startswith(b"\x89PNG")
    if UPDATE:
        (FOLDER / "browser.png").write_bytes(picture)
