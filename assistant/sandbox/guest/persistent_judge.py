"""A judge that serves one run after another, for tests that provably leave nothing behind in their interpreter.

Most tests are a few comparisons; a process of their own would cost more than they do. Each run comes with its own
stream to its own program. Tests that define classes, set attributes, or reach for anything beyond a few inert
modules (`names.Text.traces`) are sent back to a judge of their own.
"""

from __future__ import annotations

import gc
import os
import random
import socket
import sys

from assistant.sandbox.guest import framing
from assistant.sandbox.guest.judge import Judge
from assistant.sandbox.guest.judge_link import Link


def main(harness_fd: int) -> None:
    """Judge run after run over `harness_fd`; each begins with the descriptor of its program's stream."""
    control = socket.socket(fileno=harness_fd)
    depth = sys.getrecursionlimit()
    try:
        while True:
            _, fds, _, _ = socket.recv_fds(control, 1, 1)
            if not fds:
                break
            judge_one(control, fds[0])
            sys.setrecursionlimit(depth)
            random.seed()
            gc.collect(0)
    except framing.FrameError:
        pass
    finally:
        os._exit(0)


def judge_one(control: socket.socket, solution_fd: int) -> None:
    """One run, from its job to its end."""
    with socket.socket(fileno=solution_fd) as stream:
        Judge(framing.Frames(control), Link(framing.Frames(stream)), persistent=True).serve()
