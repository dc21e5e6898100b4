"""Apps that are forked from one process: each is an app of its own, and nothing depends on that process living."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator

import psutil
import pytest

import assistant
from assistant.server.app_process import AppProcess, in_a_page
from assistant.server.fork_server import ForkedApp, ForkServer, ForkServerLost

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forked on Linux only")


@pytest.fixture
async def fork_server() -> AsyncIterator[ForkServer]:
    made = ForkServer(in_a_page())
    yield made
    await made.close()


async def told(app: ForkedApp) -> tuple[int, str, str]:
    out, errors = await asyncio.gather(app.stdout.read(), app.stderr.read())
    return await asyncio.wait_for(app.wait(), 30), out.decode(), errors.decode()


async def test_each_app_has_its_own_words_streams_and_end(fork_server: ForkServer) -> None:
    apps = [
        await fork_server.start(words, {})
        for words in (["--version"], ["run", "--no-such-option"], ["show", "/no/such/journal.jsonl"])
    ]
    version, option, journal = await asyncio.gather(*map(told, apps))
    assert version == (0, f"{assistant.__version__}\n", "")
    assert option[0] == 2 and "--no-such-option" in option[2] and not option[1]
    assert journal[0] == 2 and "/no/such/journal.jsonl" in journal[2] and not journal[1]
    assert len({app.pid for app in apps}) == 3
    children = psutil.Process(fork_server._process.pid).children()
    assert not children, "what has ended is collected"


async def test_an_app_that_is_killed_is_known_to_have_ended(fork_server: ForkServer) -> None:
    app = await fork_server.start(["verify", "-"], {})
    os.kill(app.pid, signal.SIGSTOP)  # wherever it is, it cannot end by itself
    app.kill()
    assert (await told(app))[0] == -signal.SIGKILL
    app.kill()  # and once more does nothing


async def test_without_the_fork_server_apps_are_started_by_their_command_line(
    fork_server: ForkServer,
) -> None:
    running = await fork_server.start(["--version"], {})
    await told(running)
    os.kill(fork_server._process.pid, signal.SIGKILL)
    async with asyncio.timeout(30):
        while not fork_server.lost:
            await asyncio.sleep(0.01)
    with pytest.raises(ForkServerLost):
        await fork_server.start(["--version"], {})
    app = await AppProcess.start(["--version"], {}, 80, 24, fork_server)
    assert (await app._stdout.read()).decode() == f"{assistant.__version__}\n"
    await app.stop()
