"""What ends a test before it has a verdict."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, ClassVar


class Decisive(BaseException):
    """Ends a test, whatever the test does with it: `except:` and `raises(BaseException)` do not take it away."""

    met: ClassVar[list[Decisive]] = []
    """All that were raised since the judge cleared the list."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.met.append(self)


class ProgramRefused(Decisive):
    """A value of the program's cannot be compared; `str(error)` says which."""


class MustRunUnsealed(Decisive):
    """The test asks for something that only exists in the program's own process."""


class ProgramDied(Decisive):
    """The program's process is gone."""


@contextlib.contextmanager
def overlooked(kind: type[Decisive]) -> Iterator[None]:
    """A block whose refusals are ignored: the judge tried something that the test did not ask for."""
    before = len(Decisive.met)
    try:
        yield
    except kind:
        del Decisive.met[before:]


class RemoteKind(type):
    """The type of the classes whose instances stand for the program's: what they lack, its class may have."""

    def __getattr__(cls, name: str) -> Any:
        if name in ("__abstractmethods__", "__set_name__"):
            raise AttributeError(name)
        raise MustRunUnsealed(f"the test looks inside a class of the program's (`{name}`)")
