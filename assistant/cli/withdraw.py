"""`assistant consent` and `assistant withdraw`: an annotator's answer about their own sessions."""

from __future__ import annotations

import hashlib
import sys
from typing import Annotated

import typer

from assistant.cli.sessions import SessionsOption

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
        bool, typer.Option("--yes", help="Agree without being asked; the text is still shown.")
    ] = False,
    sessions: SessionsOption = None,
) -> int:
    """Agree that sessions in which nobody was asked may be exported."""
    from assistant.cli.study import ask_consent
    from assistant.store.consent import add_answer
    from assistant.store.paths import sessions_folder

    if yes:
        print(TEXT, file=sys.stderr)
    elif not ask_consent(TEXT, sys.stdin.readline):
        print("nothing was recorded: without a yes nothing is exported")
        return 0
    folder = sessions_folder(sessions)
    digest = hashlib.sha256(TEXT.encode()).hexdigest()
    add_answer(folder, annotator, "granted", version=VERSION, text_sha256=digest)
    print(f"recorded: {annotator} agrees (text {VERSION}, {digest[:12]})")
    return 0


def withdraw(annotator: Annotator, sessions: SessionsOption = None) -> int:
    """Take an annotator's sessions out of every later export."""
    from assistant.store.consent import add_answer
    from assistant.store.library import list_sessions
    from assistant.store.paths import sessions_folder

    folder = sessions_folder(sessions)
    own = sum(session.annotator == annotator for session in list_sessions(folder))
    if not own:
        from assistant.domain.errors import UsageError

        raise UsageError(f"{folder} has no session of {annotator}; `assistant sessions` lists who there is")
    add_answer(folder, annotator, "withdrawn")
    print(f"withdrawn: every later export leaves out {own} sessions of {annotator}")
    return 0
