"""User and capabilities of confined code: an unused user id, no capabilities, and no way to gain any."""

# ruff: noqa: PTH116, PTH120, PTH123
# (raw paths: this code runs between a fork and the confinement)
from __future__ import annotations

import contextlib
import os

from assistant.sandbox.isolation import filesystem_policy, libc

_FIRST_UNUSED, _UNUSED = 61184, 4000
"""User ids without an account (systemd takes its dynamic users from here)."""
_READ_PAST_PERMISSIONS = 2
"""CAP_DAC_READ_SEARCH."""
_ROOT = "root without capabilities; its threads are not counted"
_LAST_CAPABILITY = 63


def own_uid() -> int:
    """Whom confined code will run as. Root's workers get a user each, so that threads are counted apart."""
    return os.getuid() or _FIRST_UNUSED + os.getpid() % _UNUSED


def step_down(uid: int) -> str:
    """Become `uid` and give up what root may do (or what a user namespace gave); what is left, as text."""
    keep = 0
    remaining = "own user, no capabilities"
    _drop_bounding()
    if not os.getuid():
        keep, remaining = _leave_root(uid)
    libc.set_capabilities(keep)
    libc.prctl(libc.PR_CAP_AMBIENT, libc.PR_CAP_AMBIENT_CLEAR_ALL)
    libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
    return remaining


def _leave_root(uid: int) -> tuple[int, str]:
    """The capabilities to keep, and words for it."""
    private = not all(map(_open_to_all, filesystem_policy.standard_library()))
    if private and not _may(_READ_PAST_PERMISSIONS):  # a container that gives its root less
        return 0, _ROOT
    libc.prctl(libc.PR_SET_KEEPCAPS, 1)
    with contextlib.suppress(OSError):
        os.setgroups([])
    try:
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    except OSError:  # a user namespace that knows no other user, or a root that may not change
        return 0, _ROOT
    # The interpreter lies in a folder that is root's alone (pyenv under /root): its user may then read past
    # permissions, within what Landlock allows, and may still not write.
    if private:
        return 1 << _READ_PAST_PERMISSIONS, "a user of its own, may read past permissions"
    return 0, "a user of its own, no capabilities"


def _may(capability: int) -> bool:
    """Whether this process has a capability."""
    with open("/proc/self/status", encoding="ascii") as file:
        line = next(line for line in file if line.startswith("CapPrm:"))
    return bool(int(line.split()[1], 16) >> capability & 1)


def _drop_bounding() -> None:
    for capability in range(_LAST_CAPABILITY + 1):
        try:
            libc.prctl(libc.PR_CAPBSET_DROP, capability)
        except OSError:
            return


def _open_to_all(path: str) -> bool:
    """Whether everybody may reach and read a folder."""
    while path != "/":
        if os.stat(path).st_mode & 0o005 != 0o005:
            return False
        path = os.path.dirname(path)
    return True
