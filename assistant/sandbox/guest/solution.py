"""The solution child: holds the program, answers one call at a time, never sees a test or an expected value.

Everything here may be read and patched by the program that it runs. That is harmless: it can only lie about
its own values.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import functools
import gc
import io
import os
import socket
import sys
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

from assistant.sandbox.guest import exceptions, framing, serialization
from assistant.sandbox.guest.exception_info import describe
from assistant.sandbox.guest.shared_references import Kept
from assistant.sandbox.guest.subclass_differences import ZONED, differing, has_own_comparison, is_own_key

FILENAME = "solution.py"
STDIN_NAMES = ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")


_FUNCTIONS = (
    *(types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.MethodWrapperType),
    *(functools.partial, type),
)


class PatientOutput(io.TextIOWrapper):
    """Standard output that a program may close without ending what others print."""

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self.flush()


_PREPARED: list[PatientOutput] = []


def prepare_streams() -> None:
    """Make the text streams for 1 and 2 before any fork; `adopt_output` gives them somewhere to go."""
    reader, writer = os.pipe()
    for fd in (1, 2):
        # Made on a pipe, like the one that they will write to: a stream looks at its descriptor when it is made.
        kept = os.dup(fd)
        os.dup2(writer, fd)
        buffered = io.BufferedWriter(io.FileIO(fd, "w", closefd=False), 8192)
        _PREPARED.append(PatientOutput(buffered, "utf-8", "backslashreplace", newline="\n"))
        os.dup2(kept, fd)
        os.close(kept)
    for fd in (reader, writer):
        os.close(fd)


def adopt_output(output_fd: int) -> None:
    """Both outputs, as descriptors and as text streams, go to `output_fd`, which is closed."""
    os.dup2(output_fd, 1)
    os.dup2(output_fd, 2)
    os.close(output_fd)
    sys.stdout, sys.stderr = _PREPARED
    sys.__stdout__, sys.__stderr__ = _PREPARED  # type: ignore[misc]


def flush_streams() -> None:
    """Everything printed so far reaches the pipe; a broken stream is the program's own affair."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()


def load(source: str, name: str, prelude: str = "") -> types.ModuleType:
    """Run the program as module `name`, after `prelude` in the same module."""
    module = types.ModuleType(name)
    module.__dict__["__file__"] = FILENAME
    sys.modules[name] = module
    code = compile(source.removeprefix("\ufeff"), FILENAME, "exec", dont_inherit=True)
    if prelude:
        exec(compile(prelude, "prelude", "exec", dont_inherit=True), module.__dict__)
    exec(code, module.__dict__)
    return module


