"""The worker process as its client sees it: streaming, stopping, dying, hanging, taking turns."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import psutil
import pytest
from tiny_model import OpenEngine, ask, save_folder

from assistant.core.errors import EngineError
from assistant.core.generation import Chunk, Finish, Message, Request
from assistant.engine import inference
from assistant.engine.process.client import PREEMPTED, LocalEngine
from assistant.engine.process.connection import Timeouts

pytestmark = pytest.mark.slow
Stream = Iterator[Chunk | Finish]


def finishes(stream: Stream) -> list[Finish]:
    return [item for item in stream if isinstance(item, Finish)]


def finish(stream: Stream) -> Finish:
    (only,) = finishes(stream)
    return only


def test_streams_the_text_and_ends_with_its_cost(tiny_engine: LocalEngine) -> None:
    items = list(tiny_engine.generate(ask()))
    end = items[-1]
    assert isinstance(end, Finish)
    assert end.reason in ("stop", "length")
    assert "".join(item.text for item in items if isinstance(item, Chunk)) == end.text != ""
    assert end.output_ids is not None and len(end.output_ids) == end.generated_tokens
    assert end.prompt_tokens > 0 and len(end.prompt_sha256) == 64


def test_several_samples_end_once_each_and_repeat_with_their_seed(tiny_engine: LocalEngine) -> None:
    first = finishes(tiny_engine.generate(ask(samples=3, seed=5)))
    again = finishes(tiny_engine.generate(ask(samples=3, seed=5)))
    assert sorted(end.sample for end in first) == [0, 1, 2]
    by_sample = {end.sample: end.output_ids for end in first}
    assert by_sample == {end.sample: end.output_ids for end in again}
    assert len(set(by_sample.values())) == 3


def test_model_info_says_everything(tiny_engine: LocalEngine, tiny_folder: Path) -> None:
    info = tiny_engine.prepare()
    assert (info.engine, info.name, info.device, info.dtype) == (
        "transformers",
        tiny_folder.name,
        "cpu",
        "bfloat16",
    )
    assert info.context_length == 4096 and info.threads == 1 and info.is_chat
    assert len(info.weights_sha256) == len(info.chat_template_sha256) == 64
    assert {"torch", "transformers"} <= set(info.versions)
    assert info.device_name


def test_a_base_model_takes_raw_text_and_refuses_dialogue(
    open_tiny: OpenEngine, tmp_path: Path, tiny_folder: Path
) -> None:
    engine = open_tiny(save_folder(tmp_path / "base", chat=False))
    assert not engine.prepare().is_chat
    raw = Request(messages=(Message(role="user", content="def add(a, b):"),), raw=True)
    assert finish(engine.generate(raw)).reason in ("stop", "length")
    refused = finish(engine.generate(ask()))
    assert refused.reason == "error" and "base model" in refused.error


def test_lone_surrogates_and_control_characters_do_no_harm(tiny_engine: LocalEngine) -> None:
    assert finish(tiny_engine.generate(ask("a\ud800b\x00\x1b[2J\n"))).reason in ("stop", "length")


def test_cancel_keeps_the_text_and_the_worker(tiny_engine: LocalEngine) -> None:
    pid = tiny_engine.worker_pid
    cancel = threading.Event()
    text, end = "", None
    for item in tiny_engine.generate(ask(tokens=3000), cancel):
        if isinstance(item, Chunk):
            text += item.text
            cancel.set()
        else:
            end = item
    assert end is not None and end.reason == "cancelled"
    assert end.text.startswith(text[:1]) and 0 < end.generated_tokens < 3000
    assert finish(tiny_engine.generate(ask())).reason in ("stop", "length")
    assert tiny_engine.worker_pid == pid


def test_cancelled_before_it_began(tiny_engine: LocalEngine) -> None:
    cancel = threading.Event()
    cancel.set()
    end = finish(tiny_engine.generate(ask(), cancel))
    assert (end.reason, end.text) == ("cancelled", "")


def test_a_reader_who_leaves_stops_the_work(tiny_engine: LocalEngine) -> None:
    stream = tiny_engine.generate(ask(tokens=3000))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    started = time.monotonic()
    assert finish(tiny_engine.generate(ask(tokens=3))).reason in ("stop", "length")
    assert time.monotonic() - started < 20


def test_two_sessions_share_one_worker(tiny_engine: LocalEngine) -> None:
    pid, ends = tiny_engine.worker_pid, []

    def one(text: str) -> None:
        ends.append(finish(tiny_engine.generate(ask(text))))

    threads = [threading.Thread(target=one, args=(text,)) for text in ("first", "second", "third")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ends) == 3 and all(end.reason in ("stop", "length") for end in ends)
    assert tiny_engine.worker_pid == pid


def test_a_background_request_gives_way_to_a_person(tiny_engine: LocalEngine) -> None:
    begun, ends = threading.Event(), []

    def control_arm() -> None:
        for item in tiny_engine.generate(ask(tokens=3000, background=True)):
            begun.set()
            if isinstance(item, Finish):
                ends.append(item)

    thread = threading.Thread(target=control_arm)
    thread.start()
    assert begun.wait(30)
    assert finish(tiny_engine.generate(ask(tokens=3))).reason in ("stop", "length")
    thread.join(30)
    assert ends[0].reason == "cancelled" and PREEMPTED in ends[0].notes


def test_words_read_ahead_are_reused_by_the_request_that_follows(
    open_tiny: OpenEngine, tiny_folder: Path
) -> None:
    engine = open_tiny(tiny_folder, precision="int8")
    try:
        engine.prepare()
    except EngineError as error:
        pytest.skip(f"8-bit products are not exact on this processor: {error}")
    plain = ask("a long task, and words that are still being typed")
    typed = plain.model_copy(update={"conversation": "typing"})
    cold = finish(engine.generate(plain))
    engine.prefill(typed)
    warm = finish(engine.generate(typed))
    assert warm.reused_tokens == warm.prompt_tokens - 1
    assert (warm.output_ids, cold.reused_tokens) == (cold.output_ids, 0)


def test_a_killed_worker_is_an_error_then_a_new_worker(tiny_engine: LocalEngine) -> None:
    end, kept = None, ""
    for item in tiny_engine.generate(ask(tokens=3000)):
        if isinstance(item, Chunk):
            if not kept:
                os.kill(tiny_engine.worker_pid or 0, signal.SIGKILL)
            kept += item.text
        else:
            end = item
    assert end is not None and end.reason == "error" and end.text == kept
    assert "was killed" in end.error and "\n" not in end.error
    assert finish(tiny_engine.generate(ask())).reason in ("stop", "length")


@pytest.mark.parametrize("how", ["frozen", "busy"])
def test_a_hung_worker_is_ended_and_replaced(tiny_engine: LocalEngine, how: str) -> None:
    """Frozen: no sign of life comes. Busy: signs of life come, but nothing of the request."""
    pid = tiny_engine.worker_pid or 0
    be_impatient(tiny_engine, Timeouts(silence=2.5) if how == "frozen" else Timeouts(stall=2.5))
    if how == "frozen":
        os.kill(pid, signal.SIGSTOP)
    end = finish(tiny_engine.generate(ask("hang" if how == "busy" else "add")))
    assert end.reason == "error" and "did not answer" in end.error
    assert not psutil.pid_exists(pid)
    assert finish(tiny_engine.generate(ask())).reason in ("stop", "length")


def test_a_stop_that_is_not_heard_lets_the_person_go_on(tiny_engine: LocalEngine) -> None:
    be_impatient(tiny_engine, Timeouts(stop=0.3, settle=0.5))
    pid, cancel = tiny_engine.worker_pid, threading.Event()
    threading.Timer(0.5, cancel.set).start()
    assert finish(tiny_engine.generate(ask("hang"), cancel)).reason == "cancelled"
    assert finish(tiny_engine.generate(ask())).reason in ("stop", "length")
    assert tiny_engine.worker_pid != pid


def be_impatient(engine: LocalEngine, timeouts: Timeouts) -> None:
    """With the worker that runs; one that is started after it has the usual timeouts."""
    assert engine._connection is not None
    engine._connection._timeouts = timeouts


def test_a_worker_that_is_started(tiny_folder: Path, tmp_path: Path) -> None:
    """Its client never imports torch; it is told how to share the processor; it dies with its parent."""
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom assistant.engine.open import open_engine\n"
        f"e = open_engine(model={str(tiny_folder)!r}, device='cpu', cache=Path({str(tmp_path)!r}))\n"
        "e.prepare(); print(e.worker_pid)\n"
        "print([m for m in ('torch', 'transformers', 'gguf') if m in sys.modules], flush=True)\n"
        "time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    worker = psutil.Process(int(parent.stdout.readline()))
    assert parent.stdout.readline().strip() == "[]"
    assert inference.ENVIRONMENT.items() <= worker.environ().items()
    parent.kill()
    parent.wait()
    worker.wait(10)


@contextmanager
def forked_client(engine: LocalEngine, request: Request) -> Iterator[tuple[int, int, TextIO]]:
    """Another process with this engine and a worker of its own, which answers the request.

    Gives the process ids of both, and what the client says at last: the reason why the answer ended.
    """
    reading, writing = os.pipe()
    client = os.fork()
    if client == 0:
        try:
            engine.prepare()
            os.write(writing, f"{engine.worker_pid}\n".encode())
            end = finish(engine.generate(request))
            os.write(writing, f"{end.reason} {end.error}\n".encode())
            engine.close()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        try:
            yield client, int(said.readline()), said
        finally:
            os.kill(client, signal.SIGKILL)
            os.waitpid(client, 0)


def test_a_busy_worker_dies_with_its_parent(open_tiny: OpenEngine, tiny_folder: Path) -> None:
    with forked_client(open_tiny(tiny_folder), ask("hang")) as (_, pid, _said):
        worker = psutil.Process(pid)
        prepared = worker.cpu_times().user
        while worker.cpu_times().user < prepared + 0.2:
            time.sleep(0.02)
    worker.wait(10)


def test_the_worker_outlives_the_thread_that_asked_for_it(open_tiny: OpenEngine, tiny_folder: Path) -> None:
    engine = open_tiny(tiny_folder)
    thread = threading.Thread(target=engine.prepare)
    thread.start()
    thread.join()
    pid = engine.worker_pid
    assert finish(engine.generate(ask())).reason in ("stop", "length")
    assert pid is not None and engine.worker_pid == pid


def test_an_aborted_worker_is_replaced(tiny_engine: LocalEngine) -> None:
    os.kill(tiny_engine.worker_pid or 0, signal.SIGABRT)
    end = finish(tiny_engine.generate(ask()))
    assert (end.reason, "crashed (SIGABRT)" in end.error) in (
        ("error", True),
        ("length", False),
        ("stop", False),
    )
    assert finish(tiny_engine.generate(ask())).reason in ("stop", "length")


def test_closed_is_closed(open_tiny: OpenEngine, tiny_folder: Path) -> None:
    engine = open_tiny(tiny_folder)
    engine.prepare()
    pid = engine.worker_pid or 0
    engine.close()
    assert not psutil.pid_exists(pid)
    assert "closed" in finish(engine.generate(ask())).error
    with pytest.raises(EngineError, match="closed"):
        engine.prepare()


def test_a_client_that_slept_does_not_take_the_worker_for_hung(
    open_tiny: OpenEngine, tiny_folder: Path
) -> None:
    """Ctrl-Z and a long pause stop both; afterwards the answer goes on."""
    engine = open_tiny(tiny_folder, timeouts=Timeouts(silence=15, stall=15))
    with forked_client(engine, ask(tokens=3000)) as (client, worker, said):
        for signal_sent in (signal.SIGSTOP, signal.SIGCONT):
            for pid in (client, worker):
                os.kill(pid, signal_sent)
            time.sleep(17 if signal_sent == signal.SIGSTOP else 0)
        assert said.readline().split()[:1] in (["length"], ["stop"])


def test_requests_of_several_threads_are_served_together(open_tiny: OpenEngine, tiny_folder: Path) -> None:
    """What is said is the same as alone; each says something while the other is open."""
    engine = open_tiny(tiny_folder, precision="int8")
    requests = [ask(text, tokens=60, seed=seed) for seed, text in enumerate(("add", "double", "negate"))]
    alone = [finish(engine.generate(request)).output_ids for request in requests]
    order: list[int] = []
    ends: dict[int, Finish] = {}

    def listen(number: int) -> None:
        for item in engine.generate(requests[number]):
            order.append(number)
            if isinstance(item, Finish):
                ends[number] = item

    threads = [threading.Thread(target=listen, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [ends[number].output_ids for number in range(3)] == alone
    changes = sum(before != after for before, after in itertools.pairwise(order))
    assert changes > 10, "one after the other"
