"""A word, and on a terminal a count, while many journals are read."""

from __future__ import annotations

import sys

MANY = 500
STEP = 100


def say_reading(done: int, total: int) -> None:
    """Called before each of `total` journals; says nothing where there are few."""
    if total <= MANY or done % STEP:
        return
    if sys.stderr.isatty():
        end = "\r\x1b[K" if done + STEP >= total else ""
        print(f"\r\x1b[Kreading sessions: {done} of {total} …{end}", end="", file=sys.stderr, flush=True)
    elif done == 0:
        print(f"reading {total} sessions …", file=sys.stderr)
