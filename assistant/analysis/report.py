"""One self-contained page: every figure, explained in a sentence, with the data named by hash."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from assistant import __version__
from assistant.analysis.report_context import HtmlTable, tables
from assistant.analysis.results import Analysis, Results
from assistant.analysis.speaker_captions import say_of
from assistant.analysis.study_plan import notes
from assistant.reporting.templates import Html, html_page


@dataclass(frozen=True)
class Picture:
    """A figure for the page."""

    title: str
    sentence: str
    svg: str


@dataclass(frozen=True)
class _Group:
    """A group as the template shows it."""

    number: int
    name: str
    size: str
    cautions: Sequence[str]
    pictures: Sequence[Picture]
    tables: Sequence[HtmlTable]


@dataclass(frozen=True)
class _LeftOut:
    """Files that took no part: counts by reason, the first of them, and how many more there are."""

    counted: str
    table: HtmlTable
    more: int


MOST_LISTED = 200
"""Files left out that the page lists one by one; `tables/left_out.csv` has all."""


def report(analysis: Analysis, pictures: Mapping[int, Sequence[Picture]]) -> str:
    """The page, in HTML with inline SVG and no links to anywhere."""
    groups = [_group(each, pictures.get(number, ()), number) for number, each in enumerate(analysis.groups)]
    return html_page(
        "assistant.analysis", "report.html.j2", {"prose": _prose, "inline": _inline}, analysis=analysis,
        events=f"{analysis.events:,}", version=__version__, groups=groups, left_out=_left_out(analysis),
        notes=notes(analysis.plans, analysis.alone, analysis.excluded),
    )  # fmt: skip


def _group(results: Results, pictures: Sequence[Picture], number: int) -> _Group:
    group = results.group
    shown = list(tables(results, say_of(group.speaker)))
    return _Group(number, group.name, group.size, results.cautions, pictures, shown)


def _left_out(analysis: Analysis) -> _LeftOut | None:
    if not analysis.left_out:
        return None
    counts = Counter(item.reason for item in analysis.left_out)
    counted = ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items()))
    listed = analysis.left_out[:MOST_LISTED]
    rows = []
    for item in listed:
        path = (
            item.path.relative_to(analysis.folder) if item.path.is_relative_to(analysis.folder) else item.path
        )
        rows.append((str(path), item.reason, item.message))
    table = HtmlTable("", ("file", "reason", "what is wrong"), rows)
    return _LeftOut(counted, table, len(analysis.left_out) - len(listed))


def _prose(text: str) -> Html:
    """Escaped, with `words in backticks` as code."""
    return Html(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text)))


def _inline(svg: str, group: int, figure: int) -> Html:
    """An SVG for the middle of a page: no XML header, no metadata, ids of its own."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|xlink:href="#|url\(#)', rf"\g<1>g{group}f{figure}-", svg)
    svg = re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1" role="img">', svg, count=1)
    return Html(svg.replace("xlink:href", "href"))
