"""Who may enter a study: one secret link a person, kept as its hash beside the study's sessions.

SQLite, because two devices, a revocation and a second terminal may meet in the same moment. Without this file the
people have no links any more; their sessions are in the journals.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from assistant.core.errors import UsageError
from assistant.storage.shared_database import open_database

NAME = "invitations.sqlite3"
RESEARCHER = ":researcher"
"""The name of whoever watches; no pseudonym begins like that."""
_PSEUDONYM = re.compile(r"[\w][\w.@-]{0,63}")
_TABLES = """
create table if not exists people (
    name text primary key, secret_sha256 text not null unique, invited real not null,
    revoked real, joined real, seen real
);
create table if not exists keys (use text primary key, value blob not null);
"""


@dataclass(frozen=True)
class Person:
    """One invitation; times are seconds since 1970, None for what has not happened."""

    name: str
    secret_sha256: str
    invited: float
    revoked: float | None
    joined: float | None
    seen: float | None
    """When a browser with this link last did something."""


class Invitations:
    """The invitations of the study whose sessions are in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME

    def invite(self, names: Iterable[str]) -> dict[str, str]:
        """A new secret for each name; an earlier one of the same name ends. Raises UsageError."""
        given = {name: secrets.token_urlsafe(24) for name in names}
        for name in given:
            if name != RESEARCHER and not _PSEUDONYM.fullmatch(name):
                raise UsageError(f"{name!r} is no pseudonym: letters, figures and . _ - @, at most 64")
        with self._open() as base:
            base.executemany(
                "insert into people (name, secret_sha256, invited) values (?, ?, ?) on conflict (name) do update "
                "set secret_sha256 = excluded.secret_sha256, invited = excluded.invited, revoked = null",
                [(name, _sha256(secret), time.time()) for name, secret in given.items()],
            )
        return given

    def revoke(self, name: str) -> None:
        """End a person's link, on every device. Raises UsageError where there is no such invitation."""
        with self._open() as base:
            done = base.execute("update people set revoked = ? where name = ?", (time.time(), name)).rowcount
        if not done:
            raise UsageError(f"nobody is invited as {name}: `assistant study status FILE` lists who is")

    def holder(self, secret: str) -> Person | None:
        """Whose secret it is, if it holds still."""
        return self._one("secret_sha256 = ? and revoked is null", _sha256(secret))

    def person(self, name: str) -> Person | None:
        """The invitation of that name, if it holds still."""
        return self._one("name = ? and revoked is null", name)

    def people(self) -> list[Person]:
        """Everybody who was invited, without the researcher, in the order of their names."""
        if not self.path.exists():
            return []
        with self._open() as base:
            rows = base.execute(f"select {_FIELDS} from people where name != ? order by name", (RESEARCHER,))
            return [Person(*row) for row in rows]

    def has_joined(self, name: str) -> None:
        """Remember when the person first used the link, and that they are here now."""
        now = time.time()
        with self._open() as base:
            base.execute(
                "update people set joined = coalesce(joined, ?), seen = ? where name = ?", (now, now, name)
            )

    def were_seen(self, names: Iterable[str]) -> None:
        """Remember that these people did something just now."""
        with self._open() as base:
            base.executemany("update people set seen = ? where name = ?", [(time.time(), n) for n in names])

    def signing_key(self) -> bytes:
        """With what cookies are signed: the same after a restart, so that people stay signed in."""
        with self._open() as base:
            base.execute("insert or ignore into keys values ('cookies', ?)", (secrets.token_bytes(32),))
            (key,) = base.execute("select value from keys where use = 'cookies'").fetchone()
            return bytes(key)

    def _one(self, where: str, value: str) -> Person | None:
        if not self.path.exists():
            return None
        with self._open() as base:
            row = base.execute(f"select {_FIELDS} from people where {where}", (value,)).fetchone()
        return None if row is None else Person(*row)

    def _open(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        """The file holds the key of the cookies."""
        return open_database(self.path, _TABLES, secret=True)


_FIELDS = "name, secret_sha256, invited, revoked, joined, seen"


def _sha256(secret: str) -> str:
    """The secrets are long and random: one round of a hash is as good as many."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
