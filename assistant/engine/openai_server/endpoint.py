"""Server URL and credentials, kept apart so that the URL can be logged, and the proxy on the way to it.

Proxies come from environment variables (`HTTPS_PROXY`, `NO_PROXY`, …), which have no standard.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import takewhile
from os import getenv

import httpx

from assistant.core.errors import EngineError, UsageError

SHORTEST_BEGINNING = 6
"""Characters of a secret's beginning that are redacted where the rest was cut off."""


@dataclass(frozen=True)
class Address:
    """A server's base URL fit for journals and messages, with credentials kept apart."""

    url: str
    """`scheme://host[:port]/path`, no user, password, query or trailing slash."""
    key: str = field(default="", repr=False)
    user: tuple[str, str] | None = field(default=None, repr=False)
    """Name and password from the URL."""

    @property
    def root(self) -> str:
        """Scheme, host and port: where servers keep what is not part of OpenAI's interface."""
        url = httpx.URL(self.url)
        return str(url.copy_with(path="/")).rstrip("/")

    def auth(self) -> httpx.Auth | None:
        """Basic auth from the URL, unless there is a key to send instead."""
        return httpx.BasicAuth(*self.user) if self.user and not self.key else None

    def headers(self) -> dict[str, str]:
        """The key as a bearer token."""
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}

    def hide(self, text: str) -> str:
        """`text` with every secret redacted: servers may repeat the key that they refuse, whole or cut short."""
        for secret in (self.key, self.user[1] if self.user else ""):
            if secret:
                text = _without(secret, text)
        return text


def _without(secret: str, text: str) -> str:
    """`text` without the secret and without its beginnings of some length: messages are quoted up to a limit."""
    head, parts, at = secret[:SHORTEST_BEGINNING], list[str](), 0
    while (start := text.find(head, at)) >= 0:
        parts.append(text[at:start])
        same = takewhile(lambda pair: pair[0] == pair[1], zip(secret, text[start:], strict=False))
        at = start + sum(1 for _ in same)
    return "[secret]".join([*parts, text[at:]])


def parse_address(base_url: str, key: str = "") -> Address:
    """The address that a person typed; `/v1` is added where they gave no path. Raises UsageError."""
    try:
        url = httpx.URL(base_url.strip())
    except httpx.InvalidURL as error:
        raise UsageError(f"--base-url is not an address ({error}); try http://localhost:8000/v1") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError("--base-url must start with http:// or https://, e.g. http://localhost:8000/v1")
    _check_host(url)
    if not all("!" <= character <= "~" for character in key.strip()):
        raise UsageError(
            "the server's key (OPENAI_API_KEY) holds a space or a character that no key has: copy it again"
        )
    path = url.path.rstrip("/") or "/v1"
    user = (url.username, url.password) if url.username or url.password else None
    plain = url.copy_with(username=None, password=None, path=path, query=None, fragment=None)
    return Address(url=str(plain).rstrip("?"), key=key.strip(), user=user)


def _check_host(url: httpx.URL) -> None:
    """Raise UsageError for a port or a host that no connection can be made to."""
    if url.port is not None and not 0 < url.port < 65536:
        raise UsageError(f"--base-url has the port {url.port}: ports go from 1 to 65535")
    labels = url.raw_host.decode("ascii", "replace").rstrip(".").split(".")
    if ":" not in url.host and (not all(0 < len(label) < 64 for label in labels) or len(url.raw_host) > 253):
        raise UsageError(f"--base-url names no possible host ({url.host[:80]}); try http://localhost:8000/v1")


def new_client(address: Address, connect_seconds: float) -> httpx.AsyncClient:
    """A client for many streams at once. The proxy and the certificates come from the environment.

    Addresses of this machine are never sent through a proxy. Only connecting and sending have a time limit
    here; waiting for tokens is limited where the stream is read. Raises EngineError that names the variable.
    """
    url = httpx.URL(address.url)
    variable, proxy = proxy_for(url, getenv)
    try:
        return httpx.AsyncClient(
            headers=address.headers(),
            auth=address.auth(),
            timeout=httpx.Timeout(None, connect=connect_seconds, write=60.0),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
            proxy=proxy,
            verify=_certificates() if url.scheme == "https" or proxy else False,
            trust_env=False,  # one host only: what the environment says of it has been read
        )
    except ImportError as error:
        raise EngineError(
            f"{variable} names a SOCKS proxy, which needs `pip install socksio`; or unset it, or add "
            f"{url.host} to NO_PROXY"
        ) from error
    except (ValueError, TypeError, httpx.InvalidURL, OSError) as error:
        raise EngineError(
            f"{variable} is not the address of a proxy ({error}): correct or unset it"
        ) from error


def _certificates() -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except (OSError, ValueError) as error:
        name = next((n for n in ("SSL_CERT_FILE", "SSL_CERT_DIR") if getenv(n)), "")
        named = f"{name} ({getenv(name)})" if name else "the certificates of this machine"
        raise EngineError(f"{named} cannot be read ({error}): correct or unset it") from error


Getenv = Callable[[str], str | None]


def proxy_for(url: httpx.URL, getenv: Getenv) -> tuple[str, str | None]:
    """The variable that decides and the proxy's address; no address where the connection is direct."""
    if _is_local(url.host) or _is_exempt(url, _value("NO_PROXY", getenv)[1]):
        return "", None
    names = [f"{url.scheme.upper()}_PROXY", "ALL_PROXY"]
    for variable, proxy in (_value(name, getenv) for name in names):
        if proxy:
            return variable, proxy if "://" in proxy else f"http://{proxy}"
    return "", None


def _value(name: str, getenv: Getenv) -> tuple[str, str]:
    """The variable as it is set, in small letters first, as curl reads it."""
    for spelt in (name.lower(), name):
        if value := (getenv(spelt) or "").strip():
            return spelt, value
    return name, ""


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and (address.is_loopback or address.is_unspecified)


def _is_exempt(url: httpx.URL, listed: str) -> bool:
    """Whether NO_PROXY lists the host: by name, by domain, by address, by network, all with or without a port."""
    return any(
        _matches(url, entry.strip().lower()) for entry in listed.replace(" ", ",").split(",") if entry.strip()
    )


def _matches(url: httpx.URL, entry: str) -> bool:
    if entry == "*":
        return True
    address = _address(url.host)
    if address is not None and "/" in entry:
        try:
            return address in ip_network(entry.strip("[]"), strict=False)
        except ValueError:
            return False
    entry, port = _without_port(entry.split("://")[-1])
    if port and port != str(url.port or {"http": 80, "https": 443}[url.scheme]):
        return False
    if address is not None:
        return address == _address(entry)
    name = entry.removeprefix("*").lstrip(".")
    return bool(name) and (url.host == name or url.host.endswith(f".{name}"))


def _without_port(entry: str) -> tuple[str, str]:
    if _address(entry) is not None:
        return entry, ""
    host, colon, port = entry.rpartition(":")
    return (host, port) if colon and port.isdecimal() else (entry, "")


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
