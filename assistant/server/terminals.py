"""The open terminals of a study: one app a person, between their browser and its process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from assistant.core.errors import AssistantError
from assistant.server.app_process import DATA, META, AppProcess, in_a_page
from assistant.server.fork_server import ForkServer
from assistant.server.invitations import Invitations, Person
from assistant.settings.preferences import SERVED

WATCHED = 1.0
"""Seconds between two looks at who was revoked meanwhile."""
LARGEST_MESSAGE = 2**20
"""Bytes that a browser may send at once: a long paste."""


@dataclass
class Tab:
    """One open terminal."""

    person: Person
    socket: web.WebSocketResponse
    touched: bool = True
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def close(self) -> None:
        """End it and wait until its journal is free."""
        await self.socket.close()
        await self.left.wait()


class Terminals:
    """Starts and ends them; `words` of the command line run the app of the person who is named at their end."""

    def __init__(
        self, invitations: Invitations, words: Sequence[str], fault: Callable[[str, str], None]
    ) -> None:
        self.tabs: dict[str, Tab] = {}
        self._invitations, self._words, self._fault = invitations, words, fault
        self._fork_server: ForkServer | None = None
        self._entering: dict[str, asyncio.Lock] = {}

    async def open(self, request: web.Request, person: Person, *, new: bool) -> web.StreamResponse:
        """A person's app until it ends; a tab that they had open before ends first, on whatever device.

        `new` is somebody who has not begun: the app explains itself.
        """
        socket = web.WebSocketResponse(heartbeat=15, timeout=2, max_msg_size=LARGEST_MESSAGE)
        tab = Tab(person, socket)
        async with self._entering.setdefault(person.name, asyncio.Lock()):
            await self.close(person.name)
            await socket.prepare(request)
            self.tabs[person.name] = tab
        process: AppProcess | None = None
        try:
            width, height = _size(request.query.get("width"), 80), _size(request.query.get("height"), 24)
            served = {SERVED: "new" if new else "again"}
            process = await AppProcess.start(
                [*self._words, person.name], served, width, height, self._usable_fork_server()
            )
            await self._relay(tab, process)
        finally:
            try:
                failure = await asyncio.shield(process.stop()) if process is not None else "did not start"
                if failure:
                    self._fault(person.name, f"the app {failure}")
            finally:
                if self.tabs.get(person.name) is tab:
                    del self.tabs[person.name]
                tab.left.set()
                await socket.close()
        return socket

    async def close(self, name: str) -> None:
        """End the terminal of one person, if there is one."""
        if (tab := self.tabs.get(name)) is not None:
            await tab.close()

    async def close_all(self, app: web.Application) -> None:
        """End all of them at once."""
        await asyncio.gather(*(tab.close() for tab in list(self.tabs.values())))

    def _usable_fork_server(self) -> ForkServer | None:
        """What apps are forked from, where the system can; a new one where it is lost."""
        if sys.platform == "linux" and (self._fork_server is None or self._fork_server.lost):
            self._fork_server = ForkServer(in_a_page())
        return self._fork_server

    async def prepare(self, app: web.Application) -> None:
        """Import what the apps need, while nobody waits."""
        self._usable_fork_server()

    async def close_fork_server(self) -> None:
        """End what apps are forked from."""
        if self._fork_server is not None:
            await self._fork_server.close()

    async def watch(self) -> None:
        """End the terminals of people whose links were revoked, and keep who was seen when; for ever."""
        while True:
            await asyncio.sleep(WATCHED)
            touched = [name for name, tab in self.tabs.items() if tab.touched]
            try:
                if touched:
                    self._invitations.were_seen(touched)
                for name, tab in list(self.tabs.items()):
                    tab.touched = False
                    now = self._invitations.person(name)
                    if now is None or now.secret_sha256 != tab.person.secret_sha256:
                        await tab.close()
            except AssistantError as error:
                self._fault("", str(error))

    async def _relay(self, tab: Tab, process: AppProcess) -> None:
        """Keys to the app, its screen to the browser, until one of them ends."""
        both = asyncio.create_task(_paint(tab.socket, process)), asyncio.create_task(_type(tab, process))
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)


async def _paint(socket: web.WebSocketResponse, process: AppProcess) -> None:
    with contextlib.suppress(ConnectionError):
        while (packet := await process.read()) is not None:
            kind, payload = packet
            if kind == DATA:
                await socket.send_bytes(payload)
            elif kind == META and json.loads(payload).get("type") == "exit":
                return


async def _type(tab: Tab, process: AppProcess) -> None:
    async for message in tab.socket:
        if message.type != WSMsgType.TEXT:
            continue
        match _words(message.data):
            case ["stdin", str(keys)]:
                tab.touched = True
                await process.type(keys)
            case ["resize", {"width": int(width), "height": int(height)}]:
                await process.tell(type="resize", width=_size(width, 80), height=_size(height, 24))
            case ["ping", data]:
                await tab.socket.send_json(["pong", data])
            case ["blur" | "focus" as what, *_]:
                await process.tell(type=str(what))


def _size(value: object, usual: int) -> int:
    """A side of a screen: a browser may say anything."""
    try:
        return min(max(int(str(value)), 10), 500)
    except ValueError:
        return usual


def _words(data: str) -> object:
    """A message of the page; None for what is none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