class Solution:
    """Serves the judge's requests over one stream."""

    def __init__(self, stream: framing.Frames) -> None:
        self._stream = stream
        self._module = types.ModuleType("solution")
        self._source = ""
        self._held: list[Any] = []
        self._differing: dict[type, dict[type, list[str]]] = {}
        self._thrown: list[tuple[int, BaseException]] = []
        """Exceptions that functions of the test's have raised here."""
        self._kept = Kept()
        self._talking = threading.RLock()

    def serve(self) -> None:
        """Answer until the judge is gone."""
        flush = flush_streams
        while True:
            with serialization.deep():
                request = self._stream.receive()
            answer = self.answer(request)
            flush()
            self._reply(answer)

    def _reply(self, answer: dict[str, Any]) -> None:
        try:
            with serialization.deep():
                self._stream.send(answer)
        except framing.FrameTooLarge:
            self._stream.send({"refused": "cannot compare a value that large"})

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        action: Callable[[dict[str, Any]], dict[str, Any]] = getattr(self, "_do_" + request["do"])
        try:
            return action(request)
        except serialization.WireError as error:
            return {"refused": str(error)}
        except BaseException as error:
            return {"raised": describe(error, self._source), "error": self._account(error)}
        finally:
            sys.setrecursionlimit(max(1000, min(sys.getrecursionlimit(), 10**7)))

    def _account(self, error: BaseException) -> Any:
        """What the judge needs to raise the same exception; a number where it is one of the test's own."""
        for number, theirs in self._thrown:
            if theirs is error:
                return number
        try:
            return exceptions.account(error, lambda value: self._encoder(None).encode(value))
        except BaseException:
            return None

    def _do_load(self, request: dict[str, Any]) -> dict[str, Any]:
        self._source = request["source"]
        self._module = load(self._source, request["name"], request.get("prelude", ""))
        return {"loaded": True}

    def _do_kinds(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"kinds": {name: self._kind(name) for name in request["names"]}}

    def _kind(self, name: str) -> str:
        """What a name of the module is."""
        if name.partition(".")[0] not in self._module.__dict__:
            return "missing"
        if "." in name:
            return "function"
        value = self._module.__dict__[name]
        if isinstance(value, types.ModuleType):
            return "module"
        if not callable(value):
            return "value"
        return "class" if isinstance(value, type) else "function"

    def _do_same(self, request: dict[str, Any]) -> dict[str, Any]:
        """The names whose value is the one that a library has (a home: its module, and the attribute there)."""
        homes: dict[str, list[str]] = request["homes"]
        return {"same": [name for name, home in homes.items() if self._is_at(name, *home)]}

    def _is_at(self, name: str, module: str, attribute: str) -> bool:
        found = sys.modules.get(module)
        wanted = getattr(found, attribute, None) if attribute else found
        return wanted is not None and self._module.__dict__.get(name) is wanted

    def _do_get(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"value": self._encode(self._module.__dict__[request["name"]])}

    def _do_call(self, request: dict[str, Any]) -> dict[str, Any]:
        function = self._resolve(request)
        origins = serialization.Origins()
        decoder = serialization.ValueDecoder(origins, self._incoming, number_new=True)
        args, kwargs = decoder.decode(request["args"])
        value = function(*args, **kwargs)
        kept = self._kept.report(value, args)
        encoder = self._encoder(origins, number_new=True)
        try:
            after = encoder.encode((args, kwargs))
        except serialization.WireError as error:  # nothing says how the call left them
            return {"value": self._encode(value), "lost": str(error), **kept}
        answer = {"value": self._encode(value, encoder), **kept}
        with serialization.deep():
            same = serialization.same_encoding(after, request["args"])
        return answer if same else {"after": after, **answer}

    def _resolve(self, request: dict[str, Any]) -> Callable[..., Any]:
        if "held" in request:
            return self._held[request["held"]]  # type: ignore[no-any-return]
        owner, _, method = request["name"].partition(".")
        found = self._module.__dict__[owner]
        return getattr(found(), method) if method else found  # type: ignore[no-any-return]

    def _do_next(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            value = next(self._held[request["held"]])
        except StopIteration as stop:
            return {"stop": self._encode(stop.value)}
        return {"value": self._encode(value)}

    def _do_attribute(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"value": self._encode(getattr(self._held[request["held"]], request["name"]))}

    def _do_truth(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"truth": bool(self._held[request["held"]])}

    def _encoder(
        self, origins: serialization.Origins | None, *, number_new: bool = False
    ) -> serialization.ValueEncoder:
        return serialization.ValueEncoder(
            origins, self._outgoing, number_new=number_new, derived=self._derived, own_key=is_own_key
        )

    def _encode(self, value: Any, encoder: serialization.ValueEncoder | None = None) -> Any:
        """The value's form on the wire; what has none stays here as a whole."""
        try:
            return (encoder or self._encoder(serialization.Origins(), number_new=True)).encode(value)
        except serialization.WireError as error:
            return self._hold(value, str(error))

    def _outgoing(self, value: Any) -> Any:
        """What has no plain form stays here; the judge gets a number to ask for it by."""
        kind = type(value)
        if kind.__module__ == "numpy" and hasattr(value, "item") and not getattr(value, "shape", True):
            if getattr(kind, "__name__", "") in (
                "void",
                "record",
            ):  # a row, which is asked by names of columns
                return self._hold(value)
            plain = value.item()
            if type(plain) is bool or type(plain) not in (int, float, complex):
                return self._encoder(None).encode(plain)
            return self._derived(value, type(plain), lambda: self._encoder(None).encode(plain))
        if kind is memoryview and value.format == "B" and value.ndim == 1:
            return ["mv", bytes(value).hex(), value.readonly]
        return self._hold(value)

    def _hold(self, value: Any, why: str = "") -> Any:
        kind = type(value)
        library = kind.__module__ in ("builtins", "itertools")
        word = "opaque"
        if not why and library and isinstance(value, Iterator):
            word = "iterator"
        elif isinstance(value, _FUNCTIONS):
            word = "function"
        self._held.append(value)
        return ["held", len(self._held) - 1, word, kind.__name__[:80], has_own_comparison(kind), why]

    def _derived(self, value: Any, parent: type, plain: Callable[[], Any]) -> Any:
        """An instance of a subclass of a plain type: its plain value, and in what it differs from one."""
        kind = type(value)
        known = self._differing.setdefault(parent, {})
        if kind not in known:
            known[kind] = list(ZONED) if kind is parent else differing(kind, parent)
        self._held.append(value)
        number = len(self._held) - 1
        return ["sub", plain(), number, kind.__name__[:80], known[kind]]

    def _incoming(self, tag: str, body: list[Any]) -> Any:
        """What the judge sent as a number: one of ours, or a function of the test's."""
        if tag == "held":
            return self._held[body[0]]
        if tag == "named":
            return self._resolve({"name": body[0]})
        if tag == "theirs":
            return self._callback(body[0])
        if tag == "iterate":
            return self._iterate(self._callback(body[0]))
        raise serialization.WireError("not a value")

    def _callback(self, number: int) -> Callable[..., Any]:
        def function(*args: Any, **kwargs: Any) -> Any:
            origins = serialization.Origins()
            encoded = self._encoder(origins, number_new=True).encode((args, kwargs))
            with self._talking:
                answer = self._ask_back({"callback": number, "args": encoded})
            if "raised" in answer:
                raise self._thrown_by_test(answer)
            return serialization.ValueDecoder(origins, self._incoming).decode(answer["value"])

        return function

    def _thrown_by_test(self, answer: dict[str, Any]) -> BaseException:
        """The exception that a function of the test's raised."""
        error = exceptions.rebuilt(
            answer.get("error"), lambda data: serialization.ValueDecoder(None, self._incoming).decode(data)
        )
        error = error or rebuild(answer["raised"])
        self._thrown.append((int(answer["thrown"]), error))
        return error

    def _ask_back(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer of a function of the test's, which may call the program again before it has one."""
        self._stream.send(question)
        while "do" in (message := self._stream.receive()):
            self._reply(self.answer(message))
        return message

    def _iterate(self, step: Callable[[], Any]) -> Iterator[Any]:
        while True:
            try:
                value = step()
            except StopIteration:
                return
            yield value


def rebuild(raised: dict[str, Any]) -> BaseException:
    """A local exception of the nearest builtin type."""
    args = raised.get("args")
    given = args if isinstance(args, list) else [str(raised["text"])]
    for name in raised["mro"]:
        kind = getattr(builtins, str(name), None)
        if isinstance(kind, type) and issubclass(kind, BaseException):
            with contextlib.suppress(Exception):
                return kind(*given)
    return Exception(str(raised["text"]))


def main(wire_fd: int, output_fd: int) -> None:
    """Serve on `wire_fd`, print on `output_fd`, then leave without running anybody's exit handlers."""
    sys.argv = [FILENAME]
    adopt_output(output_fd)
    gc.enable()
    try:
        Solution(framing.Frames(socket.socket(fileno=wire_fd))).serve()
    except framing.FrameError:
        pass
    finally:
        os._exit(0)


def program_main(wire_fd: int, output_fd: int, stdin_fd: int) -> None:
    """Run one whole program on `stdin_fd`; say over `wire_fd` how it ended."""
    stream = framing.Frames(socket.socket(fileno=wire_fd))
    try:
        request = stream.receive()
        program_streams(output_fd, stdin_fd)
        gc.enable()
        ended = run_program(request["source"], request.get("prelude", ""))
        flush_streams()
        stream.send(ended)
    except framing.FrameError:
        pass
    finally:
        os._exit(0)


def program_streams(output_fd: int, stdin_fd: int) -> None:
    """Standard streams on 0, 1 and 2, as a fresh interpreter has them; standard error goes nowhere."""
    error = os.dup(2)
    adopt_output(output_fd)
    os.dup2(error, 2)
    os.close(error)
    os.dup2(stdin_fd, 0)
    os.close(stdin_fd)
    sys.argv = [FILENAME]
    stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8", "surrogateescape")
    sys.stdin = sys.__stdin__ = stdin  # type: ignore[misc]
    builtins.open = io.open = opening(io.open)


def opening(usual: Callable[..., Any]) -> Callable[..., Any]:
    """`open`, where the names of standard input mean descriptor 0: the private scratch has no `/dev`."""

    @functools.wraps(usual)
    def open_(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        if (
            isinstance(file, str | os.PathLike)
            and os.fspath(file) in STDIN_NAMES
            and "r" in mode
            and "+" not in mode
        ):
            return usual(0, mode, *args, **{**options, "closefd": False})
        return usual(file, mode, *args, **options)

    return open_


def run_program(source: str, prelude: str = "") -> dict[str, Any]:
    """Run a program as `__main__`, its threads and exit handlers included; how it ended."""
    raised = None
    try:
        load(source, "__main__", prelude)
    except BaseException as error:
        raised = describe(error, source)
    with contextlib.suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
    return {"raised": raised} if raised else {"ended": True}
