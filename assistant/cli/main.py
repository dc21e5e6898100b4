"""The program `assistant`: commands, and the one place where errors become a line and an exit status."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TextIO

from assistant import __version__
from assistant.cli.startup import INTERRUPTED, interruptible, leave_at_once, watched_interrupt

with interruptible():  # these take a while
    import typer
    from typer.core import TyperGroup

    from assistant.cli import registry
    from assistant.core.errors import AssistantError
    from assistant.core.plugins import PluginWarning
    from assistant.reporting.printable_streams import OutputError, opened_streams, printable_output


class Interrupted(Exception):
    """Ctrl+C that no command answered: typer would turn a KeyboardInterrupt into a status without a line."""


class CommandGroup(TyperGroup):
    """The command tree; Ctrl+C leaves it as `Interrupted`."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().make_context(*args, **kwargs)
        except KeyboardInterrupt:
            raise Interrupted from None

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interrupted from None


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 failure, 2 usage, 130 interrupted."""
    try:
        status = _run(arguments)
    except KeyboardInterrupt:  # before or after the command itself
        leave_at_once()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, leave_at_once)
        # The interpreter's last steps would put the system's own handler back, which ends with -2 and no line.
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    _forget_interrupt()
    sys.exit(status)


def _run(arguments: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    warnings.showwarning = _show_warning
    was_closed = opened_streams()
    with printable_output():
        if was_closed:
            return _say("standard output is closed: send it to a file, or to /dev/null", 1, debug)
        words = with_default_command([w for w in words if w != "--debug"])
        return _guarded(words, debug, watched_interrupt())


def _forget_interrupt() -> None:
    """Keep the exit status: where Ctrl+C came within an `exec` of some library, the interpreter has noted it, and
    would end with -2 whatever we answer. It forgets the note with each text that it runs (`Python/pythonrun.c`).
    """
    exec("")


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A plugin that was left out is one line; other warnings are as Python words them."""
    if issubclass(category, PluginWarning):
        print(f"warning: {message}", file=sys.stderr)
    else:
        sys.stderr.write(warnings.formatwarning(message, category, filename, lineno))


def with_default_command(words: list[str]) -> list[str]:
    """`assistant --plain` means `assistant run --plain`."""
    if words and (
        not words[0].startswith("-") or words[0] in ("--help", "-h", "--version") or _completes(words)
    ):
        return ["--help", *words[1:]] if words[0] == "-h" else words
    return words if "_ASSISTANT_COMPLETE" in os.environ else ["run", *words]


def _completes(words: list[str]) -> bool:
    return words[0] in ("--install-completion", "--show-completion")


def _guarded(
    words: list[str], debug: bool, was_interrupt: Callable[[BaseException], bool] = lambda _: False
) -> int:
    try:
        result = build_app()(args=words, prog_name="assistant", standalone_mode=False)
        sys.stdout.flush()
    except OutputError as error:
        _drop_output()
        return _say(str(error), error.exit_status, debug)
    except (Interrupted, KeyboardInterrupt, typer.Abort):
        return _say("interrupted", INTERRUPTED, False)
    except BrokenPipeError:
        # The reader of our output has gone (`assistant problems | head`): nothing more to say.
        _drop_output()
        return 0
    except RecursionError:
        return _say("what was given is nested too deeply to be read", 1, debug)
    except Exception as error:
        if was_interrupt(error):
            return _say("interrupted", INTERRUPTED, False)
        if isinstance(error, AssistantError):
            return _say(str(error), error.exit_status, debug)
        return _other(error, debug)
    return result if isinstance(result, int) else 0


def _drop_output() -> None:
    """Let what is still held back go nowhere, so that the interpreter's exit does not fail on it again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _other(error: Exception, debug: bool) -> int:
    """Usage errors of the command-line library; anything else is a fault of ours, still one line."""
    format_message = getattr(error, "format_message", None)
    if format_message is not None:
        context = getattr(error, "ctx", None)
        hint = f" (see `{context.command_path} --help`)" if context is not None else ""
        return _say(f"{format_message()}{hint}", getattr(error, "exit_code", 2), debug)
    text = " ".join(str(error).split())[:300]
    return _say(
        f"unexpected {type(error).__name__}: {text} (run again with --debug for the details)", 1, debug
    )


def _say(line: str, status: int, debug: bool) -> int:
    if debug:
        import traceback

        traceback.print_exc()
    print(f"assistant: {' '.join(line.split())}", file=sys.stderr)
    return status


def build_app() -> typer.Typer:
    """The whole command tree."""
    app = typer.Typer(
        name="assistant",
        cls=CommandGroup,
        help="A local model writes a function, its tests run, you say in plain words what is wrong, it writes again.",
        no_args_is_help=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )

    @app.callback(invoke_without_command=True)
    def root(
        version: bool = typer.Option(False, "--version", help="Print the version and exit."),
    ) -> None:
        if version:
            print(__version__)
            raise typer.Exit()

    registry.register(app)
    return app
