"""A child that was started rather than forked: for systems whose own sandbox must surround it from the start."""

from __future__ import annotations

import fcntl
import json
import sys

from assistant.sandbox.guest import pytest_shim, solution
from assistant.sandbox.guest.roles import ROLES, settle_descriptors
from assistant.sandbox.isolation import rlimits
from assistant.sandbox.isolation.unconfined import Unconfined

_ASIDE = 64


def main(configuration: str) -> None:
    """Be what the configuration says: `{"role", "fds", "limits"}`."""
    settings = json.loads(configuration)
    pytest_shim.install()
    solution.prepare_streams()
    rlimits.share_files()
    Unconfined({}).enclose_child(settings["role"], settings["limits"])
    sys.path.pop(0)
    ROLES[settings["role"]](*settle_descriptors(in_order(settings["fds"])))


def in_order(fds: list[int]) -> list[int]:
    """Copies with ascending numbers, out of the way of those that they will get."""
    return [fcntl.fcntl(fd, fcntl.F_DUPFD, _ASIDE + index) for index, fd in enumerate(fds)]
