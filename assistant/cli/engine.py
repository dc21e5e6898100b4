"""`assistant engine`: one model for every terminal and browser tab of a person on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli import options as o
from assistant.cli.composition import check_options, chosen_engine, run_options
from assistant.cli.run_options import RunOptions
from assistant.core.errors import EngineError, UsageError
from assistant.reporting.progress import ProgressPrinter
from assistant.reporting.terminal_tables import table

if TYPE_CHECKING:
    from assistant.engine.service.messages import ServedEngine, ServiceStatus
    from assistant.engine.service.place import ServicePlace
    from assistant.engine.service.service_main import ServiceOptions

engine_app = typer.Typer(
    help="One model for all terminals and tabs of this machine: start it, look at it, stop it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
END_SECONDS = 5.0
START_SECONDS = 30.0
"""For the process to be there; loading takes as long as it takes."""
LONGEST_LOG = 1_000_000
Idle = Annotated[
    float,
    typer.Option("--idle", min=0, metavar="MINUTES", help="End after so long without anybody; 0: never."),
]
Foreground = Annotated[
    bool, typer.Option("--foreground", help="Stay here, for a service manager; no second process.")
]


@engine_app.command("start")
@o.with_groups
def start(
    options: o.EngineOptions,
    idle: Idle = 60.0,
    foreground: Foreground = False,
) -> int:
    """Load a model, and keep it for every `assistant` of yours on this machine."""
    from assistant.engine.service.service_main import ServiceOptions, serve
    from assistant.engine.service.service_peer import service_pid

    chosen = run_options(options)
    check_options(chosen)
    served, place = served_engine(chosen), _place()
    place.make_folder()
    if (pid := service_pid(place)) is not None:
        raise UsageError(f"an engine runs already (process {pid}): `assistant engine status`, or `… stop`")
    service = ServiceOptions(socket=str(place.path), engine=served, idle_minutes=idle)
    if foreground:
        import logging

        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
        return serve(service)
    _start(service, place)
    return 0


@engine_app.command("status")
def status(json_: o.Json = False) -> int:
    """Say which model is held, who uses it, and how fast it is."""
    from assistant.engine.service.service_peer import service_status

    place = _place()
    found = service_status(place)
    if found is None:
        if json_:
            print(json.dumps({"running": False, "socket": str(place.path)}, indent=1))
        else:
            print("no engine runs: `assistant engine start` starts one")
        return 1
    if json_:
        print(json.dumps({"running": True, "socket": str(place.path), **found.model_dump()}, indent=1))
        return 0
    print("\n".join(_lines(found, place)))
    return 0


@engine_app.command("stop")
def stop() -> int:
    """End the engine and free its memory. Sessions go on: each loads a model of its own with its next request."""
    from assistant.engine.service.service_peer import service_pid

    place = _place()
    pid = service_pid(place)
    if pid is None:
        print("no engine runs")
        return 0
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        if _has_ended(pid):
            print(f"the engine (process {pid}) has ended")
            return 0
    raise EngineError(f"process {pid} does not end")


@contextmanager
def kept_engine(options: RunOptions) -> Iterator[None]:
    """While this lasts, a model on this machine is held once for all our child processes, which find it."""
    kind, chosen = chosen_engine(options)
    local = kind == "transformers" or (kind == "auto" and not chosen.base_url and not chosen.script)
    if not local or not chosen.shared:
        yield
        return
    from assistant.engine.service.shared import SOCKET_VARIABLE
    from assistant.engine.service.supervisor import ServiceSupervisor

    keeper = ServiceSupervisor(served_engine(options))
    os.environ[SOCKET_VARIABLE] = str(keeper.place.path)
    try:
        yield
    finally:
        del os.environ[SOCKET_VARIABLE]
        keeper.close()


def served_engine(options: RunOptions) -> ServedEngine:
    """What a service is to hold."""
    from assistant.engine.open import local_choice
    from assistant.engine.service.messages import ServedEngine

    kind, chosen = chosen_engine(options)
    if kind == "auto":
        kind = "openai" if chosen.base_url else "scripted" if chosen.script else "transformers"
    script = "" if chosen.script is None else str(Path(chosen.script).absolute())
    return ServedEngine(kind=kind, choice=local_choice(chosen), base_url=chosen.base_url or "", script=script)


def _place() -> ServicePlace:
    from assistant.engine.service.place import usual_place
    from assistant.settings.paths import cache_folder

    return usual_place(cache_folder())


def _start(service: ServiceOptions, place: ServicePlace) -> None:
    """Start the process and wait until its model is ready. Raises EngineError with what it could not do."""
    from contextlib import closing

    from assistant.core.generation import NeverCancelled
    from assistant.engine.process.client import LocalEngine
    from assistant.engine.service.service_main import start_process
    from assistant.engine.service.service_peer import ServicePeer

    if place.log.exists() and place.log.stat().st_size > LONGEST_LOG:
        place.log.replace(place.log.with_suffix(".log.1"))
    with place.log.open("ab") as output:
        process = start_process(service, output)
    until = time.monotonic() + START_SECONDS
    while (connection := place.connect()) is None:
        if process.poll() is not None or time.monotonic() > until:
            raise EngineError(f"the engine did not start; its last words are in {place.log}")
        time.sleep(0.05)
    peer = ServicePeer(connection)
    try:
        with (
            closing(LocalEngine(service.engine.choice, connect=lambda *_: peer)) as engine,
            ProgressPrinter() as printer,
        ):
            info = engine.prepare(printer.report, NeverCancelled())
    except BaseException:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
        raise
    ends = (
        f"ends after {service.idle_minutes:g} idle minutes" if service.idle_minutes else "stays until stopped"
    )
    print(f"{info.name} is ready for every `assistant` of yours here (process {process.pid}, {ends})")


def _has_ended(pid: int) -> bool:
    """Whether a process is gone after a while."""
    import psutil  # type: ignore[import-untyped]

    try:
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            process.wait(END_SECONDS)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


def _lines(found: ServiceStatus, place: ServicePlace) -> Iterator[str]:
    """The status for a person."""
    import psutil

    info = found.info
    held = info.name if info is not None else found.engine.choice.model or found.engine.base_url or "default"
    bytes_ = 0
    for pid in filter(None, (found.pid, found.worker_pid)):
        with suppress(psutil.Error):
            bytes_ += psutil.Process(pid).memory_info().rss
    precision = ", ".join(filter(None, (info.precision, info.device_name or info.device))) if info else ""
    yield f"{held}{f' ({precision})' if precision else ''}: {found.state}"
    yield from table(
        ("", ""),
        (
            ("process", f"{found.pid}, for {found.seconds / 60:.0f} minutes"),
            ("memory", f"{bytes_ / 1e9:.1f} GB"),
            ("clients", str(found.clients)),
            (
                "requests",
                f"{found.answering} in progress, {found.waiting} waiting, {found.answered} answered",
            ),
            ("tokens", f"{found.tokens}, {found.tokens_per_second:.1f} a second in the last minute"),
            ("socket", str(place.path)),
            ("log", str(place.log)),
        ),
        ("left", "left"),
    )
