"""The judge child: runs the tests against proxies and gives the verdicts. It never runs the program."""

from __future__ import annotations

import ast
import gc
import os
import random
import socket
import sys
import time
import types
from collections.abc import Callable
from typing import Any

from assistant.sandbox.guest import framing, pytest_shim, test_source
from assistant.sandbox.guest.assert_rewriter import RECORDER, CheckRecorder, compile_test
from assistant.sandbox.guest.bounded_repr import show
from assistant.sandbox.guest.digests import digest_of
from assistant.sandbox.guest.exception_info import checked_failure, describe
from assistant.sandbox.guest.judge_link import MISSING, Kind, Link
from assistant.sandbox.guest.name_origins import homes_in
from assistant.sandbox.guest.proxies import (
    Decisive,
    MustRunUnsealed,
    ProgramDied,
    ProgramRefused,
    is_own_attribute,
)
from assistant.sandbox.guest.result_comparison import compared, literal_of, number_is, read_literal
from assistant.sandbox.guest.test_target import (
    NeedsOwnJudge,
    classes_in,
    may_have_homes,
    names_a_module,
    own_function,
    reason,
    refuse_modules,
    refuse_traces,
)

Json = dict[str, Any]
NOT_JUDGED = "not judged"
"""How the message begins when a test has no verdict though it could be run: the program would have had to judge."""


