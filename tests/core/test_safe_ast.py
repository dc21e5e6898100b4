"""Python's parser in many threads at a time, as when a large bench is judged."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator

import pytest

from assistant.core.safe_ast import parse, read_expression, read_literal, read_program
from tests.thoroughness import tries

LONG = "\n".join(
    f"def f{n}(a, b):\n    return [x * (a + b) - (((a))) % {n + 1} for x in range(a)]" for n in range(60)
)


class Finalized:
    """Garbage in a circle: collecting it runs Python, which lets other threads run."""

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        sum(range(50))


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads change places and garbage is collected as often as can be."""
    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(50)
    yield
    sys.setswitchinterval(interval)
    gc.set_threshold(*threshold)


@pytest.mark.slow
def test_threads_parse_together(restless: None) -> None:
    """Without the lock some 30 of the thorough 480 raise SystemError on CPython 3.11."""
    failures: list[BaseException] = []

    def work() -> None:
        for _ in range(tries(30, 60)):
            _ = [Finalized() for _ in range(3)]
            try:
                read_program(LONG)
            except SystemError as error:
                failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_what_does_not_parse_is_none() -> None:
    assert parse("def f(:") is None and parse("\0") is None and parse("(" * 10_000) is None
    assert parse("x = 1") is not None


def test_literals() -> None:
    assert read_literal("[1, (2, 'x')]") == [1, (2, "x")]
    with pytest.raises(ValueError):
        read_literal("f(1)")


@pytest.mark.parametrize(
    "text", ["(" * 500, "-" * 200_000 + "1", "a\0b", "x = '\ud800'", "9" * 9000, "f(" * 90 + ")"]
)
def test_every_refusal_of_the_parser_is_a_syntax_error(text: str) -> None:
    assert parse(text) is None
    for read in (read_program, read_expression, read_literal):
        with pytest.raises(SyntaxError):
            read(text)
