"""What a round did, in words: tests fixed and broken, a program that does not load, the same without the words."""

from __future__ import annotations

import pytest

from assistant.cli.text_rendering import report_text
from assistant.core import events as ev
from assistant.core.outcome import CaseReport, Outcome, Report
from assistant.core.state import Program, State
from assistant.core.state_labels import effect_on_tests
from assistant.tui.end_summary import without_words
from assistant.tui.screen_state import Phase
from assistant.tui.screens.session.programs import FOCUSED, LEAST, LEAST_CODE, most_for_tests
from assistant.tui.screens.session.status import your_turn_word
from assistant.tui.screens.summary import SummaryScreen
from assistant.tui.test_rows import row_lines, verdicts_of
from assistant.tui.text.spans import plain
from assistant.tui.widgets.code_view import CodeView
from assistant.tui.widgets.status_line import StatusLine
from assistant.tui.widgets.verdict_table import VerdictTable
from tests.tui.conftest import RIGHT, UNDERSCORES, WRONG, MakeApp
from tests.tui.waiting import until, until_phase


def report(passed: str, message: str = "") -> Report:
    """A report on as many tests as there are letters: `+` passes."""
    failed = Outcome.NOT_RUNNABLE if message else Outcome.WRONG
    cases = tuple(
        CaseReport(test=f"t{n}", outcome=Outcome.PASSED if mark == "+" else failed, message=message)
        for n, mark in enumerate(passed)
    )
    return Report(outcome=failed, sealed=True, layers={}, cases=cases, message=message)


def after_one_round(before: Report | None, now: Report | None, **changes: object) -> State:
    """A session in which one round led from a program to another."""
    first = Program(id="t0s0", turn=0, round=0, code="a = 1", visible=before)
    values = {"id": "t1s0", "turn": 1, "round": 1, "parent": "t0s0", "code": "a = 2", "visible": now}
    second = Program.model_validate({**values, "feedback": "no", **changes})
    return State(problem=UNDERSCORES, programs=(first, second), current="t1s0")


EFFECTS = [
    (report("--+"), report("++-"), {}, "your feedback fixed 2 tests, broke 1"),
    (report("--+"), report("-++"), {}, "your feedback fixed 1 test"),
    (report("+-+"), report("--+"), {}, "your feedback broke 1 test"),
    (report("+-"), report("+-"), {}, "your feedback changed code; the same tests fail"),
    (report("--"), report("-+"), {"edited": True, "feedback": ""}, "your edit fixed 1 test"),
    (
        report("-"),
        report("-+"),
        {},
        "your feedback changed code; the same tests fail",
    ),  # a test of the person's own
    (None, report("++"), {}, ""),
    (report("--"), None, {"code": None}, ""),
]


@pytest.mark.parametrize(("before", "now", "changes", "words"), EFFECTS)
def test_the_effect_of_a_round_is_counted_over_the_tests_that_both_programs_had(
    before: Report | None, now: Report | None, changes: dict[str, object], words: str
) -> None:
    state = after_one_round(before, now, **changes)
    assert effect_on_tests(state, state.current_program) == words
    assert words in your_turn_word(state, None, {})


def test_an_answer_without_a_program_is_passed_over_when_verdicts_are_compared() -> None:
    state = after_one_round(report("--"), None, code=None)
    third = Program(
        id="t2s0", turn=2, round=2, parent="t1s0", code="a = 3", visible=report("-+"), feedback="no"
    )
    state = state.model_copy(update={"programs": (*state.programs, third), "current": "t2s0"})
    assert effect_on_tests(state, third) == "your feedback fixed 1 test"
    assert [row.change for row in verdicts_of(state, third).rows] == ["", "fixed"]


def test_an_answer_without_a_program_is_said_in_the_status() -> None:
    state = after_one_round(report("--"), None, code=None)
    assert your_turn_word(state, None, {}).startswith(
        "the answer held no program; say what the program should do ("
    )


