"""How much a test with random examples tries: usually enough to see a fault soon, at night as much as is of use.

`HYPOTHESIS_PROFILE=thorough pytest` takes the larger numbers; `.github/workflows/thorough.yml` runs it every night.
"""

from __future__ import annotations

import os

from hypothesis import settings

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


def tries(usual: int, thorough: int) -> int:
    """How many examples, kills or messages this run takes."""
    return thorough if THOROUGH else usual


def load_profile() -> None:
    """For Hypothesis tests that state no number of their own. A busy machine breaks every deadline."""
    settings.register_profile("assistant", deadline=None, max_examples=tries(100, 500))
    settings.load_profile("assistant")
