"""From a folder of journals to numbers, tables, figures and one report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from assistant.analysis.gallery import figures_of
from assistant.analysis.grouping import chosen, grouped
from assistant.analysis.output_tables import tables_of
from assistant.analysis.reading import read_sessions
from assistant.analysis.report import Picture, report
from assistant.analysis.results import Analysis, results_of
from assistant.analysis.tables import write_tables
from assistant.domain.errors import AssistantError, UsageError
from assistant.domain.extras import check, no_garbage_collection
from assistant.store.canvas import render, save


@no_garbage_collection()
def analyze(
    folder: Path,
    *,
    study: str = "",
    condition: Mapping[str, str] | None = None,
    by: Sequence[str] = ("model",),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Analysis:
    """Everything computed from the journals of `folder`. Raises `AssistantError` where none can be used."""
    check("duckdb", "numpy", "scipy", "matplotlib")
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder} to analyse")
    sessions, screened = read_sessions(folder, progress)
    selected = chosen(sessions, study, condition or {})
    return Analysis(
        folder=folder,
        data_sha256=screened.sha256,
        journals=len(screened.journals),
        events=screened.events,
        sessions=len(selected),
        left_out=screened.left_out,
        selection=_selection(study, condition or {}),
        groups=tuple(results_of(group) for group in grouped(selected, by)),
    )


@no_garbage_collection()
def write(analysis: Analysis, out: Path) -> list[Path]:
    """Tables, figures and the report under `out`, written over what an earlier analysis left there."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        written = write_tables(tables_of(analysis), out / "tables")
        pictures: dict[int, list[Picture]] = {}
        for number, results in enumerate(analysis.groups):
            prefix = f"{number + 1}-" if len(analysis.groups) > 1 else ""
            for name, title, sentence, draw, size in figures_of(results):
                images = render(draw, size)
                written += save(out / "figures", prefix + name, images)
                pictures.setdefault(number, []).append(Picture(title, sentence, images[1].decode()))
        path = out / "report.html"
        path.write_text(report(analysis, pictures), encoding="utf-8")
    except OSError as error:
        raise AssistantError(f"{out} cannot be written ({error.strerror}): choose another --out") from None
    return [path, *written]


def _selection(study: str, condition: Mapping[str, str]) -> str:
    parts = [f"study {study}"] if study else []
    return ", ".join(parts + [f"{name}={value}" for name, value in sorted(condition.items())])
