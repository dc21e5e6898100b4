"""One sample while it is being generated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from assistant.core.generation import THINKING_BOUNDED, Chunk, Finish, FinishReason
from assistant.core.thinking import thinking_length
from assistant.engine.inference.detokenizer import TextStream
from assistant.engine.inference.ngram_drafts import NgramDrafts
from assistant.engine.inference.prompt_lookup import DraftBudget, PromptLookup
from assistant.engine.inference.thinking_budget import ThinkingBudget


@dataclass
class SampleRow:
    """The tokens of one sample: the prompt's, then its own. `limit` bounds its own; `ends` end it."""

    sample: int
    seed: int
    prompt: Sequence[int]
    limit: int
    ends: frozenset[int]
    text: TextStream
    started: float
    phrases: NgramDrafts | None = None
    thinking: ThinkingBudget | None = None
    ids: list[int] = field(default_factory=list)
    reason: FinishReason | None = None
    error: str = ""
    drafted: int = 0
    accepted: int = 0
    first_token_seconds: float | None = None
    notes: list[str] = field(default_factory=list)
    copies: int = 0
    """Samples after this one that are alike, since nothing is drawn."""

    _lookup: PromptLookup | None = None
    _looked_up: int = 0

    def pending(self, cached: int) -> list[int]:
        """The tokens that follow the first `cached` ones."""
        return [*self.prompt[cached:], *self.ids[max(0, cached - len(self.prompt)) :]]

    def draft(self, budget: DraftBudget) -> list[int]:
        """Guesses for the next tokens, never beyond the limit. What was said is indexed when first asked."""
        most = self.limit - len(self.ids) - 1
        if self.thinking is not None:
            if forced := self.thinking.forced:
                return forced[: min(budget.most, most)]
            if self.thinking.left is not None:
                most = max(0, min(most, self.thinking.left - 1))
        if budget.most == 0:
            return []
        if self._lookup is None:
            self._lookup = PromptLookup(self.prompt, self.phrases)
        self._lookup.extend(self.ids[self._looked_up :])
        self._looked_up = len(self.ids)
        return self._lookup.draft(budget)[:most]

    def bounded(self, drawn: Sequence[int]) -> list[int]:
        """The tokens that are taken for those drawn: where the thinking was long enough, its end."""
        forced = self.thinking.forced if self.thinking is not None else []
        return [*forced[: len(drawn)], *drawn[len(forced) :]]

    def count(self, drafted: int, agreed: int) -> None:
        """Note a draft of so many tokens; the end of a thinking is none."""
        if self.thinking is None or not self.thinking.forced:
            self.drafted += drafted
            self.accepted += agreed

    def take(self, tokens: Sequence[int]) -> str:
        """Append drawn tokens until one ends the sample; returns the text that became safe to show."""
        if self.first_token_seconds is None:
            self.first_token_seconds = perf_counter() - self.started
        shown = ""
        for token in tokens:
            self.ids.append(token)
            shown += "" if token in self.ends else self.text.push(token)
            if self.thinking is not None:
                self.thinking.note(self.text.text)
            if token in self.ends or self.text.stopped:
                self.reason = "stop"
            elif len(self.ids) >= self.limit:
                self.reason = "length"
            if self.reason:
                return shown + self.text.close()
        return shown

    def end(self, reason: FinishReason, error: str = "") -> str:
        """Stop where it is; returns the text that was held back."""
        self.reason, self.error = reason, error
        return self.text.close()

    def outputs(self, text: str, reused: int, prompt_sha256: str) -> Iterator[Chunk | Finish]:
        """New text as a chunk, and the end if it has come; for every sample that this row stands for."""
        items: list[Chunk | Finish] = [Chunk(sample=self.sample, text=text)] if text else []
        if self.reason:
            items.append(self.finish(reused, prompt_sha256))
        for item in items:
            yield item
            for sample in range(self.sample + 1, self.sample + 1 + self.copies):
                yield _repeated_for(item, sample)

    def finish(self, reused: int, prompt_sha256: str) -> Finish:
        assert self.reason is not None
        bounded = self.thinking is not None and self.thinking.used_up
        return Finish(
            sample=self.sample,
            text=self.text.text,
            reason=self.reason,
            error=self.error,
            seed=self.seed,
            seed_honoured=True,
            prompt_tokens=len(self.prompt),
            reused_tokens=reused,
            generated_tokens=len(self.ids),
            thinking_characters=thinking_length(self.text.text),
            drafted_tokens=self.drafted,
            accepted_tokens=self.accepted,
            first_token_seconds=self.first_token_seconds,
            seconds=perf_counter() - self.started,
            prompt_sha256=prompt_sha256,
            output_ids=tuple(self.ids),
            notes=(*self.notes, *([THINKING_BOUNDED] if bounded else [])),
        )


def _repeated_for(item: Chunk | Finish, sample: int) -> Chunk | Finish:
    notes = {"notes": (*item.notes, "greedy: the same as sample 0")} if isinstance(item, Finish) else {}
    return item.model_copy(update={"sample": sample, **notes})
