"""Run a command where namespaces and mounts are forbidden, as in a container's default profile.

`python -m tests.sandbox.without_namespaces COMMAND …`
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys

from assistant.sandbox.isolation import libc
from assistant.sandbox.isolation.seccomp import (
    ALLOW,
    JEQ,
    LOAD,
    NUMBER,
    RETURN,
    assembled,
    failing_with,
    jump,
    statement,
)

_FORBIDDEN = {"x86_64": (272, 165, 155, 308), "aarch64": (97, 40, 41, 268)}
"""unshare, mount, pivot_root, setns."""


def forbid() -> None:
    """Put the filter on this process and all that it starts."""
    program = [statement(LOAD, NUMBER)]
    for number in _FORBIDDEN[os.uname().machine]:
        program += [
            jump(JEQ, number, 0, 1),
            statement(RETURN, failing_with(errno.EPERM)),
        ]
    code = assembled([*program, statement(RETURN, ALLOW)])
    buffer = ctypes.create_string_buffer(code, len(code))
    descriptor = ctypes.create_string_buffer(16)
    ctypes.memmove(descriptor, (len(program) + 1).to_bytes(2, sys.byteorder), 2)
    ctypes.memmove(ctypes.addressof(descriptor) + 8, ctypes.addressof(buffer).to_bytes(8, sys.byteorder), 8)
    libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
    libc.prctl(libc.PR_SET_SECCOMP, 2, ctypes.addressof(descriptor))


if __name__ == "__main__":
    forbid()
    os.execv(sys.argv[1], sys.argv[1:])
