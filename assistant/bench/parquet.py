"""`samples.parquet`, made of the finished `samples.jsonl` without holding it in memory."""

from __future__ import annotations

from pathlib import Path

from assistant.bench.jobs import Sample
from assistant.core.optional_deps import need

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
