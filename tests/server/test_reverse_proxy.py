"""The guide's lines for nginx and Caddy, with the real servers where they are installed."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import ClientError, WSMsgType
from aiohttp.test_utils import unused_port

from tests.server.conftest import STUDY, Browser, OpenSite, Site

PAGE = (Path(__file__).resolve().parents[2] / "assistant" / "guide" / "studies.md").read_text(
    encoding="utf-8"
)


def nginx(folder: Path, port: int, server: str) -> list[str]:
    """The command for an nginx with the guide's lines."""
    found = re.search(r"```nginx\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    lines = found[1].replace("127.0.0.1:8000", server)
    file = folder / "nginx.conf"
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    file.write_text(
        f"daemon off; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {temporary} server {{ listen 127.0.0.1:{port}; {lines} }} }}\n"
    )
    return ["nginx", "-p", str(folder), "-c", str(file), "-e", "stderr"]


def caddy(folder: Path, port: int, server: str) -> list[str]:
    """The command for a Caddy with the guide's line; without TLS, for which it would ask a certificate authority."""
    found = re.search(r"`study\.example\.org (\{ reverse_proxy [^`]*\})`", PAGE)
    assert found is not None
    line = found[1].replace("127.0.0.1:8000", server).replace("{ ", "{\n").replace(" }", "\n}")
    file = folder / "Caddyfile"
    file.write_text(f"{{\n\tadmin off\n}}\nhttp://127.0.0.1:{port} {line}\n")
    return ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"]


@pytest.mark.slow
@pytest.mark.parametrize("proxy", [nginx, caddy])
async def test_a_study_works_behind_a_proxy(
    proxy: Callable[[Path, int, str], list[str]],
    open_site: OpenSite,
    browse: Callable[[Site], Browser],
    tmp_path: Path,
) -> None:
    if shutil.which(proxy.__name__) is None:
        pytest.skip(f"{proxy.__name__} is not installed")
    port = unused_port()
    site = await open_site(study=STUDY.partition("[consent]")[0], public_url=f"http://127.0.0.1:{port}")
    words = proxy(tmp_path, port, site.base.removeprefix("http://"))
    environment = {"HOME": str(tmp_path)}
    running = await asyncio.create_subprocess_exec(
        shutil.which(words[0]) or words[0], *words[1:], env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        site.base = f"http://127.0.0.1:{port}"
        link, anna, guesser = site.invite("anna"), browse(site), browse(site)
        async with asyncio.timeout(20):
            while True:
                try:
                    status, page = await anna.get(link)
                    break
                except ClientError:
                    await asyncio.sleep(0.05)
        assert status == 200 and "You are anna" in page
        assert "You are anna" not in (await anna.get("/", headers={"Host": "evil.example"}))[1]
        socket = await anna.open()
        assert (await socket.receive(timeout=30)).type is WSMsgType.BINARY, "the app paints"
        await socket.close()
        asked = [(await guesser.get(f"/join/{number}"))[0] for number in range(12)]
        assert asked == [403] * 10 + [429] * 2
        lie = {"X-Forwarded-For": "203.0.113.7"}
        assert (await guesser.get("/join/x", headers=lie))[0] == 429, "the proxy says who asks"
    finally:
        running.terminate()
        await running.wait()
