"""What a step takes on this machine is measured once for a model's sizes, and decides formats and free guesses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assistant.engine.inference import calibration, precision
from assistant.engine.inference.calibration import TOKENS, Calibration, Sizes, calibrated
from assistant.engine.inference.cpu_kernels import kernel_cache
from assistant.engine.models import packing
from assistant.engine.models.gguf_header import GgufHeader, GgufTensor
from assistant.engine.models.source import GgufFile, LocalFolder

SIZES = Sizes(256, 512, 256, 128)


def _times(first: float, further: float) -> dict[int, float]:
    return {count: first + further * (count - 1) for count in TOKENS}


@pytest.mark.parametrize(
    ("eight", "four", "fastest", "free"),
    [
        ((45.0, 4.5), (30.0, 4.5), "q4", 4),
        ((45.0, 4.5), (43.0, 4.5), "int8", 4),
        ((45.0, 4.5), (30.0, 12.0), "int8", 3),
        ((45.0, 4.5), (30.0, 0.1), "q4", 4),
        ((45.0, 4.5), (30.0, 40.0), "int8", 1),
    ],
)
def test_the_format_is_the_faster_one_by_a_margin(
    eight: tuple[float, float], four: tuple[float, float], fastest: str, free: int
) -> None:
    found = Calibration({"int8": _times(*eight), "q4": _times(*four)})
    assert (found.fastest(), found.free_tokens("q4"), found.free_tokens("int8")) == (fastest, free, 4)
    assert Calibration({"int8": _times(*eight)}).fastest() == "int8"


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place beside the kernels."""
    monkeypatch.setattr(calibration.kernel_cache, "folder", lambda: tmp_path)
    return tmp_path


def test_it_is_measured_once(beside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Sizes, str]] = []

    def measured(sizes: Sizes, kind: str) -> dict[int, float]:
        asked.append((sizes, kind))
        return _times(45.0, 4.5)

    monkeypatch.setattr(calibration, "_measured", measured)
    first = calibrated(SIZES, 2)
    assert calibrated(SIZES, 2) == first and asked == [(SIZES, "int8"), (SIZES, "q4")]
    calibrated(SIZES, 4)
    calibrated(Sizes(96, 160, 96, 32), 2)
    assert [kind for _, kind in asked[2:]] == ["int8", "q4", "int8"], "other threads; no whole blocks"
    assert len(list(calibration.calibrations())) == 3
    for broken in (
        "{",
        "[]",
        '{"256 x 512, 256 and 128, 2 threads": {"int8": {"1": 3}}}',
        '{"256 x 512, 256 and 128, 2 threads": 7}',
    ):
        (beside / calibration.FILE).write_text(broken, encoding="utf-8")
        before = len(asked)
        assert calibrated(SIZES, 2) == first and len(asked) == before + 2


def test_a_folder_that_cannot_be_written_is_measured_again(
    beside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration.kernel_cache, "folder", lambda: beside / "missing")
    monkeypatch.setattr(calibration, "_measured", lambda *_: _times(45.0, 4.5))
    assert calibrated(SIZES, 2).fastest() == "int8"


@pytest.mark.skipif(not kernel_cache.instructions(), reason="no kernels of our own for this processor")
def test_real_steps_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "_BYTES", 1)
    monkeypatch.setattr(calibration, "_read", dict)
    monkeypatch.setattr(calibration, "_write", lambda found: None)
    assert kernel_cache.compile_once()
    kernel_cache.import_numba()
    found = calibrated(SIZES, 1)
    assert set(found.times) == {"int8", "q4"}
    assert all(0 < ms < 1000 for times in found.times.values() for ms in times.values())


def test_auto_takes_q4_only_when_it_may_and_where_it_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    def header(kind: int) -> GgufHeader:
        shapes = {"ffn_gate": (512, 256), "attn_q": (256, 256), "attn_v": (128, 256)}
        tensors = [GgufTensor(f"blk.0.{name}.weight", shape, kind, 0) for name, shape in shapes.items()]
        return GgufHeader("m", "qwen2", tuple(tensors), 0)

    asked: list[Any] = []

    def measured(sizes: Sizes, threads: int) -> Calibration:
        asked.append((sizes, threads))
        return Calibration({"int8": _times(45.0, 4.5), "q4": _times(30.0, 4.5)})

    monkeypatch.setattr(calibration, "calibrated", measured)
    monkeypatch.setattr(packing, "read_header", lambda path: header(12))
    file, threads = GgufFile(Path("m.gguf")), 1
    assert packing._automatic(file, threads) == "int8" and not precision.Q4_MAY_BE_AUTOMATIC
    monkeypatch.setattr(precision, "Q4_MAY_BE_AUTOMATIC", True)
    monkeypatch.setattr(kernel_cache, "compile_once", lambda: True)
    monkeypatch.setattr(kernel_cache, "import_numba", lambda: None)
    assert packing._automatic(file, threads) == "q4" and asked == [(SIZES, threads)]
    assert packing._automatic(LocalFolder(Path("m")), threads) == "int8"
    monkeypatch.setattr(packing, "read_header", lambda path: header(8))
    assert packing._automatic(file, threads) == "int8", "no 4 bits to keep"
    assert len(asked) == 1
