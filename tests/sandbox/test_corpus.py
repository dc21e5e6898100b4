"""Every program of the corpus gets its verdict, in every mode that this machine offers."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest

from tests.sandbox.corpus import AT_THE_WALLS, CASES
from tests.sandbox.corpus.case import Case
from tests.sandbox.modes import MODES, run_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1000)]


@functools.cache
def results_of(mode: str) -> dict[str, Any]:
    """The corpus run once in a mode; the reason under `skip` where it cannot be."""
    done = run_in(mode, "-m", "tests.sandbox.run_corpus", *([] if mode == MODES[0] else ["--walls"]))
    if isinstance(done, str):
        return {"skip": done}
    if done.returncode:
        return {"failed": done.stderr[-2000:]}
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.fixture(params=MODES)
def results(request: pytest.FixtureRequest) -> dict[str, Any]:
    return obtained(request.param)


def obtained(mode: str) -> dict[str, Any]:
    """The results in a mode; the test is skipped where the machine does not offer it."""
    found = results_of(mode)
    if "skip" in found:
        pytest.skip(found["skip"])
    assert "failed" not in found, found["failed"]
    return found


def allowed(got: dict[str, Any], case: Case) -> bool:
    """Whether an outcome is right. Where the program would decide what is equal, no verdict is as good as `wrong`."""
    unjudged = "wrong" in case.outcomes and "not judged" in got["message"]
    return got["outcome"] in case.outcomes or unjudged


def combinations() -> list[Any]:
    """Every case as we are; in the other modes what depends on the walls."""
    pairs = [(mode, case) for mode in MODES for case in (CASES if mode == MODES[0] else AT_THE_WALLS)]
    return [pytest.param(mode, case, id=f"{mode}: {case.name}") for mode, case in pairs]


@pytest.mark.parametrize(("mode", "case"), combinations())
def test_verdict(mode: str, case: Case) -> None:
    got = obtained(mode)["cases"].get(case.name)
    if got is None:
        assert case.needs_scratch
        pytest.skip("programs cannot write files in this mode")
    passed = got["outcome"] == "passed" and not (case.unsealed_pass and not got["sealed"])
    assert passed is case.passes, got["message"]
    assert case.passes or not case.outcomes or case.unsealed_pass or allowed(got, case), got
    assert case.sealed is None or case.unsealed_pass or got["sealed"] is case.sealed, got
    assert got["trouble"] == []
    assert got["displayable"], got["message"]
    assert got["longest"] < 70_000


def test_nothing_is_left_behind(results: dict[str, Any]) -> None:
    around = results["around"]
    assert around["idle"], "a program's process lived on after its run"
    assert around["closed"], "a process lived on after the sandbox was closed"
    assert around["benign"], "a benign program did not pass at the end"


def test_the_harness_does_not_grow(results: dict[str, Any]) -> None:
    assert results["around"]["growth_kib"] < 100 * 1024


def test_required_layers_stand(results: dict[str, Any]) -> None:
    layers = results["layers"]
    assert str(layers["landlock"]).startswith("abi ")
    assert all(layers[name] for name in ("seccomp", "rlimits", "no_new_privs", "scrubbed_environment"))


def test_names_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert len(names) >= 110
