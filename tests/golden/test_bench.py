"""Tables of `assistant bench score`, `show` and `compare`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("duckdb")
pytest.importorskip("matplotlib")

from tests.bench.conftest import Run, addition, run  # noqa: F401
from tests.golden.golden import check

RIGHT = "def add(a, b):\n    return a + b\n"
FALSE = "def add(a, b):\n    return abs(a) + abs(b)\n"
WRONG = "def add(a, b):\n    return a - b\n"
SAMPLES = {"one.jsonl": [[RIGHT, WRONG], [FALSE, FALSE]], "two.jsonl": [[RIGHT, RIGHT], [WRONG, RIGHT]]}


def test_tables_of_scored_samples(run: Run, tmp_path: Path) -> None:  # noqa: F811
    names = ["test/a", "test/b"]
    problems = tmp_path / "problems.jsonl"
    problems.write_text("".join(f"{addition(name).model_dump_json()}\n" for name in names), encoding="utf-8")
    printed = []
    for file, samples in SAMPLES.items():
        rows = [
            {"problem": n, "code": code} for n, codes in zip(names, samples, strict=True) for code in codes
        ]
        (tmp_path / file).write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        folder = tmp_path / Path(file).stem
        status, out, _ = run("bench", "score", tmp_path / file, "--problems", problems, "--out", folder)
        assert status == 0
        assert run("bench", "show", folder)[1] == out
        printed.append(out)
    status, out, _ = run("bench", "compare", tmp_path / "one", tmp_path / "two")
    assert status == 0
    check("bench.txt", "\n".join([*printed, out]))
