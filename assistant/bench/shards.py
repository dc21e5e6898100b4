"""A part of the problems: by name, by place, or as one of n shards that together are all of them."""

from __future__ import annotations

from assistant.core.errors import UsageError
from assistant.core.problem import FrozenModel, Problem


class ProblemSelection(FrozenModel):
    """Which of the problems are asked; all by default."""

    ids: tuple[str, ...] = ()
    """Ids, or their ends (`2` for `Mbpp/2`)."""
    offset: int = 0
    """So many of the first are left to others."""
    shard: int = 1
    shards: int = 1
    """Shard `shard` of `shards` takes every `shards`-th problem, so that each has easy and hard ones."""

    @classmethod
    def parse(cls, ids: str = "", offset: int = 0, shard: str = "") -> ProblemSelection:
        """From the command line: `--ids 2,3`, `--offset 100`, `--shard 1/4`. Raises UsageError."""
        number, _, of = (shard or "1/1").partition("/")
        if not (number.isdigit() and of.isdigit() and 1 <= int(number) <= int(of)):
            raise UsageError(f"--shard {shard}: say which of how many, e.g. 1/4")
        names = tuple(name.strip() for name in ids.split(",") if name.strip())
        return cls(ids=names, offset=offset, shard=int(number), shards=int(of))

    def of(self, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """The problems of this part. Raises UsageError where there are none, or a name fits none."""
        chosen = self._named(problems)[self.offset :][self.shard - 1 :: self.shards]
        if not chosen:
            raise UsageError(f"no problem is left of {len(problems)}: check --ids, --offset and --shard")
        return chosen

    def _named(self, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        if not self.ids:
            return problems
        wanted = {name.lower(): name for name in self.ids}
        found = {key: problem for problem in problems for key in _names(problem) if key in wanted}
        if missing := [name for key, name in wanted.items() if key not in found]:
            raise UsageError(f"--ids {', '.join(missing[:5])}: no such problem among the {len(problems)}")
        chosen = {problem.id for problem in found.values()}
        return tuple(problem for problem in problems if problem.id in chosen)


def _names(problem: Problem) -> tuple[str, str]:
    return problem.id.lower(), problem.id.lower().rpartition("/")[2]
