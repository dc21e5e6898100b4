"""`analyze`, the dataset's card, the list of sessions and the summary screen say the same of the same sessions."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

for module in ("pyarrow", "datasketch", "detect_secrets", "faker", "duckdb"):
    pytest.importorskip(module)

from assistant.analysis.analyze import analyze  # noqa: E402
from assistant.analysis.output_tables import tables_of  # noqa: E402
from assistant.analysis.solve_curve import human_curve  # noqa: E402
from assistant.core import events as ev  # noqa: E402
from assistant.core.state import State, apply, replay  # noqa: E402
from assistant.datasets.figure import points  # noqa: E402
from assistant.datasets.pipeline import rehearse  # noqa: E402
from assistant.journal.library import list_sessions  # noqa: E402
from assistant.journal.load import read_sessions  # noqa: E402
from assistant.journal.reader import read_journal  # noqa: E402
from assistant.journal.records import SessionRecord  # noqa: E402
from assistant.journal.session_summary import SessionSummary  # noqa: E402
from assistant.session.draws import offered_draw  # noqa: E402
from assistant.tui.end_summary import fact_lines, headline, kind_of_end  # noqa: E402
from tests.datasets.build import MENDED, RIGHT, WRONG, Script, problem, request  # noqa: E402
from tests.journal.build import MODEL  # noqa: E402

SESSIONS = 80
WORSE = "def add(a, b):\n    return a * b\n"


class Play(Script):
    """A session of random steps; with the same `chance` always the same one."""

    def __init__(self, number: int, chance: random.Random) -> None:
        super().__init__(problem(number % 7), annotator=f"anon-{number % 3}")
        self.chance = chance
        self.limit = chance.choice((1, 2, 4))
        self.total = ev.Effort()
        self.all_count = chance.random() < 0.5
        """Whether every feedback uses a round up."""
        settings = ev.Settings(
            arms=(), rounds=self.limit, samples=chance.choice((1, 1, 2)), unchanged_uses_round=self.all_count,
            continue_after_end=True, redraw=True, redraw_unchanged=True,
        )  # fmt: skip
        self.path: dict[str | None, tuple[str, int]] = {None: ("", 0)}
        """By program: its code, and the rounds that were used up on the way to it."""
        self.outcomes: list[str] = []
        self.more = random.Random(f"draws {number} {self.limit}")
        """Decides about second draws and further ones, so that the rest is the same without them."""
        self.again: list[str] = []
        """Why answers were drawn once more by themselves."""
        self.brought = 0
        """How many of these second draws brought another program."""
        self.taken: list[str] = []
        """Further draws that the person went on from."""
        self.events[0] = self.events[0].model_copy(update={"settings": settings})
        self.samples = settings.samples
        self.clock_runs = chance.random() < 0.7

    def play(self) -> Play:
        """The whole session."""
        if self.chance.random() < 0.8:
            self.consent(granted=self.chance.random() < 0.8)
        if self.turn_solves(0.2):
            return self.over("solved")
        while self.path[self.last][1] < self.limit:
            step = self.chance.random()
            if step < 0.15:
                return self.left()
            if step < 0.3:
                self.go_back()
            if step > 0.9 and self.mend():
                return self.over("solved")
            about = self.last
            self.speak()
            if self.turn_solves(0.3, about) or self.further_draw_solves():
                return self.over("solved")
            self.control(about)
        return self.over(self.chance.choice(("rounds_used_up", "rounds_used_up", "gave_up", "bad_task")))

    def turn_solves(self, rate: float, about: str | None = None) -> bool:
        """An answer of one or two samples, sealed or not; hidden tests disagree now and then."""
        right = [self.chance.random() < rate for _ in range(self.samples)]
        hidden = [seen and self.chance.random() < 0.6 for seen in right]
        codes = [RIGHT if seen else self.chance.choice((WRONG, WORSE)) for seen in right]
        again = self.drawn_again(about)
        sealed = self.chance.random() < 0.7
        self.answer(*codes, right=right, hidden=hidden, sealed=sealed, redraw_of=again)
        self.repeated = again is not None
        self.brought += self.repeated and any(code != self.path[about][0] for code in codes)
        shown = codes[right.index(True) if any(right) else 0]
        before, used = self.path[about]
        if about is None:
            self.first = f"t{self.turn}s0"
        else:
            self.outcomes.append("changed" if any(code != before for code in codes) else "unchanged")
            used += self.all_count or self.outcomes[-1] == "changed"
        self.path[self.last] = shown, used
        return any(right)

    def drawn_again(self, about: str | None) -> int | None:
        """Now and then a first draw without another program, which is drawn once more by itself: its turn."""
        if self.more.random() > 0.2:
            return None
        code = self.path[about][0] if about is not None and self.more.random() < 0.6 else None
        here = self.last
        self.answer(*[code] * self.samples, right=[False] * self.samples)
        self.last = here
        self.again.append("unchanged" if code else "no program")
        return self.turn

    def further_draw_solves(self) -> bool:
        """Now and then further draws beside the last answer, of which the person may go on from one."""
        beside = int(str(self.last).removeprefix("t").partition("s")[0])
        if self.repeated or self.more.random() > 0.5:
            return False
        right = [self.more.random() < 0.3 for _ in range(2)]
        codes = [RIGHT if one else WORSE for one in right]
        used = self.path[self.last][1]
        self.answer(*codes, right=right, hidden=right, arm="draw", draw_of=beside)
        if self.more.random() > 0.5:
            return False
        sample = right.index(max(right))
        self.last = f"t{self.turn}s{sample}"
        self.path[self.last] = codes[sample], used
        self.taken.append(self.last)
        self.events.append(ev.ProgramChosen(program=self.last))
        return right[sample]

    def mend(self) -> bool:
        """The code edited by hand, rightly or not."""
        right = self.chance.random() < 0.7
        at = len(self.events)
        used = self.path[self.last][1]
        self.edit(MENDED, right=right)
        self.path[self.last] = MENDED, used
        self.events[at] = self.events[at].model_copy(update={"effort": self.spend(editing=5.0)})
        return right

    def control(self, about: str | None) -> None:
        """A control arm of the state in which the person spoke last."""
        if self.chance.random() < 0.5:
            right, here = self.chance.random() < 0.3, self.last
            self.last = about
            self.answer(RIGHT if right else WRONG, right=[right], arm=self.chance.choice(("retry", "tests")))
            self.last = here

    def speak(self) -> None:
        """Feedback that took time; the clock may be read before it, and after."""
        self.round = self.path[self.last][1]
        effort = self.spend(reading=self.chance.randrange(1, 9), typing=self.chance.randrange(1, 9))
        self.say("it must not subtract")
        self.events[-1] = self.events[-1].model_copy(update={"effort": effort})
        if self.clock_runs and self.chance.random() < 0.5:
            self.events.append(ev.ClockChanged(change="read", effort=self.total))

    def spend(self, **seconds: float) -> ev.Effort:
        """The time of a step."""
        effort = ev.Effort(**seconds, waiting=1.0)
        self.total = self.total + effort
        return effort

    def go_back(self) -> None:
        """From the first program again: a branch."""
        self.events.append(ev.ProgramChosen(program=self.first, branch=True))
        self.last, self.round = self.first, 0

    def left(self) -> Play:
        """Interrupted, then resumed and given up, or never touched again."""
        state = self.chance.choice(("open", "interrupted", "resumed"))
        if state != "open":
            self.end("interrupted")
        if state == "resumed":
            self.events.append(ev.SessionResumed(app_version="1", model=MODEL, sandbox={}))
            if self.chance.random() < 0.5:
                return self.over("gave_up")
        return self

    def over(self, reason: ev.EndReason) -> Play:
        effort = self.total if self.clock_runs else ev.Effort()
        self.events.append(ev.SessionEnded(reason=reason, effort=effort))
        if reason in ev.CONTINUABLE and self.last is not None and self.chance.random() < 0.4:
            self.beyond()
        return self

    def beyond(self) -> None:
        """On after the end: words, an edit, a clock and another end, none of which counts."""
        self.events.append(ev.SessionContinued())
        self.say("once more")
        self.answer(WORSE, right=[False])
        self.edit(MENDED, right=True)
        self.events.append(ev.ClockChanged(change="read", effort=self.total + ev.Effort(reading=100.0)))
        if self.chance.random() < 0.5:
            self.end(self.chance.choice(("solved", "interrupted")))


PLAYED: dict[tuple[Path, str], Play] = {}
"""By folder and session: what was played."""


@pytest.fixture(scope="module", params=["d", "g"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sessions of every kind."""
    made = tmp_path_factory.mktemp("sessions")
    for number in range(SESSIONS):
        play = PLAYED[made, f"s{number:02}"] = Play(number, random.Random(f"{request.param} {number}")).play()
        play.write(made, f"s{number:02}")
    return made


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_CACHE", str(tmp_path / "cache"))


