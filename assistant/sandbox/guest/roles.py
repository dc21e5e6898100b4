"""What a child can be, and the descriptors that it keeps."""

from __future__ import annotations

import os
from collections.abc import Callable

from assistant.sandbox.guest import judge, solution, unsealed_judge
from assistant.sandbox.isolation.rlimits import FILES

ROLES: dict[str, Callable[..., None]] = {
    "solution": solution.main,
    "judge": judge.main,
    "persistent": judge.persistent_main,
    "unsealed": unsealed_judge.main,
    "program": solution.program_main,
}
"""Each takes its descriptors; none returns."""


def settle_descriptors(own: list[int]) -> list[int]:
    """Keep only `own` (ascending), as descriptors 3, 4, …; nothing on 0, 1 and 2.

    Each child opens its own nothing: flags, locks and position of a file that is opened once would be seen by all.
    """
    settled = list(range(3, 3 + len(own)))
    for fd, place in zip(own, settled, strict=True):
        if fd != place:
            os.dup2(fd, place, inheritable=False)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.closerange(3 + len(own), FILES + 1)
    return settled
