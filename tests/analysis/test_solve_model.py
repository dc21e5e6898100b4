"""The regression, survival curves and order effects: against statsmodels, by refusal, and by way of journals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from math import exp, log
from pathlib import Path
from random import Random
from typing import Any

import pytest

from assistant.analysis.answer_rows import AnswerRow, answer_rows
from assistant.analysis.learning import order_rates
from assistant.analysis.lift import all_pairs, lifts
from assistant.analysis.solve_model import solve_model
from assistant.analysis.time_to_solve import survival
from assistant.journal.load import read_sessions
from assistant.journal.records import SessionRecord
from tests.analysis.simulation import World, _Play, chained
from tests.benchmarks.simulated_studies import StudyWorld, headline, simulate

numpy = pytest.importorskip("numpy")
pytest.importorskip("duckdb")
logit = pytest.importorskip("statsmodels.discrete.discrete_model")
survfunc = pytest.importorskip("statsmodels.duration.survfunc")
scipy_t = pytest.importorskip("scipy.stats").t
SMALL = StudyWorld(people=6, problems=12, each=12, first=-0.5)


@pytest.fixture(scope="module")
def sessions() -> list[SessionRecord]:
    return simulate(SMALL, Random(5))


def test_odds_ratios_are_those_of_statsmodels_and_its_clusters() -> None:
    """One person's answers, so that problems are the only clusters."""
    sessions = simulate(replace(SMALL, people=4, problems=60, each=60), Random(1))
    rows = [
        replace(row, annotator="a", order=0, round=1) for row in answer_rows(sessions) if row.arm != "tests"
    ]
    model = solve_model(rows, mixed=False)
    y = numpy.array([row.solved for row in rows], dtype=float)
    x = numpy.array([[1.0, row.arm == "human"] for row in rows], dtype=float)
    problems = numpy.unique([row.problem for row in rows], return_inverse=True)[1]
    clustered = {"groups": problems, "use_correction": False}
    expected = logit.Logit(y, x).fit(disp=False, cov_type="cluster", cov_kwds=clustered)
    clusters = len(set(problems))
    (term,) = model.terms
    assert (term.term, term.arm) == ("feedback", "retry")
    assert log(term.odds_ratio) == pytest.approx(expected.params[1], abs=1e-6)
    error = expected.bse[1] * (clusters / (clusters - 1)) ** 0.5
    half = scipy_t.ppf(0.975, clusters - 1) * error
    assert log(term.low) == pytest.approx(expected.params[1] - half, abs=1e-6)
    assert log(term.high) == pytest.approx(expected.params[1] + half, abs=1e-6)
    assert term.p == pytest.approx(2 * scipy_t.sf(abs(expected.params[1]) / error, clusters - 1), abs=1e-9)


def test_no_odds_ratio_is_given_over_a_control_that_fails_everywhere_at_first() -> None:
    """Its odds there would be a guess from later interventions."""
    one = _rows(12, 6, 3, 2)
    later = [
        replace(row, round=n, state=row.state + 1000 * n) for n in (2, 3, 4) for row in _rows(12, 6, 3, 1)
    ]
    whole = solve_model([*one, *later], mixed=False)
    assert {term.arm for term in whole.terms} == {"retry", ""} and "No odds ratio" not in whole.fit.said
    first = [replace(row, solved=False) if row.arm == "retry" else row for row in one]
    model = solve_model([*first, *later], mixed=False)
    assert {term.arm for term in model.terms} == {""} and [effect.arm for effect in model.effects] == [
        "retry"
    ]
    assert "No odds ratio is given over retry: at the first intervention" in model.fit.said


def test_marginal_effects_are_the_lifts_where_nothing_else_differs(sessions: list[SessionRecord]) -> None:
    rows = [replace(row, order=0) for row in answer_rows(sessions)]
    effects = {effect.arm: effect for effect in solve_model(rows, mixed=False).effects}
    for lift in lifts(all_pairs(sessions)):
        if lift.round == "all":
            effect = effects[lift.arm]
            assert effect.effect == pytest.approx(lift.lift, abs=1e-6)
            assert lift.low is not None and lift.high is not None
            assert effect.high - effect.low == pytest.approx(lift.high - lift.low, rel=0.15)


