"""From token ids to text, a token at a time, never showing half a character or what comes after the end."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from assistant.core.completion_detector import ProgramEnd
from assistant.core.thinking import thinking_marks

_BROKEN = "\ufffd"


def _thinking_marks(tokenizer: Any) -> dict[int, str]:
    """The tokenizer's special tokens that mark thinking, by id."""
    added = getattr(tokenizer, "added_tokens_decoder", None) or {}
    special = {i: str(token) for i, token in added.items() if token.special}
    marks = thinking_marks(special.values())
    return {i: token for i, token in special.items() if token in marks}


class TextStream:
    """The text of one sample as its tokens arrive.

    Text is held back while it may still change: while it ends inside a multi-byte character, or with the
    beginning of a stop string. The stop string itself is not part of the text. With `until_program` the text
    also ends where its program is complete.
    """

    def __init__(
        self,
        tokenizer: Any,
        stop: Sequence[str] = (),
        until_program: str | None = None,
        opened: str = "",
    ) -> None:
        """`opened` is the mark with which the prompt opened the model's thinking: the text begins with it."""
        backend = getattr(tokenizer, "backend_tokenizer", None)
        self._tokenizer = tokenizer if backend is None else backend  # the same text in a quarter of the time
        self._options = {} if backend is not None else {"clean_up_tokenization_spaces": False}
        self._stop = tuple(s for s in stop if s)
        self._program = None if until_program is None else ProgramEnd(until_program)
        self._ids: list[int] = []
        self._anchor = 0  # decoding starts here, so that the tokenizer sees a little left context
        self._settled = 0  # ids before this are in `_text`
        self._text = opened
        self._marks = _thinking_marks(tokenizer)
        self._shown = 0
        self.stopped = False

    @property
    def text(self) -> str:
        """Everything decoded so far that is whole characters, up to where it ends."""
        return self._text

    def fork(self) -> TextStream:
        """A stream of its own that has taken the same tokens."""
        other = copy.copy(self)
        other._ids, other._program = self._ids.copy(), copy.copy(self._program)
        return other

    def push(self, token: int) -> str:
        """Take one more token; return the text that is now safe to show."""
        if self.stopped:
            return ""
        self._ids.append(token)
        if token in self._marks:
            return self._mark(token)
        before = self._decode(self._anchor, self._settled)
        after = self._decode(self._anchor, len(self._ids))
        if len(after) > len(before) and not after.endswith(_BROKEN):
            self._text += after[len(before) :]
            self._anchor, self._settled = self._settled, len(self._ids)
            self._cut_at_end()
        return self._show(len(self._text) if self.stopped else len(self._text) - self._held_back())

    def _mark(self, token: int) -> str:
        """A special token that says where the model thinks: part of the text, though other special ones are not."""
        self._text += self._marks[token]
        self._anchor = self._settled = len(self._ids)
        self._cut_at_end()
        return self._show(len(self._text) if self.stopped else len(self._text) - self._held_back())

    def close(self) -> str:
        """No more tokens: the text that was held back. Bytes that never became a character are dropped."""
        return self._show(len(self._text))

    def _show(self, end: int) -> str:
        piece = self._text[self._shown : end]
        self._shown = max(self._shown, end)
        return piece

    def _decode(self, start: int, end: int) -> str:
        if start == end:
            return ""
        text: str = self._tokenizer.decode(self._ids[start:end], skip_special_tokens=True, **self._options)
        return text

    def _cut_at_end(self) -> None:
        found = [
            at for at in (self._text.find(s, max(0, self._shown - len(s))) for s in self._stop) if at >= 0
        ]
        if self._program is not None and (at := self._program.find(self._text)) is not None:
            found.append(at)
        if found:
            self._text = self._text[: min(found)]
            self.stopped = True

    def _held_back(self) -> int:
        """Length of the longest ending of the text that could begin a stop string."""
        longest = max((len(s) for s in self._stop), default=0)
        for length in range(min(longest - 1, len(self._text)), 0, -1):
            ending = self._text[-length:]
            if any(s.startswith(ending) for s in self._stop):
                return length
        return 0
