"""Editing of the program by hand: in the app, or in the person's own editor."""

from __future__ import annotations

from textual.app import SuspendNotSupported

from assistant.core.errors import UsageError
from assistant.core.problem import Problem
from assistant.core.state import Program
from assistant.tui.external_editor import edited_outside, editor_command
from assistant.tui.save_file import file_name
from assistant.tui.view_model import code_text
from assistant.tui.widgets.code_editor import CodeEditor


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
        trouble: UsageError | OSError
        try:
            with self.editor.app.suspend():
                try:  # inside: an exception that leaves `suspend` would leave the terminal to the shell
                    return edited_outside(command, code_text(program), file_name(problem))
                except (UsageError, OSError) as error:
                    trouble = error
        except SuspendNotSupported:
            self._say("another editor cannot be opened here; F2 edits in place")
            return None
        self._say(f"{command[0]}: {trouble.strerror}" if isinstance(trouble, OSError) else str(trouble))
        return None

    def _say(self, text: str) -> None:
        self.editor.notify(text, severity="warning", markup=False)
