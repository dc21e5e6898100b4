"""A study's server in this process, and browsers that visit it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("textual_serve", reason="the extra `serve` is not installed")

from aiohttp import ClientSession, ClientWebSocketResponse, CookieJar
from aiohttp.test_utils import TestServer, unused_port

from assistant.server.addresses import Addresses
from assistant.server.invitations import Invitations
from assistant.server.participants import StudyPlace
from assistant.server.study_server import StudyServer
from assistant.server.terminal_page import write_templates

WRONG = "```python\ndef rotate_left(items, steps):\n    return items[steps:] + items[:steps]\n```"
RIGHT = (
    "```python\ndef rotate_left(items, steps):\n    if not items:\n        return []\n"
    "    steps %= len(items)\n    return items[steps:] + items[:steps]\n```"
)
STUDY = """
name = "pilot"
problems = ["starter/rotate-left"]
[consent]
version = "1"
text = "We keep what you type. <b>You may stop.</b>"
"""


@dataclass
class Site:
    """The server, where it is, and its invitations."""

    server: StudyServer
    base: str

    @property
    def place(self) -> StudyPlace:
        return self.server.place

    @property
    def invitations(self) -> Invitations:
        return self.server.invitations

    def invite(self, name: str) -> str:
        """A link for `name`."""
        return f"{self.base}/join/{self.invitations.invite([name])[name]}"


class Browser:
    """Somebody's browser: keeps cookies, and says on which page a form or socket stands."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.http = ClientSession(cookie_jar=CookieJar(unsafe=True))

    async def get(self, path: str, **more: Any) -> tuple[int, str]:
        async with self.http.get(path if "://" in path else self.base + path, **more) as answer:
            return answer.status, await answer.text()

    async def post(self, path: str, origin: str | None = "", **fields: str) -> tuple[int, str]:
        headers = {} if origin is None else {"Origin": origin or self.base}
        async with self.http.post(self.base + path, data=fields, headers=headers) as answer:
            return answer.status, await answer.text()

    async def open(self, origin: str = "", path: str = "/ws?width=100&height=30") -> ClientWebSocketResponse:
        return await self.http.ws_connect(self.base + path, headers={"Origin": origin or self.base})


async def until(done: Callable[[], object], seconds: float = 100) -> None:
    """Wait for it. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not done():
            await asyncio.sleep(0.1)


OpenSite = Callable[..., Awaitable[Site]]


@pytest.fixture
async def open_site(tmp_path: Path) -> AsyncIterator[OpenSite]:
    servers: list[TestServer] = []

    async def made(
        study: str = STUDY, answers: tuple[str, ...] = (WRONG, RIGHT), public_url: str = ""
    ) -> Site:
        file, script = tmp_path / "study.toml", tmp_path / "script.jsonl"
        file.write_text(study)
        script.write_text(json.dumps({"entry_point": "rotate_left", "answers": answers}))
        folder, templates = tmp_path / "sessions", tmp_path / f"page{len(servers)}"
        words = ["run", "--engine", "scripted", "--script", str(script)]
        words += ["--study", str(file), "--sessions", str(folder), "--annotator"]
        port = unused_port()
        addresses = Addresses("127.0.0.1", port, public_url)
        place = StudyPlace.open(file, folder)
        server = StudyServer(place, addresses, words, write_templates(templates, in_study=True))
        running = TestServer(server.app(), host="127.0.0.1", port=port)
        await running.start_server()
        servers.append(running)
        return Site(server, f"http://127.0.0.1:{port}")

    yield made
    for running in servers:
        await running.close()


@pytest.fixture
async def browse() -> AsyncIterator[Callable[[Site], Browser]]:
    opened: list[Browser] = []

    def made(site: Site) -> Browser:
        opened.append(Browser(site.base))
        return opened[-1]

    yield made
    for browser in opened:
        await browser.http.close()