class Judge:
    """Holds one program against its tests, one test at a time, as the harness asks."""

    def __init__(
        self, harness: framing.Frames, link: Any, *, unsealed: bool = False, persistent: bool = False
    ) -> None:
        self._harness = harness
        self._unsealed = unsealed
        self._persistent = persistent
        self._link = link
        self._recorder = CheckRecorder()
        self._namespace: dict[str, Any] = {}
        self._entry = self._given = self._source = self._setup = ""
        self._under_test: set[str] = set()
        self._kinds: dict[str, Kind] = {}
        self._tests: list[Json] = []
        self._codes: list[ast.Module | types.CodeType | None] = []

    def serve(self) -> None:
        """Prepare, then answer `run` requests until the run's end (or until the harness is gone)."""
        self._harness.send(self._prepare(self._harness.receive()))
        while "run" in (request := self._harness.receive()):
            index = request["run"]
            self._harness.send({"case": index, **self._judged(self._tests[index])})

    def _prepare(self, job: Json) -> Json:
        """Load the program and the setup code; `failure` says why no test can run."""
        self._tests, self._source, self._setup = job["tests"], job["source"], job["setup"]
        try:
            return self._bind(job)
        except ProgramDied:
            return {"failure": {"stage": "load", "died": True}}
        except ProgramRefused as error:
            return {"failure": {"stage": "load", "message": str(error)}}
        except NeedsOwnJudge as error:
            return {"own_judge": str(error)}
        except framing.FrameError:
            raise
        except BaseException as error:  # a value of the program's that raised while it was asked for
            return {"failure": {"stage": "setup", **self._guarded_failure(error)}}

    def _bind(self, job: Json) -> Json:
        """Read the tests, load the program, and give the tests its names; `ready`, or why no test can run."""
        setup, texts = self._texts(job)
        known = [text for text in (setup, *texts) if text is not None]
        self._given = job["entry"]
        wanted, called = self._names_of(setup, texts, known)
        loaded, kinds = self._link.finish_load(self._asked_for(wanted, called))
        kinds = {name: names_a_module(name, kind, known) for name, kind in kinds.items()}
        if "raised" in loaded:
            return {"failure": {"stage": "load", "raised": checked_failure(loaded["raised"])}}
        self._kinds = kinds = self._with_homes(kinds, self._given)
        self._entry = self._given or own_function(called, kinds)
        root = self._entry.partition(".")[0]
        if self._entry and kinds.get(self._entry, MISSING).kind == "missing":
            return {"failure": {"stage": "entry", "message": f"the program defines no `{root}`"}}
        self._under_test = {*wanted, root, "candidate"}
        self._codes = [None if text is None else text.tree for text in texts]
        if self._persistent:
            refuse_modules(kinds)
        unsealed = [] if self._unsealed else self._reasons(setup, texts, kinds)
        if unsealed and all(unsealed):
            return {"ready": True, "unsealed": unsealed}
        self._fill_namespace({name: kinds[name] for name in kinds if name in self._under_test})
        return (self._run_setup(setup) if setup else None) or {"ready": True, "unsealed": unsealed}

    def _texts(self, job: Json) -> tuple[test_source.Text | None, list[test_source.Text | None]]:
        """The setup and the tests, read while the program loads; a persistent judge refuses traces before that."""
        if not self._persistent:
            self._link.start_load(job["source"], job["name"], job.get("prelude", ""))
        setup = self._read(job["setup"])
        texts = [self._read(test["code"]) if test["kind"] == "assert" else None for test in self._tests]
        if self._persistent:
            refuse_traces([setup, *texts])
            self._link.start_load(job["source"], job["name"], job.get("prelude", ""))
        return setup, texts

    def _names_of(
        self,
        setup: test_source.Text | None,
        texts: list[test_source.Text | None],
        known: list[test_source.Text],
    ) -> tuple[dict[str, None], list[str]]:
        """The names that only the program can supply, in order, and those that are called."""
        bound, given = setup.binds if setup else set(), self._given
        wanted = dict.fromkeys(
            n for text in known for n in text.free() if n not in bound and not (given and n == "candidate")
        )
        called = [name for text in (*texts, setup) if text for name in text.called() if name in wanted]
        if not wanted and not given:
            # Only where nothing else is asked for: a program must not answer for `set` and `len` in a test.
            called = [name for text in texts if text for name in text.called_builtins()]
        return wanted, called

    def _asked_for(self, wanted: dict[str, None], called: list[str]) -> list[str]:
        """Every name whose kind the program is asked for, once each."""
        values = [test["name"] for test in self._tests if test["kind"] == "value"]
        return list(dict.fromkeys([*wanted, *called, *filter(None, [self._given]), *values]))

    def _read(self, code: str) -> test_source.Text | None:
        """The parsed text; None where it cannot be parsed (running it will say so)."""
        try:
            return test_source.read(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None

    def _reasons(
        self, setup: test_source.Text | None, texts: list[test_source.Text | None], kinds: dict[str, Kind]
    ) -> list[str]:
        """For each test why it must run in the program's process, or an empty string."""
        functions = {name for name in self._under_test if name in kinds and kinds[name].kind == "function"}
        known = [text for text in (setup, *texts) if text is not None]
        about = kinds, functions, classes_in(known, kinds, self._entry), self._entry, self._given
        general = reason(setup, *about)
        return [general or reason(text, *about) for text in texts]

    def _with_homes(self, kinds: dict[str, Kind], given: str) -> dict[str, Kind]:
        """The same kinds, with the libraries that the program's text (and the program) says names come from."""
        if self._unsealed or not may_have_homes(kinds, given):
            return kinds
        homes = {name: home for name, home in homes_in(self._source).items() if name in kinds}
        same = self._link.confirmed(homes) if homes else set()
        return {n: Kind(k.kind, homes[n]) if n in same and k.home is None else k for n, k in kinds.items()}

    def _fill_namespace(self, kinds: dict[str, Kind]) -> None:
        self._namespace = self._link.namespace(self._entry, kinds)
        self._namespace[RECORDER] = self._recorder

    def _run_setup(self, setup: test_source.Text) -> Json:
        try:
            Decisive.met.clear()
            exec(compile_test(setup.tree, "setup", self._under_test), self._namespace)
            if (caught := decisive()) is not None:
                raise caught
        except MustRunUnsealed as error:
            return {"ready": True, "unsealed": [str(error)] * len(self._tests)}
        except ProgramDied:
            return {"failure": {"stage": "setup", "died": True}}
        except BaseException as error:
            return {"failure": {"stage": "setup", **self._guarded_failure(error)}}
        return {}

    def _judged(self, test: Json) -> Json:
        self._recorder.checks.clear()
        pytest_shim.met.clear()
        Decisive.met.clear()
        self._link.begin(flat=test["kind"] != "assert")
        run: Callable[[Json], Json] = getattr(self, "_run_" + test["kind"])
        begun = time.perf_counter()
        try:
            verdict = run(test)
        except BaseException as error:
            verdict = self._guarded_failure(error)
        seconds = time.perf_counter() - begun
        if (caught := decisive()) is not None:  # whatever the test has made of it
            verdict = self._guarded_failure(caught)
        elif self._link.disturbed():
            verdict = {"verdict": "unsealed", "message": "the test changes a value that the program keeps"}
        elif self._link.lost:
            verdict = _doubted(verdict, self._link.lost)
        return {**verdict, "seconds": seconds}

    def _guarded_failure(self, error: BaseException) -> Json:
        """`_failure_of`; whatever else goes wrong while it is written down, the judge lives on."""
        try:
            return self._failure_of(error)
        except BaseException as second:
            message = f"the test failed, and so did its account: {type(second).__name__}"
            return {"verdict": "error", "message": message}

    def _run_assert(self, test: Json) -> Json:
        code = self._code_of(test)
        exec(code, self._namespace)
        if not self._can_fail(test) and not pytest_shim.met:
            return {"verdict": "error", "message": "the test asserts nothing"}
        return {"verdict": "passed", **self._last_check()}

    def _can_fail(self, test: Json) -> bool:
        """Whether the test's text holds anything that could have ended it, in the setup's functions, too."""
        return bool(self._recorder.checks) or test_source.can_fail(test["code"], self._setup)

    def _code_of(self, test: Json) -> types.CodeType:
        """The compiled test (kept: a test may be asked for again)."""
        index = self._tests.index(test)
        known = self._codes[index]
        if isinstance(known, types.CodeType):
            return known
        code = compile_test(known or ast.parse(test["code"]), "test", self._under_test)
        self._codes[index] = code
        return code

    def _run_call(self, test: Json) -> Json:
        if not self._entry:
            return {"verdict": "error", "message": "no function is named for this call"}
        if test["expected"] is None and not test.get("digest") and not test.get("record"):
            return {
                "verdict": "error",
                "message": "no expected value: the reference solution has not been run",
            }
        arguments = read_literal(test["arguments"])
        function = self._link.function(self._entry)
        value = function(*arguments)
        if test.get("record"):
            return {"verdict": "recorded", "literal": literal_of(value), "actual": show(value)}
        if test["expected"] is None:
            ok = digest_of(value) == test["digest"]
            return {"verdict": "passed" if ok else "wrong", "actual": show(value)}
        expected = read_literal(test["expected"])
        ok, by_publisher = compared(value, expected, test)
        extra = {} if ok is by_publisher else {"by_publisher": by_publisher}
        shown = {"expected": show(expected), "actual": show(value)}
        return {"verdict": "passed" if ok else "wrong", **shown, **extra}

    def _run_value(self, test: Json) -> Json:
        if self._kinds[test["name"]].kind == "missing":
            return {"verdict": "error", "message": f"the program sets no `{test['name']}`"}
        value = self._link.get(test["name"])
        self._link.returned = [value]
        ok = number_is(value, test["expected"], test["rtol"], test["atol"])
        shown = {"expected": show(test["expected"]), "actual": show(value)}
        return {"verdict": "passed" if ok else "wrong", **shown}

    def _last_check(self) -> Json:
        if not self._recorder.checks:
            return {"actual": show(self._link.returned[0])} if self._link.returned else {}
        check = self._recorder.checks[-1]
        return {"expected": check.expected, "actual": check.actual}

    def _failure_of(self, error: BaseException) -> Json:
        """A verdict from whatever ended the test."""
        if isinstance(error, ProgramDied):
            return {"verdict": "died"}
        if isinstance(error, MustRunUnsealed):
            return {"verdict": "unsealed", "message": str(error)}
        if isinstance(error, ProgramRefused):
            return {"verdict": "error", "message": f"{NOT_JUDGED}: {error}", **self._last_check()}
        if self._link.raised is not None and error is self._link.raised:
            return {"verdict": "raised", "raised": self._link.raised_as}
        if isinstance(error, AttributeError) and not self._unsealed and self._asks_for_an_object(error):
            return {"verdict": "unsealed", "message": f"the test looks inside an object (`{error.name}`)"}
        if isinstance(error, AssertionError) and self._recorder.checks:
            return {"verdict": "wrong", "message": _text(error), **self._last_check()}
        failure = describe(error, self._source)
        in_test = failure["line"] is None
        return {"verdict": "raised", "raised": failure, "in_test": in_test, **self._last_check()}

    def _asks_for_an_object(self, error: AttributeError) -> bool:
        """Whether the test wanted an attribute that a plain copy has lost (of a named tuple, an exception)."""
        caught = self._link.raised is not None and error.obj is self._link.raised
        return caught and is_own_attribute(error.name or "")


def decisive() -> Decisive | None:
    """What decides about the test that has just run, even where the test caught it."""
    for kind in (ProgramDied, MustRunUnsealed, ProgramRefused):
        for error in Decisive.met:
            if isinstance(error, kind):
                return error
    return None


def _doubted(verdict: Json, why: str) -> Json:
    """A verdict of a test whose arguments the program has left in a form that cannot be brought over."""
    if verdict["verdict"] == "passed":
        return {"verdict": "unsealed", "message": why}
    return {**verdict, "verdict": "error", "message": f"{NOT_JUDGED}: {why}"}


def _text(error: BaseException) -> str:
    return str(error)[:400] if error.args else ""


def main(harness_fd: int, solution_fd: int) -> None:
    """Judge over `harness_fd`, the program behind `solution_fd`. (No garbage collection: a judge lives briefly.)"""
    harness = framing.Frames(socket.socket(fileno=harness_fd))
    link = Link(framing.Frames(socket.socket(fileno=solution_fd)))
    try:
        Judge(harness, link).serve()
    except framing.FrameError:
        pass
    finally:
        os._exit(0)


def persistent_main(harness_fd: int) -> None:
    """Judge run after run over `harness_fd`; each begins with the descriptor of its program's stream.

    For tests that provably leave nothing behind in their interpreter: most are a few comparisons, and a process of
    their own would cost more than they do. Tests that define classes, set attributes, or reach for anything beyond
    a few inert modules (`test_source.Text.traces`) are sent back to a judge of their own.
    """
    control = socket.socket(fileno=harness_fd)
    depth = sys.getrecursionlimit()
    try:
        while True:
            _, fds, _, _ = socket.recv_fds(control, 1, 1)
            if not fds:
                break
            _judge_one(control, fds[0])
            sys.setrecursionlimit(depth)
            random.seed()
            gc.collect(0)
    except framing.FrameError:
        pass
    finally:
        os._exit(0)


def _judge_one(control: socket.socket, solution_fd: int) -> None:
    """One run, from its job to its end."""
    with socket.socket(fileno=solution_fd) as stream:
        Judge(framing.Frames(control), Link(framing.Frames(stream)), persistent=True).serve()
