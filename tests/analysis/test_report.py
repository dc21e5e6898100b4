"""The report's page: text from journals is text, whatever it looks like."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("scipy")

from assistant.analysis.grouping import grouped
from assistant.analysis.report import MOST_LISTED, Picture, report
from assistant.analysis.results import Analysis, results_of
from assistant.journal.fast_validation import LeftOut
from tests.analysis.build import program, session

HOSTILE = "</p><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7 * 7 }} {% raw %} 'a' \"b\" & &lt;"
TAGS = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "code", "section", "figure", "svg",
    "figcaption", "details", "summary", "div", "table", "caption", "tr", "th", "td", "g", "path",
}  # fmt: skip


class Page(HTMLParser):
    """Every tag and all text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_text_from_elsewhere_is_not_markup(tmp_path: Path) -> None:
    said = replace(session("s", [program(0, 0, solved=True)]), model=HOSTILE, annotator=HOSTILE)
    (group,) = grouped([said], ("model",))
    left_out = tuple(
        LeftOut(tmp_path / f"{number}{'<b>'}.jsonl", "problem", HOSTILE) for number in range(MOST_LISTED + 1)
    )
    analysis = Analysis(tmp_path, "0" * 64, 1, 2, 1, left_out, f"study {HOSTILE}", (results_of(group),))
    picture = Picture(
        f"Title {HOSTILE}",
        f"Sentence {HOSTILE} with `code {HOSTILE}`.",
        '<svg viewBox="0 0 1 1"><g id="a"/></svg>',
    )
    page = Page(report(analysis, {0: [picture]}))
    assert page.tags <= TAGS
    assert page.text.count(HOSTILE) == MOST_LISTED + 5
    assert "and 1 more" in page.text


def test_an_empty_analysis_is_a_page_too(tmp_path: Path) -> None:
    page = Page(report(Analysis(tmp_path, "0" * 64, 0, 0, 0, (), ""), {}))
    assert "There is no session to analyse." in page.text and "Left out" not in page.text
