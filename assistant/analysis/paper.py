"""A LaTeX document from an analysis: methods, results with the report's tables and figures, exclusions and limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant import __version__
from assistant.analysis.analyze import figure_name, write
from assistant.analysis.captions import all_sentences
from assistant.analysis.figure_list import figures_of
from assistant.analysis.methods_section import LIMITS, exclusions, methods
from assistant.analysis.report_context import tables
from assistant.analysis.results import Analysis, Results
from assistant.analysis.speaker_captions import say_of
from assistant.analysis.study_plan import notes, plan_of_group
from assistant.core.errors import AssistantError
from assistant.reporting.templates import tex_page
from assistant.reporting.tex import Tex, tex_tables

FILE = "paper.tex"


@dataclass(frozen=True)
class _Picture:
    """A figure of the document."""

    file: str
    title: str
    sentence: str


@dataclass(frozen=True)
class _Part:
    """A group of sessions in the results."""

    name: str
    size: str
    sentences: list[str]
    pictures: list[_Picture]
    tables: list[Tex]
    cautions: tuple[str, ...]


def write_paper(
    analysis: Analysis, out: Path, *, title: str = "", remarks: tuple[str, ...] = ()
) -> list[Path]:
    """`paper.tex` under `out`, beside the analysis' own tables, figures and report. Raises AssistantError.

    `remarks` are said before the results, e.g. that a study file is another one than was frozen.
    """
    written = write(analysis, out)
    page = tex_page(
        "assistant.analysis", "paper.tex.j2", title=title or "Human feedback on programs", version=__version__,
        data=analysis.data_sha256, methods=list(methods(analysis)),
        plans=[*remarks, *notes(analysis.plans, analysis.alone, analysis.excluded)], parts=list(_parts(analysis)),
        exclusions=list(exclusions(analysis)), limits=LIMITS,
    )  # fmt: skip
    path = out / FILE
    try:
        path.write_text(page, encoding="ascii")
    except OSError as error:
        raise AssistantError(f"{path} cannot be written ({error.strerror}): choose another --out") from None
    return [path, *written]


def _parts(analysis: Analysis) -> Iterator[_Part]:
    several = len(analysis.groups) > 1
    for number, results in enumerate(analysis.groups):
        plan = plan_of_group(analysis.plans, results.group.sessions)
        said = [
            f"{words} [{plan.mark(name)}]" if plan is not None else words
            for name, words in all_sentences(results)
        ]
        pictures = [
            _Picture(
                f"figures/{figure_name(number, name, several=several)}.png",
                f"{heading} ({plan.mark(name)})" if plan is not None else heading,
                sentence,
            )
            for name, heading, sentence, *_ in figures_of(results)
        ]
        yield _Part(
            results.group.name, results.group.size, said, pictures, list(_tables(results)), results.cautions
        )


def _tables(results: Results) -> Iterator[Tex]:
    for table in tables(results, say_of(results.group.speaker)):
        if table.rows:
            yield tex_tables(table.title, table.head, table.rows)
