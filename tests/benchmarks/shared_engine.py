"""How long people wait for one shared engine: one alone, then five at once, each in a dialogue of several rounds.

    python tests/benchmarks/shared_engine.py [--people 5] [--rounds 3] [--model NAME]

Starts a service of its own (none of the person's is touched) and one client process a person, as terminals are.
Prints a table of waiting times (to the first token, to the whole answer) and the memory of every process.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import psutil

from assistant.core.generation import Chunk, Finish, Message, Request, Sampling
from assistant.engine.process.client import LocalEngine
from assistant.engine.process.protocol import ModelChoice
from assistant.engine.service.messages import ServedEngine
from assistant.engine.service.place import ServicePlace
from assistant.engine.service.service_peer import service_status
from assistant.engine.service.shared import SOCKET_VARIABLE, SharedOrOwn
from assistant.engine.service.supervisor import ServiceSupervisor
from assistant.reporting.terminal_tables import table
from assistant.settings.paths import cache_folder

TASKS = (
    "Write a Python function is_palindrome(text) that ignores case and punctuation.",
    "Write a Python function merge(left, right) that merges two sorted lists.",
    "Write a Python function roman(number) that gives the Roman numeral.",
    "Write a Python function transpose(rows) for a list of lists of different lengths.",
    "Write a Python function count_words(text) that gives a dictionary of counts.",
)
FEEDBACK = "Close, but an empty argument should give an empty answer."


def person(number: int, rounds: int, choice: ModelChoice) -> None:
    """One person's dialogue; prints a line of JSON for each round, and this process's memory last."""
    engine = LocalEngine(choice, connect=SharedOrOwn(choice))
    messages = [Message(role="user", content=TASKS[number % len(TASKS)])]
    with closing(engine):
        engine.prepare()
        sys.stdin.readline()  # all begin together
        for _ in range(rounds):
            request = Request(
                messages=tuple(messages),
                sampling=Sampling(max_new_tokens=200),
                conversation=f"person-{number}",
            )
            begun, first, text = time.perf_counter(), None, ""
            for item in engine.generate(request):
                if isinstance(item, Chunk) and first is None:
                    first = time.perf_counter() - begun
                if isinstance(item, Finish):
                    text = item.text
                    whole = {
                        "first": first,
                        "whole": time.perf_counter() - begun,
                        "tokens": item.generated_tokens,
                    }
                    print(
                        json.dumps({**whole, "reused": item.reused_tokens, "error": item.error}), flush=True
                    )
            messages += [Message(role="assistant", content=text), Message(role="user", content=FEEDBACK)]
        info = psutil.Process().memory_full_info()
        print(json.dumps({"uss": info.uss, "rss": info.rss}), flush=True)


def together(
    people: int, arguments: argparse.Namespace, place: ServicePlace
) -> tuple[list[dict[str, float]], list[int]]:
    """Rounds and memory of so many people at once."""
    words = [sys.executable, __file__, "--rounds", str(arguments.rounds), "--model", arguments.model]
    running = [
        subprocess.Popen(
            [*words, "--person", str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, SOCKET_VARIABLE: str(place.path)},
        )
        for number in range(people)
    ]
    time.sleep(5)
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    rounds, memory = list[dict[str, float]](), list[int]()
    for process in running:
        said, _ = process.communicate()
        *lines, last = map(json.loads, said.splitlines())
        rounds += lines
        memory.append(last["uss"])
    return rounds, memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default="")
    parser.add_argument("--person", type=int)
    arguments = parser.parse_args()
    choice = ModelChoice(model=arguments.model or None, cache=str(cache_folder()))
    if arguments.person is not None:
        person(arguments.person, arguments.rounds, choice)
        return
    with tempfile.TemporaryDirectory() as folder:
        place = ServicePlace(Path(folder) / "own" / "engine.sock")
        with closing(ServiceSupervisor(ServedEngine(choice=choice), place)):
            while (status := service_status(place)) is None or status.state != "ready":
                time.sleep(0.5)
            report(arguments, place)


def report(arguments: argparse.Namespace, place: ServicePlace) -> None:
    """Measure and print."""
    rows = []
    for people in (1, arguments.people):
        rounds, memory = together(people, arguments, place)
        firsts, wholes = [r["first"] or 0.0 for r in rounds], [r["whole"] for r in rounds]
        rows.append(
            (
                f"{people} at once",
                f"{statistics.median(firsts):.2f}",
                f"{statistics.median(wholes):.2f}",
                f"{max(wholes):.2f}",
                f"{sum(r['tokens'] for r in rounds) / max(wholes) / arguments.rounds:.1f}",
                str(sum(bool(r["error"]) for r in rounds)),
                f"{max(memory) / 1e6:.0f}",
            )
        )
    head = ("", "first token, s", "whole, s", "longest, s", "tokens/s, about", "errors", "MB a client")
    print("\n".join(table(head, rows)))
    status = service_status(place)
    assert status is not None
    for name, pid in (("service", status.pid), ("model", status.worker_pid)):
        if pid is not None:
            print(f"  {name}: {psutil.Process(pid).memory_info().rss / 1e9:.2f} GB resident")


if __name__ == "__main__":
    main()
