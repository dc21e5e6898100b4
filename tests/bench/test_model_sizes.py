"""Several runs over the sizes of their models, on made runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.bench import run_folder as folders
from assistant.bench.jobs import Batch, Job, Verdict, sample_of
from assistant.bench.model_sizes import compare_sizes, drawing, size_in_name
from assistant.bench.sample_log import SampleLog
from assistant.bench.scoring import NO_PROGRAM, SYNTAX_ERROR
from assistant.core.errors import UsageError
from assistant.core.generation import Finish, Sampling
from assistant.session.prompting import Prompt
from tests.bench.conftest import Run, addition

PASSED, WRONG = "passed", "wrong"


def made(
    folder: Path, model: str, rows: dict[str, list[str]], parameters: int | None = None, **asked: Any
) -> Path:
    """A run with these outcomes by problem. Without `parameters` it is as runs were before they said it."""
    run = {} if parameters is None else {"parameters": parameters}
    folders.open_folder(folder, "synthesis", {"model": {"name": model}, **asked}, run)
    log = SampleLog(folder / folders.SAMPLES)
    for row, outcomes in rows.items():
        job = Job("g", row, addition(row), Prompt(()), Sampling(), len(outcomes))
        log.append(
            [
                sample_of(
                    Batch(job, 0, len(outcomes)),
                    Finish(sample=i, text="", reason="stop"),
                    Verdict(outcome=outcome, solved=outcome == PASSED),
                )
                for i, outcome in enumerate(outcomes)
            ]
        )
    log.close()
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    """A large, a small and an old run; the large one has a problem more."""
    return [
        made(
            tmp_path / "large", "Org/Some-7B", {"a": [PASSED, PASSED], "b": [PASSED, WRONG], "c": [WRONG] * 2},
            7_615_616_512,
        ),
        made(tmp_path / "small", "./tiny", {"a": [PASSED, SYNTAX_ERROR], "b": [NO_PROGRAM, WRONG]}, 135_000_000),
        made(tmp_path / "old", "Org/Some-1.5B-Instruct", {"a": [PASSED, WRONG], "b": [WRONG, WRONG]}, seed=1),
    ]  # fmt: skip


def test_both_metrics_and_what_does_not_parse_by_size(runs: list[Path]) -> None:
    found = compare_sizes(runs)
    assert [(p.model, p.parameters, p.is_recorded) for p in found.points] == [
        ("tiny", 135_000_000, True),
        ("Some-1.5B-Instruct", 1.5e9, False),
        ("Some-7B", 7_615_616_512, True),
    ]
    assert [p.any_sample.value for p in found.points] == [0.5, 0.5, 1.0]
    assert [p.samples_passing.value for p in found.points] == [0.25, 0.25, 0.75]
    assert [p.not_parsing.value for p in found.points] == [0.5, 0.0, 0.0]
    assert all(p.problems == 2 and p.samples == 4 for p in found.points)
    for point in found.points:
        for measure in (point.any_sample, point.samples_passing, point.not_parsing):
            assert measure.low is not None and measure.high is not None and measure.value is not None
            assert measure.low <= measure.value <= measure.high
    assert found.notes == (
        "1 problems that not every run has are left out",
        "old was asked otherwise than large: seed",
        "Some-1.5B-Instruct: the number of parameters is the one in its name",
    )


@pytest.mark.slow
def test_the_command_prints_the_table_and_writes_the_figure(
    run: Run, runs: list[Path], tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    status, told, talk = run("bench", "compare", *runs, "--figure", tmp_path / "figure")
    assert status == 0, talk
    lines = told.splitlines()
    assert [line.split()[1:3] for line in lines if "%" in line] == [["135", "M"], ["1.5", "B"], ["7.62", "B"]]
    assert (tmp_path / "figure" / "sizes.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (tmp_path / "figure" / "sizes.svg").read_bytes()
    status, told, _ = run("bench", "compare", *runs, "--json")
    assert [point["run"] for point in json.loads(told)["points"]] == ["small", "old", "large"]


def test_the_axis_is_logarithmic_and_holds_every_measure(runs: list[Path]) -> None:
    figure = pytest.importorskip("matplotlib.figure").Figure()
    drawing(compare_sizes(runs))[0](figure)
    left, right = figure.axes
    assert left.get_xscale() == right.get_xscale() == "log"
    lines = [list(line.get_ydata()) for axis in (left, right) for line in axis.lines]
    assert lines == [[0.5, 0.5, 1.0], [0.25, 0.25, 0.75], [0.5, 0.0, 0.0]]


def test_what_cannot_be_compared_is_said(tmp_path: Path, runs: list[Path]) -> None:
    nameless = made(tmp_path / "x", "gpt", {"a": [PASSED]})
    assert any(
        "gpt: the number of parameters is not known" in note
        for note in compare_sizes([*runs, nameless]).notes
    )
    with pytest.raises(UsageError, match="no run says how many"):
        drawing(compare_sizes([nameless, nameless]))
    with pytest.raises(UsageError, match="no problem in common"):
        compare_sizes([*runs, made(tmp_path / "y", "x", {"other": [PASSED]})])
    folders.open_folder(tmp_path / "z", "feedback", {}, {})
    with pytest.raises(UsageError, match="of bench synthesis"):
        compare_sizes([*runs, tmp_path / "z"])


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("Qwen/Qwen2.5-Coder-1.5B-Instruct", 1.5e9),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", 135e6),
        ("deepseek-coder-1.3b-instruct", 1.3e9),
        ("models/llama_3_8b.gguf", 8e9),
        ("gpt-4o", None),
        ("qwen2.5-coder", None),
        ("model-4bit", None),
    ],
)
def test_sizes_that_names_say(name: str, size: float | None) -> None:
    assert size_in_name(name) == size