def _rows(problems: int, each: int, human: int, control: int) -> list[AnswerRow]:
    """`human` and `control` of the answers to each problem solve."""
    return [
        AnswerRow(problem * each + n, arm, 1, 0, f"p{problem}", f"a{n % 3}", n < solved)
        for problem in range(problems)
        for n in range(each)
        for arm, solved in (("human", human), ("retry", control))
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "No regression: no control that both solved and failed was made."),
        (_rows(8, 6, 3, 0), "Left out, since they solve all or nothing: retry."),
        (_rows(3, 6, 3, 2), "No regression: 3 problems have answers and a control, and 5 are needed."),
        ([*_rows(6, 6, 1, 0)[:-1], AnswerRow(99, "retry", 1, 0, "p0", "a", True)],
         "No regression: 7 solved answers are too few for 2 coefficients (10 are needed)."),
        (_rows(8, 6, 6, 3), "a control may solve all or nothing"),
    ],
)  # fmt: skip
def test_data_too_thin_are_refused_in_one_line(rows: list[AnswerRow], said: str) -> None:
    model = solve_model(rows)
    assert said in model.fit.said
    assert "\n" not in model.fit.said
    assert model.terms == model.effects == ()


def test_the_mixed_model_says_how_much_people_and_problems_differ(sessions: list[SessionRecord]) -> None:
    found, again = (solve_model(answer_rows(sessions)).fit for _ in range(2))
    assert found == again
    assert found.said.startswith("The regression converged in ")
    assert found.sd_people is not None and found.sd_problems is not None
    assert found.sd_problems > found.sd_people > 0.05


def test_survival_is_kaplan_and_meiers(sessions: list[SessionRecord]) -> None:
    medians, points = survival(sessions)
    lives = [(sum(f.effort.active for f in s.feedback), s.solve is not None) for s in sessions if s.feedback]
    expected = survfunc.SurvfuncRight(*(numpy.array(x, dtype=float) for x in zip(*lives, strict=True)))
    seconds = [point for point in points if point.unit == "seconds"]
    found = dict(zip(expected.surv_times, expected.surv_prob, strict=True))
    for point in seconds:
        assert point.unsolved == pytest.approx(found[point.time])
        assert 0 <= point.low <= point.unsolved <= point.high <= 1
    assert medians[0].median == pytest.approx(expected.quantile(0.5))
    assert medians[0].censored == sum(not solved for _, solved in lives)


def test_order_rates_hold_every_session_once(sessions: list[SessionRecord]) -> None:
    parts = order_rates(sessions)
    assert sum(part.sessions for part in parts) == sum(bool(s.feedback) for s in sessions)
    assert parts[0].first == 1
    assert [part.first for part in parts[1:]] == [part.last + 1 for part in parts[:-1]]
    assert order_rates(sessions[:3]) == []


class _Recorded(_Play):
    """A simulated session as the journal that the app would have written."""

    def __init__(self, record: SessionRecord) -> None:
        problem, person = (int(record.problem.id.split("/")[1]), int(record.annotator.split("-")[1]))
        world = World(problems=100, annotators=100, rounds=record.rounds, false_solves=0, filler=0)
        super().__init__(world, problem + 100 * person, record.id)
        self.record = record

    def events(self) -> Iterator[dict[str, Any]]:
        said = {words.round: words for words in self.record.feedback}
        yield self.header()
        for program in self.record.programs:
            if program.arm == "human" and program.round:
                words = said[program.round]
                self.messages = [*self.messages, {"role": "user", "content": words.text}]
                yield {
                    "type": "feedback_given", "program": words.about, "round": words.round, "text": words.text,
                    "kinds": [], "effort": words.effort.model_dump(), "author": "person",
                }  # fmt: skip
            yield from self.answer(program.arm, program.round, program.parent, program.solved)
        yield {"type": "session_ended", "reason": self.record.end, "effort": self.spent(), "note": ""}


def test_studies_in_memory_are_those_that_journals_hold(
    tmp_path: Path, sessions: list[SessionRecord]
) -> None:
    """So the table of coverage is about what `assistant analyze` reads."""
    for record in sessions:
        lines = list(chained(_Recorded(record).events()))
        assert json.loads(lines[0])["session"] == record.id
        path = tmp_path / "2026-11-23" / f"{record.id}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"".join(line + b"\n" for line in lines))
    found, screened = read_sessions(tmp_path)
    assert (len(found), screened.left_out) == (len(sessions), ())
    memory, journals = headline(sessions), headline(found)
    assert memory.keys() == journals.keys()
    for name, numbers in memory.items():
        assert journals[name] == pytest.approx(numbers), name


def test_an_effect_of_order_is_found() -> None:
    """Each session before multiplies the odds by 1.2."""
    taught = simulate(replace(SMALL, people=20, learning=log(1.2)), Random(2))
    (term,) = (x for x in solve_model(answer_rows(taught), mixed=False).terms if x.term == "order")
    assert 1 < term.low < term.odds_ratio < term.high < exp(0.4)
