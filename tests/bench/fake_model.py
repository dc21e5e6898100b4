"""A fake model behind a real HTTP server, in a process of its own: python -m tests.bench.fake_model SOURCE

It speaks OpenAI's interface. The seed decides whether an answer is the task's reference solution or a program
that returns None, with a number in a comment so that hardly two programs are alike. Prints its address; GET
/stats tells how many streams were open at once at most, and how many it has answered.
"""

from __future__ import annotations

import random
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen

from assistant.problems.load import load_source
from tests.engine.server_fixtures import Exchange, MisbehavingServer, running

PIECES = 4


class FakeModel:
    """Answers tasks of one source."""

    def __init__(self, source: str, delay: float) -> None:
        self._references = {p.entry_point: p.reference for p in load_source(source)}
        self._delay = delay
        self._lock = threading.Lock()
        self._open = 0
        self.server = MisbehavingServer([self.behave], pages={"/stats": {"most": 0, "answered": 0}})

    def behave(self, exchange: Exchange) -> None:
        """One streamed answer."""
        self.server.received.clear()  # nobody looks at them, and there may be 40,000
        with self._lock:
            self._open += 1
            stats = self.server.pages["/stats"]
            stats["most"] = max(stats["most"], self._open)
        try:
            self._answer(exchange)
        finally:
            with self._lock:
                self._open -= 1
                stats["answered"] += 1

    def _answer(self, exchange: Exchange) -> None:
        text = self._text(exchange.body["messages"][-1]["content"], int(exchange.body["seed"]))
        exchange.begin()
        size = len(text) // PIECES + 1
        for start in range(0, len(text), size):
            time.sleep(self._delay / PIECES)
            exchange.delta(text[start : start + size])
        exchange.delta(reason="stop")
        exchange.event({"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": len(text) // 4}})
        exchange.end()

    def _text(self, prompt: str, seed: int) -> str:
        draw = random.Random(seed)
        found = re.search(r"assert\s+\(?(\w+)\(", prompt)
        name = found[1] if found else "f"
        wrong = f"def {name}(*arguments):\n    return None\n"
        code = self._references.get(name, wrong) if draw.random() < 0.4 else wrong
        return f"```python\n# {draw.randrange(10**9)}\n{code}\n```"


@contextmanager
def fake_model(source: str, delay: float = 0.0) -> Iterator[str]:
    """The address of such a server, running in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.fake_model", source, str(delay)]
    with Popen(command, stdout=PIPE, stdin=PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def main() -> None:
    """Serve until stdin ends."""
    model = FakeModel(sys.argv[1], float(sys.argv[2]))
    with running(model.server) as server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
