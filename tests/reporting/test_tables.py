"""Tables as text: as wide as they need, whatever is in them."""

from __future__ import annotations

from io import StringIO

import pytest

from assistant.reporting.terminal_tables import count, duration, listing, percent, points, table


def test_columns_as_wide_as_they_need() -> None:
    rows = [["one", "1", "12.5%"], ["a longer name", "1,000", "–"]]
    assert list(table(["name", "rows", "rate"], rows)) == [
        "  name            rows   rate",
        "  one                1  12.5%",
        "  a longer name  1,000      –",
    ]
    assert list(table(["a", "b"], [["1", "22"]], justify=(), indent="")) == ["a   b", "1  22"]


def test_a_wide_table_is_neither_folded_nor_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    lines = list(table(["x" * 300, "y"], [["a b c", "z" * 300]]))
    assert [len(line) for line in lines] == [604 - 2 + 2, 604]


def test_wide_characters_count_as_they_are_drawn() -> None:
    lines = list(table(["", "n"], [["日本", "1"], ["abcd", "2"]]))
    assert [line.rstrip()[-1] for line in lines] == ["n", "1", "2"]
    assert lines[1] == "  日本  1" and lines[2] == "  abcd  2"


def test_text_is_not_markup() -> None:
    assert list(table(["", "a"], [["[bold]x[/bold] :smile:", "1"]]))[1] == "  [bold]x[/bold] :smile:  1"


def test_a_head_without_names_is_not_drawn() -> None:
    assert list(table(["", ""], [["a", "1"]])) == ["  a  1"]


class _Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_list_is_whole_where_programs_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("a", "x", "t" * 50), ("日本", "", "u")]
    assert list(listing(("name", "", "task"), rows, StringIO())) == [f"a     x  {'t' * 50}", "日本     u"]
    monkeypatch.setenv("COLUMNS", "20")
    assert list(listing(("name", "", "task"), rows, _Terminal(), cut=True)) == [
        "name     task",
        f"a     x  {'t' * 10}…",
        "日本     u",
    ]
    assert list(listing(("name", "", "task"), [], _Terminal())) == []


def test_numbers() -> None:
    measure = {"value": 0.5, "low": 0.25, "high": 0.75}
    assert percent(measure) == "50.0% (25.0–75.0)"
    assert percent({"value": None}) == "–"
    assert points(0.05, 0.01, None) == "+5.0" and points(0.05, 0.01, 0.09) == "+5.0 (+1.0 to +9.0)"
    assert [duration(45), duration(720), duration(12_000)] == ["45 s", "12 min", "3 h 20 min"]
    assert [count(1234), count(12_340_000)] == ["1,234", "12.3 M"]
