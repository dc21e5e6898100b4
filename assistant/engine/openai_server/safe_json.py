"""JSON from an untrusted server: depth and numbers are bounded."""

from __future__ import annotations

import json
from typing import Any

MOST_TOKENS = 2**31


def read_json(data: bytes | str) -> Any:
    """The value. Raises ValueError, also for what is nested too deep or holds endless digits."""
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("nested too deep") from None


def count(value: Any) -> int:
    """A number of tokens; 0 for what cannot be one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(value) if 0 <= value < MOST_TOKENS else 0
