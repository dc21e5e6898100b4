"""Export of one session: Markdown, the journal itself, or the program alone."""

from __future__ import annotations

from pathlib import Path

from assistant.core.errors import UsageError
from assistant.core.state import replay
from assistant.journal.reader import read_journal
from assistant.tui.save_file import file_name, save_text
from assistant.tui.session_markdown import session_markdown
from assistant.tui.view_model import code_text

FORMS = (
    ("m", "Markdown: all rounds, to read"),
    ("j", "Journal: every event, JSON lines"),
    ("p", "Program: the code"),
)


def export_session(journal: Path, form: str, folder: Path, *, tell_hidden: bool) -> Path:
    """Write a new file into `folder` and return it. Raises JournalError, UsageError and OSError."""
    if form == "j":
        return save_text(folder, journal.name, journal.read_text(encoding="utf-8"))
    state = replay(list(read_journal(journal).events))
    if form == "m":
        return save_text(folder, f"{journal.stem}.md", session_markdown(state, tell_hidden=tell_hidden))
    code = code_text(state.current_program)
    if not code.strip():
        raise UsageError("this session has no program yet")
    return save_text(folder, file_name(state.problem), code + "\n")
