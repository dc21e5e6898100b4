"""At which names a server may be asked, and from whose pages: DNS rebinding and foreign pages are refused."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from assistant.core.errors import UsageError

LOCAL = ("localhost", "127.0.0.1", "::1")


def host_name(host: str) -> str:
    """`localhost:8000` without its port, `[::1]:8000` without its brackets as well."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def is_address(name: str) -> bool:
    """Whether a name is an address in figures: those cannot be made to lead elsewhere."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@cache
def own_names() -> frozenset[str]:
    """This machine's names. They are looked up once: that may wait for a name server."""
    return frozenset((socket.gethostname(), socket.getfqdn()))


@dataclass(frozen=True)
class Addresses:
    """Where a server is: the address that it listens at, and the one by which people reach it through a proxy."""

    host: str
    port: int
    public_url: str = ""
    """`https://study.example.org` where a reverse proxy stands in front; else empty."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.public_url)
        wrong = parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/")
        if self.public_url and (wrong or parts.query or parts.fragment):
            raise UsageError(
                f"--public-url {self.public_url} is no address of a whole server: write https://NAME, without a path"
            )
        if self.open_to_others:
            own_names()  # now, and never while people wait for an answer

    @property
    def base_url(self) -> str:
        """What links begin with."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"http://{name}:{self.port}"

    @property
    def encrypted(self) -> bool:
        """Whether browsers reach it by TLS."""
        return self.public_url.startswith("https://")

    @property
    def open_to_others(self) -> bool:
        """Whether other machines reach the port itself."""
        return self.host not in LOCAL

    def refusal(self, host: str, origin: str | None) -> str:
        """Why a request with these headers is refused, or an empty string.

        The owner of a name may make it lead to this machine (DNS rebinding): only known names pass. A page of
        another site may send forms and open sockets here; its browser says where it came from.
        """
        if not self._is_ours(host):
            return f"this app is not at {host}"
        if origin is not None and origin.partition("://")[2] != host:
            return "the app takes orders from its own page only"
        return ""

    def _is_ours(self, host: str) -> bool:
        name = host_name(host)
        if (
            name in LOCAL
            or name == self.host
            or (self.public_url and host == urlsplit(self.public_url).netloc)
        ):
            return True
        return self.open_to_others and (is_address(name) or name in own_names())
