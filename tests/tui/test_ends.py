"""What is said about an end, a false solve and an answer that changed nothing, on every screen alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from assistant.core import events as ev
from assistant.core.generation import Finish
from assistant.core.outcome import CaseReport, Outcome, Report
from assistant.core.problem import Problem
from assistant.core.program_equality import same_program
from assistant.core.state import Program, State, apply
from assistant.core.state_labels import after_feedback, hidden_text
from assistant.engine.scripted.script import DEMO_FILE, read_script
from assistant.journal.reader import read_journal
from assistant.journal.session_summary import SessionSummary, summarize
from assistant.journal.validation import verify_folder
from assistant.problems.load import load_source
from assistant.problems.starter_rates import measured_rates, winnable_first
from assistant.tui.end_summary import headline, kind_of_end, round_lines
from assistant.tui.problem_filter import attempts_of, entries_of, entry_line, solved_text
from assistant.tui.screen_state import Phase
from assistant.tui.screens.sessions import SessionsScreen
from assistant.tui.screens.summary import SummaryScreen
from assistant.tui.screens.try_call import with_brackets_closed
from assistant.tui.session_filter import matching_sessions, session_line
from assistant.tui.settings_model import GENERAL
from assistant.tui.test_rows import verdicts_of
from assistant.tui.text.spans import Piece, folded, plain
from assistant.tui.widgets.code_view import CodeView
from assistant.tui.widgets.problem_pane import difficulty_text
from assistant.tui.widgets.status_line import StatusLine
from assistant.tui.widgets.timeline import Timeline, timeline_of
from assistant.tui.widgets.verdict_table import VerdictTable
from tests.tui.conftest import ADDITION, PRIMES, RIGHT, UNDERSCORES, WRONG, MakeApp
from tests.tui.waiting import left, until, until_phase, work_screen

FALSE = "```python\ndef remove_underscores(text):\n    return text.replace('_', '') or None\n```"


@pytest.mark.slow
async def test_a_false_solve_is_no_success_on_any_screen(make_app: MakeApp) -> None:
    app = make_app([FALSE], problem="starter/underscores")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        banner = app.screen.query_one("#headline")
        assert banner.has_class("-false_solve") and not banner.has_class("-solved")
        assert "passes the tests you saw, fails 1 of 1 hidden ones" in str(banner.render())
        assert "✓" not in str(app.screen.query_one("#rounds").render())
        await pilot.press("escape")
        work = work_screen(pilot)
        await until(pilot, lambda: app.screen is work)
        steps = work.query_one("#timeline", Timeline).strip.steps
        assert "≈" in steps[0].label and not steps[0].solved
        table = work.query_one("#verdicts", VerdictTable)
        assert not table.has_class("-passed") and "hidden: 0 of 1" in str(table.border_title)
        await pilot.press("f2")
        await until(pilot, lambda: list(app._notifications))
        said = " ".join(notice.message for notice in app._notifications)
        assert "this session has ended: the code cannot be edited any more" in said


@pytest.mark.slow
async def test_one_goes_on_after_a_false_solve_with_the_hidden_test_as_the_next_point(
    make_app: MakeApp,
) -> None:
    settings = {"continue_after_end": True}
    app = make_app([FALSE, RIGHT], problem="starter/underscores", settings=settings)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        await pilot.press("f8")
        work = await until_phase(pilot, Phase.YOUR_TURN)
        await until(pilot, lambda: work.focused is work.feedback.box)
        assert work.feedback.box.text.startswith("For remove_underscores('') it gives None instead of ''")
        assert [test.code for test in work.state.extra_tests] == ["assert remove_underscores('') == ''"]
        assert work.state.beyond and "beyond the experiment" in work.query_one(StatusLine).status.doing
        table = work.query_one("#verdicts", VerdictTable)
        assert not table.has_class("-passed") and table.chosen and table.chosen.test.endswith("('') == ''")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        words = str(app.screen.query_one("#headline").render())
        assert words.startswith("Not right yet") and "beyond the experiment" in words


@pytest.mark.slow
async def test_after_the_end_one_key_goes_on_where_it_may_and_a_study_may_forbid_it(
    make_app: MakeApp,
) -> None:
    for allowed in (True, False):
        settings = {"rounds": 0, "continue_after_end": allowed}
        app = make_app([WRONG, WRONG], problem="starter/underscores", settings=settings)
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda app=app: isinstance(app.screen, SummaryScreen))
            await pilot.press("escape")
            work = work_screen(pilot)
            await until(pilot, lambda app=app, work=work: app.screen is work)
            assert ("Ctrl+Y goes on" in work.query_one(StatusLine).status.doing) is allowed
            await pilot.press("ctrl+y")
            if not allowed:
                assert work.phase is Phase.ENDED
                continue
            work = await until_phase(pilot, Phase.YOUR_TURN)
            assert work.state.tries_left == 2 and work.state.beyond
            await pilot.press("f2")
            assert work.editing.is_open, "the code can be edited again"


@pytest.mark.slow
@pytest.mark.parametrize("way", ["the list", "assistant resume"])
async def test_one_goes_on_another_day(make_app: MakeApp, tmp_path: Path, way: str) -> None:
    settings = {"continue_after_end": True}
    app = make_app([FALSE], problem="starter/underscores", settings=settings)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        await pilot.press("f10")
        await until(pilot, lambda: left(app))
    (journal,) = (tmp_path / "sessions").rglob("*.jsonl")
    before, counted = journal.read_bytes(), summarize(journal)

    app = make_app([RIGHT], resume=journal if way == "assistant resume" else None)
    async with app.run_test(size=(80, 24)) as pilot:
        if way == "the list":
            await pilot.press("ctrl+s")
            await until(pilot, lambda: isinstance(app.screen, SessionsScreen) and app.screen.chosen)
            await pilot.press("f2")
            work = await until_phase(pilot, Phase.ENDED)
            await until(pilot, lambda: "Ctrl+Y goes on" in work.query_one(StatusLine).status.doing)
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, SessionsScreen))
            await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        assert "fails 1 of 1 hidden ones" in str(app.screen.query_one("#headline").render())
        assert journal.read_bytes() == before, "it is looked at"
        await pilot.press("f8")
        work = await until_phase(pilot, Phase.YOUR_TURN)
        assert work.feedback.box.text.startswith("For remove_underscores('') it gives None instead of ''")
        await until(pilot, lambda: work.focused is work.feedback.box)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
    added = [event.type for event in read_journal(journal).events][len(before.splitlines()) :]
    assert (
        added[:3] == ["session_continued", "session_resumed", "test_added"] and added[-1] == "session_ended"
    )
    assert verify_folder(tmp_path / "sessions") == []
    assert summarize(journal).model_copy(update={"events": counted.events, "went_on": False}) == counted


def summary(**changes: object) -> SessionSummary:
    values = {
        "id": "s",
        "path": Path("s.jsonl"),
        "problem": UNDERSCORES.id,
        "state": "solved",
        "false_solve": True,
    }
    return SessionSummary.model_validate({**values, **changes})


def test_lists_tell_a_false_solve_from_a_solve_but_not_in_a_study() -> None:
    false, right, study = summary(), summary(false_solve=False), summary(study="pilot")
    assert "✓" not in plain(session_line(false)) and "false solve" in plain(session_line(false))
    assert "✓" in plain(session_line(right)) and "✓" in plain(session_line(study))
    assert matching_sessions([false, right], "is:solved") == [right]
    assert matching_sessions([false, right], "is:false") == [false]
    for session, mark in ((false, "≈"), (right, "✓")):
        entry = entries_of([UNDERSCORES], attempts_of([session]))[0]
        assert mark in plain(entry_line(entry))


def told(*feedbacks: str, branch: bool = False) -> State:
    """A session with a program after every feedback; with `branch`, each is about the first answer."""
    case = CaseReport(test="t", outcome=Outcome.PASSED)
    report = Report(outcome=Outcome.PASSED, sealed=True, layers={}, cases=(case,))
    first = Program(id="t0s0", turn=0, round=0, code="a", visible=report)
    state = State(problem=UNDERSCORES, programs=(first,), current="t0s0")
    for turn, words in enumerate(feedbacks, start=1):
        about = first if branch else state.current_program or first
        state = apply(state, ev.FeedbackGiven(program=about.id, round=about.round + 1, text=words))
        made = first.model_copy(
            update={
                "id": f"t{turn}s0",
                "turn": turn,
                "round": about.round + 1,
                "parent": about.id,
                "code": "b",
            }
        )
        update = {"programs": (*state.programs, made), "current": made.id, "pending_feedback": None}
        state = state.model_copy(update=update)
    return state.model_copy(update={"ended": ev.SessionEnded(reason="solved")})


def test_every_feedback_counts_also_those_of_branches_that_were_left() -> None:
    assert after_feedback(told()) == "at once"
    assert after_feedback(told("one")) == "after 1 round of feedback"
    assert after_feedback(told("one", "two", "three")) == "after 3 rounds of feedback"
    branched = told("one", "two", "three", branch=True)
    assert after_feedback(branched) == "after 3 rounds of feedback, 1 of them on this branch"
    assert headline(branched).endswith(after_feedback(branched))
    forks = [step.fork for step in timeline_of(branched, None).steps]
    assert forks == ["", "", "first answer", "first answer"]


def attempt(turn: int, parent: str | None, **values: object) -> Program:
    made = {"id": f"t{turn}s0", "turn": turn, "round": 1 if parent else 0, "parent": parent, "code": "a"}
    return Program.model_validate(made | values)


def stopped(turn: int, parent: str) -> Program:
    return attempt(turn, parent, finish=Finish(sample=0, reason="cancelled", text=""))


FORKS: list[tuple[list[Program], list[str]]] = [
    ([attempt(1, "t0s0", code=None), attempt(2, "t0s0", redraw_of=1)], ["", ""]),
    ([attempt(1, "t0s0", code=None), attempt(2, "t0s0", redraw_of=1), attempt(3, "t1s0")], ["", "", ""]),
    ([attempt(1, "t0s0", code=None), attempt(2, "t0s0", redraw_of=1), attempt(3, "t2s0")], ["", "", ""]),
    ([stopped(1, "t0s0"), attempt(2, "t0s0")], ["", "", ""]),
    ([stopped(1, "t0s0"), stopped(2, "t0s0"), attempt(3, "t0s0"), attempt(4, "t3s0")], [""] * 5),
    ([attempt(1, "t0s0"), stopped(2, "t0s0"), attempt(3, "t0s0")], ["", "", "first answer", ""]),
    ([attempt(1, "t0s0"), attempt(2, "t1s0", round=2), attempt(3, "t1s0", round=2)], ["", "", "", "round 1"]),
]


@pytest.mark.parametrize(("attempts", "expected"), FORKS)
def test_only_a_branch_is_drawn_as_a_fork(attempts: list[Program], expected: list[str]) -> None:
    programs = (attempt(0, None), *attempts)
    state = State(problem=UNDERSCORES, programs=programs, current=programs[-1].id)
    assert [step.fork for step in timeline_of(state, None).steps] == expected


def test_without_hidden_tests_it_is_said_that_nothing_more_was_checked() -> None:
    state = told("one").model_copy(update={"problem": UNDERSCORES.model_copy(update={"hidden_tests": ()})})
    assert hidden_text(state) == "no hidden tests: nothing more was checked"
    assert kind_of_end(state) == "solved" and "✓" in round_lines(state)[0]
    assert not any(row.hidden for row in verdicts_of(state, state.current_program, tell_hidden=True).rows)


def test_programs_are_the_same_but_for_comments_docstrings_and_layout() -> None:
    plain_one = "def f(x):\n    return x + 1\n"
    same = ("def f(x):\n    # why\n    return (x+1)", 'def f(x):\n    """Doc."""\n\n    return x + 1')
    assert all(same_program(plain_one, other) for other in same)
    assert not same_program(plain_one, "def f(x):\n    return x + 2\n")
    assert not same_program("def f(:", "def g(:") and same_program("def f(:\n", "def f(:")
    state = told("a", "b")
    assert state.changed_nothing(state.current_program)


@pytest.mark.slow
async def test_an_answer_that_changed_nothing_is_said_at_once(make_app: MakeApp) -> None:
    app = make_app([WRONG, WRONG, RIGHT], problem="starter/underscores")
    async with app.run_test(size=(120, 36)) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press(*"no", "enter")
        await until(pilot, lambda: work.state.round == 1 and not work.live.busy)
        assert "same program as before: it changed nothing" in work.query_one(StatusLine).status.doing
        assert work.query_one("#timeline", Timeline).strip.steps[-1].label.endswith("same")


OPEN_CALLS = [
    ("f([1, 2", "f([1, 2])"),
    ("f(", "f()"),
    ("f({'a': [1", "f({'a': [1]})"),
    ("f('(', [", "f('(', [])"),
    ("f(1)", "f(1)"),
    ("f(1]", "f(1]"),
    ("f('abc", "f('abc"),
    ("", ""),
]


@pytest.mark.parametrize(("typed", "meant"), OPEN_CALLS)
def test_brackets_that_were_left_open_are_closed(typed: str, meant: str) -> None:
    assert with_brackets_closed(typed) == meant


def test_every_explanation_in_the_settings_fits_where_a_terminal_is_80_columns_wide() -> None:
    for setting in GENERAL:
        assert setting.help and len(f"{setting.title}: {setting.help}") <= 78, setting.title


def test_problems_that_words_can_win_come_first_where_levels_are_known() -> None:
    hard, medium, easy = (
        UNDERSCORES.model_copy(update={"difficulty": word}) for word in ("hard", "medium", "easy")
    )
    assert winnable_first([hard, easy, medium, hard], None) == (medium, easy, hard, hard)
    other = UNDERSCORES.model_copy(update={"difficulty": "interview"})
    assert winnable_first([hard, other, easy], None) == (hard, other, easy)
    assert "the default model alone: 2 or 3 of 5, with an earlier wording" in difficulty_text(medium)
    assert difficulty_text(other) == "interview"


def test_the_list_says_how_many_are_solved_and_how_many_through_words() -> None:
    def of(problem: Problem, state: str, **more: object) -> SessionSummary:
        given = {"id": "s", "path": Path("s.jsonl"), "problem": problem.id, "annotator": "me", "state": state}
        return SessionSummary.model_validate({**given, **more})

    shown = (UNDERSCORES, ADDITION, PRIMES)
    table: list[tuple[list[SessionSummary], str]] = [
        ([], ""),
        ([of(PRIMES, "gave_up")], ""),
        ([of(PRIMES, "solved", false_solve=True, by_words=True)], ""),
        ([of(PRIMES, "solved")], "1 of 3 solved"),
        ([of(PRIMES, "solved", by_words=True)], "1 of 3 solved, 1 through your words"),
        ([of(PRIMES, "solved", by_words=True, annotator="another")], "1 of 3 solved"),
        ([of(PRIMES, "solved", by_words=True), of(PRIMES, "solved"), of(ADDITION, "solved")],
         "2 of 3 solved, 1 through your words"),
    ]  # fmt: skip
    for sessions, said in table:
        assert solved_text(shown, attempts_of(sessions), sessions, "me") == said


LONG = (Piece("   1 ", "line--number"), Piece("x" * 30 + "字" * 20 + "y" * 30, "py--string"), Piece("!", ""))


@pytest.mark.parametrize("width", range(20, 130, 7))
def test_a_folded_line_holds_all_of_it_and_never_more_than_the_width(width: int) -> None:
    parts = folded(LONG, width, 8)
    assert all(cell_len(plain(part)) <= width for part in parts)
    assert "".join(plain(part)[8 if number else 0 :] for number, part in enumerate(parts)) == plain(LONG)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 36)])
async def test_the_program_is_in_sight_when_a_test_has_failed(
    make_app: MakeApp, size: tuple[int, int]
) -> None:
    long = WRONG.replace("text.replace", f"text.strip({'x' * 200!r}).replace")
    app = make_app([long], problem="starter/underscores")
    async with app.run_test(size=size) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.pause()
        code, verdicts = work.query_one(CodeView), work.query_one("#verdicts", VerdictTable)
        assert code.size.height >= 3 and verdicts.size.height >= 3
        assert work.query_one(StatusLine).region.bottom <= size[1]
        assert "›" in code.render_line(2).text
        await pilot.press("ctrl+o")
        await pilot.pause()
        assert code.folds and code.line_count > code.rows() and "›" not in code.render_line(2).text


def test_the_demo_script_knows_the_problem_that_a_newcomer_sees_first() -> None:
    first = winnable_first(load_source("starter").problems, measured_rates())[0]
    assert first.entry_point in read_script(DEMO_FILE).by_entry_point
