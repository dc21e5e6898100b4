"""`assistant bench feedback`: recorded human feedback as a benchmark; the search for a wording of the dialogue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.cli import bench_options as b
from assistant.cli import options as o
from assistant.core.errors import UsageError

if TYPE_CHECKING:
    from assistant.bench.benchmark_run import BenchmarkRun
    from assistant.bench.feedback.feedback_jobs import JobFactory, Wording
    from assistant.bench.feedback.feedback_states import FeedbackState
    from assistant.bench.recorded_words import StandInWords
    from assistant.core.problem import Problem

CANDIDATES = (
    "paper", "paper+cases", "insist", "rewrite", "restate", "reviewed", "reviewed+cases", "advised",
)  # fmt: skip


@o.with_groups
def feedback(
    arguments: o.Arguments,
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Journals; or use --ilf FILE.")
    ] = None,
    ilf: Annotated[
        Path | None, typer.Option("--ilf", metavar="FILE", help="ILF's released rows (JSON Lines).")
    ] = None,
    arms: Annotated[
        str,
        typer.Option(
            "--arms", help="human, retry, tests, resample, shuffled, simulated; all: without the last."
        ),
    ] = "all",
    template: Annotated[
        list[str] | None,
        typer.Option(
            "--template", metavar="ID", help="Wording, `+cases` to add failing cases; may be repeated."
        ),
    ] = None,
    search: Annotated[
        bool,
        typer.Option(
            "--search", help="Choose a wording on half of the problems, report it on the other half."
        ),
    ] = False,
    half: Annotated[str, typer.Option("--half", help="choose, report, or all of the problems.")] = "all",
    samples: Annotated[int, typer.Option("--samples", "-k", min=1, max=1000, help="Of each arm.")] = 1,
    temperature: o.Temperature = 0.0,
    person_model: Annotated[
        str | None, typer.Option("--person-model", metavar="NAME", help="Of the simulated person.")
    ] = None,
    person_base_url: Annotated[
        str | None, typer.Option("--person-base-url", metavar="URL", help="Its server.")
    ] = None,
    words: Annotated[
        list[Path] | None,
        typer.Option("--words", metavar="FILE", help="Recorded words of the simulated person; repeatable."),
    ] = None,
    held_out: Annotated[
        Path | None,
        typer.Option("--held-out", metavar="EXPORT", help="Only problems of this dataset's test split."),
    ] = None,
    limit: o.Limit = None,
    options: Annotated[b.BenchOptions, o.Choice(without=("judges",))] = b.BenchOptions(),
) -> int:
    """From the state before each feedback: what does human feedback lead to, and what would have come without?"""
    from assistant.bench.feedback.feedback_jobs import Wording, parse_arms
    from assistant.bench.feedback.feedback_states import HALVES
    from assistant.bench.recorded_words import read_words
    from assistant.core.events import PromptSettings

    options = options.asked_with(arguments)
    if (folder is None) == (ilf is None):
        raise UsageError("give a folder of journals, or --ilf FILE")
    if half not in HALVES:
        raise UsageError(f"--half {half} is not known; choose {', '.join(HALVES)}")
    o.check_samples(samples, temperature)
    names = template or (list(CANDIDATES) if search else [PromptSettings().template])
    wordings = [Wording.parse(name) for name in dict.fromkeys(names)]
    run = FeedbackRun(
        options, folder, ilf, held_out, parse_arms(arms), samples, temperature, limit,
        replace(options, model=person_model, base_url=[person_base_url] if person_base_url else options.base_url),
        recorded=read_words(words, person_model or "") if words else None,
    )  # fmt: skip
    if not search and b.shown_again("feedback", options):
        return 0
    return run.search(wordings) if search else run.once(wordings, half)


@dataclass(frozen=True)
class FeedbackRun:
    """One question, asked once or on both halves."""

    options: b.BenchOptions
    folder: Path | None
    ilf: Path | None
    held_out: Path | None
    arms: Sequence[str]
    samples: int
    temperature: float
    limit: int | None
    person: b.BenchOptions
    keep: Callable[[Problem], bool] = lambda _: True
    """Which problems may be asked about."""
    recorded: StandInWords | None = None
    """What the simulated person said, where it is recorded; without any, a model is asked."""

    def once(self, wordings: Sequence[Wording], half: str) -> int:
        """All templates and arms over one part of the states."""
        from assistant.bench.feedback.report import report

        with self.options.parts() as parts:
            summary, place = self._made(parts, self._states(parts), wordings, self.arms, half)
        b.show(summary, report, place, json_=self.options.json_)
        return 0

    def search(self, wordings: Sequence[Wording]) -> int:
        """Every wording with the person's words alone on one half; the best with every arm on the other."""
        from assistant.bench.feedback.report import report
        from assistant.bench.feedback.summary import best_wording
        from assistant.bench.run_folder import write_json

        with self.options.parts() as parts:
            states = self._states(parts)
            chosen, place = self._made(parts, states, wordings, ("human",), "choose")
            b.show(chosen, report, place, json_=self.options.json_)
            if not chosen["complete"]:
                return 0
            best = best_wording(chosen)
            b.say(f"chosen on this half: {best}; the other half:")
            by_name = {wording.name: wording for wording in wordings}
            final, other = self._made(parts, states, [by_name[best]], self.arms, "report")
        b.show(final, report, other, json_=self.options.json_)
        write_json(place.parent / "search.json", {"chosen": best, "choose": chosen, "report": final})
        return 0

    def _states(self, parts: b.Parts) -> list[FeedbackState]:
        from assistant.bench.feedback import feedback_states as m
        from assistant.core.submission import Limits

        if self.ilf is not None:
            found = m.ilf_states(self.ilf, parts.sandbox, Limits(seconds=self.options.timeout), b.say)
        else:
            assert self.folder is not None
            found = m.only_people(m.journal_states(self.folder, b.say), b.say)
        if self.held_out is not None:
            found = m.held_out(found, self.held_out)
        kept = [item for item in found if item.state.problem is not None and self.keep(item.state.problem)]
        if not kept:
            raise UsageError(f"no feedback of {self.ilf or self.folder} is about a problem that may be asked")
        return kept

    def _made(
        self,
        parts: b.Parts,
        states: list[FeedbackState],
        wordings: Sequence[Wording],
        arms: Sequence[str],
        half: str,
    ) -> tuple[dict[str, Any], Path]:
        from assistant.bench.feedback.feedback_states import half_of
        from assistant.bench.feedback.report import drawing
        from assistant.bench.feedback.summary import summarise

        chosen = half_of(states, half)[: self.limit]
        run = self._run(parts, chosen, wordings, arms, half)
        asker = self._asker(parts, chosen, run, arms)
        total = asker.total(wordings, arms)
        with b.with_progress(f"feedback ({half})", run) as progressing:
            progressing.make(asker.jobs(wordings, arms), total)
        order = [wording.group(arm) for wording in wordings for arm in arms]
        summary = run.finish(
            order,
            total,
            lambda groups: {
                "half": half,
                "origins": sorted({item.origin for item in chosen}),
                **summarise(wordings, arms, groups, asker.texts()),
            },
            drawing,
        )
        return summary, run.folder

    def _run(
        self,
        parts: b.Parts,
        states: list[FeedbackState],
        wordings: Sequence[Wording],
        arms: Sequence[str],
        half: str,
    ) -> BenchmarkRun:
        from assistant.bench.feedback.feedback_states import fingerprint
        from assistant.core.problem import sha256_of
        from assistant.session.prompting import load_template

        source = str(self.ilf or self.folder)
        model = parts.prepare()
        templates = {w.name: load_template(w.template, is_chat=model.is_chat).sha256 for w in wordings}
        asked = {
            "source": Path(source).name, "half": half, "rows": [m.row for m in states],
            "rows_sha256": fingerprint(states), "wordings": templates, "arms": list(arms),
            "samples": self.samples, "temperature": self.temperature, "seed": self.options.seed,
            "max_new_tokens": self.options.max_tokens,
            "person": self.person.model or "the same model" if "simulated" in arms else "",
        }  # fmt: skip
        if self.options.thinking_tokens is not None:
            asked["thinking_tokens"] = self.options.thinking_tokens
        if self.recorded is not None:
            asked |= {
                "person": self.recorded.model,
                "words_sha256": sha256_of(sorted(self.recorded.words.items())),
            }
        return parts.run("feedback", source, asked, self.samples, part=self._part(half))

    def _part(self, half: str) -> str:
        """Both halves of a search lie in one folder."""
        return half if half != "all" else ""

    def _asker(
        self, parts: b.Parts, states: list[FeedbackState], run: BenchmarkRun, arms: Sequence[str]
    ) -> JobFactory:
        from assistant.bench.feedback.feedback_jobs import JobFactory

        sampling = self.options.sampling(self.temperature)
        words: dict[str, str] = {}
        if "simulated" in arms:
            asked = self._recorded if self.recorded else partial(self._simulated, parts, sampling)
            words = asked(states, run)
        return JobFactory(parts.prepare(), sampling, self.samples, states, words)

    def _recorded(self, states: list[FeedbackState], run: BenchmarkRun) -> dict[str, str]:
        """What is recorded, by row; the rows that nobody spoke about are written down and lack the arm."""
        from assistant.bench.feedback.simulated_feedback import recorded_words, waiting_line
        from assistant.bench.recorded_words import WAITING, write_words

        assert self.recorded is not None
        found = recorded_words(states, self.recorded)
        without = [item for item in states if item.row not in found]
        write_words(run.folder / WAITING, [waiting_line(item.state, self.recorded.model) for item in without])
        if without:
            b.say(f"{len(without)} of {len(states)} rows have no recorded words: {run.folder / WAITING}")
        return found

    def _simulated(
        self, parts: b.Parts, sampling: Any, states: list[FeedbackState], run: BenchmarkRun
    ) -> dict[str, str]:
        """A second model's feedback on every state, made first."""
        from contextlib import closing, nullcontext

        from assistant.bench.feedback.simulated_feedback import WORDS, Person, words_in, words_verdict

        person = Person(states, sampling)
        same = self.person.model is None and self.person.base_url == self.options.base_url
        with nullcontext(parts.engine) if same else closing(self.person.open_engine()) as engine:
            pace = self.person.pace(engine.prepare(), 1)
            asking_run = replace(run, engine=engine, judge=words_verdict, pace=pace)
            with b.with_progress("simulated person", asking_run) as progressing:
                progressing.make(person.jobs(), len(states), WORDS)
        found = words_in(run.folder)
        missing = [item.row for item in states if item.row not in found]
        if missing:
            raise UsageError(f"the simulated person gave no feedback on {len(missing)} rows: run it again")
        return found
