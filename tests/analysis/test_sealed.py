"""Solves whose verdict a program could have forged: said in words, and left out in a curve of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assistant.analysis.analyze import analyze, write
from assistant.analysis.grouping import SessionGroup
from assistant.analysis.results import results_of
from assistant.journal.load import read_sessions, trimmed
from assistant.journal.records import ProgramRecord, SessionRecord
from tests.analysis.build import program, session
from tests.analysis.simulation import World, write_world


def solving(sealed: bool, round_: int = 0) -> ProgramRecord:
    return program(round_, round_, None if round_ == 0 else f"t{round_ - 1}s0", solved=True)._replace(
        sealed=sealed
    )


def four() -> list[SessionRecord]:
    """Solved at once sealed, solved at once unsealed, unsealed at once and sealed after a word, unsolved."""
    return [
        session("a", [solving(True)], end="solved"),
        session("b", [solving(False)], end="solved"),
        session("c", [solving(False), solving(True, 1)], end="solved"),
        session("d", [program(0, 0)]),
    ]


def test_the_curve_of_sealed_verdicts_lies_below() -> None:
    results = results_of(SessionGroup(name="g", origin="people", speaker="people", sessions=tuple(four())))
    assert results.human[0].rate == pytest.approx(0.75)
    assert results.sealed_curve[0].rate == pytest.approx(0.25)
    assert results.sealed_curve[-1].rate == pytest.approx(0.5)
    for all_, sealed in zip(results.human, results.sealed_curve, strict=True):
        assert sealed.rate <= all_.rate and sealed.sessions == all_.sessions
    (said,) = [caution for caution in results.cautions if "unsealed" in caution]
    assert (
        said.startswith("Of 3 solves 2 (67%) are unsealed")
        and "25% at the first answer, 50% at the end" in said
    )


def test_nothing_is_said_where_all_verdicts_are_sealed() -> None:
    results = results_of(
        SessionGroup(name="g", origin="people", speaker="people", sessions=(four()[0], four()[3]))
    )
    assert results.sealed_curve == tuple(results.human)
    assert not any("unsealed" in caution for caution in results.cautions)


def test_solves_that_name_their_tests_are_counted_and_stay_solves() -> None:
    sessions = four()
    named = tuple(
        replace(one, programs=tuple(p._replace(hard_coded=2 * p.solved) for p in one.programs))
        for one in sessions
    )
    before, after = (
        results_of(SessionGroup(name="g", origin="people", speaker="people", sessions=tuple(some)))
        for some in (sessions, named)
    )
    (said,) = set(after.cautions) - set(before.cautions)
    assert said.startswith("Of 3 solves 3 (100%) name the inputs of visible tests")
    assert [point.rate for point in after.human] == [point.rate for point in before.human]


@pytest.mark.slow
def test_the_seal_is_read_from_journals_and_written_to_tables(tmp_path: Path) -> None:
    folder, out = tmp_path / "journals", tmp_path / "out"
    write_world(folder, World(sessions=6))
    for path in sorted(folder.rglob("*.jsonl"))[:3]:
        path.write_bytes(path.read_bytes().replace(b'"sealed":true', b'"sealed":false'))
    sessions, _ = read_sessions(folder)
    seals = {p.sealed for s in sessions for p in s.programs}
    assert seals <= {True, False} and sessions
    write(analyze(folder), out)
    assert (out / "tables" / "curve_sealed.csv").is_file()
    assert "sealed" in (out / "tables" / "programs.csv").read_text().splitlines()[0]


@pytest.mark.parametrize("seal", [b"true", b"false"])
def test_a_line_in_short_keeps_its_seal(seal: bytes) -> None:
    line = (
        b'{"seq":1,"visible":{"outcome":"passed","sealed":'
        + seal
        + b',"layers":{},"cases":[{"sealed":true}]}}'
    )
    assert (
        trimmed(b"tests_finished", line)
        == b'{"seq":1,"visible":{"outcome":"passed","sealed":' + seal + b',"passed":0}}'
    )
    without = b'{"seq":1,"visible":{"outcome":"passed","cases":[]}}'
    assert trimmed(b"tests_finished", without) == without
