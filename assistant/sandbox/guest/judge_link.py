"""The judge's side of the wire: the program as proxies that answer with plain values."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from assistant.sandbox.guest import exceptions, framing, proxies, serialization
from assistant.sandbox.guest.exception_info import checked_failure, describe
from assistant.sandbox.guest.name_origins import Home, library_object
from assistant.sandbox.guest.proxies import (
    TYPE_QUERIES,
    MustRunUnsealed,
    Opaque,
    ProgramDied,
    ProgramRefused,
    RemoteFunction,
    RemoteIterator,
    is_held,
    named,
)
from assistant.sandbox.guest.shared_references import Watched
from assistant.sandbox.guest.solution import rebuild
from assistant.sandbox.guest.subclass_proxies import StandIns, is_stand_in, number_of

_CHANGEABLE = (list, dict, set, bytearray)


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

    def __init__(self, stream: framing.Frames) -> None:
        self._stream = stream
        self._lent: list[Any] = []
        self.raised: BaseException | None = None
        """The last exception that came over the wire, to distinguish it from one that the test raised itself."""
        self.raised_as: dict[str, Any] = {}
        self.returned: list[Any] = []
        """The last value that a call gave (empty before the first)."""
        self._broken_off: BaseException | None = None
        """What ended a function of the test's that the program had called."""
        self._thrown: list[BaseException] = []
        """What functions of the test's have raised while the program called them."""
        self._stand_ins = StandIns()
        self._flat = False
        self._watched, self._values = Watched(), Watched()
        self.lost = ""
        """Why an argument's state after a call is not known."""
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
        seen: dict[str, Any] = {"__name__": "tests", "__builtins__": __builtins__, **TYPE_QUERIES}
        for name, kind in kinds.items():
            if kind.kind == "missing" or "." in name:
                continue
            own = None if name == entry else library(kind)
            if own is not None:
                seen[name] = own
            else:
                seen[name] = self._value_named(name) if kind.kind == "value" else self.function(name)
        given = {name: seen[name] for name in seen if name in kinds and kinds[name].kind == "value"}
        self._after_call = (lambda: self._renew(seen, given)) if given else (lambda: None)
        self._watch_values(given)
        if entry:
            seen["candidate"] = self.function(entry)
            seen.setdefault(entry.rpartition(".")[2], seen["candidate"])
        return seen

    def _value_named(self, name: str) -> Any:
        """The value of a name that the program says is nothing to call: then no test may call it."""
        value = self.get(name)
        if isinstance(value, RemoteFunction):
            raise ProgramRefused(f"the program says that `{name}` is no function")
        if is_held(value):
            vars(value)["_is_called"] = False
        return value

    def _renew(self, seen: dict[str, Any], given: dict[str, Any]) -> None:
        """Bring the tests' copies of the program's values up to date, where a test has not taken the name."""
        for name, value in given.items():
            if seen.get(name) is value:
                with proxies.overlooked(ProgramRefused):
                    seen[name] = given[name] = self._value_named(name)
        self._watch_values(given)

    def _watch_values(self, given: dict[str, Any]) -> None:
        """The tests' copies of the program's values: a test that changes one means the program's own."""
        self._values.clear()
        for value in given.values():
            if type(value) in _CHANGEABLE:
                self._values.add(value)

    def function(self, name: str) -> RemoteFunction:
        return RemoteFunction(self, {"name": name}, name)

    def get(self, name: str) -> Any:
        return self.value_of(self.ask({"do": "get", "name": name}), serialization.Origins())

    def begin(self, *, flat: bool = False) -> None:
        """Before a test. `flat`: instances of subclasses arrive as plain values (the test is no code)."""
        self.returned, self.raised, self.lost, self._flat = [], None, "", flat
        self._watched.clear()

    def call(self, target: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self.returned = []
        if self._watched.changed() or self._values.changed():
            raise MustRunUnsealed("the test changes a value that the program keeps")
        origins = serialization.Origins()
        encoded = self._encode((args, kwargs), origins)
        arguments = origins.objects[:-1]  # the last is the keyword arguments' own dictionary
        answer = self.ask({"do": "call", **target, "args": encoded})
        if answer.get("moved") and self._watched.held_elsewhere():
            raise MustRunUnsealed("the program changes a value that it has given")
        if "after" in answer:
            self._decode(answer["after"], origins)
        value = self.value_of(answer, origins)
        self._watch(answer, value, arguments)
        self.returned = [value]
        self._after_call()
        return value

    def disturbed(self) -> bool:
        """Whether the test has changed what the program keeps, and could see it in the program's values."""
        return not self._values.empty() and (self._watched.changed() or self._values.changed())

    def _watch(self, answer: dict[str, Any], value: Any, arguments: list[Any]) -> None:
        """Remember what the program keeps of this call: test and program may both change it later."""
        if "lost" in answer:
            self.lost = _short(answer["lost"])
        kept = [value] if answer.get("kept") and type(value) in _CHANGEABLE else []
        for shared in [*kept, *(arguments if answer.get("kept_arguments") else ())]:
            if type(shared) in _CHANGEABLE:
                self._watched.add(shared)

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request, an exception of the program's re-raised here."""
        answer = self._exchange(request)
        if "raised" in answer:
            self.raised_as = checked_failure(answer["raised"])
            self.raised = self._raised_by(answer)
            raise self.raised
        if "refused" in answer:
            raise ProgramRefused(_short(answer["refused"]))
        return answer

    def _raised_by(self, answer: dict[str, Any]) -> BaseException:
        """The program's exception, or the test's own where one of its functions raised it."""
        description = answer.get("error")
        if type(description) is int and 0 <= description < len(self._thrown):
            return self._thrown[description]
        return exceptions.rebuilt(
            description, lambda data: self._decode(data, serialization.Origins())
        ) or rebuild(self.raised_as)

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
            with serialization.deep():
                self._stream.send(request)
        except framing.FrameTooLarge:
            raise ProgramRefused("cannot hand over a value that large") from None
        except framing.FrameError as error:
            raise ProgramDied(str(error)) from None

    def _receive(self) -> dict[str, Any]:
        try:
            with serialization.deep():
                return self._stream.receive()
        except framing.FrameTooLarge:
            raise ProgramRefused("cannot compare a value that large") from None
        except framing.FrameError as error:
            raise ProgramDied(str(error)) from None

    def _serve(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run a function of the test's for the program."""
        try:
            function = self._lent[int(request["callback"])]
            origins = serialization.Origins()
            decoder = serialization.ValueDecoder(
                origins, self._incoming, number_new=True, derived=self._stand_in
            )
            args, kwargs = decoder.decode(request["args"])
            return {"value": self._encode(function(*args, **kwargs), origins)}
        except Exception as error:
            self._thrown.append(error)
            description = exceptions.account(
                error, lambda value: self._encode(value, serialization.Origins())
            )
            return {"raised": describe(error, ""), "error": description, "thrown": len(self._thrown) - 1}
        except (MustRunUnsealed, ProgramRefused) as error:  # raised in the test once the program has answered
            self._broken_off = error
            return {"raised": describe(error, ""), "thrown": -1}

    def value_of(self, answer: dict[str, Any], origins: serialization.Origins) -> Any:
        return self._decode(answer.get("value"), origins)

    def _encode(self, value: Any, origins: serialization.Origins) -> Any:
        try:
            return serialization.ValueEncoder(
                origins, self._outgoing, number_new=True, derived=self._of_test
            ).encode(value)
        except serialization.WireError as error:
            raise MustRunUnsealed(
                f"the test hands over what {error}".replace("cannot compare", "cannot be copied:")
            ) from None

    def _decode(self, data: Any, origins: serialization.Origins) -> Any:
        try:
            return serialization.ValueDecoder(
                origins, self._incoming, number_new=True, derived=self._stand_in
            ).decode(data)
        except serialization.WireError as error:
            raise ProgramRefused(str(error)) from None

    def _of_test(self, value: Any, _parent: type, _plain: Callable[[], Any]) -> Any:
        """An instance of a subclass of a plain type, on its way to the program."""
        if is_stand_in(value):
            return ["held", number_of(value)]
        raise MustRunUnsealed(f"the test hands over a `{type(value).__name__}`")

    def _outgoing(self, value: Any) -> Any:
        if is_held(value):
            held = value._held_number
            return ["held", held] if held is not None else ["named", value._target["name"]]
        if isinstance(value, types.FunctionType | types.BuiltinFunctionType | types.MethodType):
            return ["theirs", self._lend(value)]
        if isinstance(value, Iterator) and type(value).__module__ in ("builtins", "itertools"):
            return ["iterate", self._lend(value.__next__)]
        raise MustRunUnsealed(f"the test hands over a `{type(value).__name__}`")

    def _lend(self, function: Callable[..., Any]) -> int:
        self._lent.append(function)
        return len(self._lent) - 1

    def _incoming(self, tag: str, body: list[Any]) -> Any:
        if tag != "held" or len(body) != 5 or type(body[0]) is not int:
            raise serialization.WireError("not a value")
        number, kind, name, own = body[0], body[1], _class_name(body[2]), body[3] is not False
        if kind == "iterator":
            return named(RemoteIterator, name)(self, number, name)
        if kind == "function":
            return named(RemoteFunction, name)(self, {"held": number}, name)
        return named(Opaque, name)(self, number, name, own, _short(body[4]) if body[4] else "")

    def _stand_in(self, plain: Any, body: list[Any]) -> Any:
        """What stands for an instance of a subclass of a plain type."""
        number, name, names = body
        texts = isinstance(names, list) and _all_texts(names)
        if type(number) is not int or not texts or isinstance(plain, bool):
            raise serialization.WireError("not a value")
        return (
            plain if self._flat else self._stand_ins.made(plain, number, _class_name(name), tuple(names[:80]))
        )


def _class_name(name: Any) -> str:
    return name if isinstance(name, str) and name.isidentifier() and len(name) <= 80 else "object"


def _short(text: Any) -> str:
    """A reason as the program gave it; a `str()` of something else could fail."""
    return text[:200] if isinstance(text, str) else "the program gives a reason that is no text"


def _all_texts(items: list[Any]) -> bool:
    return all(isinstance(item, str) for item in items)
