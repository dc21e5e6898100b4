"""`assistant analyze`: what it prints, the tables it writes and the report's page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("duckdb")
pytest.importorskip("matplotlib")

from assistant.analysis.analyze import analyze, write
from assistant.analysis.results import Analysis
from assistant.analysis.text_report import account
from tests.analysis.simulation import World, write_world
from tests.golden.golden import check, masked, rounded

TABLES = (
    "curve",
    "lift",
    "odds_ratios",
    "time_to_solve",
    "order",
    "alone",
    "minutes",
    "ways",
    "sessions",
    "between_annotators",
    "left_out",
)


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    folder = tmp_path_factory.mktemp("sessions")
    write_world(folder, World(sessions=30, problems=10, annotators=2, leaks=0.1, edits=0.1))
    write_world(folder, World(sessions=4, problems=4, arms={}, imported_from="ilf", seed=2))
    write_world(folder, World(sessions=4, problems=2, author="model", seed=3))
    (folder / "notes.txt").write_text("not ours")
    return analyze(folder)


@pytest.fixture(scope="module")
def out(analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    write(analysis, out)
    return out


def test_terminal(analysis: Analysis) -> None:
    check("analyze.txt", "\n".join(account(analysis)) + "\n")


@pytest.mark.parametrize("name", TABLES)
def test_tables(out: Path, name: str) -> None:
    check(f"tables/{name}.csv", rounded((out / "tables" / f"{name}.csv").read_text(encoding="utf-8")))


def test_report(out: Path) -> None:
    page = (out / "report.html").read_text(encoding="utf-8")
    check("report.html", masked(re.sub(r"<svg.*?</svg>", "<svg/>", page, flags=re.DOTALL)))
