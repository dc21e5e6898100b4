"""`assistant bench protocol`: the paper's protocol on a whole set, with words that stand in for a person's."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.cli import bench_options as b
from assistant.cli import options as o
from assistant.core.errors import UsageError
from assistant.core.state_labels import plural
from assistant.reporting.progress import ProgressPrinter

if TYPE_CHECKING:
    from assistant.bench.protocol.hold import HeldSession, SessionHolder
    from assistant.bench.protocol.protocol_config import ProtocolConfig
    from assistant.bench.protocol.stand_in import StandIn
    from assistant.bench.recorded_words import StandInWords
    from assistant.core.problem import Problem
    from assistant.journal.records import SessionRecord

Json = dict[str, Any]
_NOTHING_NEW = frozenset({"sessions", "words"})
"""Options that change none of the answers once every session is over."""


@o.with_groups
def protocol(
    arguments: o.Arguments,
    problems: o.Problems = "starter",
    hidden_tests: o.HiddenTests = None,
    split: o.Split = None,
    sample: Annotated[
        int | None,
        typer.Option("--sample", min=1, metavar="N", help="N problems with hidden tests, drawn by --seed."),
    ] = None,
    rounds: o.Rounds = 4,
    arms: Annotated[
        str, typer.Option("--arms", help="Control arms after the sessions: all, none, or retry,tests,…")
    ] = "all",
    words: Annotated[
        list[Path] | None,
        typer.Option("--words", metavar="FILE", help="Recorded words (JSON Lines); may be repeated."),
    ] = None,
    person_model: Annotated[
        str | None,
        typer.Option("--person-model", metavar="NAME", help="The model that speaks in the person's place."),
    ] = None,
    person_base_url: Annotated[
        str | None,
        typer.Option("--person-base-url", metavar="URL", help="Its server, where words are missing."),
    ] = None,
    show_test: Annotated[
        str, typer.Option("--show-test", metavar="WHICH", help="Show one more test: hidden, or hardened.")
    ] = "",
    hidden_feedback: Annotated[
        bool,
        typer.Option("--hidden-feedback", help="After a false solve, say a failing hidden test, and go on."),
    ] = False,
    redraw: Annotated[
        bool,
        typer.Option("--redraw", help="Draw an answer that changes nothing once more, as the app does."),
    ] = False,
    sessions: Annotated[
        Path | None,
        typer.Option("--sessions", metavar="DIR", help="People's journals, drawn as another line."),
    ] = None,
    template: o.Template = None,
    options: Annotated[
        b.BenchOptions, o.Choice(without=("batch", "minutes", "judges", "ray"))
    ] = b.BenchOptions(),
) -> int:
    """Hold a session on every problem with simulated words, and count what is solved after each feedback.

    Where words are missing, the session waits: waiting.jsonl says what a person would see there. Fill in `words`,
    give the file back with --words, and the same command goes on.
    """
    from assistant.bench.protocol.protocol_config import ProtocolConfig
    from assistant.bench.recorded_words import read_words
    from assistant.session.arms.build import parse_arms

    options = options.asked_with(arguments)
    config = ProtocolConfig(
        source=problems, hidden=hidden_tests or "", split=split or "", sample=sample, seed=options.seed,
        rounds=rounds, template=template or "", max_tokens=options.max_tokens,
        thinking_tokens=options.thinking_tokens, shown=show_test,
        hidden_feedback=hidden_feedback, redraw=redraw, arms=parse_arms(arms),
    )  # fmt: skip
    recorded = read_words(words or [], person_model or "")
    if not recorded.model:
        raise UsageError("say which model speaks in the person's place: --words FILE, or --person-model NAME")
    people = _people(sessions) if sessions is not None else None
    over = None if people is None else partial(_lay_over, people=people)
    if b.shown_again("protocol", options, _NOTHING_NEW, over):
        return 0
    return _Protocol(config, options, recorded, person_base_url, people).run()


class _Protocol:
    """One invocation: sessions, then control arms, then the summary of all that is there."""

    def __init__(
        self,
        config: ProtocolConfig,
        options: b.BenchOptions,
        recorded: StandInWords,
        person_url: str | None,
        people: Json | None,
    ) -> None:
        self.config, self.options, self.recorded = config, options, recorded
        self.person_url, self.people = person_url, people
        self.became: Counter[str] = Counter()

    def run(self) -> int:
        """Hold what is to be held and show it. Exit status 1 where the model failed somewhere."""
        from assistant.bench.protocol.hold import SESSIONS

        with self.options.parts() as parts:
            problems = self.config.problems(parts.sandbox, b.say)
            asked = self.config.asked(problems, self.recorded.model)
            run = parts.run("protocol", self.config.source, asked, 1)
            began = time.monotonic()
            try:
                with b.stoppable():
                    self._hold(parts, run.folder, problems, run.pace.streams)
                    if self._all_over():
                        self._arms(parts, run.folder / SESSIONS, run.pace.streams)
            finally:
                _note_part(run.folder, time.monotonic() - began)
            summary = self._summary(run.folder, len(problems))
        self._show(summary, run.folder)
        return 1 if self.became["failed"] else 0

    def _hold(self, parts: b.Parts, folder: Path, problems: tuple[Problem, ...], at_once: int) -> None:
        from assistant.bench.protocol.hold import SESSIONS, SessionHolder
        from assistant.bench.recorded_words import WAITING, write_words

        b.say(f"in {folder}")
        with self._person(folder) as person:
            holder = SessionHolder(
                folder / SESSIONS, parts.engine, parts.sandbox, self.config.settings(), person,
                hidden_feedback=self.config.hidden_feedback,
            )  # fmt: skip
            done = self._held(holder, problems, at_once)
        waiting = sorted((item.waiting for item in done if item.waiting), key=lambda line: line.key)
        write_words(folder / WAITING, waiting)
        if waiting:
            b.say(
                f"{plural(len(waiting), 'session')} {'waits' if len(waiting) == 1 else 'wait'} for words: fill in "
                f"`words` in a copy of {folder / WAITING}, and run the same command with --words FILE"
            )

    def _all_over(self) -> bool:
        """Whether the arms may be made: those of the sessions that are over would be those of the easy problems."""
        return set(self.became) <= {"over"}

    def _held(self, holder: SessionHolder, problems: tuple[Problem, ...], at_once: int) -> list[HeldSession]:
        with ProgressPrinter(announce=None, time_left=False) as printer:

            def report(item: HeldSession) -> None:
                self.became[item.became] += 1
                said = " · ".join(f"{count} {name}" for name, count in sorted(self.became.items()))
                printer.show("sessions", sum(self.became.values()), len(problems), said)

            return holder.hold(problems, at_once, report)

    @contextmanager
    def _person(self, folder: Path) -> Iterator[StandIn]:
        """Who speaks; what a server said in an earlier run of this folder is not asked for again."""
        from assistant.bench.feedback.simulated_feedback import WORDS
        from assistant.bench.protocol.stand_in import StandIn
        from assistant.bench.recorded_words import WordsLog, read_words

        kept = folder / WORDS
        before = read_words([kept], self.recorded.model).words if kept.exists() else {}
        words = self.recorded._replace(words={**before, **self.recorded.words})
        with ExitStack() as open_:
            engine = log = None
            if self.person_url:
                asked = replace(
                    self.options, engine="openai", model=words.model, base_url=[self.person_url], script=None
                )
                engine = open_.enter_context(closing(asked.open_engine()))
                engine.prepare()
                log = open_.enter_context(closing(WordsLog(kept)))
            yield StandIn(words, engine, log)

    def _arms(self, parts: b.Parts, folder: Path, at_once: int) -> None:
        from assistant.bench.protocol.hold import journals_of
        from assistant.core.state import replay
        from assistant.journal.reader import read_journal
        from assistant.session.arms.backfill import Completed, complete

        found = sorted(journals_of(folder).values()) if self.config.arms else []
        over = [path for path in found if replay(read_journal(path).events).is_over]
        with ProgressPrinter(announce=None, time_left=False) as printer:
            tally: Counter[str] = Counter()

            def report(item: Completed) -> None:
                tally.update(done=1, made=item.made)
                self.became["failed"] += item.failed
                if item.left_out:
                    printer.line(f"left out: {item.path}: {item.left_out}")
                printer.show("control arms", tally["done"], len(over), f"{tally['made']} made")

            if over:
                complete(over, self.config.arms, parts.engine, parts.sandbox, report, at_once=at_once)

    def _summary(self, folder: Path, total: int) -> Json:
        from assistant.bench.protocol.hold import SESSIONS
        from assistant.bench.protocol.summary import summarise

        prices = self.options.prices
        summary = summarise(
            folder, folder / SESSIONS, total, self.config.arms, self.became, _measured, prices
        )
        if self.people is not None:
            summary["people"] = self.people
        _write(folder, summary)
        return summary

    def _show(self, summary: Json, folder: Path) -> None:
        from assistant.bench.costs import cost_lines
        from assistant.bench.protocol.report import report

        if self.options.json_:
            print(json.dumps(summary, ensure_ascii=False))
        else:
            print("\n".join(report(summary)) + "\n")
        for line in cost_lines(summary["costs"]):
            b.say(line)
        b.say(f"in {folder}: sessions, config.json, samples.parquet, summary.json, figure.png")


def _write(folder: Path, summary: Json) -> None:
    from assistant.bench.protocol.report import drawing
    from assistant.bench.run_folder import SUMMARY, write_json
    from assistant.reporting.plot_style import render, save

    write_json(folder / SUMMARY, summary)
    draw, size = drawing(summary)
    save(folder, "figure", render(draw, size))


def _lay_over(folder: Path, people: Json) -> None:
    """Add people's curves to a finished run. Raises AssistantError."""
    from assistant.bench.run_folder import SUMMARY, read_json

    _write(folder, {**read_json(folder / SUMMARY), "people": people})


