"""Weights on disk as the kernels read them: named arrays in one safetensors file, mapped and never copied.

The file is safetensors (https://github.com/huggingface/safetensors): a header in JSON, then the arrays one after
another, so that other tools open it. In addition every array begins at a multiple of `ALIGNMENT` bytes, the first one
at a page; the header says in which layout an array is and records its SHA-256, so that damage is named. Imports numpy
only.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from assistant.core.errors import WeightsError

FORMAT = "assistant-weights-1"
ALIGNMENT = 64
"""Bytes of a cache line, which vector instructions load from."""
PAGE = 4096
DTYPES: Mapping[str, Any] = {
    "U8": np.uint8,
    "I8": np.int8,
    "I16": np.int16,
    "I32": np.int32,
    "F16": np.float16,
    "BF16": np.uint16,  # numpy has none: its bits
    "F32": np.float32,
}
"""Safetensors' names of number formats, and numpy's."""
ROWS = "rows"
"""The layout of an array whose numbers stand in the order of its shape."""
_BLOCK = 8 * 1024 * 1024
_PADDING = "padding."
_LONGEST_HEADER = 100_000_000


@dataclass(frozen=True)
class ArraySpec:
    """An array before it is written."""

    name: str
    dtype: str
    """A key of `DTYPES`."""
    shape: tuple[int, ...]
    layout: str = ROWS
    """How the numbers are arranged; whoever reads the array must know it."""

    @property
    def nbytes(self) -> int:
        """Its size in the file."""
        return prod(self.shape) * int(np.dtype(DTYPES[self.dtype]).itemsize)


@dataclass(frozen=True)
class StoredArray:
    """An array in a file: where it begins and what it must hash to."""

    spec: ArraySpec
    start: int
    sha256: str


class WeightsWriter:
    """Writes a file whose arrays are known by name and shape beforehand, in any order and from several threads.

    Use it as a context manager: the file is whole when the block ends without an exception, and gone otherwise.
    """

    def __init__(self, path: Path, arrays: Sequence[ArraySpec], about: Mapping[str, str]) -> None:
        """`about` is kept in the header, for what a reader must know besides the arrays."""
        self._path = path
        self._about = dict(about)
        self._starts: dict[str, int] = {}
        self._specs = {spec.name: spec for spec in arrays}
        self._sha256 = dict.fromkeys(self._specs, "0" * 64)
        self._missing = set(self._specs)
        self._lock = threading.Lock()
        self._padded: list[ArraySpec] = []
        self._layout(arrays)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        except BaseException:
            self._path.unlink(missing_ok=True)
            raise
        finally:
            os.close(self._descriptor)
        if kind is not None:
            self._path.unlink(missing_ok=True)

    @property
    def nbytes(self) -> int:
        """Size of the whole file."""
        return self._data + sum(spec.nbytes for spec in self._padded)

    def write(self, name: str, array: NDArray[Any]) -> None:
        """Write and hash one array. Raises ValueError for one that is not as it was announced."""
        spec = self._specs[name]
        if array.shape != spec.shape or array.dtype != DTYPES[spec.dtype]:
            raise ValueError(f"{name} is {array.dtype}{array.shape}, announced as {spec.dtype}{spec.shape}")
        view = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        digest = hashlib.sha256(view).hexdigest()
        at, offset = 0, self._data + self._starts[name]
        while at < len(view):
            at += os.pwrite(self._descriptor, view[at : at + _BLOCK], offset + at)
        with self._lock:
            self._sha256[name] = digest
            self._missing.discard(name)

    def _layout(self, arrays: Sequence[ArraySpec]) -> None:
        at = 0
        for spec in arrays:
            if gap := -at % ALIGNMENT:
                filler = ArraySpec(f"{_PADDING}{at}", "U8", (gap,))
                self._starts[filler.name] = at
                self._padded.append(filler)
                at += gap
            self._starts[spec.name] = at
            self._padded.append(spec)
            at += spec.nbytes
        length = len(self._header(0))
        self._data = -(-(8 + length) // PAGE) * PAGE

    def _header(self, length: int) -> bytes:
        """As long as before whatever the hashes are; spaces fill it up to `length`."""
        described = {
            "__metadata__": {
                "format": FORMAT,
                "about": json.dumps(self._about),
                "layouts": json.dumps({spec.name: spec.layout for spec in self._specs.values()}),
                "sha256": json.dumps(self._sha256),
            }
        } | {
            spec.name: {
                "dtype": spec.dtype,
                "shape": spec.shape,
                "data_offsets": [self._starts[spec.name], self._starts[spec.name] + spec.nbytes],
            }
            for spec in self._padded
        }
        return json.dumps(described).encode().ljust(length)

    def _finish(self) -> None:
        if self._missing:
            raise ValueError(f"never written: {', '.join(sorted(self._missing))}")
        header = self._header(self._data - 8)
        os.pwrite(self._descriptor, len(header).to_bytes(8, "little") + header, 0)
        os.ftruncate(self._descriptor, self.nbytes)
        os.fsync(self._descriptor)


class WeightsFile:
    """A file that `WeightsWriter` wrote, mapped read-only: processes that have it open share its memory."""

    def __init__(self, path: Path) -> None:
        """Raises WeightsError for a file that is no weights of this format, or is cut short."""
        self.path = path
        try:
            with path.open("rb") as file:
                header, self._data = _read_header(file.read(8), file.read, path.stat().st_size)
                self.about: dict[str, str] = header.about
                self.arrays: dict[str, StoredArray] = header.arrays
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise WeightsError(
                f"{path.name} in {path.parent.name} is no weights of format {FORMAT}, or was cut short ({error})."
            ) from error

    def array(self, name: str) -> NDArray[Any]:
        """One array, read-only and in the file's own memory. Raises KeyError where there is none."""
        spec = self.arrays[name].spec
        return self._view(name, spec.shape)

    def stacked(self, names: Sequence[str]) -> NDArray[Any]:
        """Arrays of one shape that follow one another in the file, as one array [names, …].

        Raises ValueError where they do not follow one another.
        """
        first = self.arrays[names[0]]
        for at, name in enumerate(names):
            stored = self.arrays[name]
            alike = (stored.spec.dtype, stored.spec.shape, stored.spec.layout) == (
                first.spec.dtype,
                first.spec.shape,
                first.spec.layout,
            )
            if not alike or stored.start != first.start + at * first.spec.nbytes:
                raise ValueError(f"{name} does not follow {names[0]} in {self.path.name}")
        return self._view(names[0], (len(names), *first.spec.shape))

    def _view(self, name: str, shape: tuple[int, ...]) -> NDArray[Any]:
        stored = self.arrays[name]
        numbers = np.frombuffer(self._map, DTYPES[stored.spec.dtype], prod(shape), self._data + stored.start)
        return numbers.reshape(shape)


