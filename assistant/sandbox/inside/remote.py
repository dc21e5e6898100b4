"""The judge's side of the wire: the program as proxies that answer with plain values."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from assistant.sandbox.inside import frames, proxies, wire
from assistant.sandbox.inside.failures import checked_failure, describe
from assistant.sandbox.inside.homes import Home, library_object
from assistant.sandbox.inside.proxies import (
    PROXIES,
    MustRunBeside,
    Opaque,
    ProgramDied,
    ProgramRefused,
    RemoteFunction,
    RemoteIterator,
)
from assistant.sandbox.inside.solution import rebuild


class Kind(NamedTuple):
    """What a name of the program's module is."""

    kind: str
    """`function`, `class`, `module`, `value` or `missing`: the program's word for it."""
    home: Home | None = None
    """Where the name was imported from, by the program's text. The program has no say in it."""

    @classmethod
    def of(cls, given: Any) -> Kind:
        return cls(given) if given in _KINDS else MISSING


MISSING = Kind("missing")
_KINDS = ("function", "class", "module", "value")


def library(kind: Kind) -> Any:
    """The library's own object, where the program merely imported it (`math`, `Counter`, `isclose`).

    The judge takes its own copy: a test's helper is no place for the program to answer from. None otherwise.
    """
    return None if kind.kind == "missing" else library_object(kind.home)


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
        self._broken_off: BaseException | None = None
        """What ended a function of the test's that the program had called."""
        self._after_call: Callable[[], None] = lambda: None
        """Brings the tests' copies of the program's values up to date."""

    def start_load(self, source: str, name: str, prelude: str = "") -> None:
        """Have the program loaded; the judge has its own work to do meanwhile."""
        self._send({"do": "load", "source": source, "name": name, "prelude": prelude})

    def finish_load(self, names: list[str]) -> tuple[dict[str, Any], dict[str, Kind]]:
        """How loading went, and what the program says each name is."""
        self._send({"do": "kinds", "names": names})
        loaded = self._receive()
        given = self._receive().get("kinds")
        pairs = given if isinstance(given, dict) else {}
        return loaded, {name: Kind.of(pairs.get(name)) for name in names}

    def confirmed(self, homes: Mapping[str, Home]) -> set[str]:
        """Those names whose value the program finds in the library, too (it may have given them another one)."""
        self._send({"do": "same", "homes": {name: list(home) for name, home in homes.items()}})
        same = self._receive().get("same")
        return (
            {name for name in same if name in homes} if isinstance(same, list) and _all_texts(same) else set()
        )

    def namespace(self, entry: str, kinds: dict[str, Kind]) -> dict[str, Any]:
        """What the tests see of the program: its functions as proxies, its other values as copies."""
        seen: dict[str, Any] = {"__name__": "tests", "__builtins__": __builtins__}
        for name, kind in kinds.items():
            if kind.kind == "missing" or "." in name:
                continue
            own = None if name == entry else library(kind)
            if own is not None:
                seen[name] = own
            else:
                seen[name] = self.get(name) if kind.kind == "value" else self.function(name)
        given = {name: seen[name] for name in seen if name in kinds and kinds[name].kind == "value"}
        self._after_call = (lambda: self._renew(seen, given)) if given else (lambda: None)
        if entry:
            seen["candidate"] = self.function(entry)
            seen.setdefault(entry.rpartition(".")[2], seen["candidate"])
        return seen

    def _renew(self, seen: dict[str, Any], given: dict[str, Any]) -> None:
        """Bring the tests' copies of the program's values up to date, where a test has not taken the name."""
        for name, value in given.items():
            if seen.get(name) is value:
                with proxies.overlooked(ProgramRefused):
                    seen[name] = given[name] = self.get(name)

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
        self._after_call()
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
        if self._broken_off is not None:
            error, self._broken_off = self._broken_off, None
            raise error
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
        except (MustRunBeside, ProgramRefused) as error:  # told to the test once the program has answered
            self._broken_off = error
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
        if isinstance(value, PROXIES) and value._held_number is not None:
            return ["held", value._held_number]
        if isinstance(value, RemoteFunction):
            return ["named", value._target["name"]]
        if isinstance(value, types.FunctionType | types.BuiltinFunctionType | types.MethodType | type):
            return ["theirs", self._lend(value)]
        if isinstance(value, Iterator) and type(value).__module__ in ("builtins", "itertools"):
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
        return Opaque(self, number, name, truth)


def _all_texts(items: list[Any]) -> bool:
    return all(isinstance(item, str) for item in items)
