"""Who speaks in the person's place: recorded words where there are some for the state, else a model on a server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from assistant.bench.feedback.simulated_feedback import LONGEST, person_prompt, waiting_line
from assistant.bench.recorded_words import RecordedWords, StandInWords, WordsKey, WordsLog, key_of, one_line
from assistant.core.generation import Cancel, Engine, Finish, Request, Sampling
from assistant.core.outcome import CaseReport
from assistant.core.state import Program, State
from assistant.session import prompting

RULE = "rule: the failing test, in a fixed sentence"
"""The author of feedback that a rule makes of a test; journals count a program among the models."""


_ONE_SENTENCE = Sampling(max_new_tokens=120)


class Said(NamedTuple):
    """Words, and the model that wrote them."""

    words: str
    model: str


@dataclass
class StandIn:
    """A model that speaks in the person's place and sees what a person sees; called from several threads."""

    recorded: StandInWords
    engine: Engine | None = None
    """Asked for what is not recorded."""
    log: WordsLog | None = None
    """Where its words are kept, so that they are asked for once."""
    sampling: Sampling = _ONE_SENTENCE
    fresh: dict[WordsKey, str] = field(default_factory=dict)

    @property
    def model(self) -> str:
        return self.recorded.model

    def say(self, state: State, cancel: Cancel) -> Said | None:
        """What is said of the current program; None where nobody says anything. Raises EngineError."""
        key = key_of(state)
        words = self.recorded.words.get(key) or self.fresh.get(key) or self._ask(state, key, cancel)
        return Said(words, self.model) if words else None

    def waiting(self, state: State) -> RecordedWords:
        """The line that somebody has to complete with words about the current program."""
        return waiting_line(state, self.model)

    def _ask(self, state: State, key: WordsKey, cancel: Cancel) -> str:
        if self.engine is None:
            return ""
        prompt = person_prompt(state, "ask_once")
        request = Request(messages=prompt.messages, sampling=self.sampling)
        finish = next((p for p in self.engine.generate(request, cancel) if isinstance(p, Finish)), None)
        if finish is None or finish.reason in ("cancelled", "error"):
            return ""
        words = one_line(finish.text)[:LONGEST]
        if words and self.log is not None:
            self.log.append(RecordedWords(**key._asdict(), author=f"model:{self.model}", words=words))
            self.fresh[key] = words
        return words


def sentence_of_test(program: Program) -> str:
    """A fixed sentence about the shortest test that the program fails, a visible one where there is one."""
    failing = prompting.failing_cases(program.visible) or prompting.failing_cases(program.hidden)
    if not failing:
        return ""
    case: CaseReport = min(failing, key=lambda case: len(case.test))
    template = prompting.load_template("paper")
    return f"This test fails: {prompting.cases_text(template, (case,))}"
