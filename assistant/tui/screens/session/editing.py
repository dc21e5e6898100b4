"""Editing of the program by hand: in the app, or in the person's own editor."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from textual.app import SuspendNotSupported

from assistant.core.problem import Problem
from assistant.core.state import Program
from assistant.tui.save_file import file_name
from assistant.tui.view_model import code_text
from assistant.tui.widgets.code_editor import CodeEditor

EDITORS = ("nano", "vim", "vi", "emacs")


class EditingPanel:
    """Owns the editor pane. What was begun on a program and not run stays there until another one is edited."""

    def __init__(self) -> None:
        self.editor = CodeEditor(id="editor")

    def hide(self, *, keep: bool = True) -> None:
        """Take the pane away; without `keep` the next edit begins anew."""
        self.editor.display = False
        if not keep:
            self.editor.program = ""

    @property
    def is_open(self) -> bool:
        """Whether the pane is shown."""
        return bool(self.editor.display)

    def open(self, program: Program) -> None:
        """Put the program into the pane."""
        self.editor.open(program.id, code_text(program))

    def edit_outside(self, program: Program, problem: Problem | None) -> str | None:
        """What the person's own editor made of the program; None where nothing was taken over, with the reason said.

        Blocks until the editor is closed.
        """
        command = editor_command()
        if command is None:
            self._say("set the environment variable EDITOR to your editor, e.g. EDITOR=nano")
            return None
        try:
            return self._run_editor(command, program, problem)
        except SuspendNotSupported:
            self._say("another editor cannot be opened here; F2 edits in place")
        except OSError as error:
            self.editor.notify(f"{command[0]}: {error.strerror}", severity="error", markup=False)
        return None

    def _run_editor(self, command: list[str], program: Program, problem: Problem | None) -> str | None:
        with tempfile.TemporaryDirectory(prefix="assistant-") as folder:
            path = Path(folder) / file_name(problem)
            path.write_text(code_text(program) + "\n", encoding="utf-8")
            with self.editor.app.suspend():
                status = subprocess.run([*command, str(path)], check=False).returncode
            if status != 0:
                self._say(f"{command[0]} ended with status {status}: nothing was taken over")
                return None
            return path.read_text(encoding="utf-8", errors="replace")

    def _say(self, text: str) -> None:
        self.editor.notify(text, severity="warning")


def editor_command() -> list[str] | None:
    """The person's editor and its arguments; None where there is none."""
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if named:
        return shlex.split(named)
    return next(([name] for name in EDITORS if shutil.which(name)), None)
