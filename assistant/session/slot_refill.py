"""Problems of people who dropped out, taken over one at a time by people who are through with their own.

So every problem comes to `allocation.per_problem` people all the same. Who took what over stands in an SQLite file
beside the journals, because two people may finish in the same moment. Without the file everybody has their own share.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.core.problem import Problem
from assistant.journal.consent import read_answers
from assistant.journal.session_summary import SessionSummary
from assistant.session.study import Study, failed_practice, order_for
from assistant.storage.shared_database import open_database

NAME = "refills.sqlite3"
_TABLES = """
create table if not exists taken (
    study text not null, holder text not null, problem text not null, taker text not null,
    primary key (study, holder, problem)
);
create table if not exists away (study text not null, name text not null, primary key (study, name));
create table if not exists through (study text not null, name text not null, primary key (study, name));
"""
Slot = tuple[str, str]
"""Whose place it was, and at which problem."""


@dataclass(frozen=True)
class SlotRefill:
    """The places of one study that were taken over, in the folder of its sessions."""

    study: Study
    folder: Path

    @property
    def hours(self) -> float | None:
        """After how many hours without a sign somebody who began counts as gone; None where nothing is taken over."""
        dealt = self.study.allocation
        return dealt.refill_hours if dealt is not None and dealt.per_problem is not None else None

    def taken(self) -> Mapping[Slot, str]:
        """Who took over which place."""
        if self.hours is None or not (self.folder / NAME).exists():
            return {}
        with self._open() as base:
            return self._taken(base)

    def order(
        self, problems: Sequence[Problem], name: str, taken: Mapping[Slot, str] | None = None
    ) -> list[Problem]:
        """The person's problems in order: their share without what others took over, then what they took over."""
        taken = self.taken() if taken is None else taken
        own = order_for(self.study, problems, name)
        over = [problem for (_, problem), taker in taken.items() if taker == name]
        by_id = {problem.id: problem for problem in problems}
        places = [*(problem.id for problem in own), *(problem for problem in over if problem in by_id)]
        return [by_id[problem] for problem in dict.fromkeys(places) if (name, problem) not in taken]

    def set_away(self, names: Iterable[str], *, away: bool) -> None:
        """Somebody's link was ended, so that they cannot go on; or was given again."""
        if self.hours is None:
            return
        told = (
            "insert or ignore into away values (?, ?)"
            if away
            else "delete from away where study = ? and name = ?"
        )
        with self._open() as base:
            base.executemany(told, [(self.study.name, name) for name in names])

    def take_over(
        self, problems: Sequence[Problem], name: str, sessions: Sequence[SessionSummary], now: float
    ) -> Problem | None:
        """A problem of somebody who is gone, from now on this person's, who is through with their own.

        None where nothing is free or they took over enough: then they are through for good, so that who was thanked
        and paid is not asked again. `sessions` are the study's, `now` is in seconds since 1970.
        """
        dealt = self.study.allocation
        if dealt is None or self.hours is None:
            return None
        out = self._gone(sessions, now)
        if out.get(name):
            return None
        with self._open() as base:
            base.execute("begin immediate")
            person = (self.study.name, name)
            if base.execute("select 1 from through where (study, name) = (?, ?)", person).fetchone():
                return None
            taken = self._taken(base)
            gone = out | dict.fromkeys(self._away(base) - out.keys(), False)
            own = {problem.id for problem in self.order(problems, name, taken)}
            own |= {session.problem for session in sessions if session.annotator == name}
            may = sum(taker == name for taker in taken.values()) < dealt.refill_each
            free = [slot for slot in self._free(problems, sessions, gone, taken) if slot[0] != name]
            for holder, problem in _scarcest(free) if may else ():
                if problem not in own:
                    base.execute("insert into taken values (?, ?, ?, ?)", (person[0], holder, problem, name))
                    return next(each for each in problems if each.id == problem)
            base.execute("insert into through values (?, ?)", person)
            return None

    def _free(
        self,
        problems: Sequence[Problem],
        sessions: Sequence[SessionSummary],
        gone: Mapping[str, bool],
        taken: Mapping[Slot, str],
    ) -> Iterator[Slot]:
        """Places of people who are gone: those that they did not fill, or all where their data is not used."""
        for_all = self.study.allocation.for_all if self.study.allocation is not None else {}
        filled = {(s.annotator, s.problem) for s in sessions if not s.resumable}
        for name, unused in gone.items():
            for problem in self.order(problems, name, taken):
                if problem.id not in for_all and (unused or (name, problem.id) not in filled):
                    yield name, problem.id

    def _gone(self, sessions: Sequence[SessionSummary], now: float) -> dict[str, bool]:
        """Who dropped out, and whether what they did is not used: they refused, withdrew, failed or stay away.

        Who never began is not gone: they may be invited later.
        """
        answers = read_answers(self.folder, without_torn=True)
        found = {}
        for name in self.study.annotators:
            own = [session for session in sessions if session.annotator == name]
            answer = answers.get(name)
            if answer is not None and answer.answer != "granted":
                found[name] = True
            elif failed_practice(self.study, own) or _hours_since(own, now) > (self.hours or 0):
                found[name] = False
        return found

    def _taken(self, base: sqlite3.Connection) -> dict[Slot, str]:
        rows = base.execute(
            "select holder, problem, taker from taken where study = ? order by rowid", (self.study.name,)
        )
        return {(holder, problem): taker for holder, problem, taker in rows}

    def _away(self, base: sqlite3.Connection) -> set[str]:
        rows = base.execute("select name from away where study = ?", (self.study.name,))
        return {name for (name,) in rows if name in self.study.annotators}

    def _open(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        return open_database(self.folder / NAME, _TABLES)


def _scarcest(free: Sequence[Slot]) -> list[Slot]:
    """Those of the problem with the most free places first."""
    places = Counter(problem for _, problem in free)
    return sorted(free, key=lambda slot: -places[slot[1]])


def _hours_since(own: Sequence[SessionSummary], now: float) -> float:
    """Since one of these journals changed; 0 where there is none."""
    changed = []
    for session in own:
        with contextlib.suppress(OSError):
            changed.append(session.path.stat().st_mtime)
    return (now - max(changed)) / 3600 if changed else 0.0
