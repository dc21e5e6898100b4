"""The judge's side of the wire: the program as proxies that answer with plain values."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from assistant.sandbox.inside import frames, wire
from assistant.sandbox.inside.failures import describe, is_short
from assistant.sandbox.inside.solution import rebuild


class ProgramDied(BaseException):
    """The solution's process is gone. Not an `Exception`: a test cannot swallow it by accident."""


class ProgramRefused(BaseException):
    """A value of the program's cannot cross; `str(error)` says which."""


class MustRunBeside(BaseException):
    """The test hands over something that only exists in its own process."""


class Kind(NamedTuple):
    """What the program says a name of its module is."""

    kind: str
    """`function`, `class`, `module`, `value` or `missing`."""
    module: str = ""
    """The module that it was imported from."""

    @classmethod
    def of(cls, given: Any) -> Kind:
        pair = given if isinstance(given, list) and len(given) == 2 else ["missing", ""]
        return cls(str(pair[0]), str(pair[1])[:100])


MISSING = Kind("missing")


def standard(name: str, kind: Kind) -> Any:
    """The standard library's own object, where the program merely imported it (`math`, `Counter`, `isclose`).

    The judge takes its own copy: a test's helper is no place for the program to answer from. None otherwise.
    """
    if kind.kind == "module":
        return importlib.import_module(name) if name in sys.stdlib_module_names else None
    if kind.module.partition(".")[0] not in sys.stdlib_module_names - {"__main__", "builtins"}:
        return None
    try:
        return getattr(importlib.import_module(kind.module), name, None)
    except ImportError:
        return None


class Opaque:
    """A value that stayed with the program because it has no plain form. Nothing about it can be asked."""

    def __init__(self, number: int, kind: str, truth: bool) -> None:
        self._held_number = number
        self._held_type = kind
        self._truth = truth

    def __repr__(self) -> str:
        return f"<{self._held_type} object>"

    def __bool__(self) -> bool:
        return self._truth

    def _refuse(self, *_args: object, **_kwargs: object) -> Any:
        raise ProgramRefused(f"cannot compare a `{self._held_type}`")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __len__ = __iter__ = __getitem__ = __contains__ = __hash__ = _refuse
    __int__ = __float__ = __index__ = __str__ = __abs__ = __round__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __call__ = _refuse

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._refuse()


class RemoteIterator:
    """An iterator of the program's; each item is asked for when it is needed."""

    def __init__(self, link: Link, number: int, kind: str) -> None:
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

    def __init__(self, link: Link, target: dict[str, Any], shown: str) -> None:
        self._link, self._target, self._shown = link, target, shown
        self._held_number = target.get("held")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._link.call(self._target, args, kwargs)

    def __repr__(self) -> str:
        return f"<function {self._shown}>"


