"""What every engine and every sandbox has to keep, as checks that a plugin's author can run.

    python -m assistant.testing engine NAME [--model M] [--base-url URL] [--script FILE]
    python -m assistant.testing sandbox [MODULE:FUNCTION]

In pytest: `@pytest.mark.parametrize("check", ENGINE_CHECKS)` and `check(engine)`. A check raises AssertionError in
one line; it uses nothing but the protocols `Engine` and `Sandbox`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import Any

from assistant.core.errors import AssistantError
from assistant.core.generation import Chunk, Engine, EngineOptions, Finish, Message, Request, Sampling
from assistant.core.outcome import Outcome, Report
from assistant.core.problem import AssertTest
from assistant.core.submission import Limits, Sandbox, Submission

QUESTION = (
    "Write a Python function add(a, b) that returns the sum of two numbers. "
    "Answer with the code alone.\nassert add(1, 2) == 3"
)
TESTS = (AssertTest(code="assert add(1, 2) == 3"), AssertTest(code="assert add(4, 0) == 4"))
QUICK = Limits(seconds=1.0)


def engine_says_what_it_is(engine: Engine) -> None:
    """`prepare` may be called again, and the same model is the same."""
    first, second = engine.prepare(), engine.prepare()
    _require(bool(first.engine and first.name), "prepare names neither engine nor model")
    _require(first == second, "a second prepare describes another model")


def engine_finishes_every_sample_once(engine: Engine) -> None:
    """One Finish for each sample, and nothing of a sample after its Finish."""
    pieces = _pieces(engine, _request(samples=2))
    done: list[int] = []
    for piece in pieces:
        _require(piece.sample in (0, 1), f"sample {piece.sample} was not asked for")
        _require(piece.sample not in done, f"sample {piece.sample} goes on after its end")
        if isinstance(piece, Finish):
            done.append(piece.sample)
    _require(sorted(done) == [0, 1], f"2 samples asked for, the ends of {done} came")


def engine_streams_what_it_finishes_with(engine: Engine) -> None:
    """The chunks of a sample are its text."""
    pieces = _pieces(engine, _request())
    streamed = "".join(piece.text for piece in pieces if isinstance(piece, Chunk))
    (finish,) = (piece for piece in pieces if isinstance(piece, Finish))
    _require(finish.reason in ("stop", "length"), f"finished with {finish.reason}: {finish.error}")
    _require(streamed == finish.text, f"streamed {streamed!r}, finished with {finish.text!r}")
    _require(bool(finish.text.strip()), "the answer is empty")


def engine_ends_before_a_stop(engine: Engine) -> None:
    """A stop string is in no answer."""
    finish = _finish(engine, _request(stop=("a",)))
    _require("a" not in finish.text, f"the stop string is in the answer {finish.text!r}")


def engine_heeds_cancel(engine: Engine) -> None:
    """A cancelled request ends, and the engine serves the next one."""
    cancel = Event()
    cancel.set()
    finishes = [p for p in engine.generate(_request(), cancel) if isinstance(p, Finish)]
    _require(len(finishes) == 1, f"{len(finishes)} ends of one cancelled sample")
    _require(finishes[0].reason != "error", f"cancelling is an error: {finishes[0].error}")
    after = _finish(engine, _request())
    _require(after.reason in ("stop", "length"), f"after a cancel: {after.reason} {after.error}")


def engine_bounds_the_length(engine: Engine) -> None:
    """`max_new_tokens` is a bound."""
    finish = _finish(engine, _request(tokens=2))
    _require(finish.generated_tokens <= 2, f"{finish.generated_tokens} tokens where 2 were allowed")


def sandbox_passes_a_right_program(sandbox: Sandbox) -> None:
    """Every case is reported, in order, as passed."""
    report = _run(sandbox, "def add(a, b):\n    return a + b\n")
    _require(report.passed, f"a right program is {report.outcome}: {report.message}")
    _require(len(report.cases) == len(TESTS), f"{len(report.cases)} cases for {len(TESTS)} tests")


def sandbox_fails_a_wrong_program(sandbox: Sandbox) -> None:
    """The failing case is told from the passing one."""
    report = _run(sandbox, "def add(a, b):\n    return a - b\n")
    found = [case.outcome for case in report.cases]
    _require(found == [Outcome.WRONG, Outcome.PASSED], f"wrong, passed expected; found {found}")


def sandbox_reports_what_cannot_run(sandbox: Sandbox) -> None:
    """Broken, empty and foreign source is a report and no exception."""
    for source in ("def add(a, b:\n", "", "def other():\n    pass\n", "import nowhere_to_be_found\n"):
        _require(not _run(sandbox, source).passed, f"{source!r} passes")


def sandbox_ends_a_loop(sandbox: Sandbox) -> None:
    """A program without end takes about its limit."""
    started = time.monotonic()
    report = _run(sandbox, "def add(a, b):\n    while True:\n        pass\n")
    _require(report.outcome is Outcome.TIMED_OUT, f"a loop without end is {report.outcome}")
    _require(time.monotonic() - started < 60, "a loop without end took more than a minute")


def sandbox_is_not_fooled(sandbox: Sandbox) -> None:
    """Leaving early and values that equal everything pass no test."""
    equal = "class Any_:\n    def __eq__(self, other):\n        return True\n\n"
    for source in (
        "import os\ndef add(a, b):\n    os._exit(0)\n",
        "import sys\ndef add(a, b):\n    sys.exit(0)\n",
        "import os, signal\ndef add(a, b):\n    os.kill(os.getpid(), signal.SIGKILL)\n",
        equal + "def add(a, b):\n    return Any_()\n",
    ):
        _require(not _run(sandbox, source).passed, f"passes: {source!r}")
    sandbox_passes_a_right_program(sandbox)


def sandbox_keeps_files_apart(sandbox: Sandbox) -> None:
    """A program writes nothing outside of its scratch folder."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "written"
        _run(sandbox, f"open({str(path)!r}, 'w').write('x')\ndef add(a, b):\n    return a + b\n")
        _require(not path.exists(), "a program wrote outside of its scratch folder")


