"""Datasets of the Hugging Face hub (or a folder in its layout), where the package `datasets` is installed."""

from __future__ import annotations

from assistant.core.errors import ProblemSourceError
from assistant.problems.record_files import Found

PREFIX = "hub:"


def read_hub(name: str) -> list[Found]:
    """Every record of every split of `NAME` or `NAME:CONFIG`, e.g. `google-research-datasets/mbpp:sanitized`."""
    try:
        from datasets import load_dataset  # heavy: seconds to import
    except ImportError:
        raise ProblemSourceError(f"{PREFIX}{name} needs the package datasets: pip install datasets") from None
    dataset, _, config = name.partition(":")
    try:
        splits = load_dataset(dataset, config or None)
    except (
        Exception
    ) as error:  # whatever the hub's client raises: offline, no such name, a script, a bad file
        reason = next(
            (line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__
        )
        raise ProblemSourceError(f"cannot load {name} from the hub: {reason}") from None
    return [
        (f"split {split} row {number}", dict(row))
        for split, rows in splits.items()
        for number, row in enumerate(rows, start=1)
    ]
