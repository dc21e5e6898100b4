"""Editing of the program: in the app, or in an external editor."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from assistant.tui.messages import EditDone
from assistant.tui.save_file import file_name
from assistant.tui.screen_state import Phase
from assistant.tui.view_model import code_text
from assistant.tui.widgets.code_editor import CodeEditor
from assistant.tui.widgets.feedback_box import FeedbackBox

if TYPE_CHECKING:
    from assistant.tui.screens.session.screen import SessionScreen

EDITORS = ("nano", "vim", "vi", "emacs")


def open_editor(screen: SessionScreen) -> None:
    """Put the program into the editor pane."""
    program = _mendable(screen)
    if program is None:
        return
    screen.view = replace(screen.view, base=None, whole=False)
    screen.effort_clock.edit(time.monotonic(), True)
    screen.add_class("-editing")
    screen.query_one(CodeEditor).open(program, code_text(screen.shown))
    screen.present()


def close_editor(screen: SessionScreen, done: EditDone) -> None:
    """Back to the code pane, with the tests run if the person says so."""
    editor = screen.query_one(CodeEditor)
    screen.effort_clock.edit(time.monotonic(), False)
    screen.remove_class("-editing")
    editor.display = False
    screen.query_one(FeedbackBox).focus()
    if done.run:
        editor.program = ""
        submit(screen, done.code, "inline")


def edit_outside(screen: SessionScreen) -> None:
    """Hand the program to `$VISUAL` or `$EDITOR` and take back what was saved."""
    if _mendable(screen) is None:
        return
    command = editor_command()
    if command is None:
        screen.notify(
            "set the environment variable EDITOR to your editor, e.g. EDITOR=nano", severity="warning"
        )
        return
    screen.effort_clock.edit(time.monotonic(), True)
    try:
        code = _run_editor(screen, command)
    except SuspendNotSupported:
        screen.notify("another editor cannot be opened here; F2 edits in place", severity="warning")
        code = None
    except OSError as error:
        screen.notify(f"{command[0]}: {error.strerror}", severity="error", markup=False)
        code = None
    screen.effort_clock.edit(time.monotonic(), False)
    if code is not None:
        submit(screen, code, "external")


def submit(screen: SessionScreen, code: str, editor: str) -> None:
    """Have the person's version tested, unless nothing changed."""
    if code.strip() == code_text(screen.shown).strip():
        screen.notify("nothing changed, so nothing was run")
        return
    effort = screen.effort_clock.take(time.monotonic())
    screen.choose_looked_at()
    screen.take(lambda session: session.edit(code.rstrip() + "\n", effort, editor))


def editor_command() -> list[str] | None:
    """The person's editor and its arguments; None where there is none."""
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if named:
        return shlex.split(named)
    return next(([name] for name in EDITORS if shutil.which(name)), None)


def _run_editor(screen: SessionScreen, command: list[str]) -> str | None:
    with tempfile.TemporaryDirectory(prefix="assistant-") as folder:
        path = Path(folder) / file_name(screen.state.problem)
        path.write_text(code_text(screen.shown) + "\n", encoding="utf-8")
        with screen.app.suspend():
            status = subprocess.run([*command, str(path)], check=False).returncode
        if status != 0:
            screen.notify(
                f"{command[0]} ended with status {status}: nothing was taken over", severity="warning"
            )
            return None
        return path.read_text(encoding="utf-8", errors="replace")


def _mendable(screen: SessionScreen) -> str | None:
    if screen.phase is not Phase.YOUR_TURN or screen.shown is None:
        screen.notify("there is a program to edit once it is your turn")
        return None
    return screen.shown.id
