"""One engine for many clients: who may come in, who gets what, and what is left when somebody dies."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from tiny_model import OpenEngine, ask

from assistant import __version__, testing
from assistant.cli.main import main
from assistant.core.errors import EngineError
from assistant.core.generation import Cancel, Chunk, Engine, Finish, ModelInfo, NeverCancelled, Request
from assistant.engine.process.client import PREEMPTED, LocalEngine
from assistant.engine.process.priority_lock import PriorityLock, Ticket
from assistant.engine.process.protocol import ModelChoice
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.engine.service import messages
from assistant.engine.service.place import ServicePlace, usual_place
from assistant.engine.service.server import EngineService
from assistant.engine.service.service_main import ServiceOptions, start_process
from assistant.engine.service.service_peer import ServicePeer, service_status
from assistant.engine.service.shared import SOCKET_VARIABLE, SharedOrOwn, difference

DEEP = "a-folder-whose-name-is-long/" * 5
"""A socket's path has at most 107 bytes."""


class EchoEngine:
    """Says what it was told, word by word, for ever where it was told `for ever`."""

    def __init__(self) -> None:
        self.open = 0

    def prepare(
        self, progress: Callable[..., None] = lambda _: None, cancel: Cancel = NeverCancelled()
    ) -> ModelInfo:
        return ModelInfo(engine="echo", name="echo")

    def generate(self, request: Request, cancel: Cancel = NeverCancelled()) -> Iterator[Chunk | Finish]:
        self.open += 1
        try:
            text = ""
            for word in self._words(request.messages[-1].content):
                if cancel.is_set():
                    yield Finish(sample=0, text=text, reason="cancelled")
                    return
                text += word
                yield Chunk(sample=0, text=word)
            yield Finish(sample=0, text=text, reason="stop")
        finally:
            self.open -= 1

    def close(self) -> None:
        """Nothing is held."""

    def _words(self, said: str) -> Iterator[str]:
        yield from (f"{word} " for word in said.split())
        while said == "for ever":
            time.sleep(0.005)
            yield "and "


@contextlib.contextmanager
def serving(engine: Engine, place: ServicePlace, choice: ModelChoice) -> Iterator[EngineService]:
    """A service in this process, at a real socket."""
    place.make_folder()
    listener = place.listen()
    service = EngineService(engine, messages.ServedEngine(choice=choice))
    threading.Thread(target=service.accept, args=(listener,), daemon=True).start()
    try:
        yield service
    finally:
        place.path.unlink(missing_ok=True)
        listener.close()
        service.close()


def client_of(place: ServicePlace, choice: ModelChoice, monkeypatch: pytest.MonkeyPatch) -> LocalEngine:
    monkeypatch.setenv(SOCKET_VARIABLE, str(place.path))
    return LocalEngine(choice, connect=SharedOrOwn(choice))


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.01)


def end_of(items: Iterator[Chunk | Finish]) -> Finish:
    (finish,) = [item for item in items if isinstance(item, Finish)]
    return finish


@pytest.fixture
def place(tmp_path: Path) -> ServicePlace:
    return ServicePlace(tmp_path / DEEP / "own" / "engine.sock")


@pytest.fixture
def choice(tmp_path: Path) -> ModelChoice:
    return ModelChoice(model="echo", cache=str(tmp_path))


def test_nobody_else_can_open_the_socket(place: ServicePlace, choice: ModelChoice) -> None:
    with serving(EchoEngine(), place, choice):
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (place.path.parent, place.path)]
        assert modes == [0o700, 0o600]
        place.path.parent.chmod(0o755)
        with pytest.raises(EngineError, match="open to others"):
            place.connect()
        place.path.parent.chmod(0o700)
        connection = place.connect()
        assert connection is not None
        connection.close()
    assert place.connect() is None, "the socket of a service that has ended"


def test_one_service_at_a_place_and_a_dead_ones_socket_is_replaced(place: ServicePlace) -> None:
    place.make_folder()
    place.listen().close()
    assert place.path.exists() and place.connect() is None
    with place.hold() as first, place.hold() as second:
        assert (first, second) == (True, False)
        with place.listen():
            connection = place.connect()
            assert connection is not None
            connection.close()


