"""How far a thinking model may think: then the end of its thinking is written for it, and it answers.

As vLLM's `thinking_token_budget` and Qwen's reports have it. The bound follows from a sample's own tokens alone, so
that drafts, batches and caches change nothing of what is said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.core.thinking import end_of_thinking, may_mark, split_thinking, thinking_began

_LONGEST_MARK = 100
"""Characters, within which an answer has begun to think or does not."""


class ThinkingBudget:
    """Bounds one sample's thinking to `most` tokens. `opened`: the mark with which the prompt began it."""

    def __init__(self, most: int, opened: str, encode: Callable[[str], Sequence[int]]) -> None:
        self._most, self._encode = most, encode
        self._used = 0
        self._end: list[int] = []
        self._is_open = self._is_over = False
        self._seen = 0
        """Characters of the text that were looked at."""
        if opened:
            self._open(opened)

    @property
    def forced(self) -> list[int]:
        """The tokens that come next whatever the model says: what is left of the end of its thinking."""
        over = self._used - self._most
        return self._end[over:] if self._is_open and over >= 0 and not self._is_over else []

    @property
    def left(self) -> int | None:
        """So many tokens, at least, are the model's own; None where nothing bounds them any more."""
        return None if self._is_over else self._most - self._used

    @property
    def used_up(self) -> bool:
        """Whether the end of the thinking was written for the model."""
        return bool(self._end) and self._used > self._most

    def note(self, text: str) -> None:
        """One more token was taken, with which the answer's text is `text`."""
        if self._is_over:
            return
        if not self._is_open:
            if mark := thinking_began(text):
                self._open(mark)
            self._is_over = not self._is_open and len(text.strip()) > _LONGEST_MARK
            self._seen = len(text)
            return
        self._used += 1
        news = text[max(0, self._seen - _LONGEST_MARK) :]
        self._seen = len(text)
        if self._used > self._most:
            self._is_over = self._used >= self._most + len(self._end)
        else:
            self._is_over = may_mark(news) and not split_thinking(text, partial=True).unfinished

    def _open(self, mark: str) -> None:
        self._is_open, self._end = True, list(self._encode(end_of_thinking(mark)))
