"""The working screen: rounds looked back at, diffs, quotes, mending, trying."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from assistant.core.events import CodeEdited, FeedbackGiven, GenerationStarted
from assistant.core.generation import Cancel, NeverCancelled, Request
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.journal.reader import read_journal
from assistant.session.session import Session
from assistant.settings.preferences import Preferences
from assistant.tui.screen_state import Phase
from assistant.tui.screens.session.screen import SessionScreen
from assistant.tui.screens.summary import SummaryScreen
from assistant.tui.screens.try_call import ScratchScreen
from assistant.tui.text.spans import plain
from assistant.tui.widgets.checklist import Checklist
from assistant.tui.widgets.code_editor import CodeEditor
from assistant.tui.widgets.code_view import CodeView
from assistant.tui.widgets.diff_view import DiffView
from assistant.tui.widgets.feedback_box import FeedbackBox
from assistant.tui.widgets.timeline import Timeline
from assistant.tui.widgets.verdict_table import VerdictTable
from tests.tui.conftest import ADDITION, PRIMES, RAISES, RIGHT, UNDERSCORES, WRONG, MakeApp
from tests.tui.waiting import until, until_phase

SIZE = (120, 36)


async def say(pilot: Pilot[None], words: str) -> None:
    """Type words and send them."""
    for char in words:
        await pilot.press("space" if char == " " else char)
    await pilot.press("enter")


async def to_round_one(pilot: Pilot[None]) -> SessionScreen:
    """A session whose second program raises."""
    work = await until_phase(pilot, Phase.YOUR_TURN)
    await say(pilot, "nothing instead")
    await until(pilot, lambda: work.state.round == 1 and not work.live.busy)
    return work


@pytest.mark.slow
async def test_the_line_that_raised_is_marked_and_what_broke_is_told(make_app: MakeApp) -> None:
    app = make_app([WRONG, RAISES], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await to_round_one(pilot)
        code = work.query_one(CodeView).code
        assert code.marked_line == 3 and "rep1ace" in code.note
        rows = work.query_one(VerdictTable).verdicts.rows
        assert [row.change for row in rows] == ["", "", "broke"]


@pytest.mark.slow
async def test_looking_back_and_branching_leaves_the_dropped_round_in_the_journal(make_app: MakeApp) -> None:
    app = make_app([WRONG, RAISES, RIGHT], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await to_round_one(pilot)
        await pilot.press("alt+left")
        assert work.programs.view.program == "t0s0"
        assert 'replace("_", " ")' in work.query_one(CodeView).code.text
        await pilot.press("escape")
        assert work.programs.view.program is None
        await pilot.press("alt+left", "ctrl+b")
        await until(pilot, lambda: work.state.current == "t0s0" and not work.live.busy)
        await say(pilot, "use an empty string")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        assert [program.id for program in work.state.path(work.state.current)] == ["t0s0", "t2s0"]
        asides = [step.program for step in work.query_one("#timeline", Timeline).strip.steps if step.aside]
        assert asides == ["t1s0"]
    prompts = [e for e in read_journal(work.journal).events if e.type == "generation_started"]
    assert not any("rep1ace" in message.content for message in prompts[-1].messages)


@pytest.mark.slow
async def test_feedback_while_looking_back_branches_too(make_app: MakeApp) -> None:
    app = make_app([WRONG, RAISES, RIGHT], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await to_round_one(pilot)
        await pilot.press("alt+left")
        await say(pilot, "again from here")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        assert work.state.program("t2s0").parent == "t0s0"


@pytest.mark.slow
async def test_the_diff_shows_what_changed_and_goes_away_again(make_app: MakeApp) -> None:
    app = make_app([WRONG, RAISES], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await to_round_one(pilot)
        await pilot.press("f4")
        view = work.query_one(DiffView)
        await until(pilot, lambda: view.display and view.line_count)
        texts = [plain(view.line(y)) for y in range(view.line_count)]
        assert any("- " in text and "+ " in text for text in texts), "side by side at 120 columns"
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        texts = [plain(view.line(y)) for y in range(view.line_count)]
        assert not any("- " in text and "+ " in text for text in texts), "one column at 80"
        await pilot.press("f4")
        assert not view.display and work.query_one(CodeView).display


@pytest.mark.slow
async def test_a_failing_case_and_a_code_line_go_into_the_words(make_app: MakeApp) -> None:
    app = make_app([WRONG], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press("f8")
        box = work.query_one(FeedbackBox)
        assert box.text == "For remove_underscores('a_b') it gives 'a b' instead of 'ab'."
        work.query_one(CodeView).focus()
        await pilot.press("down", "down", "enter")
        assert box.text.endswith('In line 3, `return text.replace("_", " ")`: ')
        assert work.focused is box


@pytest.mark.slow
async def test_kinds_are_proposed_and_only_what_is_marked_is_recorded(make_app: MakeApp) -> None:
    app = make_app([WRONG, RIGHT], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        for char in "wrong format":
            await pilot.press("space" if char == " " else char)
        await pilot.pause()
        assert "formatting?" in str(work.query_one(FeedbackBox).border_subtitle)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: app.screen.query(Checklist))
        await pilot.press("space", "enter")
        await until(pilot, lambda: app.screen is work)
        assert work.feedback.kinds == ("formatting",)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
    given = [e for e in read_journal(work.journal).events if isinstance(e, FeedbackGiven)]
    assert given[0].kinds == ("formatting",)


@pytest.mark.slow
async def test_mending_in_place_runs_the_tests_and_is_logged_with_its_time(make_app: MakeApp) -> None:
    app = make_app([RAISES], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press("f2")
        editor = work.query_one(CodeEditor)
        assert editor.has_focus
        editor.load_text(editor.text.replace("rep1ace", "replace"))
        await pilot.press("escape")
        assert not editor.display
        await pilot.press("f2")
        assert "rep1ace" not in editor.text, "what was begun is still there"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        assert work.state.solved and work.state.current_program.edited
    edits = [e for e in read_journal(work.journal).events if isinstance(e, CodeEdited)]
    assert edits[0].editor == "inline" and edits[0].effort.editing > 0


@pytest.mark.slow
async def test_a_new_line_in_the_editor_is_indented(make_app: MakeApp) -> None:
    app = make_app([RAISES], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press("f2")
        editor = work.query_one(CodeEditor)
        editor.move_cursor((0, len("def remove_underscores(text):")))
        await pilot.press("enter", "x")
        assert editor.text.split("\n")[1] == "    x"


@pytest.mark.slow
async def test_trying_a_call_and_making_a_test_of_it(make_app: MakeApp) -> None:
    app = make_app([WRONG], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press("f5")
        await until(pilot, lambda: isinstance(app.screen, ScratchScreen))
        await pilot.press(*"'x_')", "enter")
        await until(pilot, lambda: "'x '" in str(app.screen.query_one("#result").render()))
        assert app.screen.query_one("#expected", Input).value == "'x '"
        await pilot.press("tab", "end", *["backspace"] * 2, "'", "enter")
        await until(pilot, lambda: app.screen is work and not work.live.busy and work.state.extra_tests)
        assert work.state.extra_tests[0].text("") == "assert remove_underscores('x_') == 'x'"
        assert len(work.query_one(VerdictTable).verdicts.rows) == 4
        table = work.query_one(VerdictTable)
        table.focus()
        await pilot.press("delete")
        assert work.state.extra_tests and not work.live.busy  # the cursor is on a test of the problem
        await pilot.press("end", "delete")
        await until(pilot, lambda: not work.state.extra_tests and not work.live.busy)
        assert len(table.verdicts.rows) == 3


@pytest.mark.slow
async def test_nonsense_in_a_call_is_told_and_not_run(make_app: MakeApp) -> None:
    app = make_app([WRONG], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press("f5")
        await until(pilot, lambda: isinstance(app.screen, ScratchScreen))
        await pilot.press(*"1 2", "enter")  # open brackets alone would be closed
        assert "not a Python expression" in str(app.screen.query_one("#result").render())
        assert not work.live.busy


@pytest.mark.slow
async def test_samples_are_a_strip_and_any_of_them_can_be_gone_on_from(make_app: MakeApp) -> None:
    app = make_app(
        [WRONG, RAISES, RIGHT],
        settings={"samples": 2, "sampling": {"temperature": 0.8}},
        problem="starter/underscores",
    )
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        strip = work.query_one("#samples", Timeline)
        assert strip.display and [step.program for step in strip.strip.steps] == ["t0s0", "t0s1"]
        assert work.state.current == "t0s0", "the better one is current"
        strip.focus()
        await pilot.press("right", "enter")
        await until(pilot, lambda: work.state.current == "t0s1")


@pytest.mark.slow
async def test_words_said_before_come_back_with_up_and_the_draft_with_down(make_app: MakeApp) -> None:
    app = make_app([WRONG, RAISES], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await to_round_one(pilot)
        box = work.query_one(FeedbackBox)
        await pilot.press(*"new", "up")
        assert box.text == "nothing instead"
        await pilot.press("down")
        assert box.text == "new"


@pytest.mark.slow
async def test_unsent_words_are_read_by_the_model(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(Session, "prefill", lambda _, words: read.append(words))
    app = make_app([WRONG], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press(*"not")
        await until(pilot, lambda: read and read[-1] == "not")
        await pilot.press(*"hing")
        await until(pilot, lambda: read[-1] == "nothing")
    assert len(read) <= 3, "a second apart, not at every key"


class ReadsAhead(ScriptedEngine):
    """Remembers the tasks that it was to read."""

    def __init__(self, answers: list[str]) -> None:
        super().__init__(answers)
        self.read: list[str] = []

    def prefill(self, request: Request, cancel: Cancel = NeverCancelled()) -> None:
        self.read.append(request.messages[-1].content)


@pytest.mark.slow
async def test_the_problem_that_a_person_looks_at_is_read_by_the_model(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.session.draws.on_battery", lambda: False)
    engine = ReadsAhead([RIGHT])
    app = make_app(engine=engine)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: engine.read and UNDERSCORES.text in engine.read[-1])
        await pilot.press("down", "down")  # the second is passed by
        await until(pilot, lambda: PRIMES.text in engine.read[-1])
        assert not any(ADDITION.text in task for task in engine.read)
        await pilot.press("up", "up", "enter")
        work = await until_phase(pilot, Phase.ENDED)
        await until(pilot, lambda: ADDITION.text in engine.read[-1], "the next untried problem, at the end")
        sent = next(e for e in read_journal(work.journal).events if isinstance(e, GenerationStarted))
    first = next(task for task in engine.read if UNDERSCORES.text in task)
    assert first == sent.messages[-1].content


@pytest.mark.slow
async def test_on_battery_no_problem_is_read_ahead(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr("assistant.session.draws.on_battery", lambda: asked.append(True) or True)
    engine = ReadsAhead([RIGHT])
    async with make_app(engine=engine).run_test(size=SIZE) as pilot:
        await until(pilot, lambda: asked)
        await pilot.pause()
    assert engine.read == []


@pytest.mark.slow
@pytest.mark.parametrize(("keys", "send"), [({}, "Enter"), ({"feedback.send": "ctrl+g"}, "Ctrl+G")])
async def test_the_box_says_what_it_is_for_and_how_words_are_sent(
    make_app: MakeApp, keys: dict[str, str], send: str
) -> None:
    preferences = Preferences(tour_seen=True, notify="none", keys=keys)
    app = make_app([WRONG], problem="starter/underscores", preferences=preferences)
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        title = str(work.query_one(FeedbackBox).border_title)
    assert title == f"Say what is wrong  ·  {send} sends, Alt+Enter breaks the line"


@pytest.mark.slow
async def test_pasted_lines_are_not_sent_and_lose_their_control_characters(make_app: MakeApp) -> None:
    from textual.events import Paste

    app = make_app([WRONG], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        app.post_message(Paste("one\r\ntwo\x1b[31m\x07"))
        await until(pilot, lambda: work.query_one(FeedbackBox).text)
        assert work.query_one(FeedbackBox).text == "one\ntwo[31m"
        await pilot.press("ctrl+j", "x")
        assert work.query_one(FeedbackBox).text.endswith("\nx")
        assert work.state.round == 0


@pytest.mark.slow
async def test_copied_code_is_clean_and_saved_code_is_a_new_file(
    make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = make_app([WRONG], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        await until_phase(pilot, Phase.YOUR_TURN)
        await pilot.press("f7")
        assert app.clipboard.startswith("def remove_underscores(text):\n    ")
        await pilot.press("ctrl+s", "ctrl+s")
    assert sorted(path.name for path in tmp_path.glob("*.py")) == [
        "remove_underscores-2.py",
        "remove_underscores.py",
    ]
    assert (tmp_path / "remove_underscores.py").read_text() == app.clipboard


@pytest.mark.slow
async def test_nothing_is_offered_that_cannot_be_done(make_app: MakeApp) -> None:
    app = make_app([WRONG], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        offered = {b.binding.action for b in work.active_bindings.values() if b.enabled}
        assert {"edit", "scratch", "give_up"} <= offered
        assert not {"again", "diff", "branch"} & offered


def test_the_persons_editor_is_used_with_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    from assistant.tui.external_editor import editor_command

    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "code --wait")
    assert editor_command() == ["code", "--wait"]


@pytest.mark.slow
async def test_page_keys_in_the_box_turn_the_pages_of_the_program(make_app: MakeApp) -> None:
    body = "".join(f"    value_{n} = {n}\n" for n in range(80))
    long = f"```python\ndef underscores(name):\n{body}    return name\n```"
    app = make_app([long], problem="starter/underscores")
    async with app.run_test(size=SIZE) as pilot:
        work = await until_phase(pilot, Phase.YOUR_TURN)
        box, code = work.query_one(FeedbackBox), work.query_one(CodeView)
        assert box.has_focus
        start = code.row
        await pilot.press("pagedown")
        page = code.row - start
        assert page > 5 and box.has_focus
        await pilot.press("pagedown", "pageup")
        assert code.row == start + page
        box.load_text("\n".join(map(str, range(60))))
        box.move_cursor((0, 0))
        await pilot.press("pagedown")
        assert code.row == start + page and box.cursor_location[0] > 0, "its own text first"
