"""Weights on disk: what was written is what is read, mapped and aligned, and damage is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors import safe_open

from assistant.core.errors import WeightsError
from assistant.engine.inference.weights_file import (
    ALIGNMENT,
    DTYPES,
    ArraySpec,
    WeightsFile,
    WeightsWriter,
    damaged_arrays,
    header_sha256,
)

SPECS = [
    ArraySpec("norm", "F32", (3,)),
    ArraySpec("blocks.0.down", "U8", (2, 64), "panels-32"),
    ArraySpec("blocks.1.down", "U8", (2, 64), "panels-32"),
    ArraySpec("embedding", "BF16", (5, 7)),
    ArraySpec("scale", "F16", (9,)),
    ArraySpec("shift", "I16", (2, 1)),
    ArraySpec("offset", "I32", (1,)),
    ArraySpec("head", "I8", (4, 4)),
    ArraySpec("nothing", "F32", (0, 8)),
]


def _random(spec: ArraySpec) -> NDArray[Any]:
    drawn = np.random.default_rng(len(spec.name)).integers(0, 256, spec.nbytes, dtype=np.uint8)
    return drawn.view(DTYPES[spec.dtype]).reshape(spec.shape)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "weights.safetensors"
    with WeightsWriter(path, SPECS, {"precision": "int8"}) as writer:
        for spec in reversed(SPECS):
            writer.write(spec.name, _random(spec))
    assert path.stat().st_size == writer.nbytes
    return path


def test_what_was_written_is_mapped_aligned_and_read_only(written: Path) -> None:
    stored = WeightsFile(written)
    assert stored.about == {"precision": "int8"}
    for spec in SPECS:
        array = stored.array(spec.name)
        assert stored.arrays[spec.name].spec == spec
        assert array.tobytes() == _random(spec).tobytes()
        assert (array.shape, array.dtype) == (spec.shape, DTYPES[spec.dtype])
        assert not array.size or array.ctypes.data % ALIGNMENT == 0
        assert not array.flags.writeable
    both = stored.stacked(["blocks.0.down", "blocks.1.down"])
    assert both.shape == (2, 2, 64)
    assert np.array_equal(both[1], _random(SPECS[2]))
    assert both.ctypes.data == stored.array("blocks.0.down").ctypes.data  # no copy
    for names in (["blocks.1.down", "blocks.0.down"], ["blocks.0.down", "embedding"]):
        with pytest.raises(ValueError, match="does not follow"):
            stored.stacked(names)


def test_other_tools_open_it(written: Path) -> None:
    with safe_open(written, framework="np") as opened:
        assert np.array_equal(opened.get_tensor("blocks.1.down"), _random(SPECS[2]))
        assert set(opened.keys()) >= {spec.name for spec in SPECS}


def test_each_flipped_bit_is_named(written: Path) -> None:
    whole, stored, seal = written.read_bytes(), WeightsFile(written), header_sha256(written)
    assert damaged_arrays(written) == []
    for spec in SPECS:
        if spec.nbytes:
            at = stored._data + stored.arrays[spec.name].start + spec.nbytes - 1
            written.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
            assert damaged_arrays(written) == [spec.name]
            assert header_sha256(written) == seal
    at = whole.index(stored.arrays["norm"].sha256.encode())
    written.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    assert header_sha256(written) != seal
    assert damaged_arrays(written) == ["norm"]


@pytest.mark.parametrize("kept", [0, 7, 100, -1])
def test_a_file_that_is_cut_short_is_refused(written: Path, kept: int) -> None:
    written.write_bytes(written.read_bytes()[:kept])
    with pytest.raises(WeightsError, match=r"weights.safetensors .* cut short"):
        WeightsFile(written)


def test_a_file_that_was_not_finished_does_not_stay(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    with (
        pytest.raises(ValueError, match="never written: blocks"),
        WeightsWriter(path, SPECS[:2], {}) as writer,
    ):
        writer.write("norm", _random(SPECS[0]))
    assert not path.exists()
    with pytest.raises(KeyboardInterrupt), WeightsWriter(path, SPECS, {}):
        raise KeyboardInterrupt
    assert not path.exists()
    with pytest.raises(ValueError, match="announced as"), WeightsWriter(path, SPECS, {}) as writer:
        writer.write("norm", np.zeros(4, np.float32))
    assert not path.exists()
