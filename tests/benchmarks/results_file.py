"""Results of long measurements, a JSON line each: what a file lacks is measured, and what is there is kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

Row = dict[str, Any]
Item = TypeVar("Item")
TOGETHER = 12
"""Measured at a time: their answers share the model's steps, and are the same as one by one."""


def rows_of(path: Path) -> list[Row]:
    """Every whole line of the results."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def measure_all(
    path: Path, missing: Iterable[Item], measure: Callable[[Item], Row], shown: Callable[[Row], object]
) -> None:
    """Append a row for each of `missing`, in their order, and say on stderr what is `shown` of it."""
    with ThreadPoolExecutor(TOGETHER) as asking:
        for row in asking.map(measure, missing):
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            print(shown(row), file=sys.stderr, flush=True)
