"""One self-contained page: every figure, explained in a sentence, with the data named by hash."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from assistant import __version__
from assistant.analysis.report_context import table, tables
from assistant.analysis.results import Analysis, Results
from assistant.analysis.speaker_captions import say_of


@dataclass(frozen=True)
class Picture:
    """A figure for the page."""

    title: str
    sentence: str
    svg: str


MOST_LISTED = 200
"""Files left out that the page lists one by one; `tables/left_out.csv` has all."""


def report(analysis: Analysis, pictures: Mapping[int, Sequence[Picture]]) -> str:
    """The page, in HTML with inline SVG and no links to anywhere."""
    page = (files("assistant.analysis") / "report.html").read_text(encoding="utf-8")
    body = "\n".join(_body(analysis, pictures))
    return page.replace("{{title}}", "What the sessions say").replace("{{body}}", body)


def _body(analysis: Analysis, pictures: Mapping[int, Sequence[Picture]]) -> Iterator[str]:
    yield "<h1>What the sessions say</h1>"
    yield from _data(analysis)
    for number, results in enumerate(analysis.groups):
        yield from _group(results, pictures.get(number, ()), number)
    if not analysis.groups:
        yield "<p class=caution>There is no session to analyse.</p>"
    yield from _left_out(analysis)


def _data(analysis: Analysis) -> Iterator[str]:
    chosen = (
        f", of which {analysis.sessions} were chosen ({escape(analysis.selection)})"
        if analysis.selection
        else ""
    )
    yield (
        f"<p>{analysis.journals} journals with {analysis.events:,} events{chosen}; "
        f"{len(analysis.left_out)} files were left out. The data are named by the SHA-256 over the sorted hashes "
        "of the journals (each the hash of its last line, <code>tip</code> in "
        "<code>assistant verify --json</code>):</p>"
        f"<p><code>{analysis.data_sha256}</code></p>"
        f"<p class=small>Made by assistant {escape(__version__)}. Solved: every visible test passes. False solve: a "
        "hidden test fails. Intervals are 95%.</p>"
    )


def _group(results: Results, pictures: Sequence[Picture], number: int) -> Iterator[str]:
    group = results.group
    yield f"<section><h2>{escape(group.name)}</h2>"
    yield f"<p>{group.size}.</p>"
    yield from (f"<p class=caution>{_prose(caution)}</p>" for caution in results.cautions)
    for index, picture in enumerate(pictures):
        svg = _inline(picture.svg, f"g{number}f{index}-")
        yield (
            f"<figure><h3>{escape(picture.title)}</h3>{svg}"
            f"<figcaption>{_prose(picture.sentence)}</figcaption></figure>"
        )
    yield "<details><summary>Numbers behind the figures</summary>"
    yield from tables(results, say_of(group.speaker))
    yield "</details>"
    yield "</section>"


def _left_out(analysis: Analysis) -> Iterator[str]:
    if not analysis.left_out:
        return
    counts = Counter(item.reason for item in analysis.left_out)
    counted = ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items()))
    yield f"<section><h2>Left out</h2><p>{len(analysis.left_out)} files took no part: {escape(counted)}.</p>"
    listed = analysis.left_out[:MOST_LISTED]
    rows = []
    for item in listed:
        path = (
            item.path.relative_to(analysis.folder) if item.path.is_relative_to(analysis.folder) else item.path
        )
        rows.append((str(path), item.reason, item.message))
    yield table("", ("file", "reason", "what is wrong"), rows)
    if len(listed) < len(analysis.left_out):
        yield f"<p>… and {len(analysis.left_out) - len(listed)} more, in <code>tables/left_out.csv</code>.</p>"
    yield "</section>"


def _prose(text: str) -> str:
    """Escaped, with `words in backticks` as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _inline(svg: str, prefix: str) -> str:
    """An SVG for the middle of a page: no XML header, no metadata, ids of its own."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|xlink:href="#|url\(#)', rf"\g<1>{prefix}", svg)
    return re.sub(
        r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1" role="img">', svg, count=1
    ).replace("xlink:href", "href")
