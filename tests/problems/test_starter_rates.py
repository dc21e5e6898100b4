"""Rates of the starter problems: measured by the script, shown where they were measured, and they make the order."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from assistant.problems import starter_rates
from assistant.problems.load import load_source
from assistant.problems.starter_rates import (
    FILE,
    MeasuredProblem,
    Measurement,
    identity,
    rate_text,
    winnable_first,
)
from tests.benchmarks import starter_difficulty
from tests.benchmarks.results_file import rows_of
from tests.benchmarks.starter_difficulty import STARTER, difficulty, read_sentences

PROBLEMS = load_source("starter").problems
MIDDLE = next(problem for problem in PROBLEMS if problem.id == "starter/middle-item")
WRONG = "```python\ndef middle_item(items):\n    return items[len(items) // 2]\n```"


def _measured(**won: int | None) -> Measurement:
    of = {problem.id: MeasuredProblem(sha256=identity(problem), solved=2, of=5) for problem in PROBLEMS[:5]}
    of |= {name: of[name].model_copy(update={"won_after": after}) for name, after in won.items()}
    return Measurement(
        date="2026-01-01", model="m", template="t", template_sha256="h", temperature=0.8, problems=of
    )


def test_the_file_that_ships_is_of_these_problems_or_is_not_there() -> None:
    if not FILE.exists():
        assert {rate_text(problem) for problem in PROBLEMS} == {""}
        return
    found = starter_rates.measured_rates()
    assert found is not None and all(found.of(problem) for problem in PROBLEMS)
    assert all(difficulty(found.problems[problem.id]) == problem.difficulty for problem in PROBLEMS)


def test_problems_that_a_sentence_or_two_win_come_first() -> None:
    a, b, c, d = (problem.id for problem in PROBLEMS[:4])
    order = [p.id for p in winnable_first(PROBLEMS, _measured(**{a: 0, b: 3, c: 2, d: 1}))]
    assert set(order[:2]) == {c, d}
    assert order[2:] == [p.id for p in winnable_first(PROBLEMS, None) if p.id not in (c, d)]


def test_a_rate_counts_for_the_very_problem_only(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = _measured()
    monkeypatch.setattr(starter_rates, "measured_rates", lambda: measured)
    assert rate_text(PROBLEMS[0]) == "2 of 5"
    assert rate_text(PROBLEMS[0].model_copy(update={"difficulty": "unheard of"})) == "2 of 5"
    assert rate_text(PROBLEMS[0].model_copy(update={"text": "another"})) == ""
    assert rate_text(PROBLEMS[0].model_copy(update={"source": "own"})) == ""
    assert rate_text(PROBLEMS[9]) == ""


def test_the_sentences_are_of_starter_problems_and_labelled() -> None:
    rows = list(read_sentences(starter_difficulty.HERE / "starter_sentences.jsonl"))
    named = [row["problem"] for row in rows]
    assert len(named) == len(set(named)) >= 8 and set(named) <= {problem.id for problem in PROBLEMS}
    assert all(1 <= len(row["sentences"]) <= 2 for row in rows)
    assert {row["author"] for row in rows} == {"model"}


@pytest.mark.slow
def test_the_script_measures_writes_and_takes_up_where_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scripted: the first answer is wrong, the one after a sentence is right; five draws give both in turn."""
    monkeypatch.chdir(tmp_path)
    right = f"```python\n{MIDDLE.reference}```"
    answers = {"entry_point": "middle_item", "answers": [WRONG, right]}
    Path("script.jsonl").write_text(json.dumps(answers) + "\n", encoding="utf-8")
    shutil.copy(STARTER, "starter.jsonl")
    files = ["--results", "results.jsonl", "--starter", "starter.jsonl", "--into", "rates.json"]
    options = [*files, "--engine", "scripted", "--script", "script.jsonl", "--id", MIDDLE.id]
    for _ in range(2):
        starter_difficulty.main(["rates", *options])
        starter_difficulty.main(["words", *options])
    rows = rows_of(Path("results.jsonl"))
    assert [row["kind"] for row in rows] == ["rate", "words"]
    starter_difficulty.main(["write", *files])
    found = Measurement.model_validate_json(Path("rates.json").read_text(encoding="utf-8"))
    assert found.of(MIDDLE) == MeasuredProblem(
        sha256=identity(MIDDLE), solved=rows[0]["solved"], of=5, won_after=1
    )
    written = [json.loads(line) for line in Path("starter.jsonl").read_text(encoding="utf-8").splitlines()]
    told = next(record for record in written if record["id"] == MIDDLE.id)
    assert told["difficulty"] == difficulty(found.problems[MIDDLE.id]) and len(written) == len(PROBLEMS)
