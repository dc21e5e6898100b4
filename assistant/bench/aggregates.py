"""Samples counted row by row: all that the measures need, however many samples there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from assistant.bench.jobs import Sample


@dataclass
class RowTally:
    """The samples of one row in one group."""

    row: str
    problem: str
    difficulty: str = ""
    samples: int = 0
    solved: int = 0
    """Samples that pass every visible test."""
    honest: int = 0
    """Samples that pass the hidden ones as well (all of `solved` where there are none)."""
    screened: int = 0
    """Solving samples on which hidden tests were run."""
    false: int = 0
    """Solving samples that fail a hidden test."""
    case_shares: float = 0.0
    """Sum over samples of the share of all tests passed."""
    outcomes: Counter[str] = field(default_factory=Counter)
    unsealed: int = 0
    """Samples that pass the visible tests only by a verdict that they could have forged."""
    hard_coded: int = 0
    """Samples that pass the visible tests and name the input of one."""
    suites: Counter[str] = field(default_factory=Counter)
    """Samples that pass each published test set; a set that the problem belongs to is there with 0."""
    suite_shares: dict[str, float] = field(default_factory=dict)
    """Sums over samples of the share of each set's tests passed."""
    beams: int = 1
    """Of the search that gave the samples; 1 where they were drawn."""
    first_solved: int = 0
    """1 where the first sample, of a search the likeliest, passes the visible tests."""
    first_honest: int = 0
    """1 where it passes the hidden ones as well."""
    troubles: Counter[str] = field(default_factory=Counter)
    """Why samples were not judged."""

    def add(self, sample: Sample) -> None:
        """Count one sample."""
        self.samples += 1
        self.outcomes[sample.outcome] += 1
        self.solved += sample.solved
        self.honest += sample.solved and sample.honest is not False
        self.screened += sample.solved and sample.honest is not None
        self.false += sample.solved and sample.honest is False
        self.unsealed += sample.solved and not sample.sealed
        self.hard_coded += sample.hard_coded > 0
        self.beams = max(self.beams, sample.beams)
        self.first_solved += sample.sample == 0 and sample.solved
        self.first_honest += sample.sample == 0 and sample.solved and sample.honest is not False
        for name, passed in sample.suites.items():
            self.suites[name] += passed
            share = sample.suite_shares.get(name, float(passed))
            self.suite_shares[name] = self.suite_shares.get(name, 0.0) + share
        if sample.trouble:
            self.troubles[sample.trouble] += 1
        total = sample.visible_total + sample.hidden_total
        self.case_shares += (sample.visible_passed + sample.hidden_passed) / total if total else 0.0


@dataclass
class Group:
    """One variant or arm: its rows, and what it cost."""

    name: str
    rows: dict[str, RowTally] = field(default_factory=dict)
    prompt_tokens: int = 0
    generated_tokens: int = 0
    seconds: float = 0.0
    """Summed over samples; samples of one request share their time, so this is no wall clock."""

    def add(self, sample: Sample) -> None:
        """Count one sample."""
        row = self.rows.get(sample.row)
        if row is None:
            row = self.rows[sample.row] = RowTally(sample.row, sample.problem, sample.difficulty)
        row.add(sample)
        self.prompt_tokens += sample.prompt_tokens
        self.generated_tokens += sample.generated_tokens
        self.seconds += sample.seconds

    @property
    def samples(self) -> int:
        return sum(row.samples for row in self.rows.values())


def tally_groups(samples: Iterable[Sample], order: Iterable[str] = ()) -> dict[str, Group]:
    """Groups in `order`, others after them in the order they came; rows sorted by id."""
    groups = {name: Group(name) for name in order}
    for sample in samples:
        groups.setdefault(sample.group, Group(sample.group)).add(sample)
    for group in groups.values():
        group.rows = dict(sorted(group.rows.items()))
    return {name: group for name, group in groups.items() if group.rows}
