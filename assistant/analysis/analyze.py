"""From a folder of journals to numbers, tables, figures and one report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from assistant.analysis.exclusions import excluded
from assistant.analysis.figure_list import Figure, figures_of
from assistant.analysis.forked_task import in_fork
from assistant.analysis.grouping import chosen, grouped
from assistant.analysis.output_tables import tables_of
from assistant.analysis.person_alone import alone_and_with_model
from assistant.analysis.report import Picture, report
from assistant.analysis.results import Analysis, Results, results_of
from assistant.analysis.study_plan import plan_of_group, planned_studies
from assistant.analysis.tables import write_tables
from assistant.core.errors import AssistantError, UsageError
from assistant.core.optional_deps import check, need, no_garbage_collection
from assistant.journal.load import read_sessions
from assistant.journal.study_answers import told, who_answered
from assistant.reporting.plot_style import render, save


@no_garbage_collection()
def analyze(
    folder: Path,
    *,
    study: str = "",
    condition: Mapping[str, str] | None = None,
    by: Sequence[str] = ("model",),
    leave_out: Sequence[str] = (),
    keep_excluded: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Analysis:
    """Everything computed from the journals of `folder`. Raises `AssistantError` where none can be used.

    Sessions that a frozen plan excludes are left out, unless `keep_excluded`; `leave_out` names others (`excluded`).
    """
    check("duckdb", "numpy", "scipy", "matplotlib", "statsmodels")
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder} to analyse")
    sessions, screened = read_sessions(folder, progress)
    selected = chosen(sessions, study, condition or {})
    ruled_out = {out.session: out for out in excluded(sessions, leave_out, planned=not keep_excluded)}
    out = tuple(ruled_out[session.id] for session in selected if session.id in ruled_out)
    plans = planned_studies(selected, out, condition=bool(condition), rules_applied=not keep_excluded)
    selected = [session for session in selected if session.id not in ruled_out]
    return Analysis(
        folder=folder,
        data_sha256=screened.sha256,
        journals=len(screened.journals),
        events=screened.events,
        sessions=len(selected),
        left_out=screened.left_out,
        selection=_selection(study, condition or {}),
        groups=tuple(results_of(group) for group in grouped(selected, by)),
        excluded=out,
        plans=tuple(plans),
        alone=tuple(alone_and_with_model(selected)),
        answers=told(folder, who_answered(folder, ((each.study, each.annotator) for each in selected))),
    )


@no_garbage_collection()
def write(analysis: Analysis, out: Path) -> list[Path]:
    """Tables, figures and the report under `out`, written over what an earlier analysis left there."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        need("matplotlib.figure")  # once, for the forked processes too
        tables = in_fork(lambda: write_tables(tables_of(analysis), out / "tables"))
        drawn = _drawn(analysis, out / "figures")
        written = [*tables(), *(path for _, paths, _ in drawn for path in paths)]
        pictures: dict[int, list[Picture]] = {}
        for number, _, picture in drawn:
            pictures.setdefault(number, []).append(picture)
        path = out / "report.html"
        path.write_text(report(analysis, pictures), encoding="utf-8")
    except OSError as error:
        raise AssistantError(f"{out} cannot be written ({error.strerror}): choose another --out") from None
    return [path, *written]


Drawn = tuple[int, list[Path], Picture]
"""The group's number, the files of one figure, and the figure for the page."""


def _drawn(analysis: Analysis, folder: Path) -> list[Drawn]:
    """Every figure, drawn and saved; half of them in a forked process."""
    wanted = [
        (number, _marked(analysis, group, figure))
        for number, group in enumerate(analysis.groups)
        for figure in figures_of(group)
    ]
    several, half = len(analysis.groups) > 1, (len(wanted) + 1) // 2
    others = in_fork(lambda: [_draw(number, figure, folder, several) for number, figure in wanted[half:]])
    return [_draw(number, figure, folder, several) for number, figure in wanted[:half]] + others()


def figure_name(number: int, name: str, *, several: bool) -> str:
    """The file of a figure without its ending; `number` is its group's, from 0."""
    return f"{number + 1}-{name}" if several else name


def _marked(analysis: Analysis, group: Results, figure: Figure) -> Figure:
    """The figure of a study with a frozen plan, with a title that says whether it was planned."""
    name, title, sentence, draw, size = figure
    plan = plan_of_group(analysis.plans, group.group.sessions)
    return figure if plan is None else (name, f"{title} ({plan.mark(name)})", sentence, draw, size)


def _draw(number: int, figure: Figure, folder: Path, several: bool) -> Drawn:
    name, title, sentence, draw, size = figure
    images = render(draw, size)
    paths = save(folder, figure_name(number, name, several=several), images)
    return number, paths, Picture(title, sentence, images[1].decode())


def _selection(study: str, condition: Mapping[str, str]) -> str:
    parts = [f"study {study}"] if study else []
    return ", ".join(parts + [f"{name}={value}" for name, value in sorted(condition.items())])