def test_a_program_that_does_not_load_is_told_once_and_by_every_front_end() -> None:
    state = after_one_round(report("+-"), report("--", "SyntaxError: expected ':' (line 1)"))
    verdicts = verdicts_of(state, state.current_program)
    assert verdicts.message == "the program does not load: SyntaxError: expected ':' (line 1)"
    assert [plain(line) for row in verdicts.rows for line in row_lines(row)] == [
        " ✗ t0  ▼ now fails",
        " ✗ t1",
    ]
    printed = report_text(report("--", "SyntaxError: expected ':' (line 1)"))
    assert printed.count("SyntaxError") == 1 and "could not run: t1" in printed
    # Other reasons differ from test to test and are told with each.
    assert (
        not report("--").load_failure
        and not report("+-", "x").model_copy(update={"message": ""}).load_failure
    )


def test_the_same_program_without_the_words_is_told_from_the_controls_of_the_last_words() -> None:
    state = after_one_round(report("--+"), report("+++"))
    assert without_words(state) == []

    def control(arm: ev.Arm, sample: int, passed: str, parent: str = "t0s0") -> Program:
        turn = 5 + sample
        return Program(
            id=f"{arm}{sample}",
            turn=turn,
            sample=sample,
            round=1,
            parent=parent,
            arm=arm,
            visible=report(passed),
        )

    made = (control("retry", 0, "--+"), control("resample", 0, "+-+"), control("resample", 1, "+++"))
    state = state.model_copy(update={"programs": (*state.programs, *made)})
    assert without_words(state) == [
        "your words: 3 of 3 pass",
        "the same program without them: “try again” 1 of 3 pass, another sample 2 of 3 pass",
    ]


@pytest.mark.parametrize("size", list(LEAST))
@pytest.mark.parametrize("program", [1, 5, 9, 40])
@pytest.mark.parametrize("room", [8, 13, 17, 28])
def test_the_program_and_its_tests_share_the_height_by_what_they_hold(
    size: str, program: int, room: int
) -> None:
    frame = 2 if size == "-wide" else 1
    for least in (LEAST[size], FOCUSED[size]):
        tests = most_for_tests(room, program + frame, least, frame)
        left = room - tests
        assert tests >= 3
        assert left >= min(program + frame, LEAST_CODE + frame) or tests == 3
        assert tests <= least or left >= program + frame, (
            "more than its least only where the program needs none"
        )


@pytest.mark.slow
async def test_the_summary_has_the_end_first_and_the_controls_once_they_are_there(make_app: MakeApp) -> None:
    app = make_app(
        [WRONG, RIGHT, WRONG, WRONG], problem="starter/underscores", settings={"arms": ("retry", "resample")}
    )
    async with app.run_test(size=(80, 24)) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        code, tests = work.query_one(CodeView), work.query_one(VerdictTable)
        await pilot.pause()
        assert tests.size.height == tests.line_count, "all of it is in sight while the program leaves room"
        assert code.size.height >= code.line_count
        await pilot.press(*"no", "enter")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        shown = app.screen.query_one("#numbers")
        await until(pilot, lambda: "another sample" in str(shown.render()))
        assert "your words: 3 of 3 pass" in str(shown.render())
        assert app.screen.query_one("#headline").region.y == 0
        assert app.screen.query_one("#code").region.bottom < 24


@pytest.mark.slow
async def test_the_effect_is_in_the_status_line(make_app: MakeApp) -> None:
    better = "```python\ndef remove_underscores(text):\n    return text.replace('_', '') if 'k' in text else ''\n```"
    app = make_app([WRONG, better], problem="starter/underscores")
    async with app.run_test(size=(120, 36)) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press(*"no", "enter")
        await until(pilot, lambda: work.state.round == 1 and not work.live.busy)
        doing = work.query_one(StatusLine).status.doing
        assert doing == "your feedback fixed 1 test, broke 1 (3 tries left)"