class Link:
    """Requests to the solution child, one at a time."""

    def __init__(self, stream: frames.Frames) -> None:
        self._stream = stream
        self._lent: list[Any] = []
        self.raised: BaseException | None = None
        """The last exception that came over the wire, to tell it from one that the test raised itself."""
        self.raised_as: dict[str, Any] = {}
        self.returned: list[Any] = []
        """The last value that a call gave (empty before the first)."""

    def start_load(self, source: str, name: str) -> None:
        """Have the program loaded; the judge has its own work to do meanwhile."""
        self._send({"do": "load", "source": source, "name": name})

    def finish_load(self, names: list[str]) -> tuple[dict[str, Any], dict[str, Kind]]:
        """How loading went, and what the program says each name is."""
        self._send({"do": "kinds", "names": names})
        loaded = self._receive()
        given = self._receive().get("kinds")
        pairs = given if isinstance(given, dict) else {}
        return loaded, {name: Kind.of(pairs.get(name)) for name in names}

    def namespace(self, entry: str, kinds: dict[str, Kind]) -> dict[str, Any]:
        """What the tests see of the program: its functions as proxies, its other values as copies."""
        seen: dict[str, Any] = {"__name__": "tests", "__builtins__": __builtins__}
        for name, kind in kinds.items():
            if kind.kind == "missing" or "." in name:
                continue
            own = None if name == entry else standard(name, kind)
            if own is not None:
                seen[name] = own
            else:
                seen[name] = self.get(name) if kind.kind == "value" else self.function(name)
        if entry:
            seen["candidate"] = self.function(entry)
            seen.setdefault(entry.rpartition(".")[2], seen["candidate"])
        return seen

    def function(self, name: str) -> RemoteFunction:
        return RemoteFunction(self, {"name": name}, name)

    def get(self, name: str) -> Any:
        return self.value_of(self.ask({"do": "get", "name": name}), wire.Origins())

    def call(self, target: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        origins = wire.Origins()
        encoded = self._encode((args, kwargs), origins)
        answer = self.ask({"do": "call", **target, "args": encoded})
        if "after" in answer:
            self._decode(answer["after"], origins)
        value = self.value_of(answer, origins)
        self.returned = [value]
        return value

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request, an exception of the program's re-raised here."""
        answer = self._exchange(request)
        if "raised" in answer:
            self.raised_as = checked_failure(answer["raised"])
            self.raised = rebuild(self.raised_as)
            raise self.raised
        if "refused" in answer:
            raise ProgramRefused(str(answer["refused"])[:200])
        return answer

    def _exchange(self, request: dict[str, Any]) -> dict[str, Any]:
        self._send(request)
        answer = self._receive()
        while "callback" in answer:
            self._send(self._serve(answer))
            answer = self._receive()
        return answer

    def _send(self, request: dict[str, Any]) -> None:
        try:
            self._stream.send(request)
        except frames.FrameTooLarge:
            raise ProgramRefused("cannot hand over a value that large") from None
        except frames.FrameError as error:
            raise ProgramDied(str(error)) from None

    def _receive(self) -> dict[str, Any]:
        try:
            return self._stream.receive()
        except frames.FrameTooLarge:
            raise ProgramRefused("cannot compare a value that large") from None
        except frames.FrameError as error:
            raise ProgramDied(str(error)) from None

    def _serve(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run a function of the test's for the program."""
        try:
            function = self._lent[int(request["callback"])]
            origins = wire.Origins()
            decoder = wire.Decoder(origins, self._incoming, number_new=True)
            args, kwargs = decoder.decode(request["args"])
            return {"value": self._encode(function(*args, **kwargs), origins)}
        except Exception as error:
            return {"raised": describe(error, "")}

    def value_of(self, answer: dict[str, Any], origins: wire.Origins) -> Any:
        return self._decode(answer.get("value"), origins)

    def _encode(self, value: Any, origins: wire.Origins) -> Any:
        return wire.Encoder(origins, self._outgoing, number_new=True).encode(value)

    def _decode(self, data: Any, origins: wire.Origins) -> Any:
        try:
            return wire.Decoder(origins, self._incoming).decode(data)
        except wire.WireError as error:
            raise ProgramRefused(str(error)) from None

    def _outgoing(self, value: Any) -> Any:
        if isinstance(value, Opaque | RemoteIterator | RemoteFunction) and value._held_number is not None:
            return ["held", value._held_number]
        if isinstance(
            value, types.FunctionType | types.BuiltinFunctionType | types.MethodType | RemoteFunction | type
        ):
            return ["theirs", self._lend(value)]
        if isinstance(value, Iterator):
            return ["iterate", self._lend(value.__next__)]
        raise MustRunBeside(f"the test hands over a `{type(value).__name__}`")

    def _lend(self, function: Callable[..., Any]) -> int:
        self._lent.append(function)
        return len(self._lent) - 1

    def _incoming(self, tag: str, body: list[Any]) -> Any:
        if tag != "held" or len(body) != 4 or type(body[0]) is not int:
            raise wire.WireError("not a value")
        number, kind, name, truth = body[0], body[1], str(body[2])[:80], body[3] is not False
        if kind == "iterator":
            return RemoteIterator(self, number, name)
        if kind == "function":
            return RemoteFunction(self, {"held": number}, name)
        return Opaque(number, name, truth)


def checked_failure(raised: Any) -> dict[str, Any]:
    """The program's account of its exception, brought into shape: it may say anything."""
    given = raised if isinstance(raised, dict) else {}
    mro = given.get("mro")
    line, code, args = given.get("line"), given.get("exit"), given.get("args")
    return {
        "type": str(given.get("type", "Exception"))[:80],
        "mro": [str(name)[:80] for name in mro[:20]] if isinstance(mro, list) else [],
        "text": str(given.get("text", ""))[:400],
        "args": args if isinstance(args, list) and len(args) <= 4 and all(map(is_short, args)) else None,
        "line": line if type(line) is int and 0 < line < 10**7 else None,
        "code": str(given.get("code", ""))[:160],
        "exit": code if type(code) is int and abs(code) < 10**6 else None,
    }
