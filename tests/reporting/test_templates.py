"""Free text in Markdown and HTML: it is shown as it is, and is never markup."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.core.printable import printable
from assistant.reporting.templates import markdown_text

markdown_it = pytest.importorskip("markdown_it")

MARKUP = "`*_[]()<>|~&#!\\-+=.:/ \n\t1aé\x1b\u202e"
texts = st.text(st.sampled_from(MARKUP), max_size=30) | st.text(max_size=30)


@given(texts)
@example("__0__")
def test_free_text_in_a_sentence(text: str) -> None:
    shown = printable(" ".join(text.split()))
    tokens = _parsed(f"Models: {markdown_text(text)}.")
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert {child.type for child in tokens[1].children} == {"text"}
    assert "".join(child.content for child in tokens[1].children) == f"Models: {shown}."


@given(texts)
@example("__0__")
def test_free_text_in_a_table(text: str) -> None:
    tokens = _parsed(f"| a | b |\n| --- | --- |\n| x{markdown_text(text)}x | 1 |\n")
    cells = [token for token in tokens if token.type == "inline"]
    assert [token.type for token in tokens].count("td_open") == 2 and len(cells) == 4
    assert "".join(child.content for child in cells[2].children) == f"x{printable(' '.join(text.split()))}x"


def _parsed(text: str) -> list[object]:
    return list(markdown_it.MarkdownIt("commonmark").enable("table").parse(text))
