"""What strangers, other participants and other sites try on a study's server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import WSCloseCode, WSMsgType, WSServerHandshakeError
from yarl import URL

from assistant.core.errors import UsageError
from assistant.server.addresses import Addresses, own_names
from assistant.server.invitations import RESEARCHER
from assistant.server.server_log import log_to_stderr
from assistant.server.sign_in import GUESSES, MINUTE, REMEMBERED, Guesses
from tests.server.conftest import STUDY, Browser, OpenSite, Site

Browse = Callable[[Site], Browser]
PATHS = (
    "/",
    "/work",
    "/ws",
    "/step",
    "/study",
    "/study.json",
    "/static/js/textual.js",
    "/static/",
    "/nothing",
)


async def signed_in(site: Site, browse: Browse, name: str) -> Browser:
    browser = browse(site)
    assert (await browser.get(site.invite(name)))[0] == 200
    return browser


async def test_without_a_link_nothing_is_served(open_site: OpenSite, browse: Browse) -> None:
    site = await open_site()
    stranger = browse(site)
    for path in PATHS:
        status, page = await stranger.get(path, headers={"Origin": site.base})
        assert status == 403 and "invited people" in page, path
        assert "pilot</title>" in page and "We keep" not in page
    for path in ("/consent", "/withdraw"):
        assert (await stranger.post(path, answer="granted"))[0] == 403
    with pytest.raises(WSServerHandshakeError):
        await stranger.open()


async def test_a_link_signs_in_one_person_on_each_of_their_devices(
    open_site: OpenSite, browse: Browse
) -> None:
    site = await open_site()
    link = site.invite("anna")
    for device in (browse(site), browse(site)):
        status, page = await device.get(link)
        assert status == 200 and "You are anna" in page
    stored = site.invitations.path.read_bytes()
    assert link.rpartition("/")[2].encode() not in stored, "only its hash is kept"
    assert site.invitations.path.stat().st_mode & 0o077 == 0


async def test_a_cookie_is_worth_nothing_once_its_link_was_revoked_or_replaced(
    open_site: OpenSite, browse: Browse
) -> None:
    site = await open_site()
    first, other = site.invite("anna"), await signed_in(site, browse, "ben")
    anna = browse(site)
    await anna.get(first)
    site.invitations.revoke("anna")
    assert (await anna.get("/"))[0] == (await anna.get(first))[0] == 403
    second = site.invite("anna")
    assert (await anna.get("/"))[0] == (await anna.get(first))[0] == 403, "the cookie was of the first link"
    assert (await anna.get(second))[0] == (await other.get("/"))[0] == 200
    with pytest.raises(UsageError, match="nobody is invited as carl"):
        site.invitations.revoke("carl")


async def test_a_cookie_cannot_be_made_or_changed(open_site: OpenSite, browse: Browse) -> None:
    site = await open_site()
    site.invite("ben")
    anna = await signed_in(site, browse, "anna")
    (own,) = (cookie.value for cookie in anna.http.cookie_jar)
    name, link, signature = own.split(":")
    other = site.invitations.person("ben")
    assert other is not None
    forged = (f"ben:{link}:{signature}", f"ben:{other.secret_sha256[:16]}:{signature}", f"{name}:{link}:",
              f"{name}:{link}:{signature[:-1]}é", "", ":", f"{RESEARCHER}:{link}:{signature}")  # fmt: skip
    for cookie in forged:
        assert site.server.cookies.person(cookie) is None, cookie
    found = site.server.cookies.person(own)
    assert found is not None and found.name == "anna"


async def test_the_cookie_is_for_this_site_and_no_script(open_site: OpenSite, browse: Browse) -> None:
    for public_url, secure in (("", False), ("https://study.example.org", True)):
        site = await open_site(public_url=public_url)
        async with browse(site).http.get(site.invite("anna"), allow_redirects=False) as answer:
            said = answer.headers["Set-Cookie"]
            assert "HttpOnly" in said and "SameSite=Lax" in said and ("Secure" in said) is secure
            assert "token" not in answer.headers["Location"] and "join" not in answer.headers["Location"]


async def test_other_sites_and_other_names_are_refused(open_site: OpenSite, browse: Browse) -> None:
    site = await open_site()
    anna = await signed_in(site, browse, "anna")
    consent = site.place.study.consent
    assert consent is not None
    for origin in ("http://evil.example", "null", None, f"{site.base}0"):
        assert (await anna.post("/consent", origin, answer="granted", text=consent.sha256))[0] == 403
        assert (await anna.post("/withdraw", origin))[0] == 403
    assert site.place.step("anna") == "consent", "nothing was recorded"
    await anna.post("/consent", answer="granted", text=consent.sha256)
    for origin in ("http://evil.example", "null"):
        with pytest.raises(WSServerHandshakeError) as refused:
            await anna.open(origin)
        assert refused.value.status == 403
    with pytest.raises(WSServerHandshakeError):
        await anna.http.ws_connect(f"{site.base}/ws")
    rebound = {"Host": "evil.example", "Origin": "http://evil.example"}
    assert (await anna.get("/", headers=rebound))[0] == 403


@pytest.mark.parametrize(
    ("served_at", "public_url", "host", "passes"),
    [
        ("localhost", "https://study.example.org", "study.example.org", True),
        ("localhost", "https://study.example.org", "study.example.org.evil.example", False),
        ("localhost", "https://study.example.org", "evil.example", False),
        ("localhost", "", "study.example.org", False),
        ("localhost", "https://study.example.org:8443", "study.example.org:8443", True),
        ("localhost", "https://study.example.org:8443", "study.example.org", False),
    ],
)
def test_behind_a_proxy_the_public_name_is_known(
    served_at: str, public_url: str, host: str, passes: bool
) -> None:
    assert (Addresses(served_at, 8000, public_url).refusal(host, None) == "") is passes


def test_requests_never_wait_for_a_name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    own_names.cache_clear()
    asked = ["box.lab"]
    monkeypatch.setattr("socket.getfqdn", asked.pop)
    addresses = Addresses("0.0.0.0", 8000)
    assert asked == [], "at the start"
    assert addresses.refusal("evil.example:8000", None) and not addresses.refusal("box.lab:8000", None)
    own_names.cache_clear()


@pytest.mark.parametrize(
    "url", ["study.example.org", "ftp://x", "https://", "https://x/path", "https://x?a=1"]
)
def test_a_public_url_is_a_whole_server(url: str) -> None:
    with pytest.raises(UsageError, match="--public-url"):
        Addresses("localhost", 8000, url)


async def test_guesses_are_limited_by_address(open_site: OpenSite, browse: Browse) -> None:
    site = await open_site(public_url="https://study.example.org")
    link, guesser = site.invite("anna"), browse(site)
    asked = [await guesser.get(f"/join/{number}") for number in range(GUESSES + 2)]
    assert [status for status, _ in asked] == [403] * GUESSES + [429] * 2
    assert (await guesser.get(link, allow_redirects=False))[0] == 429, "a hit would tell the guesser"
    elsewhere = {"X-Forwarded-For": "203.0.113.7"}
    assert (await browse(site).get(link, headers=elsewhere, allow_redirects=False))[0] == 303
    lies = {"X-Forwarded-For": "198.51.100.1, 127.0.0.1"}
    assert (await guesser.get(link, headers=lies, allow_redirects=False))[0] == 429, (
        "the proxy's word is the last"
    )


def test_guesses_are_forgotten_and_bounded() -> None:
    now = [0.0]
    guesses = Guesses(clock=lambda: now[0])
    for number in range(GUESSES):
        assert not guesses.too_many("2001:db8::1")
        guesses.wrong(f"2001:db8::{number:x}")
    assert guesses.too_many("2001:db8::ffff") and not guesses.too_many("2001:db8:1::1")
    now[0] = MINUTE + 1
    assert not guesses.too_many("2001:db8::1")
    for number in range(REMEMBERED + 10):
        guesses.wrong(f"host-{number}")
    assert len(guesses._wrong) <= REMEMBERED


async def test_no_path_leads_out_of_the_static_files(open_site: OpenSite, browse: Browse) -> None:
    site = await open_site()
    anna = await signed_in(site, browse, "anna")
    assert (await anna.get("/static/js/textual.js"))[0] == 200
    for path in ("/static/../server.py", "/static/%2e%2e/server.py", "/static/..%2fserver.py", "/static//etc/passwd",
                 "/static/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/static/", "/static/js", "/sessions/",
                 "/invitations.sqlite3", "/static/js/..%5c..%5cserver.py"):  # fmt: skip
        async with anna.http.get(URL(site.base + path, encoded=True)) as answer:
            assert answer.status in (403, 404), path


async def test_a_participant_sees_nothing_of_the_researchers_page_nor_the_other_way_round(
    open_site: OpenSite, browse: Browse
) -> None:
    site = await open_site()
    site.invite("ben")
    anna = await signed_in(site, browse, "anna")
    for path in ("/study", "/study.json"):
        status, page = await anna.get(path)
        assert status == 403 and "ben" not in page
    (secret,) = site.invitations.invite([RESEARCHER]).values()
    researcher = browse(site)
    status, page = await researcher.get(f"{site.base}/join/{secret}")
    assert status == 200 and "ben" in page and "anna" in page and "form" not in page.partition("<body>")[2]
    for path in ("/work", "/ws"):
        assert (await researcher.get(path))[0] == 403
    assert (await researcher.post("/consent", answer="granted"))[0] == 403
    with pytest.raises(UsageError, match="no pseudonym"):
        site.invitations.invite([":other"])


async def test_what_is_too_large_or_says_its_length_twice_is_refused(
    open_site: OpenSite, browse: Browse, caplog: pytest.LogCaptureFixture
) -> None:
    """And is a line in the log, not a page of it."""
    log_to_stderr()
    site = await open_site()
    anna = await signed_in(site, browse, "anna")
    assert (await anna.get("/", headers={"X-Long": "x" * 100_000}))[0] == 400
    assert (await anna.post("/consent", answer="granted" * 1_000_000))[0] == 413
    host, port = site.base.removeprefix("http://").split(":")
    twice = f"POST /consent HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n"
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{twice}\r\n0\r\n\r\nGET /study HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    answers = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    assert answers.partition(b" ")[2].startswith(b"400 ") and answers.count(b"HTTP/1.") == 1, (
        "nothing smuggled"
    )
    assert site.place.step("anna") == "consent" and (await anna.get("/"))[0] == 200
    told = [record for record in caplog.records if record.name == "aiohttp.server"]
    assert told and all(record.exc_info is None for record in told)
    assert all(
        "\n" not in (line := record.getMessage()) and len(line) < 200 and "400" in line for record in told
    )


async def test_a_cookie_from_before_is_not_kept_at_sign_in(open_site: OpenSite, browse: Browse) -> None:
    site = await open_site()
    victim, attacker = browse(site), await signed_in(site, browse, "mallory")
    (planted,) = (cookie.value for cookie in attacker.http.cookie_jar)
    (name,) = (cookie.key for cookie in attacker.http.cookie_jar)
    victim.http.cookie_jar.update_cookies({name: planted}, URL(site.base))
    status, page = await victim.get(site.invite("anna"))
    assert status == 200 and "You are anna" in page and "mallory" not in page
    assert planted not in [cookie.value for cookie in victim.http.cookie_jar]
    assert "You are mallory" in (await attacker.get("/"))[1], "and the attacker is nobody else now"


async def test_a_link_among_the_journals_shows_nothing_of_what_it_leads_to(
    open_site: OpenSite, browse: Browse, tmp_path: Path
) -> None:
    site = await open_site()
    secret = tmp_path / "outside"
    secret.write_text('{"secret": "TOPSECRET"}\n')
    day = site.place.folder / "2026-01-01"
    day.mkdir(parents=True)
    (day / "20260101-000000-aaaaaaaaaa.jsonl").symlink_to(secret)
    (site.invitations.path.parent / "answers.jsonl").symlink_to(secret)
    (link,) = site.invitations.invite([RESEARCHER]).values()
    status, page = await browse(site).get(f"{site.base}/join/{link}")
    assert "TOPSECRET" not in page and status in (200, 500)
    anna = await signed_in(site, browse, "anna")
    assert "TOPSECRET" not in (await anna.get("/"))[1]


@pytest.mark.slow
async def test_an_open_terminal_ends_with_its_link_and_bears_no_endless_message(
    open_site: OpenSite, browse: Browse
) -> None:
    site = await open_site(study=STUDY.partition("[consent]")[0])
    anna = await signed_in(site, browse, "anna")
    socket = await anna.open()
    with suppress(ConnectionError):
        await socket.send_str(json.dumps(["stdin", "x" * 100_000_000]))
    async for _ in socket:
        pass
    assert socket.close_code in (WSCloseCode.MESSAGE_TOO_BIG, WSCloseCode.ABNORMAL_CLOSURE), "cut off midway"
    again = await anna.open()
    assert (await again.receive(timeout=30)).type is WSMsgType.BINARY, "the app paints as before"
    site.invitations.revoke("anna")
    async with asyncio.timeout(15):
        async for _ in again:
            pass
        while site.server.terminals.tabs:
            await asyncio.sleep(0.02)
    with pytest.raises(WSServerHandshakeError):
        await anna.open()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded; charset=no-such", b"answer=granted"),
        ("application/x-www-form-urlencoded", b"answer=\xff\xfe"),
        ("multipart/form-data", b"answer"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=answer\r\n\r\ngra"),
    ],
)
async def test_what_is_no_form_is_refused_and_no_fault(
    open_site: OpenSite, browse: Browse, caplog: pytest.LogCaptureFixture, kind: str, body: bytes
) -> None:
    site = await open_site()
    anna = await signed_in(site, browse, "anna")
    headers = {"Content-Type": kind, "Origin": site.base}
    for path in ("/consent", "/answers"):
        async with anna.http.post(
            site.base + path, data=body, headers=headers, allow_redirects=False
        ) as answer:
            assert answer.status in (303, 400)
    assert site.place.step("anna") == "consent"
    assert not [record for record in caplog.records if record.exc_info]
