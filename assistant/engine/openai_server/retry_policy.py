"""Time limits for a server, and the rule for retries."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime


@dataclass(frozen=True)
class RetryPolicy:
    """Time limits in seconds, and the rule for retries after a temporary failure."""

    connect: float = 10.0
    first_token: float = 600.0
    """A server on a CPU may read a long dialogue for minutes, or load its model first."""
    between_tokens: float = 90.0
    prepare: float = 30.0
    """For the list of models and the other questions before the first generation."""
    probe: float = 20.0
    """For trying seeds, all together; what is not known by then stays undetermined."""
    retries: int = 5
    first_wait: float = 0.5
    longest_wait: float = 30.0
    longest_retry_after: float = 120.0
    """A longer `Retry-After` than this is not waited for."""
    leave_lost: bool = False
    """Whether a server that cannot be reached is not asked again here, since there are others."""

    def wait(self, retry: int, asked: float | None = None) -> float:
        """Seconds before retry number `retry` (0, 1, …): doubled each time with half of it jitter.

        What the server asked for (`Retry-After`) is the least that is waited.
        """
        grown = min(self.longest_wait, self.first_wait * 2.0**retry)
        jittered = grown * random.uniform(0.5, 1.0)
        return jittered if asked is None else max(asked + jittered * 0.1, jittered)


def retry_after(value: str | None) -> float | None:
    """Seconds from a `Retry-After` header (a number or a date); None when absent or unreadable."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