def test_every_client_gets_its_own_answers(
    place: ServicePlace, choice: ModelChoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(EchoEngine(), place, choice) as service, contextlib.ExitStack() as open_:
        clients = [
            open_.enter_context(contextlib.closing(client_of(place, choice, monkeypatch))) for _ in range(5)
        ]
        assert {client.prepare().name for client in clients} == {"echo"}
        wrong: list[str] = []

        def talk(number: int, client: LocalEngine) -> None:
            for turn in range(8):
                said = f"client {number} says {turn} " * 20
                if end_of(client.generate(ask(said))).text != said:
                    wrong.append(said)

        threads = [
            threading.Thread(target=talk, args=(10 * n + m, client))
            for n, client in enumerate(clients)
            for m in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        status = service_status(place)
        assert not wrong and status is not None
        assert (status.clients, status.answered, status.answering, status.waiting) == (5, 80, 0, 0)
        assert service.idle_seconds() < 1


def test_a_cancel_and_the_death_of_a_client_free_the_engine(
    place: ServicePlace, choice: ModelChoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = EchoEngine()
    with serving(engine, place, choice) as service:
        client, cancel = client_of(place, choice, monkeypatch), threading.Event()
        with contextlib.closing(client):
            stream = client.generate(ask("for ever"), cancel)
            next(stream)
            cancel.set()
            assert end_of(stream).reason == "cancelled" and engine.open == 0
        program = (
            "import os, sys; from pathlib import Path; from assistant.engine.open import open_engine\n"
            "from assistant.core.generation import Message, Request\n"
            "engine = open_engine('transformers', model='echo', cache=Path(sys.argv[1]))\n"
            "for _ in engine.generate(Request(messages=(Message(role='user', content='for ever'),))):\n"
            "    print('on', flush=True)"
        )
        other = subprocess.Popen([sys.executable, "-c", program, choice.cache], stdout=subprocess.PIPE)
        assert other.stdout is not None and other.stdout.readline() == b"on\n"
        assert engine.open == 1
        other.kill()
        other.communicate()
        wait_for(lambda: engine.open == 0 and not service.clients())


def test_what_is_no_command_ends_one_client_and_no_other(
    place: ServicePlace, choice: ModelChoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        serving(EchoEngine(), place, choice) as service,
        contextlib.closing(client_of(place, choice, monkeypatch)) as client,
    ):
        client.prepare()
        for garbage in (
            b"\x00\xff\n",
            b"{}\n",
            b'{"kind":"generate","id":1}\n',
            b'[{"kind":"stop"}]\n',
            b"hello",
        ):
            stranger = place.connect()
            assert stranger is not None
            with stranger:
                stranger.sendall(garbage)
                stranger.shutdown(socket.SHUT_WR)
                with stranger.makefile("rb") as lines:
                    assert len(lines.readlines()) == 1, "the greeting, then the end"
        assert end_of(client.generate(ask("still here"))).text == "still here "
        wait_for(lambda: len(service.clients()) == 1)


@pytest.mark.parametrize("check", testing.ENGINE_CHECKS, ids=lambda check: check.__name__)
def test_a_shared_engine_keeps_the_contract(
    check: Callable[[Engine], None], place: ServicePlace, choice: ModelChoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = ScriptedEngine(["def add(x, y):\n    return x + y\n"])
    with (
        serving(engine, place, choice),
        contextlib.closing(client_of(place, choice, monkeypatch)) as client,
    ):
        check(client)


HELD = messages.ServedEngine(choice=ModelChoice(model="a/b", precision="int8", cache="/c"))
INFO = ModelInfo(engine="transformers", name="a/b", precision="int8", device="cpu")


@pytest.mark.parametrize(
    ("hello", "wanted", "differs"),
    [
        ({}, {}, ""),
        ({"info": INFO}, {"device": "cpu"}, ""),
        ({}, {"model": "a/c"}, "holds a/b"),
        ({}, {"model": None}, "holds a/b"),
        ({}, {"precision": "auto"}, "precision int8"),
        ({"info": INFO}, {"device": "cuda"}, "is on cpu"),
        ({"version": "0"}, {}, "version 0"),
        ({"engine": HELD.model_copy(update={"kind": "openai"})}, {}, "kind openai"),
    ],
)
def test_another_engine_than_the_one_that_is_wanted_is_told_apart(
    hello: dict[str, object], wanted: dict[str, object], differs: str
) -> None:
    said = messages.Hello(pid=1, engine=HELD).model_copy(update=hello)
    assert said.version == __version__ or differs
    found = difference(said, HELD.choice.model_copy(update=wanted))
    assert differs in found and bool(differs) == bool(found)


def test_where_more_is_asked_than_fits_clients_take_turns() -> None:
    lock, order = PriorityLock(), list[int]()

    def ask_for(client: int) -> None:
        with lock.hold(Ticket(False, NeverCancelled(), client=client)):
            order.append(client)

    with lock.hold(Ticket(False, NeverCancelled(), client=0)):
        threads = [threading.Thread(target=ask_for, args=(client,)) for client in (1, 1, 1, 1, 2, 3, 3)]
        for number, thread in enumerate(threads, start=1):
            thread.start()
            wait_for(lambda number=number: lock.requests_now == (1, number))
    for thread in threads:
        thread.join()
    assert order == [1, 2, 3, 1, 3, 1, 1]


def test_what_nobody_waits_for_gives_way_to_another_client(
    place: ServicePlace, open_tiny: OpenEngine, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = open_tiny(tiny_folder)
    with serving(held, place, held.choice), contextlib.ExitStack() as open_:
        clients = [client_of(place, held.choice, monkeypatch) for _ in range(2)]
        arms, person = (open_.enter_context(contextlib.closing(client)) for client in clients)
        stream = arms.generate(ask(tokens=3000, background=True))
        assert isinstance(next(stream), Chunk)
        assert end_of(person.generate(ask())).reason == "length"
        end = end_of(stream)
        assert (end.reason, PREEMPTED in end.notes) == ("cancelled", True)
        assert end_of(arms.generate(ask(background=True))).reason == "length"


@pytest.mark.slow
def test_the_death_of_the_engine_and_of_its_model(
    place: ServicePlace, open_tiny: OpenEngine, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line for whoever waited; the service starts the model again; without a service clients load their own."""
    held = open_tiny(tiny_folder)
    with serving(held, place, held.choice) as service:
        clients = [client_of(place, held.choice, monkeypatch) for _ in range(2)]
        for client in clients:
            assert client.prepare() == held.prepare()
        streams = [client.generate(ask(tokens=3000)) for client in clients]
        assert all(isinstance(next(stream), Chunk) for stream in streams)
        os.kill(held.worker_pid or 0, signal.SIGKILL)
        for end in map(end_of, streams):
            assert (end.reason, "was killed" in end.error) == ("error", True) and end.text
        assert [end_of(client.generate(ask())).reason for client in clients] == ["length", "length"]
        streams = [client.generate(ask(tokens=3000)) for client in clients]
        assert all(isinstance(next(stream), Chunk) for stream in streams)
        service.close()
        for end in map(end_of, streams):
            assert (end.reason, "shared engine" in end.error) == ("error", True)
    monkeypatch.delenv(SOCKET_VARIABLE)
    assert end_of(clients[0].generate(ask())).reason == "length", "a model of its own"
    assert clients[0].worker_pid not in (None, os.getpid())
    for client in clients:
        client.close()


def served_process(place: ServicePlace, **more: object) -> subprocess.Popen[bytes]:
    engine = messages.ServedEngine(kind="scripted", choice=ModelChoice(cache=str(place.path.parent)))
    options = ServiceOptions(socket=str(place.path), engine=engine).model_copy(update=more)
    place.make_folder()
    process = start_process(options, subprocess.DEVNULL)  # type: ignore[arg-type]
    wait_for(lambda: answers(place) or process.poll() is not None)
    return process


def answers(place: ServicePlace) -> bool:
    connection = place.connect()
    if connection is None:
        return False
    connection.close()
    return True


@pytest.mark.slow
@pytest.mark.parametrize("how", ["SIGTERM", "SIGHUP", "idle"])
def test_a_service_ends_cleanly(place: ServicePlace, how: str) -> None:
    process = served_process(place, idle_minutes=0.001 if how == "idle" else 0)
    if how == "SIGTERM":
        again = served_process(place)
        assert again.wait(20) == 3, "a second one at the same place"
    if how != "idle":
        peer = ServicePeer(place.connect() or socket.socket())
        process.send_signal(signal.Signals[how])
        assert peer.ended.wait(10)
    assert process.wait(20) == 0 and not place.path.exists()


@pytest.mark.slow
def test_a_kept_service_is_started_again_and_ends_with_its_keeper(place: ServicePlace) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from assistant.engine.service import messages, supervisor, place\n"
        "from assistant.engine.process.protocol import ModelChoice\n"
        "engine = messages.ServedEngine(kind='scripted', choice=ModelChoice(cache=sys.argv[1]))\n"
        "keeper = supervisor.ServiceSupervisor(engine, place.ServicePlace(Path(sys.argv[1])))\n"
        "time.sleep(600)"
    )
    keeper = subprocess.Popen([sys.executable, "-c", program, str(place.path)])
    wait_for(lambda: answers(place))
    first = service_status(place)
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)
    wait_for(lambda: (service_status(place) or first).pid != first.pid)
    second = service_status(place)
    assert second is not None
    keeper.kill()
    keeper.wait()
    psutil.Process(second.pid).wait(5)


@pytest.mark.slow
def test_the_command_starts_says_and_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSISTANT_CACHE", str(tmp_path / "cache"))

    def said(*words: str) -> tuple[object, str]:
        with pytest.raises(SystemExit) as ended:
            main(["engine", *words])
        captured = capfd.readouterr()
        return ended.value.code, captured.out + captured.err

    assert said("status") == (1, "no engine runs: `assistant engine start` starts one\n")
    status, text = said("start", "--engine", "scripted")
    assert status == 0 and "is ready for every `assistant`" in text
    assert said("start", "--engine", "scripted")[0] == 2
    status, text = said("status")
    assert status == 0 and "ready" in text and "0 in progress, 0 waiting" in text
    found = service_status(usual_place(tmp_path / "cache"))
    assert found is not None
    assert said("stop") == (0, f"the engine (process {found.pid}) has ended\n")
    assert said("stop") == (0, "no engine runs\n")
    assert not psutil.pid_exists(found.pid) or psutil.Process(found.pid).status() == psutil.STATUS_ZOMBIE
