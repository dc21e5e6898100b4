"""Cancelling a stream and holding many at once: python -m tests.benchmarks.openai_streams

Against a local server that answers at once, so that what is timed is the engine. Prints medians and ranges.
"""

from __future__ import annotations

import statistics
import threading
import time

from assistant.core.generation import Chunk, Finish, Message, Request
from assistant.engine.openai_server import OpenAIEngine
from tests.engine.server_fixtures import Behaviour, Exchange, MisbehavingServer, hang, running

REPEATS = 30
STREAMS = 64
PIECES = 200


def main() -> None:
    """Print every figure."""
    for name, behaviour in (
        ("before the first byte", hang(head=False)),
        ("in the middle", hang("def ", "add")),
    ):
        finished, noticed = zip(*(cancel_once(behaviour) for _ in range(REPEATS)), strict=True)
        print(f"cancel {name}, until the finish:           {spread(finished)}")
        print(f"cancel {name}, until the server sees it:   {spread(noticed)}")
    seconds = [many() for _ in range(5)]
    print(
        f"{STREAMS} streams of {PIECES} pieces at once: median {statistics.median(seconds):.2f} s, "
        f"{min(seconds):.2f} to {max(seconds):.2f}; {STREAMS * PIECES / statistics.median(seconds):.0f} pieces/s"
    )


def cancel_once(behaviour: Behaviour) -> tuple[float, float]:
    """Milliseconds from setting the cancel to the finish, and to the server's noticing."""
    with running(MisbehavingServer([behaviour])) as server:
        engine, cancel, asked = OpenAIEngine(server.url, probe_seed=False), threading.Event(), [0.0]
        engine.prepare()

        def press() -> None:
            while not server.generations:
                time.sleep(0.001)
            time.sleep(0.1)
            asked[0] = time.perf_counter()
            cancel.set()

        threading.Thread(target=press).start()
        ends = [item for item in engine.generate(request("Write."), cancel) if isinstance(item, Finish)]
        ended = time.perf_counter()
        assert ends[0].reason == "cancelled"
        server.hung_up.wait(10)
        engine.close()
    return (ended - asked[0]) * 1000, (server.hangups[0] - asked[0]) * 1000


def many() -> float:
    """Seconds for all streams, each read by a thread of its own."""

    def stream(exchange: Exchange) -> None:
        exchange.begin()
        for _ in range(PIECES):
            exchange.delta("word ")
        exchange.delta(reason="stop")
        exchange.end()

    with running(MisbehavingServer([stream])) as server:
        engine = OpenAIEngine(server.url, probe_seed=False)
        engine.prepare()
        threads = [threading.Thread(target=read, args=(engine,)) for _ in range(STREAMS)]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - started
        engine.close()
    return seconds


def read(engine: OpenAIEngine) -> None:
    """One stream to its end."""
    pieces = [item for item in engine.generate(request("Write.")) if isinstance(item, Chunk)]
    assert len(pieces) == PIECES


def request(text: str) -> Request:
    return Request(messages=(Message(role="user", content=text),))


def spread(milliseconds: tuple[float, ...]) -> str:
    """Median and range."""
    low, high = min(milliseconds), max(milliseconds)
    return (
        f"median {statistics.median(milliseconds):.0f} ms, {low:.0f} to {high:.0f}, {len(milliseconds)} times"
    )


if __name__ == "__main__":
    main()
