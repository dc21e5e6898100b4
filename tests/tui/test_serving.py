"""The app in a browser: `assistant serve`, used from a headless Chromium."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.cli.main import _guarded
from assistant.store.library import list_sessions
from tests.conftest import REPOSITORY
from tests.tui.chromium import Page, find_chromium, open_page
from tests.tui.pictures import FOLDER, UPDATE
from tests.tui.terminal import environment_at

pytest.importorskip("textual_serve", reason="the extra `serve` is not installed")

WRONG = "```python\ndef rotate_left(items, steps):\n    return items[steps:] + items[:steps]\n```"
RIGHT = (
    "```python\ndef rotate_left(items, steps):\n    if not items:\n        return []\n"
    "    steps %= len(items)\n    return items[steps:] + items[:steps]\n```"
)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where the real command serves the app, with the scripted engine."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"entry_point": "rotate_left", "answers": [WRONG, RIGHT]}))
    words = ["serve", "--port", str(port), "--engine", "scripted", "--script", str(script)]
    server = subprocess.Popen(
        [sys.executable, "-m", "assistant", *words, "--sessions", str(tmp_path / "sessions")],
        cwd=REPOSITORY,
        env=dict(environment_at(tmp_path)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    yield f"http://localhost:{port}"
    os.killpg(server.pid, signal.SIGTERM)
    try:
        server.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


async def page_of(address: str) -> str:
    """The served page, once the server is up."""
    import aiohttp

    async with aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(address) as answer:
                    return await answer.text()
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)


async def test_the_page_asks_no_other_machine_for_anything(address: str) -> None:
    page = await page_of(address)
    loaded = re.findall(r"(?:src|href)\s*=\s*\"(https?://[^\"]*)", page)
    assert loaded and all(link.startswith(address) for link in loaded)


async def test_the_page_of_another_site_cannot_use_the_app(address: str) -> None:
    import aiohttp

    await page_of(address)
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(f"{address}/ws", headers={"Origin": "http://elsewhere.example"})
        assert refused.value.status == 403
        async with http.ws_connect(f"{address}/ws", headers={"Origin": address}) as socket_:
            assert (await socket_.receive()).data


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


async def press_until(page: Page, keys: str, done: Callable[[], object]) -> None:
    """Type `keys`, again when nothing has come of it for ten seconds."""
    while not done():
        await page.press(keys)
        for _ in range(20):
            if done():
                return
            await asyncio.sleep(0.5)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_session_in_a_browser(address: str, tmp_path: Path) -> None:
    program, folder = find_chromium(), tmp_path / "sessions"
    if program is None:
        pytest.skip("no Chromium here (apt-get install chromium)")
    await page_of(address)
    async with open_page(program, address, tmp_path / "profile") as page:
        while "-first-byte" not in (await page.value("document.body.className") or ""):
            await asyncio.sleep(0.5)
        while await page.value("document.activeElement.tagName") != "TEXTAREA":
            await page.click(300, 45)
            await asyncio.sleep(0.5)
        await press_until(page, "\r", lambda: list_sessions(folder))
        while not any(session.rounds == 0 and session.events > 4 for session in list_sessions(folder)):
            await asyncio.sleep(0.5)
        await asyncio.sleep(1)  # for the picture only
        picture = await page.picture()
        await press_until(page, "wrap around\r", lambda: any(s.feedbacks for s in list_sessions(folder)))
        while not any(session.state == "solved" for session in list_sessions(folder)):
            await asyncio.sleep(0.5)
    assert len(picture) > 10_000 and picture.startswith(b"\x89PNG")
    if UPDATE:
        (FOLDER / "browser.png").write_bytes(picture)