def _each(folder: Path) -> Iterator[tuple[SessionRecord, SessionSummary, State]]:
    """Every session as analyze, the list and the screen see it."""
    listed = {summary.id: summary for summary in list_sessions(folder)}
    for record in read_sessions(folder)[0]:
        summary = listed.pop(record.id)
        state = replay(read_journal(summary.path).events)
        assert summary.went_on is state.beyond
        yield record, summary, state.of_experiment
    assert not listed


def test_the_journals_are_of_every_kind(folder: Path) -> None:
    records = read_sessions(folder)[0]
    ends = {record.end for record in records}
    assert {"solved", "gave_up", "rounds_used_up", "bad_task", "open", "interrupted"} <= ends
    kinds: tuple[Callable[[SessionRecord], object], ...] = (
        lambda s: s.edits,
        lambda s: s.controls,
        lambda s: s.clock.active,
        lambda s: not s.consent,
        lambda s: s.consent and not s.consent.granted,
        lambda s: s.most_interventions > s.rounds,
        lambda s: s.solve and s.solve.false_solve,
        lambda s: s.solve and not s.solve.sealed,
        lambda s: s.solve and s.samples == 2,
        lambda s: s.rounds_used < len(s.feedback),
        lambda s: set(s.drawn_again.values()) == {"unchanged", "no program"},
        lambda s: s.draws_offered and not s.draws_chosen,
        lambda s: s.draws_chosen and not s.draws_chosen[0].solved,
    )
    assert any(summary.went_on for summary in list_sessions(folder))
    for is_one in kinds:
        assert any(is_one(record) for record in records)


