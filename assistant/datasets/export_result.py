"""What an export came to: counts, findings, sample rows; gathered problem by problem."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from assistant.datasets.build_rows import ExportTotals, Made
from assistant.datasets.options import Rules
from assistant.datasets.provenance import Place
from assistant.datasets.session_view import Row
from assistant.datasets.splits import about_empty
from assistant.journal.screening import data_sha256

SAMPLES = 3


@dataclass
class ExportResult(ExportTotals):
    """Everything that is reported about an export."""

    rows: dict[str, Counter[str]] = field(default_factory=dict)
    """By format: rows, duplicates, contradictions, and rows in each split."""
    bytes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Of rows in memory, by format and split."""
    problems: Counter[str] = field(default_factory=Counter)
    """In each split."""
    splits: dict[str, str] = field(default_factory=dict)
    """By the problem's `content_sha256`."""
    overlaps: dict[str, list[str]] = field(default_factory=dict)
    """Problems with rows that are also test problems of MBPP or HumanEval."""
    excluded: list[str] = field(default_factory=list)
    held_out: int = 0
    """Problems that are kept out of `train` because they, or near-duplicates, are test problems of a benchmark."""
    held_out_rows: Counter[str] = field(default_factory=Counter)
    """Their rows, by format."""
    near_duplicates: int = 0
    """Problems that are in a group with another one."""
    samples: dict[str, list[Row]] = field(default_factory=dict)
    answers: int = 0
    """To a study's questions before its first problem and after its last."""
    _groups: Counter[str] = field(default_factory=Counter)

    def add(self, place: Place, made: Made) -> None:
        """Take in one problem."""
        self.count(made)
        for name, counts in made.rows.items():
            self.rows.setdefault(name, Counter()).update({**counts, made.split: counts["rows"]})
            samples = self.samples.setdefault(name, [])
            samples += made.samples.get(name, [])[: SAMPLES - len(samples)]
        for name, table in made.tables.items():
            self.bytes[name, made.split] += table.nbytes
            self.held_out_rows[name] += table.num_rows if place.held_out else 0
        if made.sessions["exported"]:
            self._place(place)

    def _place(self, place: Place) -> None:
        self.splits[place.content] = place.split
        self.problems[place.split] += 1
        self.held_out += place.held_out
        self._groups[place.group] += 1
        if self._groups[place.group] > 1:
            self.near_duplicates += 2 if self._groups[place.group] == 2 else 1
        if place.overlaps:
            self.overlaps[place.content] = list(place.overlaps)

    @property
    def detected_languages(self) -> list[str]:
        """Languages of the words, the most frequent first: those of at least one in twenty sessions that tell."""
        told = Counter({language: count for language, count in self.languages.items() if language})
        least = max(1, told.total() / 20)
        return [
            name
            for name, count in sorted(told.items(), key=lambda item: (-item[1], item[0]))
            if count >= least
        ]

    @property
    def lumped(self) -> int:
        """Problems in the largest group of near-duplicates, where that holds most of them; else 0."""
        most = max(self._groups.values(), default=0)
        return most if most > 2 and 2 * most > len(self.splits) else 0

    def about_empty(self, rules: Rules) -> str:
        """Why splits that should have problems have none, and what fills them; empty where all have some."""
        even = rules.placement == "even"
        return about_empty(self.problems, len(self._groups), rules.shares, even=even)

    @property
    def answered(self) -> bool:
        """Whether solving can be reported: feedback that a model answered, or a first right answer."""
        return any(solving.answered or solving.visible >= 0 for solving in self.solving)

    @property
    def data_sha256(self) -> str:
        """Names the journals that were exported: over their sorted hashes, as `assistant analyze` does."""
        return data_sha256(self.tips)
