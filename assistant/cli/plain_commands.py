"""The commands of plain mode in one table: `:help` is made from it, and a test compares it with the app's actions."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from assistant.core.errors import UsageError


@dataclass(frozen=True)
class PlainCommand:
    """One command. `actions` are the actions of the app that it stands for (`tui/actions.py`)."""

    name: str
    usage: str
    help: str
    actions: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    """Other names for it."""


COMMANDS = (
    PlainCommand(":help", "[COMMAND]", "this list, or one line of it", ("app.help", "app.command_palette")),
    PlainCommand(":task", "", "the task and its visible tests again", ("work.fold",)),
    PlainCommand(
        ":code",
        "[PROGRAM]",
        "the program with the numbers of its lines",
        ("work.wrap", "work.copy_code", "summary.copy_code"),
    ),
    PlainCommand(":answer", "[PROGRAM]", "all that the model said, words and code", ("work.whole_answer",)),
    PlainCommand(":tests", "", "what the tests found, with numbers for :quote"),
    PlainCommand(
        ":rounds",
        "",
        "every program so far, its verdict and the words that led to it",
        ("work.earlier", "work.later", "summary.look"),
    ),
    PlainCommand(":diff", "[OLD [NEW]]", "what changed since the round before", ("work.diff",)),
    PlainCommand(
        ":back", "PROGRAM", "go on from another sample or an earlier round", ("work.branch",), (":branch",)
    ),
    PlainCommand(
        ":edit",
        "[inline]",
        "change the code yourself, in $EDITOR or here line by line, and run the tests",
        ("work.edit", "work.edit_outside", "editor.run", "editor.back", "editor.line_break", "editor.undo"),
    ),
    PlainCommand(":try", "EXPRESSION", "call the function with an argument of your own", ("work.scratch",)),
    PlainCommand(":test", "EXPRESSION == VALUE", "add a test of your own", ("work.scratch",)),
    PlainCommand(":untest", "[NUMBER]", "take back a test that you added (the last one)", ("work.remove_test",)),
    PlainCommand(":quote", "[NUMBER]", "put a test into your words (the first that fails)", ("work.insert_case",)),
    PlainCommand(":line", "NUMBER", "put a line of the code into your words", ("work.insert_line",)),
    PlainCommand(":more", "WORDS", "a line of your words that is not sent yet", ("feedback.new_line",)),
    PlainCommand(":forget", "", "drop the words that are not sent yet", ("feedback.undo",)),
    PlainCommand(":label", "[LABEL, …]", "label your next words (optional, for research)", ("work.kinds",)),
    PlainCommand(":draw", "", "another answer to what was asked, beside this one", ("work.draw",)),
    PlainCommand(":again", "", "repeat an answer that was stopped or failed", ("work.again",)),
    PlainCommand(
        ":save",
        "[FILE]",
        "save the program to a file (with `fix` and no name: to your own, after a diff)",
        ("work.save_code", "summary.save_code"),
    ),
    PlainCommand(
        ":share",
        "[markdown|html|svg]",
        "save the session as a page, without names and paths",
        ("work.share", "summary.share"),
    ),
    PlainCommand(
        ":continue",
        "[ROUNDS]",
        "after the end: two more rounds, beyond the experiment",
        ("work.go_on", "summary.go_on"),
    ),
    PlainCommand(
        ":hidden", "[NUMBER]", "after the end: go on with a failing hidden test as a visible one (the first)"
    ),
    PlainCommand(":later", "", "leave it for another day", ("work.leave", "summary.to_library", "app.quit_safely")),
    PlainCommand(":stop", "", "give up", ("work.give_up",), (":quit", ":q")),
    PlainCommand(":bad", "", "end it: the task or its tests are wrong", ("work.give_up",)),
)  # fmt: skip
WITHOUT_COMMAND = {
    "feedback.send": "a line that is no command is sent",
    "work.stop": "Ctrl-C stops the model and keeps what it wrote",
    "work.grow": "there are no panes",
    "work.shrink": "there are no panes",
    "summary.next_problem": "one call of the program is one session; the next call opens the next problem",
    "app.suspend_process": "Ctrl-Z is the terminal's own",
    "app.copy_or_hint": "what is printed is copied as any text of the terminal",
    "app.settings": "settings are options of the command line and lines of the settings file",
    "app.retry_model": "the command can be called again",
}
"""Actions of the app that plain mode needs no command for, and why."""
_COMMAND = re.compile(r":[A-Za-z]\w*")


def help_text(name: str = "") -> str:
    """Every command in a line each, or the one called `name`. Raises UsageError for an unknown one."""
    if name:
        return _line(find(f":{name.removeprefix(':')}"))
    lines = [
        "Any other line is sent to the model as your words; an empty one is ignored.",
        *map(_line, COMMANDS),
    ]
    lines.append("PROGRAM is the number of a round or a program's id, e.g. 1 or t1s0 (see :rounds).")
    return "\n".join(lines)


def _line(command: PlainCommand) -> str:
    also = f" (also {', '.join(command.also)})" if command.also else ""
    return f"{' '.join(filter(None, (command.name, command.usage)))}: {command.help}{also}"


def find(name: str) -> PlainCommand:
    """The command of this name. Raises UsageError, with the nearest one where the name was mistyped."""
    names = {each: command for command in COMMANDS for each in (command.name, *command.also)}
    if name in names:
        return names[name]
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise UsageError(
        f"{name} is not a command: {hint}:help lists them. Words that begin with a colon need a space after it"
    )


def parse(line: str) -> tuple[PlainCommand, str] | None:
    """The command that a line is, and what follows it; None for words to be sent. Raises UsageError."""
    name, _, argument = line.strip().partition(" ")
    if _COMMAND.fullmatch(name) is None:
        return None
    command, argument = find(name), argument.strip()
    if argument and not command.usage:
        raise UsageError(
            f"{name} takes nothing after it; words that begin with a colon need a space after it"
        )
    if not argument and command.usage and not command.usage.startswith("["):
        raise UsageError(f"say more: {name} {command.usage}")
    return command, argument
