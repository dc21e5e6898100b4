"""`assistant sessions`, `show` and `verify`: what the journals say, without a model."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli import options as o
from assistant.core.state_labels import plural
from assistant.reporting.progress import reading_progress
from assistant.reporting.terminal_tables import listing

if TYPE_CHECKING:
    from assistant.core.events import Event
    from assistant.journal.session_summary import SessionSummary


def sessions(
    sessions: o.Sessions = None,
    json_: o.Json = False,
    annotator: Annotated[
        str | None, typer.Option("--annotator", metavar="NAME", help="Only this person's sessions.")
    ] = None,
) -> int:
    """List the recorded sessions, newest first; in a folder of several people, `--annotator` lists one person's."""
    from assistant.journal.library import list_sessions
    from assistant.settings.paths import sessions_folder

    folder = sessions_folder(sessions)
    with reading_progress() as progress:
        summaries = list_sessions(folder, progress)
    found = [
        summary
        for summary in summaries
        if annotator is None or summary.annotator == annotator or summary.state == "unreadable"
    ]
    if json_:
        lines: Iterable[str] = (summary.model_dump_json() for summary in found)
    else:
        lines = listing(HEAD, [_row(summary) for summary in found], sys.stdout)
    for line in lines:
        print(line)
    unreadable = [summary for summary in found if summary.state == "unreadable"]
    for summary in unreadable:
        print(summary.trouble, file=sys.stderr)
    left_out = f", {len(unreadable)} of them unreadable" if unreadable else ""
    print(f"{plural(len(found), 'session')} in {folder}{left_out}", file=sys.stderr)
    return 0


def show(
    session: Annotated[str, typer.Argument(metavar="ID", help="The start of a session's id, or its file.")],
    sessions: o.Sessions = None,
    json_: o.Json = False,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="markdown, html or svg: one file to share, without names and paths.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write what --format makes to a new file."),
    ] = None,
) -> int:
    """Show a session: its rounds, programs, verdicts and feedback."""
    from assistant.cli.show_text import account, account_json
    from assistant.cli.text_rendering import colour_wanted
    from assistant.core.state import replay
    from assistant.journal.library import find_session
    from assistant.journal.reader import read_journal
    from assistant.journal.session_summary import summary_of
    from assistant.settings.paths import sessions_folder

    recording = read_journal(find_session(sessions_folder(sessions), session))
    if form is not None or out is not None:
        return _share(recording.events, form or "", out)
    summary, state = summary_of(recording), replay(recording.events)
    if json_:
        print(json.dumps(account_json(summary, recording.events, state), ensure_ascii=False))
        return 0
    for piece in account(summary, recording.events, state, colour_wanted(sys.stdout)):
        print(piece, end="\n\n")
    if recording.torn:
        print(
            "The last line was cut off. Resuming the session sets it aside; nothing else is lost.",
            file=sys.stderr,
        )
    return 0


def _share(events: Sequence[Event], form: str, out: Path | None) -> int:
    from assistant.core.errors import UsageError
    from assistant.reporting.session_page import SUFFIXES, session_page

    page_format = next((known for known in SUFFIXES if known == form), None)
    if page_format is None:
        said = f"--format {form} is not known" if form else "--out needs a format"
        raise UsageError(f"{said}: choose --format {', '.join(SUFFIXES)}")
    page = session_page(events, page_format, tell_hidden=True)
    if out is None:
        print(page, end="")
        return 0
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(page)
    except FileExistsError:
        raise UsageError(f"{out} is there already: name a new file") from None
    except OSError as error:
        raise UsageError(f"{out}: {error.strerror}") from None
    print(f"saved: {out}", file=sys.stderr)
    return 0


def verify(
    folder: o.SessionsFolder = None,
    sessions: o.Sessions = None,
    json_: o.Json = False,
    tips: Annotated[
        Path | None,
        typer.Option(
            "--tips", metavar="FILE", help="Write every session's last hash here: keep it elsewhere."
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against", metavar="FILE", help="Last hashes of an earlier day: what is gone since is wrong."
        ),
    ] = None,
) -> int:
    """Check every journal: schema, sequence, hashes, references, contradictions. Exit 1 where one is wrong."""
    from assistant.journal.tips import read_tips, write_tips
    from assistant.journal.validation import check_folder
    from assistant.settings.paths import sessions_folder

    kept = read_tips(against) if against else []
    with reading_progress() as progress:
        checked = check_folder(folder or sessions_folder(sessions), progress, kept)
    if tips:
        write_tips(tips, checked.tips)
    errors = sum(finding.is_error for finding in checked.findings)
    if json_:
        print(checked.model_dump_json())
        return 0 if checked.ok else 1
    for finding in checked.findings:
        print(f"{'wrong' if finding.is_error else 'note'}: {finding}")
    events = sum(journal.events for journal in checked.journals)
    print(
        f"{len(checked.journals)} journals, {events} events: {errors} wrong, {len(checked.findings) - errors} notes"
    )
    return 0 if checked.ok else 1


HEAD = ("session", "started", "state", "feedback", "problem", "annotator", "model")


def _row(summary: SessionSummary) -> tuple[str, ...]:
    """One line of the list, under `HEAD`."""
    state = summary.state.replace("_", " ") + (" (false)" if summary.false_solve else "")
    started, feedbacks = summary.started[:16].replace("T", " "), plural(summary.feedbacks, "feedback")
    return summary.id, started, state, feedbacks, summary.problem, summary.annotator, summary.model
