"""Do the 95% intervals of `assistant analyze` hold the truth in 95% of studies?

Simulates studies of people x problems whose effects are known, applies the analysis itself, and prints how often each
headline number's interval holds the truth. The truth is that of all people and problems there could be: the number
over thousands of simulated people and problems, without noise of the sample.

    python -m tests.benchmarks.simulated_studies --studies 200
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import exp, inf
from random import Random

from assistant.analysis.answer_rows import answer_rows
from assistant.analysis.lift import all_pairs, lifts
from assistant.analysis.solve_curve import all_curves
from assistant.analysis.solve_model import solve_model
from assistant.analysis.time_to_solve import survival
from assistant.core.problem import Problem
from assistant.journal.records import Feedback, ProgramRecord, SessionRecord
from tests.analysis.build import program, words
from tests.analysis.simulation import problem_of

Interval = tuple[float, float, float]
"""Estimate, low, high; an end that is not known is infinite."""


@dataclass(frozen=True)
class StudyWorld:
    """A study and its true effects; `sd` are standard deviations in log odds."""

    people: int = 12
    problems: int = 20
    each: int = 20
    """Problems that each person meets, drawn at random."""
    first: float = 0.0
    """Log odds of the first answer on a middling problem; all people of a problem see the same."""
    feedback: float = -0.6
    controls: Mapping[str, float] = field(default_factory=lambda: {"retry": -1.6, "tests": -1.1})
    """Log odds, at the first intervention, by arm."""
    later: float = -0.2
    """Change of all of them with each further intervention."""
    learning: float = 0.02
    """Change with each session that a person has held before."""
    harm: float = 0.05
    """Share of feedbacks after which nothing is solved, whatever the odds."""
    sd_people: float = 0.7
    """How people differ in what their feedback does; it does nothing to controls."""
    sd_problems: float = 1.0
    give_up: float = 0.08
    """Share of failed rounds after which the session ends."""
    rounds: int = 4
    seconds: float = 40.0
    """Median time of a feedback; people differ by a factor of about 1.4."""


def simulate(world: StudyWorld, chance: Random) -> list[SessionRecord]:
    """One study's sessions, as the journals would be read."""
    people = [(chance.gauss(0, world.sd_people), exp(chance.gauss(0, 0.35))) for _ in range(world.people)]
    problems = [chance.gauss(0, world.sd_problems) for _ in range(world.problems)]
    firsts = [_happens(world.first + ease, chance) for ease in problems]
    fixed = [
        {arm: _happens(odds + ease, chance) for arm, odds in world.controls.items()} for ease in problems
    ]
    sessions = []
    for person, (skill, pace) in enumerate(people):
        met = chance.sample(range(world.problems), world.each)
        for order, number in enumerate(met):
            played = _Session(world, chance, problems[number], skill, pace, order, fixed[number])
            name = f"20261123T{person:02}{order:02}00-{person:04}{number:06}"
            sessions.append(_record(played, name, number, person, firsts[number], world.rounds, order))
    return sessions


@dataclass
class _Session:
    world: StudyWorld
    chance: Random
    ease: float
    skill: float
    pace: float
    order: int
    fixed: Mapping[str, bool]
    """What controls give at the first intervention: the same for everybody, since the model is greedy."""

    def play(self, first: bool) -> tuple[list[ProgramRecord], list[Feedback], str]:
        world, chance = self.world, self.chance
        programs, said = [program(0, 0, solved=first, hidden_passed=first)], list[Feedback]()
        solved, parent = first, "t0s0"
        for round_ in range(1, world.rounds + 1):
            if solved:
                break
            seconds = world.seconds * self.pace * exp(chance.gauss(0, 0.5))
            turn = len(programs)
            said.append(words(parent, round_, seq=10 * turn - 5, seconds=seconds))
            shift = self.ease + world.later * (round_ - 1)
            odds = world.feedback + shift + self.skill + world.learning * self.order
            solved = _happens(odds, chance) and chance.random() >= world.harm
            programs.append(program(turn, round_, parent, solved=solved, hidden_passed=solved))
            for arm, base in world.controls.items():
                right = self.fixed[arm] if round_ == 1 else _happens(base + shift, chance)
                programs.append(program(len(programs), round_, parent, arm=arm, solved=right))
            parent = f"t{turn}s0"
            if not solved and chance.random() < world.give_up:
                return programs, said, "gave_up"
        return programs, said, "solved" if solved else "rounds_used_up"


