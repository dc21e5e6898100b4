"""A simulated person: a second model that sees the failing tests says what is wrong. Always labelled so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from assistant.bench.feedback.feedback_states import FeedbackState
from assistant.bench.jobs import Job, Verdict, dialogue_of
from assistant.bench.recorded_words import RecordedWords, StandInWords, key_of
from assistant.bench.sample_log import read_samples
from assistant.core.generation import Sampling
from assistant.core.state import State
from assistant.session import prompting

WORDS = "words.jsonl"
GROUP = "simulated person"
LONGEST = 4000
"""Characters of a model's feedback that are used."""


def person_template() -> prompting.Template:
    """How the second model is asked."""
    return prompting.parse_template(
        (resources.files("assistant.bench.feedback") / "person.toml").read_bytes()
    )


def scene(state: State) -> str:
    """What a person sees in this state: the task with its tests, the program, and what failed."""
    template, table = person_template(), state.current_program
    assert table is not None
    code = table.text if table.code is None else f"```python\n{table.code.rstrip()}\n```"
    cases = prompting.cases_text(template, prompting.failing_cases(table.visible))
    return template.render(
        "scene",
        task=prompting.first_turn(state, prompting.load_template("paper")),
        answer=code,
        cases=cases or f"(none was run: {table.answer_problem or 'there is no verdict'})",
    )


def person_prompt(state: State, ask: str) -> prompting.Prompt:
    """How a model is asked to speak in this state: `ask`, or `ask_once` for one sentence."""
    return prompting.Prompt(dialogue_of(person_template().render(ask, scene=scene(state))))


def waiting_line(state: State, model: str) -> RecordedWords:
    """The line that somebody has to complete with words about the current program."""
    return RecordedWords(**key_of(state)._asdict(), author=f"model:{model}", seen=scene(state))


def recorded_words(states: Sequence[FeedbackState], recorded: StandInWords) -> dict[str, str]:
    """What is recorded about these states, by row."""
    found = {item.row: recorded.words.get(key_of(item.state), "") for item in states}
    return {row: words for row, words in found.items() if words}


@dataclass(frozen=True)
class Person:
    """Makes the jobs that ask a model for feedback on every state."""

    states: Sequence[FeedbackState]
    sampling: Sampling

    def jobs(self) -> Iterator[Job]:
        """One job for each state."""
        return (self._job(item) for item in self.states)

    def _job(self, item: FeedbackState) -> Job:
        assert item.state.problem is not None
        return Job(GROUP, item.row, item.state.problem, person_prompt(item.state, "ask"), self.sampling)


def words_verdict(job: Job, text: str) -> Verdict:
    """Feedback is stored, not judged."""
    return Verdict(outcome="said", solved=False)


def words_in(folder: Path) -> dict[str, str]:
    """What the second model said, by row."""
    path = folder / WORDS
    found = read_samples(path) if path.exists() else iter(())
    return {sample.row: " ".join(sample.text.split())[:LONGEST] or "It is wrong." for sample in found}
