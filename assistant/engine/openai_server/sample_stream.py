"""One sample while it is streamed: its text so far, its counts, and its `Finish`."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from assistant.core.generation import Finish, FinishReason
from assistant.core.surrogates import half_at_end, whole_characters
from assistant.core.thinking import thinking_length
from assistant.engine.openai_server.safe_json import count
from assistant.engine.openai_server.server_errors import ServerFailure, one_line
from assistant.engine.openai_server.stop_filter import StopFilter
from assistant.engine.openai_server.streaming import Delta

STOPPED = frozenset({"stop", "eos", "eos_token", "stop_sequence", "end_turn"})
FULL = frozenset({"length", "max_tokens", "max_output_tokens", "model_length"})
FAILED = {
    "content_filter": "the server's content filter cut the answer",
    "safety": "the server's content filter cut the answer",
    "abort": "the server aborted the answer",
    "error": "the server failed while answering",
}


@dataclass
class SampleStream:
    """One sample. Filled by the stream's task; read by the thread that asked when that is cancelled."""

    sample: int
    seed: int
    stops: StopFilter
    started: float = field(default_factory=time.perf_counter)
    text: str = ""
    pieces: int = 0
    reasoning: int = 0
    """Characters of thinking that are not part of the answer."""
    refusal: str = ""
    """The model's refusal, verbatim."""
    tools: bool = False
    """It called a tool."""
    limit: int = 0
    """Largest number of tokens requested; 0: no limit."""
    cut: bool = False
    """It went on beyond the limit."""
    half: str = ""
    """The first half of a character whose second half is still to come."""
    first_at: float | None = None
    server_reason: str | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    timings: dict[str, Any] = field(default_factory=dict)
    seed_honoured: bool | None = None
    notes: list[str] = field(default_factory=list)
    failure: ServerFailure | None = None
    """What ended it, where the server did not."""

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
        if self.cut:
            return ""
        self.reasoning += len(delta.reasoning)
        self.pieces += bool(delta.text or delta.reasoning)
        self.refusal += whole_characters(delta.refusal)
        self.tools = self.tools or delta.tools
        if delta.text and self.first_at is None:
            self.first_at = time.perf_counter()
        text = self.stops.feed(self._characters(delta.text, delta.finish_reason is not None))
        if self._is_beyond_limit() and not self.ended:
            self.note("the server wrote on beyond the limit: the answer is cut there")
            self.server_reason, self.cut = "length", True
            text += self.stops.flush()
        elif delta.finish_reason is not None:
            self.server_reason = delta.finish_reason
            text += self.stops.flush()
        self.text += text
        return text

    def _characters(self, text: str, last: bool) -> str:
        """Whole characters: a server may send the halves of one in two pieces."""
        text = self.half + text
        self.half = "" if last else half_at_end(text)
        return whole_characters(text.removesuffix(self.half) if self.half else text)

    def _is_beyond_limit(self) -> bool:
        """Whether far more text came than the requested tokens can hold, for any known tokenizer."""
        written = len(self.text) + self.reasoning + self.stops.left_out
        return self.limit > 0 and (self.pieces > 4 * self.limit + 256 or written > 40 * self.limit + 4_000)

    def note(self, note: str) -> None:
        """Note, once, a deviation from the request."""
        if note not in self.notes:
            self.notes.append(note)

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
            thinking_characters=self.reasoning + thinking_length(self.text),
            drafted_tokens=_count(self.timings, "draft_n"),
            accepted_tokens=_count(self.timings, "draft_n_accepted"),
            first_token_seconds=None if self.first_at is None else self.first_at - self.started,
            seconds=time.perf_counter() - self.started,
            notes=(*self.notes, *self._notes(reason)),
        )

    def _reason(self) -> tuple[FinishReason, str]:
        if not self.text.strip():
            if self.refusal.strip():
                return "error", f"the model refuses to answer: {one_line(self.refusal)}"
            if self.tools:
                return "error", "the model called a tool and wrote nothing: serve it without tools"
        if self.stops.stopped or self.stops.complete or self.server_reason in STOPPED:
            return "stop", ""
        if self.server_reason in FULL:
            return "length", ""
        if self.server_reason in FAILED:
            return "error", FAILED[self.server_reason]
        self.note(f"the server's finish reason was {one_line(self.server_reason or '')}")
        return "stop", ""

    def _notes(self, reason: FinishReason) -> list[str]:
        notes = []
        if not self.usage and reason != "error" and self.pieces:
            notes.append("the server gave no token counts: pieces of the stream were counted")
        if self.reasoning:
            notes.append(f"{self.reasoning} characters of the model's thinking are not part of the answer")
        return notes


def _count(counts: Any, name: str) -> int:
    return count(counts.get(name)) if isinstance(counts, dict) else 0
