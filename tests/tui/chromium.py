"""A headless Chromium, spoken to through its debugging port."""

from __future__ import annotations

import asyncio
import base64
import itertools
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_chromium() -> str | None:
    """The first Chromium or Chrome on the path."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """One page of the browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the DevTools protocol and its result."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            answer = await self._socket.receive_json()
            if answer.get("id") == number:
                return dict(answer.get("result", {}))

    async def press(self, text: str) -> None:
        """Type letters; `\\r` is Enter."""
        for letter in text:
            key = (
                {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
                if letter == "\r"
                else {"key": letter}
            )
            await self.call("Input.dispatchKeyEvent", type="keyDown", text=letter, **key)
            await self.call("Input.dispatchKeyEvent", type="keyUp", **key)

    async def press_until(self, keys: str, done: Callable[[], object]) -> None:
        """Type `keys`, again when nothing has come of it for ten seconds: the screen was not there yet."""
        while not done():
            await self.press(keys)
            for _ in range(20):
                if done():
                    return
                await asyncio.sleep(0.5)

    async def takes_keys(self) -> None:
        """Wait until the app in the page takes keys; nobody clicks: the page takes them by itself."""
        while "-first-byte" not in (await self.value("document.body.className") or ""):
            await asyncio.sleep(0.5)
        while await self.value("document.activeElement.tagName") != "TEXTAREA":
            await asyncio.sleep(0.1)

    async def click(self, x: int, y: int) -> None:
        """A left click."""
        for what in ("mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=what, x=x, y=y, button="left", clickCount=1)

    async def value(self, expression: str) -> Any:
        """What a JavaScript expression gives."""
        result = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return result.get("result", {}).get("value")

    async def picture(self) -> bytes:
        """A PNG of the page."""
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])


@asynccontextmanager
async def open_page(program: str, address: str, folder: Path) -> AsyncIterator[Page]:
    """A page at `address` in a browser of its own."""
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--remote-debugging-port=0",
        "--window-size=1240,800",
    ]
    browser = await asyncio.create_subprocess_exec(
        program,
        *flags,
        f"--user-data-dir={folder}",
        address,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        port = await _debugging_port(folder / "DevToolsActivePort")
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/json") as listing:
            pages = [entry for entry in await listing.json() if entry["type"] == "page"]
            async with http.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                yield Page(socket)
    finally:
        browser.kill()
        await browser.wait()


async def _debugging_port(file: Path) -> int:
    while not (file.exists() and file.read_text().strip()):
        await asyncio.sleep(0.05)
    return int(file.read_text().splitlines()[0])
