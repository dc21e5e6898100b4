"""`assistant study invite` and `assistant study status`: who may take part in a served study, and how it goes."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli import options as o
from assistant.core.errors import UsageError

if TYPE_CHECKING:
    from assistant.server.participants import Status

File = Annotated[Path, typer.Argument(metavar="FILE", help="The study file (TOML) that is served.")]


def invite(
    file: File,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Pseudonyms to invite; a new link ends the old one."),
    ] = None,
    count: Annotated[
        int,
        typer.Option(
            "--count", min=0, max=5000, help="Invite so many more people, with pseudonyms of the study."
        ),
    ] = 0,
    revoke: Annotated[
        list[str] | None,
        typer.Option("--revoke", metavar="NAME", help="End the link of NAME on every device."),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Address that is served.")
    ] = "localhost",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port that is served.")] = 8000,
    public_url: o.PublicUrl = "",
    sessions: o.Sessions = None,
) -> None:
    """Make links for the people of a study, one line each: pseudonym, tab, link. They are told only once."""
    from assistant.server.addresses import Addresses
    from assistant.server.invitations import Invitations
    from assistant.server.participants import StudyPlace
    from assistant.session.slot_refill import SlotRefill
    from assistant.settings.paths import sessions_folder

    base = Addresses(host, port, public_url).base_url
    place = StudyPlace.open(file, sessions_folder(sessions))
    invitations = Invitations(place.folder)
    refill = SlotRefill(place.study, place.folder)
    for name in revoke or ():
        invitations.revoke(name)
        refill.set_away([name], away=True)
        print(f"revoked: the link of {name} leads nowhere now; their sessions stay", file=sys.stderr)
    chosen = list(names or ())
    refill.set_away(chosen, away=False)
    for name in chosen:
        place.check_name(name)
    chosen += (
        place.names(count, [*chosen, *(person.name for person in invitations.people())]) if count else []
    )
    if not chosen and not revoke:
        raise UsageError("name people to invite, or say how many with --count N")
    for name, secret in invitations.invite(chosen).items():
        print(f"{name}\t{base}/join/{secret}")


def status(file: File, json_: o.Json = False, sessions: o.Sessions = None) -> None:
    """Say who is where in a study: ended, solved, round, minutes, who is idle, and what is wrong."""
    from assistant.server.participants import StudyPlace, status_of
    from assistant.settings.paths import sessions_folder

    place = StudyPlace.open(file, sessions_folder(sessions))
    found = status_of(place, time.time())
    print(json.dumps(found.as_dict(), indent=1) if json_ else "\n".join(_lines(found, place.folder)))


def _lines(found: Status, folder: Path) -> Iterator[str]:
    from assistant.core.printable import exact_line
    from assistant.journal.study_answers import told

    solved = ", ".join(f"{count} after {n}" for n, count in enumerate(found.solved_by_round))
    people = f"{len(found.people)} people, {found.ended} sessions ended"
    yield f"study {found.study}: {people}; solved by number of feedbacks: {solved}"
    for row in found.people:
        work = f"{exact_line(row.problem)}, round {row.round}" if row.problem else ""
        idle = "" if row.idle_minutes is None else f"idle {row.idle_minutes:.0f} min"
        yield (
            f"  {exact_line(row.name):<12} {row.state:<16} {row.ended:>3} of {row.of} ended, {row.solved} solved  "
            f"{row.minutes:5.1f} min  {idle:<12} {work}"
        ).rstrip()
    if answers := told(folder, found.answered):
        yield answers
    for fault in found.faults:
        yield f"! {exact_line(fault)}"
