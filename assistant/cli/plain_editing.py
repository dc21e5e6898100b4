"""A program edited by hand in plain mode: in the person's editor, or typed line by line."""

from __future__ import annotations

from assistant.cli.plain_printer import Printer
from assistant.core.errors import UsageError
from assistant.tui.external_editor import edited_outside, editor_command

ALONE = (
    "no model takes part: write the program yourself, on the clock. :edit opens your editor, :edit inline takes "
    "lines; the tests run after each edit; :stop gives up"
)
"""Told a person who works without the model."""


def edited_program(printer: Printer, before: str, file_name: str, how: str) -> tuple[str, str]:
    """The person's version of `before`, and `external` or `inline`. `how` may be `inline`.

    Raises UsageError where nothing changed, or the editor does not start.
    """
    command = editor_command() if how != "inline" and printer.at_terminal else None
    if command is None:
        code = _typed(printer)
    else:
        try:
            code = edited_outside(command, before, file_name)
        except OSError as error:
            raise UsageError(f"{command[0]}: {error.strerror}; :edit inline needs no editor") from None
    if code.strip() in ("", before.strip()):
        raise UsageError("nothing changed, so nothing was run")
    return code.rstrip() + "\n", "external" if command else "inline"


def _typed(printer: Printer) -> str:
    """The program as it is typed here; empty where the input ended before its last line."""
    printer.talk("type the whole program; a line with a single . ends it (at once: nothing changes)")
    lines: list[str] = []
    while (line := printer.read_line()).rstrip("\r\n") != ".":
        if not line:
            return ""
        lines.append(line)
    return "".join(lines)
