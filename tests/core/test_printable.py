"""Text made safe to print: over every character of Unicode, not over a list of known bad ones."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.core.printable import exact, exact_line, half_character, printable
from assistant.core.value_difference import SPACE, contrasted, note

EVERYTHING = "".join(map(chr, range(sys.maxunicode + 1)))
OBEYED = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""On a busy machine."""
ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()))


@pytest.mark.slow
def test_no_character_that_a_terminal_obeys_or_hides_is_printed() -> None:
    left = {c for c in printable(EVERYTHING) if unicodedata.category(c) in OBEYED}
    assert left == {"\n", "\t", "\u200c", "\u200d"}
    assert {c for c in exact(EVERYTHING) if unicodedata.category(c) in OBEYED} == {"\n", "\t"}
    assert "\n" not in exact_line(EVERYTHING)


@pytest.mark.parametrize("blank", ["ㅤ", "️", "͏", "ᅟ", "ᅠ", "⠀", "\xa0", "\u3000", "\u200d", "\xad"])
def test_code_and_values_show_what_draws_nothing(blank: str) -> None:
    assert exact(f"a{blank}b") == f"a{blank.encode('unicode_escape').decode()}b"


def test_words_of_all_languages_stay_as_they_are() -> None:
    for words in (
        "héllo wörld",
        "你好，世界",
        "می‌خواهم",
        "👩‍👩‍👧 ❤️",
        "שלום",
        "สวัสดี",
        "a\tb\nc",
        "１０\u3000円",
    ):
        assert printable(words) == words


@patiently
@given(ANY_TEXT)
def test_printing_twice_changes_nothing_and_can_always_be_written(text: str) -> None:
    for make in (printable, exact, exact_line):
        assert make(make(text)) == make(text)
        make(text).encode("utf-8")
    assert bool(half_character(text)) == (not _is_utf8(text))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


SPACES = st.text(alphabet=" \t\n\u00a0\u3000\u200b\u3164\ufe0fabA", max_size=12)


@patiently
@given(SPACES, SPACES)
def test_values_that_differ_are_never_shown_alike(expected: str, actual: str) -> None:
    lefts, rights, said = contrasted(repr(expected), repr(actual))
    left, right = ("".join(part.text for part in parts) for parts in (lefts, rights))
    if expected != actual:
        assert left != right
        assert any(part.differs for part in (*lefts, *rights))
    else:
        assert said


@patiently
@given(st.text(), st.text())
def test_any_two_texts_that_differ_are_shown_differently_or_explained(one: str, other: str) -> None:
    lefts, rights, said = contrasted(one, other)
    shown = ["".join(part.text for part in parts) for parts in (lefts, rights)]
    assert shown[0] != shown[1] or said or one == other == ""


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("1", "1.0"),
        ("1", "True"),
        ("1", "'1'"),
        ("0.0", "-0.0"),
        ("[1]", "(1,)"),
        ("{1}", "{1: 1}"),
    ],
)
def test_values_of_other_types_are_written_differently(expected: str, actual: str) -> None:
    lefts, rights, _ = contrasted(expected, actual)
    assert [p.text for p in lefts] != [p.text for p in rights]


def test_where_the_texts_are_the_same_the_note_says_why() -> None:
    assert note("nan", "nan") == "nan is equal to nothing, itself included"
    assert "further on" in note("'aaaa…", "'aaaa…")
    assert "not equal" in note("<Thing>", "<Thing>")


def test_letters_of_two_scripts_are_named() -> None:
    said = note("'paypal'", "'p\u0430ypal'")
    assert "U+0430 cyrillic small letter a" in said and "U+0061 latin small letter a" in said
    assert note("'\u00e9'", "'e\u0301'")
    assert note("'ab'", "'ac'") == ""


def test_a_space_that_only_one_value_has_is_drawn() -> None:
    lefts, _, said = contrasted("'one two  THREE'", "'one two THREE'")
    assert SPACE in "".join(part.text for part in lefts)
    assert "white space" in said


def test_long_values_are_cut_where_they_differ() -> None:
    lefts, rights, _ = contrasted("a" * 5000 + "b", "a" * 5000 + "c", longest=100)
    assert "".join(p.text for p in lefts) != "".join(p.text for p in rights)


def test_escapes_of_a_stream_keep_json_json() -> None:
    from io import StringIO

    from assistant.reporting.printable_streams import PrintableStream

    target = StringIO()
    document = {"text": "\u202e\x9b\U000e0001 é \u2028"}
    PrintableStream(target).write(json.dumps(document, ensure_ascii=False))
    assert json.loads(target.getvalue()) == document
    assert "\u202e" not in target.getvalue()
