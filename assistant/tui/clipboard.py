"""Output of the app outside the screen: the clipboard and the bell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assistant.core.problem import Problem
from assistant.tui.save_file import file_name, save_text

if TYPE_CHECKING:
    from assistant.tui.context import AppContext


def copy_code(app: AppContext, code: str) -> None:
    """Clean code to the clipboard, through the terminal (OSC 52), so that it works over SSH too."""
    if not code.strip():
        app.notify("there is no code to copy yet", severity="warning")
        return
    app.copy_to_clipboard(code.rstrip() + "\n")
    app.notify(f"{len(code.splitlines())} lines copied")


def save_code(app: AppContext, code: str, problem: Problem | None, *, solved: bool = False) -> None:
    """The program into the person's own file where the session is about one, else to a new file in this folder."""
    if not code.strip():
        app.notify("there is no code to save yet", severity="warning")
        return
    if app.navigator.write_back(code, problem, solved=solved):
        return
    try:
        path = save_text(Path.cwd(), file_name(problem), code.rstrip() + "\n")
    except OSError as error:
        app.notify(f"not saved: {error.strerror}: {error.filename}", severity="error", markup=False)
        return
    app.notify(f"saved as {path}", markup=False)


def copy_selected(app: AppContext) -> None:
    """What is marked with the mouse; else a word on how to leave, for those who meant that."""
    text = app.screen.get_selected_text()
    if text:
        app.copy_to_clipboard(text)
        app.notify("copied")
    else:
        app.notify("Ctrl+Q quits (nothing gets lost); Esc stops the model; F7 copies the code")


def call_person(app: AppContext, what: str) -> None:
    """A long wait is over: a bell, a desktop notification, both or neither."""
    how = app.preferences.notify
    if how in ("bell", "both"):
        app.bell()
    if how in ("desktop", "both") and app._driver is not None:
        app._driver.write(f"\x1b]9;assistant: {what}\x07")  # OSC 9: terminals that don't know it ignore it
