"""The points of a feedback: by marks alone, in any language, and nothing of it is lost or said twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.core.feedback_points import MOST_POINTS, feedback_points

CASES: list[tuple[str, tuple[str, ...]]] = [
    ("", ()),
    ("wrong", ("wrong",)),
    ("Close, but it goes the wrong way round.", ("Close, but it goes the wrong way round.",)),
    ("Make it lower case. Drop the commas.", ("Make it lower case.", "Drop the commas.")),
    ("Close. Make it lower case! No? Drop the commas.", ("Close. Make it lower case!", "No? Drop the commas.")),
    ("Make it lower case. Thanks.", ("Make it lower case. Thanks.",)),
    ("make it lower case; drop the commas", ("make it lower case", "drop the commas")),
    ("- make it lower case\n- drop commas\n  and dots", ("make it lower case", "drop commas and dots")),
    ("Two things:\n1. make it lower case\n2) drop the commas", ("Two things: make it lower case", "drop the commas")),
    ("a) make it lower case\nb) drop the commas", ("make it lower case", "drop the commas")),
    ("Make it lower case\n\nDrop the commas", ("Make it lower case", "Drop the commas")),
    ("Nimm die kleinste Zahl. Lass z. B. 1.5 weg.", ("Nimm die kleinste Zahl.", "Lass z. B. 1.5 weg.")),
    ("Use e.g. [1, 1] as a key. Split at v1.2 only.", ("Use e.g. [1, 1] as a key.", "Split at v1.2 only.")),
    ('Call f("One. Two; three.") once. Add it up.', ('Call f("One. Two; three.") once.', "Add it up.")),
    ("For [1. 5; 2] I expect 3; nothing else", ("For [1. 5; 2] I expect 3; nothing else",)),
    ("Don't stop at commas; it's not \"done", ("Don't stop at commas", 'it\'s not "done')),
    ("先按长度排序。空列表应返回空。", ("先按长度排序。", "空列表应返回空。")),
    ("¿Por qué cortas aquí? ¡No quites los puntos!", ("¿Por qué cortas aquí?", "¡No quites los puntos!")),
    ("No. Still wrong!", ("No. Still wrong!",)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "points"), CASES)
def test_points_are_told_apart_by_marks(text: str, points: tuple[str, ...]) -> None:
    assert feedback_points(text) == points


def test_what_is_said_beyond_the_last_point_stays_with_it() -> None:
    sentences = [f"Change number {n} is this." for n in range(1, 8)]
    points = feedback_points(" ".join(sentences))
    assert points[: MOST_POINTS - 1] == tuple(sentences[: MOST_POINTS - 1])
    assert points[MOST_POINTS - 1 :] == (" ".join(sentences[MOST_POINTS - 1 :]),)


@given(st.text(alphabet="ab 1.;!?。-()[]\"'\n\t", max_size=60) | st.text(max_size=60))
def test_every_letter_is_in_one_point_in_order(text: str) -> None:
    points = feedback_points(text)
    assert len(points) <= MOST_POINTS and all(point.strip() == point for point in points)
    rest = iter(text)
    letters = [c for point in points for c in point if not c.isspace()]
    assert all(any(c == other for other in rest) for c in letters), "in the order in which they were typed"
    kept = sum(c.isalpha() for c in letters)
    assert kept >= sum(c.isalpha() for c in text) - len(text.splitlines()), (
        "but for the letters of list marks"
    )
