"""Signed cookies for people with a link, and a limit for those who guess at links."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from assistant.server.invitations import Invitations, Person

GUESSES = 10
"""Wrong links from one address in a minute; further ones are not even looked at."""
MINUTE = 60.0
REMEMBERED = 10_000
"""Addresses whose wrong links are counted."""


@dataclass(frozen=True)
class Cookies:
    """A cookie names its person and the link that it came from, and is signed: a later link ends it."""

    invitations: Invitations
    key: bytes

    def of(self, person: Person) -> str:
        """What the person's browser shows from now on."""
        said = f"{quote(person.name, safe='')}:{person.secret_sha256[:16]}"
        return f"{said}:{self._signature(said)}"

    def person(self, cookie: str | None) -> Person | None:
        """Who shows it; None for a forged one, and where the link was revoked or replaced."""
        said, _, signature = (cookie or "").rpartition(":")
        shown = signature.encode("utf-8", "surrogatepass")
        if not said or not hmac.compare_digest(shown, self._signature(said).encode()):
            return None
        name, _, link = said.partition(":")
        person = self.invitations.person(unquote(name))
        return person if person is not None and person.secret_sha256[:16] == link else None

    def _signature(self, said: str) -> str:
        return hmac.new(self.key, said.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


@dataclass
class Guesses:
    """Counts wrong links by the address that they came from."""

    clock: Callable[[], float] = time.monotonic
    _wrong: dict[str, deque[float]] = field(default_factory=dict)

    def too_many(self, address: str) -> bool:
        """Whether the address has to wait: then a right link is refused as well, or guessing would go on."""
        times = self._wrong.get(_network(address), deque())
        while times and times[0] <= self.clock() - MINUTE:
            times.popleft()
        return len(times) >= GUESSES

    def wrong(self, address: str) -> None:
        """Count one."""
        if len(self._wrong) >= REMEMBERED:
            self._wrong.pop(next(iter(self._wrong)))
        self._wrong.setdefault(_network(address), deque(maxlen=GUESSES)).append(self.clock())


def _network(address: str) -> str:
    """One household has a whole /64 of version 6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)