def damaged_arrays(
    path: Path, report: Callable[[float, float], None] = lambda done, total: None
) -> list[str]:
    """Names of the arrays that no longer have their recorded SHA-256; the file is read, not mapped.

    `report` is told the bytes done and to do. Raises WeightsError where the header itself cannot be read.
    """
    stored = WeightsFile(path)
    total, done, found = path.stat().st_size, 0, []
    with path.open("rb") as file:
        for name, array in stored.arrays.items():
            digest, left = hashlib.sha256(), array.spec.nbytes
            file.seek(stored._data + array.start)
            while left:
                block = file.read(min(left, _BLOCK))
                if not block:
                    break
                digest.update(block)
                left -= len(block)
                done += len(block)
                report(done, total)
            if digest.hexdigest() != array.sha256:
                found.append(name)
    return found


def header_sha256(path: Path) -> str:
    """SHA-256 of all before the first array. It holds the arrays' own, so it stands for the whole file."""
    with path.open("rb") as file:
        length = file.read(8)
        size = int.from_bytes(length, "little")
        return hashlib.sha256(length + file.read(min(size, _LONGEST_HEADER))).hexdigest()


@dataclass(frozen=True)
class _Header:
    about: dict[str, str]
    arrays: dict[str, StoredArray]


def _read_header(length: bytes, read: Any, size: int) -> tuple[_Header, int]:
    count = int.from_bytes(length, "little")
    if not 2 <= count <= min(size, _LONGEST_HEADER):
        raise ValueError("no header")
    entries = json.loads(read(count))
    metadata = entries.pop("__metadata__")
    if metadata["format"] != FORMAT:
        raise ValueError(f"format {metadata['format']}")
    layouts, sums = json.loads(metadata["layouts"]), json.loads(metadata["sha256"])
    ends = [entry["data_offsets"][1] for entry in entries.values()]
    if size != 8 + count + max(ends, default=0):
        raise ValueError(f"it has {size} bytes and says that it has {8 + count + max(ends, default=0)}")
    arrays = {
        name: StoredArray(
            ArraySpec(name, entry["dtype"], tuple(entry["shape"]), layouts[name]),
            entry["data_offsets"][0],
            sums[name],
        )
        for name, entry in entries.items()
        if not name.startswith(_PADDING)
    }
    for stored in arrays.values():
        if stored.spec.nbytes != entries[stored.spec.name]["data_offsets"][1] - stored.start:
            raise ValueError(f"{stored.spec.name} has not the size of its shape")
    return _Header(json.loads(metadata["about"]), arrays), 8 + count
