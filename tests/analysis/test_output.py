"""`assistant analyze`: what it prints and writes, that it is the same each time, and what it refuses."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.analysis.analyze import analyze, write
from assistant.analysis.grouping import chosen, grouped, parse_by, parse_condition
from assistant.analysis.output_tables import tables_of
from assistant.analysis.results import Analysis
from assistant.cli.main import main
from assistant.core.errors import AssistantError, UsageError
from tests.analysis.build import program, session
from tests.analysis.simulation import World, write_world

duckdb = pytest.importorskip("duckdb")
pytest.importorskip("matplotlib")

WORLD = World(sessions=60, problems=20, annotators=3, leaks=0.1, edits=0.05)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sessions")
    write_world(folder, WORLD)
    write_world(folder, World(sessions=6, problems=6, arms={}, imported_from="ilf", seed=2))
    (folder / "notes.txt").write_text("not ours")
    return folder


@pytest.fixture(scope="module")
def analysis(folder: Path) -> Analysis:
    return analyze(folder)


@pytest.fixture(scope="module")
def out(analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    written = write(analysis, out)
    assert all(path.is_file() and path.stat().st_size for path in written)
    return out


def _run(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["analyze", *words])
    return int(end.value.code or 0)


@pytest.mark.slow
def test_tables_say_the_same_in_csv_and_parquet(analysis: Analysis, out: Path) -> None:
    for table in tables_of(analysis):
        rows = duckdb.connect().execute(f"SELECT * FROM '{out}/tables/{table.name}.parquet'").fetchall()
        assert sorted(map(repr, rows)) == sorted(map(repr, _with_empty_as_none(table.rows)))


def _with_empty_as_none(rows: tuple[tuple[object, ...], ...]) -> Iterator[tuple[object, ...]]:
    """An empty text and nothing at all look the same in CSV."""
    return (tuple(None if cell == "" else cell for cell in row) for row in rows)


@pytest.mark.slow
def test_the_same_journals_give_the_same_bytes(folder: Path, out: Path, tmp_path: Path) -> None:
    write(analyze(folder), tmp_path)
    ours = sorted(path.relative_to(out) for path in out.rglob("*") if path.is_file())
    assert ours == sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert [name for name in ours if (out / name).read_bytes() != (tmp_path / name).read_bytes()] == []


@pytest.mark.slow
def test_the_report_stands_alone_and_names_its_data(analysis: Analysis, out: Path) -> None:
    page = (out / "report.html").read_text(encoding="utf-8")
    assert analysis.data_sha256 in page
    assert all(link.startswith("#") for link in re.findall(r'(?:src|href)="([^"]*)"', page))
    assert "url(" not in page.replace("url(#", "")
    assert "http" not in page.replace("http://www.w3.org/", "")
    assert "<script" not in page
    assert page.count("<svg") == page.count("<figcaption>") == len(list((out / "figures").glob("*.svg")))
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', page)) <= set(ids)
    assert "notes.txt" in page
    assert "Only 6 sessions" in page


def test_other_peoples_words_are_a_group_of_their_own(analysis: Analysis) -> None:
    assert [results.group.origin for results in analysis.groups] == ["people", "imported from ilf"]
    assert [len(results.group.sessions) for results in analysis.groups] == [60, 6]


def test_warns_where_numbers_say_nothing(analysis: Analysis) -> None:
    people, imported = (" ".join(results.cautions) for results in analysis.groups)
    assert "Only 6 sessions" in imported
    assert "No control arms" in imported
    assert "Only" not in people
    assert "edited code by hand" in people


def test_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(str(folder)) == 0
    said = capsys.readouterr()
    assert re.search(r"^ +4 +60 +\d+% \d+%–\d+%", said.out, re.MULTILINE)
    assert "notes.txt" in said.err
    assert "1 files were left out" in said.err or "1 file was left out" in said.err


def test_json_for_scripts(folder: Path, analysis: Analysis, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(str(folder), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["data_sha256"] == analysis.data_sha256
    assert {row["arm"] for row in found["lift"]} == {"retry", "tests", "resample", "shuffled"}
    assert found["left_out"][0]["file"] == "notes.txt"


@pytest.mark.slow
def test_choosing_and_keeping_apart(folder: Path) -> None:
    assert analyze(folder, study="simulated").sessions == 66
    assert analyze(folder, study="other").sessions == 0
    half = analyze(folder, condition={"failing_cases": "yes"})
    assert 0 < half.sessions < 66
    apart = analyze(folder, by=("condition",))
    assert [r.group.name for r in apart.groups][:2] == [
        "people · failing_cases=no",
        "people · failing_cases=yes",
    ]


def test_nothing_chosen_still_makes_a_report(folder: Path, tmp_path: Path) -> None:
    write(analyze(folder, study="other"), tmp_path)
    assert "no session to analyse" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_what_is_asked_wrongly(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(str(folder / "nowhere")) == 2
    assert _run(str(folder), "--by", "mood") == 2
    assert _run(str(folder), "--condition", "failing_cases") == 2
    assert capsys.readouterr().err.count("assistant: ") == 3
    with pytest.raises(UsageError, match="known: model"):
        parse_by("model,mood")
    assert parse_condition(["a=b=c"]) == {"a": "b=c"}


def test_a_place_that_cannot_be_written(analysis: Analysis, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AssistantError, match="choose another --out"):
        write(analysis, tmp_path / "file" / "out")


def test_says_what_to_install_where_the_extra_is_missing(folder: Path) -> None:
    code = (
        "import sys; sys.modules['duckdb'] = None; from assistant.cli.main import main; "
        f"main(['analyze', {str(folder)!r}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'assistant[analysis]'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom assistant.cli.main import main\n"
        "try:\n    main(['analyze', '--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('duckdb', 'matplotlib', 'scipy', 'numpy', 'torch', 'textual') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.slow
def test_groups_of_a_few_sessions_do_not_fall_over(tmp_path: Path) -> None:
    """One session of any shape gives numbers, not a traceback."""
    from assistant.analysis.figure_list import figures_of
    from assistant.analysis.results import results_of
    from assistant.reporting.plot_style import render

    shapes = [
        [program(0, 0)],
        [program(0, 0, complete=False)],
        [program(0, 0, solved=True, hidden_passed=False)],
        [program(0, 0), program(1, 1, "t0s0"), program(2, 1, "t0s0", arm="resample")],
        [],
    ]
    for number, shape in enumerate(shapes):
        for rounds in (0, 4):
            (group,) = grouped([session(str(number), shape, rounds=rounds)])
            results = results_of(group)
            assert results.cautions
            for *_, draw, size in figures_of(results):
                assert all(render(draw, size))
    assert chosen([], "", {}) == []
