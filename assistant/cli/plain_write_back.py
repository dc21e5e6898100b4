"""The result of a session on a function of one's own: shown as a diff, and written once that is confirmed."""

from __future__ import annotations

from assistant.cli.plain_printer import Printer
from assistant.core.errors import UsageError
from assistant.core.state import State
from assistant.problems.own_function import OwnWork


def offer(own: OwnWork, state: State, printer: Printer) -> None:
    """Show what the current program changes in the file, and write it where that is confirmed. Raises UsageError."""
    program, path = state.current_program, own.function.path
    if program is None or program.code is None or not own.changes(program.code):
        printer.talk(f"there is nothing to write: {own.function.name} is in {path} as it is here")
        return
    new = own.function.changed(program.code)
    diff = own.function.diff(new)
    printer.talk(diff) if printer.json_events else printer.data(diff)
    if not program.solved:
        printer.talk("it does not pass its tests")
    if not _confirmed(own, program.solved, printer):
        return
    own.function.write(new)
    printer.talk(f"written: {path}")


def _confirmed(own: OwnWork, solved: bool, printer: Printer) -> bool:
    if own.confirmed and solved:
        return True
    if not printer.at_terminal:
        how = "--yes writes what passes" if own.confirmed else "say --yes to write it"
        printer.talk(f"nothing is written: {how}")
        return False
    printer.talk(f"write it to {own.function.path}? (y/N) ", end="")
    if printer.read_line().strip().lower() in ("y", "yes"):
        return True
    printer.talk("nothing is written")
    return False


def offer_at_the_end(own: OwnWork, state: State, printer: Printer) -> bool:
    """`offer` for a session that has ended with a program of another kind than it began with; False if refused."""
    if state.ended is None or state.ended.reason == "interrupted" or not own.changes(_code(state)):
        return True
    try:
        offer(own, state, printer)
    except UsageError as error:
        printer.talk(f"assistant: {error}")
        return False
    return True


def _code(state: State) -> str | None:
    return state.current_program.code if state.current_program else None
