"""An engine that answers from a script: for demos, tests and pictures. It keeps every request it was sent."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Literal

from assistant.core.completion_detector import program_end
from assistant.core.generation import (
    Cancel,
    Chunk,
    Finish,
    FinishReason,
    ModelInfo,
    NeverCancelled,
    Progress,
    Request,
    sample_seed,
)
from assistant.core.surrogates import whole_characters
from assistant.core.thinking import thinking_length
from assistant.engine.scripted.script import DEMO_FILE, Script, ScriptedAnswer, read_script, script_of

CHARACTERS_PER_TOKEN = 4
"""A script has no tokenizer: four characters are streamed as one chunk and counted as one token."""
NAP_SECONDS = 0.01


@dataclass
class _Sample:
    """One answer on its way out."""

    index: int
    pieces: list[str]
    reason: FinishReason
    pace: float
    error: str = ""
    notes: tuple[str, ...] = ()
    sent: int = 0
    first_at: float | None = None

    @property
    def ended(self) -> bool:
        return self.sent == len(self.pieces)

    def next_chunk(self) -> Chunk:
        """The next piece, marked as sent."""
        if self.first_at is None:
            self.first_at = time.perf_counter()
        self.sent += 1
        return Chunk(sample=self.index, text=self.pieces[self.sent - 1])

    def finish(self, request: Request, started: float) -> Finish:
        """The end as far as it got: `cancelled` when pieces are left."""
        text = "".join(self.pieces[: self.sent])
        return Finish(
            sample=self.index,
            text=text,
            reason=self.reason if self.ended else "cancelled",
            error=self.error if self.ended else "",
            seed=sample_seed(request.sampling.seed, self.index),
            prompt_tokens=_tokens(sum(len(message.content) for message in request.messages)),
            generated_tokens=self.sent,
            thinking_characters=thinking_length(text),
            first_token_seconds=None if self.first_at is None else self.first_at - started,
            seconds=time.perf_counter() - started,
            notes=self.notes,
        )


class ScriptedEngine:
    """Answers from a list or a script file, streamed a few characters at a time.

    Answers in a list are given in turn, whoever asks. Answers of a script that names entry points are chosen
    by the problem in the request and by how many answers the dialogue already holds, so a resumed or branched
    session gets what belongs to its round. Token counts are characters divided by four, not a model's.
    """

    def __init__(
        self,
        answers: Sequence[str | ScriptedAnswer] | Script | None = None,
        *,
        seconds_per_chunk: float = 0.0,
        on_empty: Literal["repeat last", "error"] = "repeat last",
    ) -> None:
        """`answers` None takes the demo that ships with the package."""
        if answers is None:
            answers = read_script(DEMO_FILE)
        self.script = answers if isinstance(answers, Script) else script_of(answers)
        self.seconds_per_chunk = seconds_per_chunk
        self.on_empty = on_empty
        self.requests: list[Request] = []
        self.closed = False
        self._given = 0
        self._lock = Lock()

    @classmethod
    def from_file(
        cls,
        path: Path | str,
        *,
        seconds_per_chunk: float = 0.0,
        on_empty: Literal["repeat last", "error"] = "repeat last",
    ) -> ScriptedEngine:
        """An engine for a script file. Raises UsageError that names the file and the line."""
        return cls(read_script(Path(path)), seconds_per_chunk=seconds_per_chunk, on_empty=on_empty)

    def prepare(
        self, progress: Callable[[Progress], None] = lambda _: None, cancel: Cancel = NeverCancelled()
    ) -> ModelInfo:
        """Nothing to load: the model is the script, known by its hash."""
        progress(Progress(step="reading the script", done=1, total=1))
        return ModelInfo(
            engine="scripted",
            name=self.script.name,
            revision=_hash_of(self.script),
            device="none",
            versions={"tokens": f"counted as {CHARACTERS_PER_TOKEN} characters each"},
        )

    def generate(self, request: Request, cancel: Cancel = NeverCancelled()) -> Iterator[Chunk | Finish]:
        """Stream the next answers of the script, one chunk of each sample in turn, as a batch would."""
        started = time.perf_counter()
        with self._lock:
            self.requests.append(request)
            open_samples = [self._sample(request, index) for index in range(request.samples)]
        while open_samples:
            for sample in tuple(open_samples):
                if sample.ended or cancel.is_set() or not _pause(sample.pace, cancel):
                    open_samples.remove(sample)
                    yield sample.finish(request, started)
                else:
                    yield sample.next_chunk()

    def close(self) -> None:
        """Remember that it was closed; a script holds nothing."""
        self.closed = True

    def _sample(self, request: Request, index: int) -> _Sample:
        answer, notes = self._answer(request, index)
        text, reason = _cut(whole_characters(answer.text), request)
        if answer.error:
            reason = "error"
        pace = self.seconds_per_chunk if answer.seconds_per_chunk is None else answer.seconds_per_chunk
        return _Sample(index, _pieces(text), reason, pace, answer.error, notes)

    def _answer(self, request: Request, index: int) -> tuple[ScriptedAnswer, tuple[str, ...]]:
        entry_point = self.script.entry_point_of(request)
        if entry_point is not None:
            answers = self.script.by_entry_point[entry_point]
            wanted = index + sum(message.role == "assistant" for message in request.messages)
        else:
            answers = self.script.in_turn
            wanted = self._given
            self._given += 1
        if wanted < len(answers):
            return answers[wanted], ()
        if not answers:
            known = ", ".join(sorted(self.script.by_entry_point)) or "nothing"
            return ScriptedAnswer(error=f"the script has no answer to this problem; it knows {known}"), ()
        if self.on_empty == "error":
            return ScriptedAnswer(error=f"the script has no more than {len(answers)} answers"), ()
        return answers[-1], ("the script was used up: its last answer again",)


def _cut(text: str, request: Request) -> tuple[str, FinishReason]:
    """The text up to where it is to stop and the longest allowed answer, and why it ends there."""
    stops = [at for at in (text.find(stop) for stop in request.stop if stop) if at >= 0]
    if request.until_program is not None:
        end = program_end(text, request.until_program)
        stops += [] if end is None else [end]
    text = text[: min(stops, default=len(text))]
    longest = request.sampling.max_new_tokens * CHARACTERS_PER_TOKEN
    return text[:longest], "length" if len(text) > longest else "stop"


def _pieces(text: str) -> list[str]:
    return [text[at : at + CHARACTERS_PER_TOKEN] for at in range(0, len(text), CHARACTERS_PER_TOKEN)]


def _tokens(characters: int) -> int:
    return math.ceil(characters / CHARACTERS_PER_TOKEN)


def _pause(seconds: float, cancel: Cancel) -> bool:
    """Sleep in short naps; False as soon as `cancel` is set."""
    until = time.perf_counter() + seconds
    while (left := until - time.perf_counter()) > 0:
        if cancel.is_set():
            return False
        time.sleep(min(left, NAP_SECONDS))
    return not cancel.is_set()


def _hash_of(script: Script) -> str:
    """The hash of a script; an answer may hold half of a surrogate pair, which pydantic refuses to write."""
    try:
        text = script.model_dump_json()
    except ValueError:
        text = json.dumps(script.model_dump(mode="python"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