def test_ends_feedback_and_time_of_each_session(folder: Path) -> None:
    rows = {
        row[1]: row for table in tables_of(analyze(folder)) if table.name == "sessions" for row in table.rows
    }
    columns = next(
        [name for name, _ in table.columns]
        for table in tables_of(analyze(folder))
        if table.name == "sessions"
    )
    for record, summary, state in _each(folder):
        row = dict(zip(columns, rows[record.id], strict=True))
        assert row["end"] == record.end == summary.state
        assert row["feedbacks"] == summary.feedbacks == state.feedback_count
        outcomes = PLAYED[folder, record.id].outcomes
        assert [record.outcome_of(words) for words in record.feedback] == outcomes
        assert row["unchanged"] == outcomes.count("unchanged")
        counted = PLAYED[folder, record.id].all_count
        assert row["rounds_used"] == (len(outcomes) if counted else outcomes.count("changed"))
        active = row["reading"] + row["typing"] + row["editing"]
        assert active == pytest.approx(summary.active_seconds) == pytest.approx(state.total_effort.active)
        shown = [line for line in fact_lines(state) if line.startswith("your time")]
        assert shown == ([f"your time: {active:.0f} s, waiting: {row['waiting']:.0f} s"] if active else [])
        assert record.has_ended is state.is_over is not summary.resumable


def test_draws_are_counted_as_the_screen_offers_them(folder: Path) -> None:
    plays = [play for (where, _), play in PLAYED.items() if where == folder]
    offers = 0
    for record, summary, _ in _each(folder):
        offered, state, play = set(), State(), PLAYED[folder, record.id]
        for event in read_journal(summary.path).events:
            state = apply(state, event)
            table = state.current_program
            if table is not None and table.draw_of is None and not state.beyond and offered_draw(state, ()):
                offered.add(table.turn)
        assert record.draws_offered == offered
        assert list(record.drawn_again.values()) == play.again
        assert [program.id for program in record.draws_chosen] == play.taken
        offers += len(offered)
    counts = [results.draws for results in analyze(folder).groups]
    assert sum(c.offered for c in counts) == offers
    for reason, name in (("unchanged", "again_unchanged"), ("no program", "again_no_program")):
        assert sum(getattr(c, name) for c in counts) == sum(play.again.count(reason) for play in plays)
    assert sum(c.again_brought for c in counts) == sum(play.brought for play in plays)
    assert sum(c.taken for c in counts) == sum(len(play.taken) for play in plays)


def test_a_solve_and_a_false_solve_are_the_same_everywhere(folder: Path) -> None:
    for record, summary, state in _each(folder):
        solve, table = record.solve, state.current_program
        by_hand = any(p.solved and p.arm == "human" and record.follows_edit(p) for p in record.programs)
        by_draw = any(p.solved for p in record.draws_chosen) or any(
            p.solved and record.follows_draw(p) for p in record.dialogue_or_edited
        )
        assert (summary.state == "solved") == (solve is not None or by_hand or by_draw)
        if solve is None or summary.state != "solved":
            continue
        assert table is not None and table.id == solve.id
        assert summary.false_solve is solve.false_solve is (kind_of_end(state) == "false_solve")
        assert headline(state).startswith("Not right yet" if solve.false_solve else "Solved")


@pytest.mark.slow
def test_the_card_counts_what_analyze_counts(folder: Path) -> None:
    outcome = rehearse(request(folder, "turns", leaky="keep"))
    records = read_sessions(folder)[0]
    exported = [r for r in records if r.consent and r.consent.granted and r.end != "bad_task"]
    assert outcome.sessions.total() == len(records) == analyze(folder).sessions
    assert outcome.sessions["exported"] == len(exported)
    card, report = points(outcome.solving), human_curve(exported)
    assert [p.round for p in card] == [p.interventions for p in report]
    for ours, theirs in zip(card, report, strict=True):
        assert (ours.sessions, ours.visible) == (theirs.sessions, theirs.solved)
        assert ours.whole == theirs.solved - theirs.false_solves
        assert ours.visible_interval == pytest.approx((theirs.low_clustered, theirs.high_clustered))
