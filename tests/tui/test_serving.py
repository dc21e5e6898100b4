"""The app in a browser: served at a local address, used from a headless Chromium."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.store.library import list_sessions
from tests.conftest import REPOSITORY
from tests.tui.chromium import Page, find_chromium, open_page

pytest.importorskip("textual_serve", reason="the extra `serve` is not installed")

SERVE = "import sys; from assistant.tui.serving import serve; serve(sys.argv[2:], port=int(sys.argv[1]))"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where the app is served."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.tui.browser_app", str(tmp_path / "sessions")]
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(port), *command],
        cwd=REPOSITORY,
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
        pytest.skip("no Chromium here")
    await page_of(address)
    async with open_page(program, address, tmp_path / "profile") as page:
        while "-first-byte" not in (await page.value("document.body.className") or ""):
            await asyncio.sleep(0.5)
        while await page.value("document.activeElement.tagName") != "TEXTAREA":
            await page.click(300, 45)
            await asyncio.sleep(0.5)
        await press_until(page, "\r", lambda: list_sessions(folder))
        await press_until(page, "replace it\r", lambda: any(s.feedbacks for s in list_sessions(folder)))
        while not any(session.state == "solved" for session in list_sessions(folder)):
            await asyncio.sleep(0.5)
        (tmp_path / "browser.png").write_bytes(await page.picture())
    assert (tmp_path / "browser.png").stat().st_size > 10_000
