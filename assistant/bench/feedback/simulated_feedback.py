"""A simulated person: a second model that sees the failing tests says what is wrong. Always labelled so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from assistant.bench.feedback.feedback_states import FeedbackState
from assistant.bench.jobs import Job, Verdict, dialogue_of
from assistant.bench.sample_log import read_samples
from assistant.core.generation import Sampling
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


@dataclass(frozen=True)
class Person:
    """Makes the jobs that ask a model for feedback on every state."""

    states: Sequence[FeedbackState]
    sampling: Sampling

    def jobs(self) -> Iterator[Job]:
        """One job for each state."""
        return (self._job(item) for item in self.states)

    def _job(self, item: FeedbackState) -> Job:
        state, template = item.state, person_template()
        table = state.current_program
        assert state.problem is not None
        assert table is not None
        said = template.render(
            "ask",
            task=prompting.first_turn(state, prompting.load_template("paper")),
            answer=f"```python\n{(table.code or '').rstrip()}\n```",
            cases=prompting.cases_text(template, prompting.failing_cases(table.visible)),
        )
        prompt = prompting.Prompt(dialogue_of(said))
        return Job(GROUP, item.row, state.problem, prompt, self.sampling)


def words_verdict(job: Job, text: str) -> Verdict:
    """Feedback is stored, not judged."""
    return Verdict(outcome="said", solved=False)


def words_in(folder: Path) -> dict[str, str]:
    """What the second model said, by row."""
    path = folder / WORDS
    found = read_samples(path) if path.exists() else iter(())
    return {sample.row: " ".join(sample.text.split())[:LONGEST] or "It is wrong." for sample in found}
