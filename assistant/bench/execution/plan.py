"""From questions to jobs: each asked with and without the other tests shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from assistant.bench import metrics
from assistant.bench.aggregates import Group
from assistant.bench.execution.call_questions import Asked
from assistant.bench.jobs import Job, dialogue_of
from assistant.bench.paired_stats import difference_of, solved_share
from assistant.bench.run_folder import asked_of_sampling
from assistant.core.generation import Sampling
from assistant.core.problem import sha256_of
from assistant.session.prompting import Prompt, Template, parse_template

ALONE, WITH_TESTS = "program alone", "other tests shown"
GROUPS = (ALONE, WITH_TESTS)


def load_wording(*, is_chat: bool) -> Template:
    """How it is asked, for chat or base models."""
    name = "chat.toml" if is_chat else "base.toml"
    return parse_template((resources.files("assistant.bench.execution") / name).read_bytes())


def question(template: Template, asked: Asked, *, with_tests: bool) -> str:
    """The question in words; with the other tests of its problem where these are to be shown."""
    shown = template.render("shown", tests="\n".join(asked.others)) if with_tests and asked.others else ""
    return template.render("ask", code=asked.problem.reference.strip(), call=asked.call, shown=shown)


@dataclass(frozen=True)
class ExecutionPlan:
    """What is asked."""

    questions: Sequence[Asked]
    source: str
    template: Template
    samples: int
    sampling: Sampling

    @property
    def total(self) -> int:
        """Samples in all."""
        return len(self.questions) * len(GROUPS) * self.samples

    def jobs(self) -> Iterator[Job]:
        """Question by question, both ways."""
        return (self._job(asked, group) for asked in self.questions for group in GROUPS)

    def asked(self) -> dict[str, Any]:
        """What decides the samples, for `config.json`."""
        return {
            "source": self.source.rstrip("/").rpartition("/")[2],
            "rows": [asked.row for asked in self.questions],
            "rows_sha256": sha256_of([[a.problem.sha256, a.call, a.value] for a in self.questions]),
            "template": {"id": self.template.id, "sha256": self.template.sha256},
            "samples": self.samples,
            "sampling": asked_of_sampling(self.sampling),
        }

    def _job(self, asked: Asked, group: str) -> Job:
        said = question(self.template, asked, with_tests=group == WITH_TESTS)
        raw = self.template.kind == "base"
        stop = ("[/ANSWER]",) if raw else ()
        prompt = Prompt(dialogue_of(said), raw, stop)
        return Job(group, asked.row, asked.problem, prompt, self.sampling, self.samples, asked.value)


def summarise(groups: Mapping[str, Group]) -> dict[str, Any]:
    """Share of right values both ways, and what the shown tests add."""
    alone, tested = groups.get(ALONE), groups.get(WITH_TESTS)
    gain = difference_of(tested, alone, solved_share) if alone and tested else None
    return {
        "groups": {name: _measured(group) for name, group in groups.items()},
        "tests_shown_minus_alone": None if gain is None else gain.model_dump(),
    }


def _measured(group: Group) -> dict[str, Any]:
    rows = metrics.rows_of(group)
    clusters: dict[str, tuple[int, int]] = {}
    for row in rows:
        right, made = clusters.get(row.problem, (0, 0))
        clusters[row.problem] = (right + row.solved, made + row.samples)
    return {
        "calls": len(rows),
        "problems": len(clusters),
        "samples": group.samples,
        "right": metrics.clustered(list(clusters.values())).model_dump(),
        "any_sample": metrics.any_sample(rows, metrics.solved).model_dump(),
        "outcomes": {name: m.model_dump() for name, m in metrics.outcome_shares(rows).items()},
    }
