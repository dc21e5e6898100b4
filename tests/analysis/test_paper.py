"""`assistant paper`: LaTeX that says what the analysis says, in which no text of a journal is a command."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

pytest.importorskip("duckdb")
pytest.importorskip("matplotlib")

from assistant.analysis.analyze import analyze
from assistant.analysis.captions import all_sentences
from assistant.analysis.figure_list import figures_of
from assistant.analysis.paper import write_paper
from assistant.analysis.results import Analysis
from assistant.analysis.study_plan import ALONE, SHOWN, PlannedStudy
from assistant.reporting.tex import MOST_ROWS, Tex, tex_code, tex_prose, tex_tables, tex_text
from assistant.session.study_freeze import OUTCOMES
from assistant.session.study_tables import Outcome
from tests.analysis.simulation import World, write_world

EVIL = "\\input{/etc/passwd} $x_1$ 50% & #1 ~^ <b> [a] * ``q'' -- ?` é ł 中 \U0001f600 \\\\"
COMMAND = re.compile(r"\\(?:[a-zA-Z]+|[^a-zA-Z])")
KNOWN = re.compile(
    r"\\(?:text(?:backslash|asciitilde|asciicircum|less|greater|bar|quoteleft|quoteright)|ldots|times|ge|le|pm|approx"
    r"|to|cdot|mu|alpha|kappa|ss|ae|AE|o|O|aa|AA|l|L|i|j|c|v|u|H|[{}$&#%_()`'^~\"=.])"
)


@given(st.text(max_size=60))
@example(EVIL)
def test_no_text_becomes_a_command(text: str) -> None:
    """Seven-bit, on one line, its braces balanced, and every command one of ours."""
    made = tex_text(text)
    assert made.isascii() and "\n" not in made
    assert all(KNOWN.fullmatch(command) for command in COMMAND.findall(made)), made
    plain = COMMAND.sub("", made)
    depth = 0
    for character in plain:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0
    assert not set("$&#%^_*") & set(re.sub(r"\{\*\}", "", plain))
    assert (
        tex_prose(text).replace("\\texttt{", "{").isascii()
        and "`" not in tex_prose(f"`{text}` x").split("{")[0]
    )
    assert tex_text(made) is made and tex_text(Tex("\\x")) == "\\x"


def test_tables_are_cut_to_the_page() -> None:
    rows = [(f"[{n}]", "*", EVIL) for n in range(MOST_ROWS + 1)]
    made = tex_tables("A & B", ("a", "b", "c"), rows)
    assert made.count("\\begin{table}") == 2 and made.count("\\caption{A \\& B}") == 2
    assert not re.search(r"\\\\\s*[\[*]", made), "no row begins with what would be an argument"
    assert "\\resizebox" in tex_tables("x", "abcdefg", [("1",) * 7]) and tex_tables("x", ("a",), []) == ""
    assert tex_prose("run `a --b` or `c`.") == "run \\texttt{a -{}-{}b} or \\texttt{c}."
    assert tex_code("0123456789abcdef") == "\\texttt{01234567\\allowbreak{}89abcdef}"


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    folder = tmp_path_factory.mktemp("sessions")
    write_world(folder, World(sessions=12, problems=6, annotators=2, leaks=0.1, edits=0.1, model=EVIL))
    (folder / "notes.txt").write_text("not ours")
    found = analyze(folder)
    plan = PlannedStudy(
        EVIL,
        "2026-11-01T00:00:00Z",
        "0" * 64,
        (EVIL,),
        "lift",
        ("leaks",),
        {"unended": EVIL},
        (EVIL,),
        0,
        2,
        0,
    )
    return replace(found, plans=(plan,))


def test_every_planned_outcome_is_shown_by_something_that_there_is(analysis: Analysis) -> None:
    (results,) = analysis.groups
    there = {name for name, _ in all_sentences(results)} | {figure[0] for figure in figures_of(results)}
    assert SHOWN.keys() == set(get_args(Outcome)) == OUTCOMES.keys()
    assert all(names & (there | {ALONE}) for names in SHOWN.values())
    assert set().union(*SHOWN.values()) <= there | {ALONE}


@pytest.mark.slow
def test_the_document_has_what_the_report_has_and_compiles(analysis: Analysis, tmp_path: Path) -> None:
    written = write_paper(analysis, tmp_path, title=EVIL, remarks=(EVIL,))
    page = written[0].read_text(encoding="ascii")
    for part in ("Methods", "Plan and arms", "Exclusions", "Results", "Limits"):
        assert f"section{{{part}}}" in page
    assert "12 sessions on 6 problems" in page and "took no part: 1 " in page
    assert "Data began before the freeze: 2 sessions" in page
    pictures = re.findall(r"\\includegraphics\[.*?\]\{(.*?)\}", page)
    assert pictures and all((tmp_path / name).is_file() for name in pictures)
    assert page.count("\\caption") >= len(pictures) + 4
    assert "input{/etc" not in page and "\\$x\\_1\\$" in page
    latex = shutil.which("pdflatex")
    if latex is None:
        pytest.skip("pdflatex is not installed (Debian: texlive-latex-base): the document was not compiled")
    words = [latex, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "paper.tex"]
    ended = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stdout[-3000:]
    assert (tmp_path / "paper.pdf").read_bytes().startswith(b"%PDF")
