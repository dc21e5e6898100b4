"""Adversarial and awkward programs, each with the verdict that it must get."""

from __future__ import annotations

from tests.sandbox.corpus import (
    bombs,
    claims,
    correct,
    forgeries,
    network,
    objects,
    process,
    secrets,
    sharing,
    sources,
    values,
    writes,
)
from tests.sandbox.corpus.case import Case

AT_THE_WALLS: tuple[Case, ...] = tuple(
    case for module in (network, secrets, writes, bombs, process) for case in module.CASES
)
"""What depends on the walls, and is tried in every mode."""
CASES: tuple[Case, ...] = (
    *AT_THE_WALLS,
    *(
        case
        for module in (forgeries, claims, values, correct, objects, sharing, sources)
        for case in module.CASES
    ),
)
