"""What a model tends to say: n-grams of earlier answers, to guess the next ones from. Never changes an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib.resources import files

_LONGEST = 4
_MOST = 60_000  # tokens that are learnt; some 30 MB
# Measured right guesses after n-grams of 1 to 4 tokens: seen more than once and nearly always followed by the
# same token; seen once; followed by the same token mostly; followed by this and that.
_STEADY = (0.0, 0.35, 0.5, 0.7, 0.75)
_ONCE = (0.0, 0.2, 0.27, 0.42, 0.48)
_MOSTLY = (0.0, 0.26, 0.25, 0.38, 0.4)
_VARIED = (0.0, 0.15, 0.15, 0.2, 0.2)


class NgramDrafts:
    """Counts of what followed each n-gram."""

    most_trust = max(_STEADY)

    def __init__(self) -> None:
        self._counts: dict[tuple[int, ...], dict[int, int]] = {}
        self._learnt = 0

    def learn(self, answer: Sequence[int]) -> None:
        """Take an answer in; once enough were, further ones are ignored."""
        if self._learnt >= _MOST:
            return
        self._learnt += len(answer)
        for end in range(1, len(answer)):
            for n in range(1, min(_LONGEST, end) + 1):
                followers = self._counts.setdefault(tuple(answer[end - n : end]), {})
                followers[answer[end]] = followers.get(answer[end], 0) + 1

    def guess(self, ending: Sequence[int]) -> tuple[int, float]:
        """The token that followed the ending most often, and how far to trust that (0: unknown)."""
        for n in range(min(_LONGEST, len(ending)), 0, -1):
            followers = self._counts.get(tuple(ending[-n:]))
            if followers:
                token = max(followers, key=followers.__getitem__)
                return token, _trust(n, followers[token], sum(followers.values()))
        return 0, 0.0


def usual_phrases(encode: Callable[[str], Sequence[int]]) -> NgramDrafts:
    """The answers that ship with the package: Qwen2.5-Coder-1.5B-Instruct on our own starter problems."""
    phrases = NgramDrafts()
    text = files("assistant.engine.inference").joinpath("phrases.jsonl").read_text(encoding="utf-8")
    for line in text.splitlines():
        phrases.learn(encode(json.loads(line)))
    return phrases


def _trust(n: int, times: int, total: int) -> float:
    share = times / total
    if total == 1:
        return _ONCE[n]
    return (_STEADY if share >= 0.8 else _MOSTLY if share >= 0.4 else _VARIED)[n]
