"""`assistant consent` and `assistant withdraw`: an annotator's answer about their own sessions."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from assistant.cli import options as o

VERSION = "own-1"
TEXT = """\
Your sessions hold the tasks you worked on, the programs that the model wrote, the words you wrote about them,
your own edits, and how long you took, under your pseudonym. If you agree, whoever runs `assistant export` on
this folder may put them into a dataset, publish it under a free licence, and train models on it. Names,
addresses and keys in your words are searched for and replaced, but such a search misses some. You may withdraw
at any time with `assistant withdraw`: later exports leave your sessions out; what was published before cannot
be called back.
"""
Annotator = Annotated[str, typer.Argument(metavar="ANNOTATOR", help="The pseudonym in the journals.")]


def consent(
    annotator: Annotator,
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Agree without being asked: recorded as entered by the researcher."),
    ] = False,
    study: Annotated[
        Path | None, typer.Option("--study", metavar="FILE", help="Agree to this study's consent text.")
    ] = None,
    sessions: o.Sessions = None,
) -> int:
    """Agree that an annotator's sessions may be exported: where no one was asked, or where they refused before."""
    from assistant.cli.study import ask_consent
    from assistant.journal.consent import add_answer
    from assistant.settings.paths import sessions_folder

    version, text = _text_of(study)
    if yes:
        print(text, file=sys.stderr)
    elif not ask_consent(text, _line):
        print("Nothing was recorded. What was answered before stays as it is.")
        return 0
    folder = sessions_folder(sessions)
    digest = hashlib.sha256(text.encode()).hexdigest()
    by: Literal["annotator", "researcher"] = "researcher" if yes else "annotator"
    add_answer(folder, annotator, "granted", version=version, text_sha256=digest, text=text, recorded_by=by)
    print(f"recorded: {annotator} agrees (text {version}, {digest[:12]}; entered by the {by})")
    return 0


def _line() -> str:
    return sys.stdin.readline() if sys.stdin is not None else ""


def _text_of(study: Path | None) -> tuple[str, str]:
    """Version and text of what is agreed to: the study's, or the one for sessions of one's own."""
    if study is None:
        return VERSION, TEXT
    from assistant.core.errors import UsageError
    from assistant.session.study_file import load_study

    asked = load_study(study).consent
    if asked is None:
        raise UsageError(f"{study} has no consent text: leave out --study")
    return asked.version, asked.text


def withdraw(annotator: Annotator, sessions: o.Sessions = None) -> int:
    """Take an annotator's sessions out of every later export."""
    from assistant.journal.consent import add_answer
    from assistant.journal.library import list_sessions
    from assistant.settings.paths import sessions_folder

    folder = sessions_folder(sessions)
    own = sum(session.annotator == annotator for session in list_sessions(folder))
    if not own:
        from assistant.core.errors import UsageError

        raise UsageError(f"{folder} has no session of {annotator}; `assistant sessions` lists who there is")
    add_answer(folder, annotator, "withdrawn")
    print(f"withdrawn: every later export leaves out {own} sessions of {annotator}")
    return 0
