"""What a GGUF file says about itself, read in milliseconds: enough to know how large it gets when converted.

The `gguf` package reads every entry of the vocabulary into arrays, which takes ten seconds; here they are
skipped. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

from assistant.core.errors import WeightsError

_WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of the fixed-size value types."""
_STRING, _ARRAY = 8, 9
_ALIGNMENT = "general.alignment"
_USUAL_ALIGNMENT = 32


@dataclass(frozen=True)
class GgufTensor:
    """One tensor in a GGUF file."""

    name: str
    shape: tuple[int, ...]
    """The last is the one that runs fastest."""
    kind: int
    """A `GGMLQuantizationType`."""
    start: int
    """Bytes behind the header's end."""

    @property
    def parameters(self) -> int:
        """Weights in it."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class GgufHeader:
    """What a GGUF file holds and where."""

    name: str
    architecture: str
    tensors: tuple[GgufTensor, ...]
    data_start: int
    """Bytes of the header: where the first tensor begins."""

    @property
    def parameters(self) -> int:
        """Weights in all tensors."""
        return sum(tensor.parameters for tensor in self.tensors)


def read_header(path: Path) -> GgufHeader:
    """Read the header of a GGUF file. Raises WeightsError when it is none or ends early."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Reader(data).header()
    except (ValueError, struct.error, IndexError, KeyError, UnicodeDecodeError, OverflowError) as error:
        raise WeightsError(f"{path.name} is not a whole GGUF file ({error or 'empty'}).") from error


class _Reader:
    """Walks through a GGUF file's header."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0

    def header(self) -> GgufHeader:
        """The header, read from the file's start."""
        if self._data[:4] != b"GGUF":
            raise ValueError("its first bytes are not GGUF")
        self._at = 4
        version, tensors, entries = self._take("<IQQ")
        if version not in (2, 3):
            raise ValueError(f"version {version} is unknown")
        texts = dict(self._entry() for _ in range(entries))
        found = tuple(self._tensor() for _ in range(tensors))
        alignment = int(texts.get(_ALIGNMENT) or _USUAL_ALIGNMENT)
        start = -(-self._at // alignment) * alignment
        return GgufHeader(texts.get("general.name", ""), texts["general.architecture"], found, start)

    def _entry(self) -> tuple[str, str]:
        """One key with its value when that is a string or the alignment, else with an empty one."""
        key = self._string()
        (kind,) = self._take("<I")
        if key == _ALIGNMENT:
            return key, str(self._take("<I")[0])
        return key, self._value(kind)

    def _value(self, kind: int) -> str:
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY:
            self._at += _WIDTHS[kind]
            return ""
        element, count = self._take("<IQ")
        if element in _WIDTHS:
            self._at += _WIDTHS[element] * count
        else:
            for _ in range(count):
                self._skip_string() if element == _STRING else self._value(element)
        return ""

    def _tensor(self) -> GgufTensor:
        name = self._string()
        (dimensions,) = self._take("<I")
        shape = self._take(f"<{dimensions}Q")
        kind, start = self._take("<IQ")
        return GgufTensor(name, tuple(reversed(shape)), kind, start)

    def _string(self) -> str:
        (length,) = self._take("<Q")
        text = self._data[self._at : self._at + length].decode("utf-8")
        self._at += length
        return text

    def _skip_string(self) -> None:
        (length,) = self._take("<Q")
        self._at += length

    def _take(self, form: str) -> tuple[int, ...]:
        values = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return values
