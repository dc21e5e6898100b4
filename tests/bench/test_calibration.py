"""`assistant problems --calibrate`: rates of a model alone, and the problems between two of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.bench.calibration import RateRange
from assistant.core.errors import UsageError
from assistant.problems.load import load_source
from assistant.problems.starter_rates import MeasuredProblem, Measurement, identity
from tests.bench.conftest import FALSE, RIGHT, WRONG, Run, addition

NAMES = {
    "own/always": [RIGHT] * 4,
    "own/sometimes": [RIGHT, WRONG, WRONG, FALSE],
    "own/never": [WRONG, FALSE] * 2,
}


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three problems, and a script with four answers to each; runs are made in the test's folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "own.jsonl"
    path.write_text("".join(addition(name).model_dump_json() + "\n" for name in NAMES), encoding="utf-8")
    lines = (json.dumps({"text": text}) + "\n" for answers in NAMES.values() for text in answers)
    (tmp_path / "script.jsonl").write_text("".join(lines), encoding="utf-8")
    return path


def test_rates_and_the_subset_between_two(run: Run, source: Path, tmp_path: Path) -> None:
    words = ["problems", source, "--calibrate", "scripted", "--engine", "scripted"]
    words += ["--script", tmp_path / "script.jsonl", "-k", "4"]
    status, shown, said = run(*words)
    assert status == 0, said
    assert [line.split()[:4] for line in shown.splitlines()[:3]] == [
        ["own/always", "4", "of", "4"], ["own/sometimes", "1", "of", "4"], ["own/never", "0", "of", "4"],
    ]  # fmt: skip
    assert "1 below 10%, 1 between, 1 above 60%" in shown
    (kept,) = load_source("own-10-60.jsonl")
    assert kept == load_source(str(source)).get("own/sometimes"), "the very problem, with the same hash"
    rates = Measurement.model_validate_json(Path("own-10-60.rates.json").read_text(encoding="utf-8"))
    assert rates.of(kept) == MeasuredProblem(sha256=identity(kept), solved=1, of=4)
    assert rates.temperature == 0.8 and rates.template and rates.model
    # Another range draws nothing, and needs no engine.
    (tmp_path / "script.jsonl").unlink()
    status, shown, said = run(*words, "--between", "0-30%", "--out", "hard.jsonl", "--json")
    found = json.loads(shown)
    assert status == 0 and "shown again" in said and found["between"] == ["own/sometimes", "own/never"]
    assert [problem.id for problem in load_source("hard.jsonl")] == found["between"]
    status, _, said = run(*words, "--between", "30-90")
    assert status == 0 and "No subset is written" in said and not Path("own-30-90.jsonl").exists()


def test_a_cut_run_writes_no_subset_and_goes_on(run: Run, source: Path, tmp_path: Path) -> None:
    words = ["problems", source, "--calibrate", "scripted", "--engine", "scripted"]
    words += ["--script", tmp_path / "script.jsonl", "-k", "4"]
    assert run(*words)[0] == 0
    (folder,) = Path("bench").iterdir()
    Path("own-10-60.jsonl").unlink()
    samples = folder / "samples.jsonl"
    whole = samples.read_text(encoding="utf-8").splitlines(keepends=True)
    samples.write_text("".join(whole[:5]), encoding="utf-8")
    (folder / "summary.json").unlink()
    status, _, said = run(*words, "--minutes", "0.01")
    if "lack samples" in said:  # the clock may have let all of them through
        assert status == 0 and not Path("own-10-60.jsonl").exists()
        status, _, said = run(*words)
    assert status == 0 and len(samples.read_text(encoding="utf-8").splitlines()) == len(whole)
    assert load_source("own-10-60.jsonl").name


@pytest.mark.parametrize("text", ["60-10", "10", "a-b", "-5-10", "10-101", "", "1-2-3"])
def test_ranges_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="--between"):
        RateRange.parse(text)


def test_bounds_belong_to_the_range() -> None:
    between = RateRange.parse("10%-60%")
    held = [n for n in range(11) if between.holds(MeasuredProblem(sha256="", solved=n, of=10))]
    assert held == [1, 2, 3, 4, 5, 6]


def test_draws_that_would_all_be_alike_are_refused(run: Run, source: Path) -> None:
    status, _, said = run("problems", source, "--calibrate", "m", "--temperature", "0")
    assert status == 2 and "--temperature 0 draws the same again" in said