def _measured(sessions: Sequence[SessionRecord]) -> Json:
    """Curves, lifts and words, as `analyze` computes them."""
    from assistant.analysis.feedback_stats import said
    from assistant.analysis.lift import all_pairs, lifts, true_pairs
    from assistant.bench.protocol.summary import words_by_round

    words = said(sessions)
    return {
        "curves": _curves(sessions),
        "lifts": {
            "visible": [vars(lift) for lift in lifts(all_pairs(sessions)) if lift.round == "all"],
            "hidden": [vars(lift) for lift in lifts(true_pairs(sessions)) if lift.round == "all"],
        },
        "words": words_by_round((item.round, item.words, item.leaky) for item in words),
    }


def _curves(sessions: Sequence[SessionRecord]) -> Json:
    from assistant.analysis.solve_curve import all_curves, true_curves

    def points(curve: Sequence[Any]) -> list[Json]:
        return [
            {
                **vars(point),
                "value": point.rate,
                "low": point.low_clustered,
                "high": point.high_clustered,
            }
            for point in curve
        ]

    return {"visible": points(all_curves(sessions)), "hidden": points(true_curves(sessions))}


def _people(folder: Path) -> Json:
    """The curves of the sessions in which people spoke. Raises AssistantError where there is none."""
    from assistant.core.speaker import PEOPLE
    from assistant.journal.load import read_sessions

    found = [session for session in read_sessions(folder)[0] if session.origin == PEOPLE]
    if not found:
        raise UsageError(f"{folder} holds no session in which a person is known to have spoken")
    return {
        "sessions": len(found),
        "problems": len({session.problem_sha256 for session in found}),
        "curves": _curves(found),
    }


def _note_part(folder: Path, seconds: float) -> None:
    from assistant.bench.benchmark_run import parts_of
    from assistant.bench.run_folder import PARTS, write_json

    part = {"seconds": seconds, "samples": 0, "tokens": 0, "cpu_percent": None}
    write_json(folder / PARTS, {"parts": [*parts_of(folder), part]})
