"""`samples.jsonl`: one line a sample, appended as they come, so that a kill costs only what was being made.

`samples.parquet` is made of the finished file without holding it in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from assistant.bench.jobs import Key, Sample
from assistant.core.errors import AssistantError, SessionLocked
from assistant.core.optional_deps import need
from assistant.journal.append_only_file import AppendFile
from assistant.storage.durable_io import make_folders


class SampleLog:
    """An open log with one writer. `done` holds the keys of the samples in it."""

    def __init__(self, path: Path) -> None:
        """Open or make it; a torn last line is cut off. Raises AssistantError."""
        self.path = path
        self.done: set[Key] = set()
        self._end = 0
        try:
            make_folders(path.parent)
            self._file = AppendFile(path, new=not path.exists())
            for sample, end in _whole_lines(path):
                self.done.add(sample.key)
                self._end = end
            self._file.truncate(self._end)
        except SessionLocked:
            raise AssistantError(f"{path.parent} is being filled by another process: wait for it") from None
        except OSError as error:
            raise AssistantError(
                f"{path.parent} cannot be written ({error.strerror}): choose another --out"
            ) from None

    def append(self, samples: Sequence[Sample]) -> list[Sample]:
        """Add those that are not there yet; on disk when this returns. Raises JournalError."""
        new = list({sample.key: sample for sample in samples if sample.key not in self.done}.values())
        if new:
            data = b"".join(_line(sample) for sample in new)
            self._file.append(data, self._end)
            self._end += len(data)
            self.done.update(sample.key for sample in new)
        return new

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def read_samples(path: Path) -> Iterator[Sample]:
    """Every whole line, one at a time. Raises AssistantError for a line that is none."""
    return (sample for sample, _ in _whole_lines(path))


def _line(sample: Sample) -> bytes:
    """Lone surrogates, which no UTF-8 holds, become question marks."""
    text = sample.model_dump_json() if _is_text(sample) else _without_surrogates(sample).model_dump_json()
    return text.encode() + b"\n"


def _is_text(sample: Sample) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in sample.text + (sample.code or ""))


def _without_surrogates(sample: Sample) -> Sample:
    code = sample.code
    return sample.model_copy(
        update={"text": _plain(sample.text), "code": None if code is None else _plain(code)}
    )


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _whole_lines(path: Path) -> Iterator[tuple[Sample, int]]:
    """Each sample and the byte after its line; a last line without its end is left out."""
    end = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            end += len(line)
            try:
                yield Sample.model_validate_json(line), end
            except ValidationError as error:
                raise AssistantError(
                    f"{path} line {number} is no sample ({error.errors()[0]['msg']}): take it out or begin anew"
                ) from None


_SQL = {
    "str": "VARCHAR", "int": "BIGINT", "float": "DOUBLE", "bool": "BOOLEAN",
    "dict[str, bool]": "MAP(VARCHAR, BOOLEAN)", "dict[str, float]": "MAP(VARCHAR, DOUBLE)",
}  # fmt: skip


def write_parquet(lines: Path, path: Path) -> None:
    """Every field of a sample is a column; rows are sorted by group, row and sample."""
    columns = {name: _SQL[str(kind).removesuffix(" | None")] for name, kind in Sample.__annotations__.items()}
    with need("duckdb").connect(config={"memory_limit": "512MB", "threads": 2}) as connection:
        connection.execute(f"SET temp_directory = {_quoted(path.parent / '.sorting')}")
        connection.execute(
            "COPY (SELECT * FROM read_json($lines, format = 'newline_delimited', columns = $columns, "
            f'maximum_object_size = 67108864) ORDER BY "group", "row", sample) TO {_quoted(path)} '
            "(FORMAT parquet, COMPRESSION zstd)",
            {"lines": str(lines), "columns": columns},
        )


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
