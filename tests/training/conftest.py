"""Fixtures of other tests that these use."""

from __future__ import annotations

from tests.bench.conftest import run  # noqa: F401 (a fixture)
from tests.engine.forked_workers import forked_workers  # noqa: F401 (a fixture)
