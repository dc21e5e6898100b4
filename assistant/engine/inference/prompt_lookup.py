"""Prompt lookup: guesses for the next tokens, copied from where the last few tokens occurred before.

A corrected program mostly repeats the last one, so the guesses are often right (Saxena 2023, "prompt lookup
decoding"; Yang et al. 2023, "inference with reference"). Where the dialogue has no answer, earlier answers may:
a model says many things in the same words (He et al. 2024, "REST").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.engine.inference.ngram_drafts import NgramDrafts

# How often the token after the last occurrence of an n-gram of 1 to 8 tokens was the right one, measured on 36
# rounds of ILF tasks.
_TRUST = (0.0, 0.15, 0.4, 0.55, 0.6, 0.67, 0.75, 0.8, 0.95)
_LONGEST = len(_TRUST) - 1


@dataclass(frozen=True)
class DraftBudget:
    """How far to guess: `free` tokens in any case, then up to `most` while all so far are right with `sure`."""

    free: int
    most: int
    sure: float

    @classmethod
    def for_rows(cls, rows: int, free_tokens: int, *, padded: bool = False) -> DraftBudget:
        """For rows that share a step in which `free_tokens` tokens cost as much as one.

        On a processor each further token costs a tenth of a step; the more rows share it, the less a token
        more of one row is worth. Tuned on recorded rounds with the measured cost of steps of 1 to 64 tokens.
        Where rows are `padded` to the longest, one row's draft costs all of them: never beyond the free tokens.
        """
        free = min(16, max(0, free_tokens // rows - 1))
        return cls(free=free, most=free if padded else 16, sure=min(0.9, 0.4 + 0.1 * rows))


class PromptLookup:
    """What followed each n-gram in one sequence, which grows; `phrases` are asked where it does not know."""

    def __init__(self, tokens: Sequence[int], phrases: NgramDrafts | None = None) -> None:
        self._tokens: list[int] = []
        self._next: dict[tuple[int, ...], int] = {}
        self._phrases = phrases
        self.extend(tokens)

    def extend(self, tokens: Sequence[int]) -> None:
        """Append tokens, and remember each as what followed those before it."""
        for token in tokens:
            for n in range(1, min(_LONGEST, len(self._tokens)) + 1):
                self._next[tuple(self._tokens[-n:])] = token
            self._tokens.append(token)

    def draft(self, budget: DraftBudget) -> list[int]:
        """The likely continuation, as far as the budget goes."""
        ending, draft, hope = self._tokens[-_LONGEST:], list[int](), 1.0
        while len(draft) < budget.most:
            token, trust = self._guess(ending)
            hope *= trust
            if trust == 0 or (len(draft) >= budget.free and hope < budget.sure):
                break
            draft.append(token)
            ending = [*ending[-_LONGEST + 1 :], token]
        return draft

    def _guess(self, ending: list[int]) -> tuple[int, float]:
        """A token and how far to trust it (0: no guess)."""
        own = (0, 0.0)
        for n in range(len(ending), 0, -1):
            token = self._next.get(tuple(ending[-n:]))
            if token is not None:
                own = (token, _TRUST[n])
                break
        if self._phrases is None or own[1] > self._phrases.most_trust:
            return own
        said = self._phrases.guess(ending)
        return said if said[1] > own[1] else own
