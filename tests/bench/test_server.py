"""Many streams on a real server process: bounded, whole, repeatable, and small."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest

from assistant.bench.sample_log import read_samples
from tests.bench.conftest import Run
from tests.bench.fake_model import fake_model


@pytest.mark.slow
def test_many_streams_at_once_and_no_more(run: Run, tmp_path: Path) -> None:
    words = ["bench", "synthesis", "--problems", "starter", "--limit", "12", "-k", "16", "--streams", "24"]
    with fake_model("starter", delay=0.2) as url:
        status, told, _ = run(*words, "--base-url", url, "--out", tmp_path / "a")
        with urllib.request.urlopen(url.removesuffix("/v1") + "/stats") as page:
            stats = json.load(page)
        run(*words, "--base-url", url, "--out", tmp_path / "b", "--streams", "5")
    assert status == 0
    assert 12 <= stats["most"] <= 24
    first, second = (
        {s.key: s.text for s in read_samples(tmp_path / name / "samples.jsonl")} for name in "ab"
    )
    assert len(first) == 12 * 16
    assert first == second
    summary = json.loads((tmp_path / "a" / "summary.json").read_text())
    (found,) = summary["variants"].values()
    assert 0.25 < found["samples_passing"]["value"] < 0.55
    assert found["problems_any_sample"]["value"] == 1
    assert summary["costs"]["prompt_tokens"] == 100 * 12 * 16
    assert "pass@16" in told
