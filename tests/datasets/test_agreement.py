"""What the dataset's card says of solving is what `assistant analyze` says, and test problems stay test problems."""

from __future__ import annotations

from pathlib import Path

import pytest

for module in ("pyarrow", "datasketch", "detect_secrets", "faker", "duckdb"):
    pytest.importorskip(module)

from assistant.analysis.solve_curve import human_curve  # noqa: E402
from assistant.datasets.figure import points  # noqa: E402
from assistant.datasets.pipeline import rehearse  # noqa: E402
from assistant.journal.load import read_sessions  # noqa: E402
from assistant.problems.load import load_source  # noqa: E402
from tests.datasets.build import RIGHT, WRONG, Script, problem, request  # noqa: E402


@pytest.mark.slow
def test_card_and_report_give_the_same_rates_and_intervals(tmp_path: Path) -> None:
    for number in range(12):
        script = Script(problem(number % 3)).consent().answer(WRONG, right=[number % 4 == 0])
        if number % 4:
            script.say("add").answer(RIGHT, right=[number % 4 == 1])
        if number % 4 == 3:
            script.edit(RIGHT, right=True)
        script.end("gave_up").write(tmp_path, f"s{number:02}")
    card = points(rehearse(request(tmp_path, "turns", leaky="keep")).solving)
    report = human_curve(read_sessions(tmp_path)[0])
    assert [(p.visible, p.sessions) for p in card] == [(p.solved, p.sessions) for p in report]
    for ours, theirs in zip(card, report, strict=True):
        assert ours.visible_interval == pytest.approx((theirs.low_clustered, theirs.high_clustered))


@pytest.mark.slow
def test_test_problems_of_benchmarks_are_in_the_test_split(tmp_path: Path) -> None:
    for number, known in enumerate(load_source("humaneval").problems[:6]):
        Script(known).consent().answer(RIGHT, right=[True]).end().write(tmp_path, f"h{number}")
    outcome = rehearse(request(tmp_path, "sft", shares=(1.0, 0.0, 0.0)))
    assert set(outcome.splits.values()) == {"test"}
    assert outcome.rows["sft"]["train"] == 0
    reported = rehearse(request(tmp_path, "sft", overlap="report", shares=(1.0, 0.0, 0.0)))
    assert set(reported.splits.values()) == {"train"}


@pytest.mark.slow
def test_words_of_an_unknown_speaker_are_an_origin_of_their_own(tmp_path: Path) -> None:
    for number, author in enumerate(("person", "unknown", "model")):
        script = Script(problem(number)).consent().answer(WRONG, right=[False]).say("add", author=author)
        script.answer(RIGHT, right=[True]).end().write(tmp_path, f"s{number}")
    for origin, speaker in (("people", "people"), ("unknown", "unknown speaker"), ("simulated", "simulated")):
        outcome = rehearse(request(tmp_path, "refinement", origin=origin, leaky="keep"))
        assert (outcome.sessions["exported"], outcome.speakers) == (1, {speaker})
        assert outcome.samples["refinement"][0]["speaker"] == speaker
