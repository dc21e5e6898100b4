"""What stands in the judge for values that stay with the program.

Whatever is asked of them is asked over the wire and answered with plain values, which the judge then compares
itself. What would let the program judge (`==`, `<`, `in`, a difference) is refused. A test that cannot do without
the program's own objects runs beside the code.
"""

from __future__ import annotations

import array
import collections
import contextlib
import datetime
import decimal
import fractions
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Protocol

from assistant.sandbox.inside import wire
from assistant.sandbox.inside.approx import Approx


class Decisive(BaseException):
    """Ends a test, whatever the test does with it: `except:` and `raises(BaseException)` do not take it away."""

    met: ClassVar[list[Decisive]] = []
    """All that were raised since the judge cleared the list."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.met.append(self)


class ProgramRefused(Decisive):
    """A value of the program's cannot cross; `str(error)` says which."""


class MustRunBeside(Decisive):
    """The test asks for something that only exists in the program's own process."""


class ProgramDied(Decisive):
    """The program's process is gone."""


@contextlib.contextmanager
def overlooked(kind: type[Decisive]) -> Iterator[None]:
    """A block whose refusals are nobody's: the judge tried something that the test did not ask for."""
    before = len(Decisive.met)
    try:
        yield
    except kind:
        del Decisive.met[before:]


class Asking(Protocol):
    """The judge's side of the wire, as far as proxies need it."""

    def ask(self, request: dict[str, Any]) -> dict[str, Any]: ...

    def value_of(self, answer: dict[str, Any], origins: wire.Origins) -> Any: ...

    def call(self, target: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any: ...


PLAIN = (
    *(bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, type(None)),
    *(collections.deque, collections.Counter, collections.OrderedDict, collections.defaultdict),
    *(decimal.Decimal, fractions.Fraction),
    *(datetime.date, datetime.datetime, datetime.time, datetime.timedelta),
)
"""Types whose values cross the wire."""
_CROSSING = (*PLAIN, array.array, *map(type, ({}.keys(), {}.values(), {}.items())), Approx)
"""What a program would have given as a value, had it meant one of these."""
_CONSTANTS = [Ellipsis, NotImplemented, *wire.TYPES.values()]
_PLAIN_ATTRIBUTES = frozenset(name for kind in PLAIN for name in dir(kind))

_GIVING = frozenset(
    {
        "append",
        "appendleft",
        "extend",
        "insert",
        "add",
        "remove",
        "discard",
        "clear",
        "update",
        "sort",
        "reverse",
    }
    | {"pop", "popleft", "keys", "values", "items", "get", "copy"}
)
"""Methods of plain containers that give values and judge nothing: a container of the program's may be asked for
them. (Not `startswith` or `issubset`: they would be told what the test expects, and answer yes.)"""


def is_own_attribute(name: str) -> bool:
    """Whether no plain value has such an attribute: a test that asks for it means an object of the program's.

    (A program that hands out something with an `upper` of its own, where a string was wanted, gains nothing.)
    """
    return name not in _PLAIN_ATTRIBUTES


class Opaque:
    """A value that stayed with the program because it has no plain form."""

    _link: Asking
    _held_number: int
    _held_type: str
    _truth: bool

    def __init__(self, link: Asking, number: int, kind: str, truth: bool) -> None:
        self.__dict__.update(_link=link, _held_number=number, _held_type=kind, _truth=truth)

    def shown_as(self) -> str:
        """What is shown of it: the program is not asked."""
        return f"<{self._held_type} object>"

    def __repr__(self) -> str:
        return str(self._asked("__repr__")())

    def __setattr__(self, name: str, value: object) -> None:
        raise MustRunBeside(f"the test changes an object of the program's (`{name}`)")

    def __bool__(self) -> bool:
        return self._truth

    def __hash__(self) -> int:
        return self._refuse()  # type: ignore[no-any-return]

    def __eq__(self, other: object) -> bool:
        return self._compared(other)  # type: ignore[no-any-return]

    def __ne__(self, other: object) -> bool:
        return self._compared(other)  # type: ignore[no-any-return]

    def _compared(self, other: object) -> Any:
        """Against a plain value the program has no say; anything else means objects of a kind of their own."""
        if isinstance(other, _CROSSING) or any(other is constant for constant in _CONSTANTS):
            self._refuse()
        raise MustRunBeside(f"the test compares objects (`{self._held_type}`)")

    def _refuse(self, *_args: object, **_kwargs: object) -> Any:
        raise ProgramRefused(f"cannot compare a `{self._held_type}`")

    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = _refuse
    __int__ = __float__ = __index__ = __abs__ = __round__ = __neg__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = _refuse

    def __getattr__(self, name: str) -> Any:
        if is_own_attribute(name):
            raise MustRunBeside(f"the test looks inside an object of the program's (`{name}`)")
        if name.startswith("__"):
            raise AttributeError(name)
        return self._asked(name) if name in _GIVING else self._refuse()

    def __enter__(self) -> Any:
        raise MustRunBeside("the test enters a context of the program's")

    def __exit__(self, *_: object) -> None:
        """Never reached: `__enter__` raises."""

    def _asked(self, name: str) -> Any:
        answer = self._link.ask({"do": "attribute", "held": self._held_number, "name": name})
        return self._link.value_of(answer, wire.Origins())


def _operation(name: str) -> Callable[..., Any]:
    def operate(self: Opaque, *args: Any) -> Any:
        try:
            operation = self._asked(name)
        except AttributeError:  # the interpreter expects this of a type that cannot do it
            raise TypeError(f"`{self._held_type}` has no {name}") from None
        return operation(*args)

    return operate


_OPERATIONS = ("__iter__", "__next__", "__getitem__", "__setitem__", "__delitem__", "__call__", "__str__")
"""What may be asked of an object over the wire: it gives values, and is told nothing that a test expects."""
for _name in _OPERATIONS:
    setattr(Opaque, _name, _operation(_name))


class RemoteIterator:
    """An iterator of the program's; each item is asked for when it is needed."""

    def __init__(self, link: Asking, number: int, kind: str) -> None:
        self._link, self._held_number, self._held_type = link, number, kind

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        answer = self._link.ask({"do": "next", "held": self._held_number})
        if answer.get("stop"):
            raise StopIteration
        return self._link.value_of(answer, wire.Origins())

    def __repr__(self) -> str:
        return f"<{self._held_type} object>"


class RemoteFunction:
    """A function of the program's, by name or (a function that it returned) by number."""

    def __init__(self, link: Asking, target: dict[str, Any], shown: str) -> None:
        self._link, self._target, self._shown = link, target, shown
        self._held_number = target.get("held")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._link.call(self._target, args, kwargs)

    def __repr__(self) -> str:
        return f"<function {self._shown}>"

    def __enter__(self) -> Any:
        raise MustRunBeside("the test enters a context of the program's")

    def __exit__(self, *_: object) -> None:
        """Never reached: `__enter__` raises."""


PROXIES = (Opaque, RemoteIterator, RemoteFunction)
