"""Where the server is, and who asks: the address without its secrets, and the secrets apart from it."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

from assistant.domain.errors import UsageError

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Address:
    """A server's base URL fit for journals and messages, with credentials kept apart."""

    url: str
    """`scheme://host[:port]/path`, no user, password, query or trailing slash."""
    key: str = field(default="", repr=False)
    user: tuple[str, str] | None = field(default=None, repr=False)
    """Name and password that stood in the URL."""

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
        """`text` with every secret blotted out: servers like to repeat the key that they refuse."""
        for secret in (self.key, self.user[1] if self.user else ""):
            if secret:
                text = text.replace(secret, "[secret]")
        return text


def parse_address(base_url: str, key: str = "") -> Address:
    """The address that a person typed; `/v1` is added where they gave no path. Raises UsageError."""
    try:
        url = httpx.URL(base_url.strip())
    except httpx.InvalidURL as error:
        raise UsageError(f"--base-url is not an address ({error}); try http://localhost:8000/v1") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError("--base-url must start with http:// or https://, e.g. http://localhost:8000/v1")
    path = url.path.rstrip("/") or "/v1"
    user = (url.username, url.password) if url.username or url.password else None
    plain = url.copy_with(username=None, password=None, path=path, query=None, fragment=None)
    return Address(url=str(plain).rstrip("?"), key=key.strip(), user=user)


def new_client(address: Address, connect_seconds: float) -> httpx.AsyncClient:
    """A client for many streams at once. Proxies and certificates come from the environment, as httpx reads it.

    Addresses of this machine are never sent through a proxy. Only connecting and sending have a time limit
    here; waiting for tokens is limited where the stream is read.
    """
    return httpx.AsyncClient(
        headers=address.headers(),
        auth=address.auth(),
        timeout=httpx.Timeout(None, connect=connect_seconds, write=60.0),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
        mounts={f"all://{host}": None for host in LOOPBACK},
    )
