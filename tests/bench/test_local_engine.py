"""A bench on a model in a process of this machine: real, tiny, random weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.bench.sample_log import read_samples
from tests.bench.conftest import Run
from tests.engine.forked_workers import forked_workers  # noqa: F401 (a fixture)
from tests.engine.tiny_model import save_folder

LOCALLY = ("bench", "synthesis", "--engine", "transformers", "--device", "cpu", "--precision", "float32")
pytestmark = [pytest.mark.timeout(400), pytest.mark.slow, pytest.mark.usefixtures("forked_workers")]


def test_the_same_seed_gives_the_same_samples(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_CACHE", str(tmp_path / "cache"))
    model = save_folder(tmp_path / "tiny")
    words = [
        "bench",
        "synthesis",
        "--engine",
        "transformers",
        "--model",
        model,
        "--device",
        "cpu",
        "--precision",
        "float32",
    ]
    words += ["--limit", "2", "-k", "4", "--batch", "2", "--max-tokens", "16", "--temperature", "1"]
    for name, more in (("a", []), ("b", ["--streams", "1"]), ("other", ["--seed", "5"])):
        status, _, talk = run(*words, *more, "--out", tmp_path / name)
        assert status == 0, talk
    a, b, other = (
        {s.key: s.text for s in read_samples(tmp_path / name / "samples.jsonl")}
        for name in ("a", "b", "other")
    )
    assert a == b
    assert len(set(a.values())) == len(a) == 8
    assert not set(a.values()) & set(other.values())
    config = json.loads((tmp_path / "a" / "config.json").read_text())
    assert config["asked"]["model"]["weights_sha256"]
    assert config["asked"]["batch"] == 2


def test_beams_are_ranked_alike_whatever_shares_their_steps(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_CACHE", str(tmp_path / "cache"))
    words = [*LOCALLY, "--model", save_folder(tmp_path / "tiny"), "--limit", "2", "--max-tokens", "8"]
    for name, more in (("a", []), ("b", ["--streams", "1", "--batch", "1", "-k", "2"])):
        status, told, talk = run(*words, *more, "--beams", "3", "--out", tmp_path / name)
        assert status == 0, talk
        assert "beam search: the likeliest program solves" in told
    a, b = (list(read_samples(tmp_path / name / "samples.jsonl")) for name in ("a", "b"))
    assert [(s.beams, s.group[:8]) for s in (*a, *b)] == [(3, "beams=3 ")] * 10
    assert {s.key: s.text for s in a}.items() >= {s.key: s.text for s in b}.items()
    assert len({(s.row, s.text) for s in a}) == 6
    status, _, talk = run(*words, "--beams", "3", "--temperature", "1", "--out", tmp_path / "c")
    assert (status, "draws none: leave --samples and --temperature away" in talk) == (2, True)


def test_base_models_get_text_and_not_a_dialogue(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_data: Path
) -> None:
    monkeypatch.setenv("ASSISTANT_CACHE", str(tmp_path / "cache"))
    model = save_folder(tmp_path / "tiny", chat=False)
    words = [
        "bench",
        "synthesis",
        "--engine",
        "transformers",
        "--model",
        model,
        "--device",
        "cpu",
        "--precision",
        "float32",
    ]
    words += ["--problems", shared_data / "mbpp" / "mbpp.jsonl", "--split", "test", "--limit", "1", "-k", "1"]
    status, _, talk = run(*words, "--max-tokens", "8", "--out", tmp_path / "o")
    assert status == 0, talk
    asked = json.loads((tmp_path / "o" / "config.json").read_text())["asked"]
    assert asked["template"]["id"] == "paper-base"
    assert asked["examples"] == {"0": ["mbpp/2", "mbpp/3", "mbpp/4"]}
