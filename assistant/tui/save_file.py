"""Programs and sessions as files."""

from __future__ import annotations

import re
from pathlib import Path

from assistant.core.problem import Problem
from assistant.reporting.session_page import SUFFIXES, PageFormat


def file_name(problem: Problem | None) -> str:
    """`remove_underscores.py`: after the function, else the problem."""
    name = (problem.entry_point.rpartition(".")[2] or problem.id) if problem else ""
    return (re.sub(r"\W+", "_", name).strip("_") or "program") + ".py"


def page_name(problem: Problem | None, form: PageFormat) -> str:
    """`remove_underscores-session.md`: after the function, and never after a person."""
    return f"{file_name(problem).removesuffix('.py')}-session{SUFFIXES[form]}"


def save_text(folder: Path, name: str, text: str) -> Path:
    """Write `text` to a file that was not there: `name`, `name-2`, … Raises OSError."""
    path, number = folder / name, 1
    while True:
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            number += 1
            path = folder / f"{Path(name).stem}-{number}{Path(name).suffix}"
        else:
            return path
