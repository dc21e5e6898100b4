"""GGUF files read once, and quickly, while transformers converts one. Imports gguf inside functions.

transformers opens the file three times (settings, tokenizer, weights), and each time `gguf` walks through every
entry of the vocabulary in slices of a `numpy.memmap`, which are slow to make: 30 s of a conversion.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def one_reader() -> Iterator[None]:
    """Within, every `gguf.GGUFReader` of one path is the same reader, over a plain array of the mapped file."""
    import gguf

    original, readers = gguf.GGUFReader, dict[str, Any]()

    def reader(path: Any, mode: str = "r") -> Any:
        if str(path) not in readers:
            readers[str(path)] = _plain(original)(path, mode)
        return readers[str(path)]

    gguf.GGUFReader = reader
    try:
        yield
    finally:
        gguf.GGUFReader = original


def _plain(reader: type[Any]) -> type[Any]:
    """The reader with its `data` a plain array, whose slices cost a quarter."""

    class PlainReader(reader):  # type: ignore[misc]
        @property
        def data(self) -> Any:
            return self._data

        @data.setter
        def data(self, mapped: Any) -> None:
            import numpy

            self._data = numpy.asarray(mapped)

    return PlainReader
