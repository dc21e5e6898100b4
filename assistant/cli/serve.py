"""`assistant serve`: the terminal app in a browser, for oneself or for the people of a study."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli import options as o
from assistant.core.errors import UsageError

if TYPE_CHECKING:
    from assistant.cli.run_options import RunOptions
    from assistant.server.addresses import Addresses


def serve(
    context: typer.Context,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Address to serve at.")
    ] = "localhost",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to serve at.")] = 8000,
    public_url: o.PublicUrl = "",
) -> int:
    """Open the app in a browser; `serve STUDY.toml` is a study's place for everybody who has a link.

    Takes the options of `run` too. Every tab gets an app of its own; all share one model. People of a study get
    their links from `assistant study invite STUDY.toml`.
    """
    from assistant.cli.engine import kept_engine
    from assistant.server.addresses import Addresses
    from assistant.server.token_server import check_served, new_token
    from assistant.server.token_server import serve as serve_app

    words = list(context.args)
    study = Path(words.pop(0)) if words and not words[0].startswith("-") else None
    run = _run_options(context, words)
    addresses = Addresses(host, port, public_url)
    check_served(host, port)
    if addresses.open_to_others and not addresses.encrypted:
        print(_NOT_ENCRYPTED.format(port=port), file=sys.stderr)
    if study is not None:
        return _serve_study(study, addresses, words, run)
    token = new_token()
    print(f"The app is at {addresses.base_url}/?token={token} (Ctrl+C ends it)", file=sys.stderr, flush=True)
    with kept_engine(run):
        serve_app([sys.executable, "-m", "assistant", "run", *words], addresses, token)
    return 0


_NOT_ENCRYPTED = """\
Careful: the link works from other machines, and the connection is not encrypted. Leave --host out and put a server
with TLS in front, named by --public-url https://NAME. Caddy: `NAME {{ reverse_proxy 127.0.0.1:{port} }}`; nginx:
`location / {{ proxy_pass http://127.0.0.1:{port}; proxy_http_version 1.1; proxy_set_header Host $http_host;
proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection "upgrade"; proxy_read_timeout 1h; }}`"""


def _serve_study(file: Path, addresses: Addresses, words: list[str], run: RunOptions) -> int:
    from assistant.cli.composition import check_options, journal_folder, print_settings_warnings
    from assistant.cli.engine import kept_engine
    from assistant.server.invitations import RESEARCHER, Invitations
    from assistant.server.participants import StudyPlace
    from assistant.server.study_server import serve_study

    for option in ("study", "annotator"):
        if getattr(run, option) is not None:
            raise UsageError(
                f"--{option}: `serve {file}` names the study, and links name the people: leave it out"
            )
    check_options(replace(run, study=file))
    print_settings_warnings()
    folder = journal_folder(run)
    place = StudyPlace.open(file, folder)
    invitations = Invitations(folder)
    secret = invitations.invite([RESEARCHER])[RESEARCHER]
    invited = sum(person.revoked is None for person in invitations.people())
    print(
        f"Study {place.study.name} is at {addresses.base_url} (Ctrl+C ends it); {invited} people are invited; "
        f"sessions in {folder}\n"
        f"Your own page, to watch: {addresses.base_url}/join/{secret}",
        file=sys.stderr,
        flush=True,
    )
    if not invited:
        print(
            f"Nobody is invited yet: `assistant study invite {file} --count N`", file=sys.stderr, flush=True
        )
    words = ["run", *words, "--study", str(file.absolute())]
    with kept_engine(replace(run, study=file)):
        serve_study(place, addresses, [*words, "--sessions", str(folder), "--annotator"], engine=_engine_line)
    return 0


def _engine_line() -> str:
    """How the model is that all tabs share; empty where each has its own way to one. Raises EngineError."""
    from assistant.engine.service.place import ServicePlace
    from assistant.engine.service.service_peer import service_status
    from assistant.engine.service.shared import SOCKET_VARIABLE

    socket = os.environ.get(SOCKET_VARIABLE)
    if not socket:
        return ""
    found = service_status(ServicePlace(Path(socket)))
    if found is None:
        return "the model is not there yet, or is started again"
    return (
        f"model: {found.state}; {found.answering} requests in progress, {found.waiting} waiting, {found.answered} "
        f"answered; {found.tokens_per_second:.1f} tokens a second over the last minute"
    )


def _run_options(context: typer.Context, words: list[str]) -> RunOptions:
    """The options for `run`; what every tab would refuse is refused now, by UsageError or the library's own error."""
    from assistant.cli.run import given_options
    from assistant.cli.run_options import RunOptions

    if "--plain" in words or "--json" in words:
        raise UsageError("--plain and --json are for a terminal: use `assistant run`")
    tree = context.find_root().command
    run = tree.get_command(context, "run") if hasattr(tree, "get_command") else None
    if run is None:
        return RunOptions()
    own = run.make_context("run", list(words), parent=context.find_root())
    return RunOptions(**own.params, given=given_options(own))