def sandbox_evaluates_an_expression(sandbox: Sandbox) -> None:
    """`call` reports the `repr`, and an exception as its message."""
    source = "def add(a, b):\n    return a + b\n"
    case = sandbox.call(source, "add(1, 2)", QUICK)
    _require(case.actual == "3", f"add(1, 2) is reported as {case.actual!r}: {case.message}")
    failed = sandbox.call(source, "add(1, 'x')", QUICK)
    _require("TypeError" in failed.message, f"a TypeError is reported as {failed.message!r}")


def sandbox_names_its_layers(sandbox: Sandbox) -> None:
    """What isolates is said, for journals."""
    layers = sandbox.layers
    _require(bool(layers), "no layer is named")
    good = all(isinstance(name, str) and isinstance(value, bool | str) for name, value in layers.items())
    _require(good, f"layers are names with true, false or a text: {dict(layers)}")


ENGINE_CHECKS: tuple[Callable[[Engine], None], ...] = (
    engine_says_what_it_is,
    engine_finishes_every_sample_once,
    engine_streams_what_it_finishes_with,
    engine_ends_before_a_stop,
    engine_heeds_cancel,
    engine_bounds_the_length,
)
SANDBOX_CHECKS: tuple[Callable[[Sandbox], None], ...] = (
    sandbox_names_its_layers,
    sandbox_passes_a_right_program,
    sandbox_fails_a_wrong_program,
    sandbox_reports_what_cannot_run,
    sandbox_ends_a_loop,
    sandbox_is_not_fooled,
    sandbox_keeps_files_apart,
    sandbox_evaluates_an_expression,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks of one part, a line each. Exit status 0 where all hold, 1 where one does not, 2 for usage."""
    parser = argparse.ArgumentParser(prog="python -m assistant.testing")
    kinds = parser.add_subparsers(dest="kind", required=True)
    engine = kinds.add_parser("engine", help="an engine by the name of its entry point")
    engine.add_argument("name")
    for option in ("--model", "--base-url", "--script"):
        engine.add_argument(option)
    sandbox = kinds.add_parser(
        "sandbox", help="a sandbox by the function that opens it; ours where none is said"
    )
    sandbox.add_argument("target", nargs="?", default="assistant.sandbox.local:open_sandbox")
    said = parser.parse_args(arguments)
    try:
        checks: Sequence[Callable[[Any], None]] = ENGINE_CHECKS if said.kind == "engine" else SANDBOX_CHECKS
        with closing(_engine(said) if said.kind == "engine" else _sandbox(said.target)) as part:
            results = [_tell(check, part) for check in checks]
    except AssistantError as error:
        print(f"assistant.testing: {error}", file=sys.stderr)
        return error.exit_status
    return 0 if all(results) else 1


def _engine(said: argparse.Namespace) -> Engine:
    from assistant.core.plugins import load

    opened: Callable[[EngineOptions], Engine] = load("engines", said.name)
    return opened(EngineOptions(model=said.model, base_url=said.base_url, script=said.script))


def _sandbox(target: str) -> Sandbox:
    module, _, name = target.partition(":")
    try:
        opened: Callable[[], Sandbox] = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise AssistantError(f"{target} cannot be loaded ({error}); say MODULE:FUNCTION") from None
    return opened()


def _tell(check: Callable[[Any], None], part: Engine | Sandbox) -> bool:
    """Print how a check went; whether it holds."""
    try:
        check(part)
    except Exception as error:
        print(f"FAILED  {check.__name__}: {' '.join(f'{type(error).__name__}: {error}'.split())}")
        return False
    print(f"ok      {check.__name__}")
    return True


def _request(samples: int = 1, stop: tuple[str, ...] = (), tokens: int = 32) -> Request:
    return Request(
        messages=(Message(role="user", content=QUESTION),),
        sampling=Sampling(max_new_tokens=tokens, temperature=0.5 if samples > 1 else 0.0),
        samples=samples,
        stop=stop,
    )


def _pieces(engine: Engine, request: Request) -> list[Chunk | Finish]:
    engine.prepare()
    return list(engine.generate(request))


def _finish(engine: Engine, request: Request) -> Finish:
    return next(piece for piece in _pieces(engine, request) if isinstance(piece, Finish))


def _run(sandbox: Sandbox, source: str) -> Report:
    return sandbox.run(Submission(source=source, entry_point="add", tests=TESTS, limits=QUICK))


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise AssertionError(message)


if __name__ == "__main__":
    sys.exit(main())
