"""Export of one session to files of the working folder: pages to share, the journal itself, or the program alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assistant.core.errors import AssistantError, UsageError
from assistant.core.state import replay
from assistant.journal.reader import read_journal
from assistant.reporting.session_page import PageFormat, session_page
from assistant.tui.save_file import file_name, page_name, save_text
from assistant.tui.view_model import code_text

if TYPE_CHECKING:
    from assistant.tui.context import AppContext

FORMS = (
    ("m", "Markdown: all rounds, to read"),
    ("h", "HTML page: the same in colour"),
    ("s", "SVG picture: the same as a picture"),
    ("j", "Journal: every event, JSON lines"),
    ("p", "Program: the code"),
)
_PAGES: dict[str, PageFormat] = {"m": "markdown", "h": "html", "s": "svg"}


def export_session(journal: Path, form: str, folder: Path, *, tell_hidden: bool) -> Path:
    """Write a new file into `folder` and return it. Raises JournalError, UsageError and OSError."""
    if form == "j":
        return save_text(folder, journal.name, journal.read_text(encoding="utf-8"))
    events = read_journal(journal).events
    state = replay(list(events))
    if form in _PAGES:
        page = session_page(events, _PAGES[form], tell_hidden=tell_hidden)
        return save_text(folder, page_name(state.problem, _PAGES[form]), page)
    code = code_text(state.current_program)
    if not code.strip():
        raise UsageError("this session has no program yet")
    return save_text(folder, file_name(state.problem), code + "\n")


def share_session(app: AppContext, journal: Path | None, *, tell_hidden: bool) -> None:
    """Write the session as Markdown and as an HTML page, and say where they are."""
    if journal is None:
        app.notify("there is nothing to share yet: the session has not begun", severity="warning")
        return
    try:
        paths = [export_session(journal, form, Path.cwd(), tell_hidden=tell_hidden) for form in "mh"]
    except AssistantError as error:
        app.notify(str(error), severity="error", markup=False)
    except OSError as error:
        app.notify(f"not saved: {error.strerror}: {error.filename}", severity="error", markup=False)
    else:
        names = " and ".join(path.name for path in paths)
        app.notify(
            f"{names} are in {paths[0].parent}; neither names you, this machine or a path", markup=False
        )
