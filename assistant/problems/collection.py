"""A set of problems from one source."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from assistant.core.errors import UsageError
from assistant.core.problem import Problem
from assistant.storage.durable_io import replace_file


@dataclass(frozen=True)
class Collection:
    """Problems in the source's order, ids unique; `skipped` names each record that was left out and why."""

    name: str
    problems: tuple[Problem, ...]
    skipped: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.problems)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.problems)

    @property
    def stem(self) -> str:
        """The source's name for a file made of it: without folder, hub, dates and ending."""
        place = self.name.partition("@")[0].removeprefix("hub:").rstrip("/").replace(":", "-")
        return Path(place).name.partition(".")[0] or "problems"

    @cached_property
    def _by_id(self) -> dict[str, Problem]:
        return {problem.id: problem for problem in self.problems}

    @cached_property
    def _by_short_id(self) -> dict[str, list[Problem]]:
        short: dict[str, list[Problem]] = {}
        for problem in self.problems:
            for name in {problem.id.lower(), problem.id.lower().rpartition("/")[2]}:
                short.setdefault(name, []).append(problem)
        return short

    def get(self, problem_id: str) -> Problem:
        """The problem with this id, or whose id ends in `/` and this; `UsageError` suggests close matches."""
        if problem_id in self._by_id:
            return self._by_id[problem_id]
        found = self._by_short_id.get(problem_id.strip().lower(), [])
        if len(found) == 1:
            return found[0]
        close = [p.id for p in found] or difflib.get_close_matches(problem_id, self._by_id, n=3, cutoff=0.5)
        shown = problem_id if len(problem_id) <= 60 else problem_id[:60] + "…"
        hint = f"did you mean {', '.join(close)}?" if close else "list them with: assistant problems"
        raise UsageError(f"no problem {shown!r} in {self.name} ({len(self)} problems): {hint}")


def write_source(path: Path, problems: Iterable[Problem]) -> None:
    """Write problems as a file that is a source again (our own JSON Lines). Raises OSError."""
    lines = (problem.model_dump_json() + "\n" for problem in problems)
    replace_file(path, "".join(lines).encode(), shared=True)