def _record(
    played: _Session, name: str, number: int, person: int, first: bool, rounds: int, order: int
) -> SessionRecord:
    programs, said, end = played.play(first)
    problem, sha256 = _known(number)
    return SessionRecord(
        id=name, annotator=f"anon-{person}", problem=problem, problem_sha256=sha256, model="m", precision="",
        rounds=rounds, samples=1, visible_tests=None, study="", condition={}, imported_from="",
        programs=tuple(programs), feedback=tuple(said), end=end,
        began=f"2026-11-23T{order // 60:02}:{order % 60:02}:00",
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _known(number: int) -> tuple[Problem, str]:
    problem = problem_of(number)
    return problem, problem.sha256


def _happens(odds: float, chance: Random) -> bool:
    return chance.random() < 1 / (1 + exp(-odds))


def headline(sessions: Sequence[SessionRecord], mixed: bool = False) -> dict[str, Interval]:
    """Each headline number with its interval, as `assistant analyze` prints them."""
    found: dict[str, Interval] = {}
    curves = all_curves(sessions)
    last = max(p.interventions for p in curves)
    for point in curves:
        if point.arm == "human":
            found[f"solved within {point.interventions}"] = (
                point.rate,
                point.low_clustered,
                point.high_clustered,
            )
        elif point.interventions == last:
            name = f"solved within {last}, the last by {point.arm}"
            found[name] = (point.rate, point.low_clustered, point.high_clustered)
    for lift in lifts(all_pairs(sessions)):
        if lift.round in ("all", "1") and lift.low is not None and lift.high is not None:
            found[f"lift over {lift.arm}, {lift.round}"] = (lift.lift, lift.low, lift.high)
    model = solve_model(answer_rows(sessions), mixed=mixed)
    for term in model.terms:
        name = f"odds ratio: {' over '.join(filter(None, (term.term, term.arm)))}"
        found[name] = (term.odds_ratio, term.low, term.high)
    for effect in model.effects:
        found[f"marginal effect over {effect.arm}"] = (effect.effect, effect.low, effect.high)
    for median in survival(sessions)[0]:
        if median.median is not None and median.low is not None:
            found[f"median {median.unit} to solved"] = (
                median.median, median.low, inf if median.high is None else median.high,
            )  # fmt: skip
    return found


def truth(world: StudyWorld, seed: int = 0) -> dict[str, float]:
    """Of a study with so many people and problems that chance is nothing: each person meets few of the problems."""
    large = replace(world, people=1000, problems=20_000)
    return {name: estimate for name, (estimate, _, _) in headline(simulate(large, Random(seed))).items()}


def coverage(
    world: StudyWorld, studies: int, seed: int = 1
) -> Iterator[tuple[str, float, float, float, int]]:
    """Name, truth, mean estimate, share of intervals that hold the truth, and studies that gave the number."""
    true = truth(world)
    inside: dict[str, list[bool]] = {}
    sums: dict[str, float] = {}
    for number in range(studies):
        for name, (estimate, low, high) in headline(simulate(world, Random(f"{seed} {number}"))).items():
            inside.setdefault(name, []).append(low <= true.get(name, inf) <= high)
            sums[name] = sums.get(name, 0.0) + estimate
    for name in true:
        held = inside.get(name, [])
        if held:
            yield name, true[name], sums[name] / len(held), sum(held) / len(held), len(held)


WORLDS = {
    "12 people, each on the same 20 problems": StudyWorld(),
    "6 people, each on the same 30 problems": StudyWorld(people=6, problems=30, each=30),
    "30 people, each on 8 of 40 problems": StudyWorld(people=30, problems=40, each=8),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--only", type=int, help="the number of one world, from 0")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for number, (name, world) in enumerate(WORLDS.items()):
        if options.only in (None, number):
            print(f"\n{name}\n\n| Number | Truth | Mean | Intervals that hold it | Studies |")
            print("| --- | --- | --- | --- | --- |")
            for row, true, mean, share, count in coverage(world, options.studies):
                print(f"| {row} | {true:.3g} | {mean:.3g} | {share:.1%} | {count} |", flush=True)


if __name__ == "__main__":
    main()
