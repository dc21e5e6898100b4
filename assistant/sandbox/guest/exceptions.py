"""Exceptions over the wire: the program's account of one, and the exception that the judge raises for it.

An exception of Python's or of the standard library's comes back as itself, with its arguments and attributes. One of
a class of the program's comes back as an instance of a class with the same name and the same known bases; what only
the program's class can answer makes the test run in the program's process.
"""

from __future__ import annotations

import builtins
import contextlib
import sys
from collections.abc import Callable
from typing import Any

from assistant.sandbox.guest.refusals import Decisive, MustRunUnsealed
from assistant.sandbox.guest.subclass_differences import differing
from assistant.sandbox.guest.subclass_proxies import NEVER_TAKEN

Json = dict[str, Any]
_MOST = 40
"""Most attributes, classes or exceptions of a group in a description."""
_DEPTH = 6
_TEXT = 100_000
_SLOTS = ("name", "path", "obj", "filename", "filename2")
"""Attributes that the constructors of some exceptions take by keyword and keep outside `__dict__`."""
_IGNORED = NEVER_TAKEN | {"__str__", "__reduce__", "__setstate__", "args", "with_traceback", "add_note"}


def account(error: BaseException, encode: Callable[[Any], Any], depth: int = 0) -> Json:
    """What the judge needs to raise the same exception; `encode` gives a value's form on the wire."""
    kind = type(error)
    description: Json = {
        "name": kind.__name__[:80],
        "bases": [_home_of(base) for base in kind.__mro__[:_MOST]],
    }
    description["state"] = _state(error, encode)
    with contextlib.suppress(BaseException):
        description["text"] = str.__str__(str(error))[:_TEXT]
    with contextlib.suppress(BaseException):
        description["args"] = encode(error.args)
    known = next((base for base in kind.__mro__ if _home_of(base)), BaseException)
    if known is not kind:
        description["differs"] = differing(kind, known)
    if isinstance(error, BaseExceptionGroup) and depth < _DEPTH:
        description["message"] = error.message
        description["group"] = [account(inner, encode, depth + 1) for inner in error.exceptions[:_MOST]]
    return description


def _home_of(kind: type) -> list[str]:
    """Module and name of a class of Python's own; empty for every other one."""
    module, name = kind.__module__, kind.__name__
    if not isinstance(module, str) or module.partition(".")[0] not in sys.stdlib_module_names | {"builtins"}:
        return []
    return [module, name] if getattr(sys.modules.get(module), name, None) is kind else []


def _state(error: BaseException, encode: Callable[[Any], Any]) -> Json:
    """Attributes of the instance that have a form on the wire."""
    given = {name: value for name, value in list(vars(error).items())[:_MOST] if isinstance(name, str)}
    if isinstance(error, ImportError | NameError | AttributeError | OSError):
        given |= {name: found for name in _SLOTS if (found := getattr(error, name, None)) is not None}
    state = {}
    for name, value in given.items():
        if isinstance(getattr(type(error), name, None), property):
            continue
        with contextlib.suppress(BaseException):
            state[name] = encode(value)
    return state


def rebuilt(description: Any, decode: Callable[[Any], Any]) -> BaseException | None:
    """The exception that a description stands for; None where it is malformed (a program may write anything)."""
    try:
        return _rebuilt(description, decode)
    except Decisive:
        raise
    except Exception:
        return None


def _rebuilt(description: Json, decode: Callable[[Any], Any], depth: int = 0) -> BaseException:
    homes = [_class_at(home) for home in description["bases"][:_MOST]]
    known = [kind for kind in homes if kind is not None]
    kind = homes[0] or _stand_in(description, known)
    if "group" in description and depth < _DEPTH:
        inner = [_rebuilt(one, decode, depth + 1) for one in description["group"][:_MOST]]
        args: tuple[Any, ...] = (str(description["message"]), inner)
    else:
        args = decode(description["args"]) if "args" in description else ()
    error: BaseException = kind.__new__(kind, *args)
    builtin = next(base for base in kind.__mro__ if base.__module__ == "builtins")
    builtin.__init__(error, *args)
    for name, value in description["state"].items():
        with contextlib.suppress(AttributeError, TypeError):
            setattr(error, name, decode(value))
    return error


def _class_at(home: Any) -> Any:
    """The exception class of Python's own at a module and a name; the judge imports nothing for it."""
    if not isinstance(home, list) or len(home) != 2 or not all(isinstance(part, str) for part in home):
        return None
    module, name = home
    if module.partition(".")[0] not in sys.stdlib_module_names | {"builtins"}:
        return None
    kind = vars(sys.modules.get(module, builtins)).get(name)
    known = isinstance(kind, type) and issubclass(kind, BaseException) and kind.__module__ == module
    return kind if known else None


def _stand_in(description: Json, known: list[Any]) -> Any:
    """A class for exceptions of a class of the program's."""
    direct = [k for k in known if not any(o is not k and issubclass(o, k) for o in known)]
    name = description["name"] if str(description["name"]).isidentifier() else "Exception"
    body: Json = {"__getattr__": _no_attribute, "__module__": "solution"}
    text = description.get("text")
    body["__str__"] = (
        (lambda _: text) if isinstance(text, str) and len(text) < _TEXT else _only_unsealed("str")
    )
    for own in description.get("differs", ()):
        if isinstance(own, str) and own not in _IGNORED and own != "__getattr__":
            body[own] = _only_unsealed(own) if own[:2] == "__" else property(_only_unsealed(own))
    if "args" not in description:
        body["args"] = property(_only_unsealed("args"))
    try:
        return type(name, tuple(direct), body)
    except TypeError:  # these bases cannot be put together
        return type(name, (known[0],), body)


def _no_attribute(_self: Any, name: str) -> Any:
    raise MustRunUnsealed(f"the test looks inside an exception of the program's (`{name}`)")


def _only_unsealed(name: str) -> Callable[..., Any]:
    def ask(_self: Any, *_args: Any) -> Any:
        raise MustRunUnsealed(f"the test looks inside an exception of the program's (`{name}`)")

    return ask
