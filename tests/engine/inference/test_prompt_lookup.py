"""Guesses: what they are taken from and how far they go."""

from __future__ import annotations

from typing import Any

from assistant.engine.inference.ngram_drafts import NgramDrafts, usual_phrases
from assistant.engine.inference.prompt_lookup import DraftBudget, PromptLookup

WIDE = DraftBudget(free=7, most=16, sure=0.3)


def test_a_repetition_is_continued_as_far_as_it_is_sure() -> None:
    program = list(range(100, 140))
    lookup = PromptLookup([*program, 1, 2, *program[:10]])
    assert lookup.draft(WIDE) == program[10:26]


def test_the_most_recent_of_the_longest_endings_is_followed() -> None:
    lookup = PromptLookup([1, 2, 3, 50, 9, 2, 3, 60, 8, 1, 2, 3])
    assert lookup.draft(DraftBudget(1, 1, 0.0)) == [50]  # 1 2 3 before; 2 3 alone came later
    assert PromptLookup([2, 3, 50, 9, 2, 3, 60, 8, 2, 3]).draft(DraftBudget(1, 1, 0.0)) == [60]


def test_nothing_known_nothing_guessed() -> None:
    assert PromptLookup([1, 2, 3, 4]).draft(WIDE) == []


def test_weak_guesses_stay_within_what_is_free() -> None:
    weak = PromptLookup([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 99, 1])
    assert len(weak.draft(DraftBudget(free=3, most=16, sure=0.9))) == 3
    assert weak.draft(DraftBudget(free=0, most=16, sure=0.9)) == []


def test_growing_in_pieces_is_growing_at_once() -> None:
    tokens = [5, 6, 7, 5, 6, 8, 5, 6]
    pieces = PromptLookup(tokens[:3])
    for token in tokens[3:]:
        pieces.extend([token])
    assert pieces.draft(WIDE) == PromptLookup(tokens).draft(WIDE)


def test_phrases_help_where_the_dialogue_does_not_know() -> None:
    phrases = NgramDrafts()
    for _ in range(3):
        phrases.learn([70, 71, 72, 73, 74])
    assert PromptLookup([1, 2, 70, 71], phrases).draft(DraftBudget(3, 3, 0.0)) == [72, 73, 74]
    copied = PromptLookup([70, 71, 80, 4, 70, 71], phrases)
    assert copied.draft(DraftBudget(1, 1, 0.0)) == [
        72
    ]  # a steady phrase is trusted more than one short match
    long_match = PromptLookup([*range(60, 72), 80, 4, *range(60, 72)], phrases)
    assert long_match.draft(DraftBudget(1, 1, 0.0)) == [80]


def test_phrases_follow_the_majority_and_stop_learning_in_time() -> None:
    phrases = NgramDrafts()
    phrases.learn([1, 2, 3])
    phrases.learn([1, 2, 4])
    phrases.learn([1, 2, 4])
    assert phrases.guess([1, 2])[0] == 4
    assert phrases.guess([9]) == (0, 0.0)
    phrases.learn([5] * 70_000)
    phrases.learn([1, 2, 3] * 50)
    assert phrases.guess([1, 2])[0] == 4


def test_more_rows_are_given_fewer_guesses() -> None:
    assert (
        DraftBudget.for_rows(1, 4).free
        > DraftBudget.for_rows(2, 4).free
        > DraftBudget.for_rows(8, 4).free
        == 0
    )
    assert DraftBudget.for_rows(1, 64, padded=True).most == 16
    assert DraftBudget.for_rows(80, 64, padded=True).most == 0, "one row's draft would be everybody's"


def test_the_usual_phrases_ship_with_the_package(tokenizer: Any) -> None:
    phrases = usual_phrases(lambda text: tokenizer(text[:80])["input_ids"])
    token, trust = phrases.guess(tokenizer("```pyth")["input_ids"])
    assert tokenizer.decode([token]) == "o"
    assert trust > 0.5
