"""One sample on its way in: its text so far, its counts, and the `Finish` that they make."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from assistant.domain.generation import Finish, FinishReason
from assistant.engine.openai.sse import Delta
from assistant.engine.openai.stops import StopFilter

STOPPED = frozenset({"stop", "eos", "eos_token", "stop_sequence", "end_turn"})
FULL = frozenset({"length", "max_tokens", "model_length"})
FAILED = {
    "content_filter": "the server's content filter cut the answer",
    "abort": "the server aborted the answer",
    "error": "the server failed while answering",
}


@dataclass
class Answer:
    """One sample. Filled by the stream's task; read by the thread that asked when that is cancelled."""

    sample: int
    seed: int
    stops: StopFilter
    started: float = field(default_factory=time.perf_counter)
    text: str = ""
    pieces: int = 0
    reasoning: int = 0
    """Characters of thinking that are not part of the answer."""
    first_at: float | None = None
    server_reason: str | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    timings: dict[str, Any] = field(default_factory=dict)
    seed_honoured: bool | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """No more text can come."""
        return self.server_reason is not None or self.stops.stopped

    @property
    def touched(self) -> bool:
        """Something of it has arrived."""
        return bool(self.text or self.pieces or self.server_reason)

    def take(self, delta: Delta) -> str:
        """Add what came; gives the text that can be shown."""
        self.reasoning += len(delta.reasoning)
        self.pieces += bool(delta.text or delta.reasoning)
        if delta.text and self.first_at is None:
            self.first_at = time.perf_counter()
        text = self.stops.feed(delta.text)
        if delta.finish_reason is not None:
            self.server_reason = delta.finish_reason
            text += self.stops.flush()
        self.text += text
        return text

    def note(self, words: str) -> None:
        """Say once what was done differently from what was asked."""
        if words not in self.notes:
            self.notes.append(words)

    def finish(
        self, reason: FinishReason | None = None, error: str = "", text: str | None = None, overflow: int = 0
    ) -> Finish:
        """The end: as the server gave it, or for `reason`. `text` is what was shown, where that is less."""
        if reason is None:
            reason, error = self._reason()
        return Finish(
            sample=self.sample,
            text=self.text if text is None else text,
            reason=reason,
            error=error,
            overflow=overflow,
            seed=self.seed,
            seed_honoured=self.seed_honoured,
            prompt_tokens=_count(self.usage, "prompt_tokens"),
            reused_tokens=_count(self.usage.get("prompt_tokens_details"), "cached_tokens")
            or _count(self.timings, "cache_n"),
            generated_tokens=_count(self.usage, "completion_tokens") or self.pieces,
            drafted_tokens=_count(self.timings, "draft_n"),
            accepted_tokens=_count(self.timings, "draft_n_accepted"),
            first_token_seconds=None if self.first_at is None else self.first_at - self.started,
            seconds=time.perf_counter() - self.started,
            notes=(*self.notes, *self._notes(reason)),
        )

    def _reason(self) -> tuple[FinishReason, str]:
        if self.stops.stopped or self.stops.complete or self.server_reason in STOPPED:
            return "stop", ""
        if self.server_reason in FULL:
            return "length", ""
        if self.server_reason in FAILED:
            return "error", FAILED[self.server_reason]
        self.note(f"the server's finish reason was {self.server_reason}")
        return "stop", ""

    def _notes(self, reason: FinishReason) -> list[str]:
        notes = []
        if not self.usage and reason != "error" and self.pieces:
            notes.append("the server gave no token counts: pieces of the stream were counted")
        if self.reasoning:
            notes.append(f"{self.reasoning} characters of the model's thinking are not part of the answer")
        return notes


def _count(counts: Any, name: str) -> int:
    value = counts.get(name) if isinstance(counts, dict) else None
    return value if isinstance(value, int) and value >= 0 else 0
