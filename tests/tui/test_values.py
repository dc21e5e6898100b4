"""The pure parts of the app: clock, differences, comparisons, colours, quotes, kinds, filters."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.binding import Binding
from textual.widgets import Input, TextArea

from assistant.core.errors import UsageError
from assistant.core.generation import Progress
from assistant.core.outcome import CaseReport, Outcome, Report
from assistant.core.state import Program
from assistant.core.value_difference import differing_parts
from assistant.problems.own_tests import asserts_in, function_under_test
from assistant.session.feedback_validation import clean_text
from assistant.tui.actions import ACTIONS, binding_id
from assistant.tui.custom_problems import OwnDraft, asserts_in_answer, change, keep, own_problem, pasted
from assistant.tui.feedback_suggestions import form_of, proposed_kinds, quoted_case
from assistant.tui.problem_filter import completed, entries_of, matching, next_state
from assistant.tui.screen_state import Phase
from assistant.tui.screens.session.status import writing_word
from assistant.tui.settings_model import SETTINGS, clash
from assistant.tui.test_rows import Row, row_lines, rows_of
from assistant.tui.text.diff import compared, side_by_side, unified
from assistant.tui.text.highlight import PythonLines
from assistant.tui.text.spans import displayable, plain, shortened
from assistant.tui.view_model import code_of, stream_code, written_code
from assistant.tui.widgets.status_line import Status, bar, doing_text, facts_of
from tests.tui.conftest import ADDITION, PRIMES, UNDERSCORES

# Differences


@settings(deadline=None)
@given(st.text(max_size=600), st.text(max_size=600))
def test_the_parts_of_two_values_make_them_up_again(left: str, right: str) -> None:
    lefts, rights = differing_parts(left, right)
    assert "".join(part.text for part in lefts) == left
    assert "".join(part.text for part in rights) == right
    if left == right:
        assert not any(part.differs for part in (*lefts, *rights))


def test_one_letter_that_differs_is_marked_alone() -> None:
    lefts, rights = differing_parts("[1, 2, 3]", "[1, 5, 3]")
    assert [part.text for part in lefts if part.differs] == ["2"]
    assert [part.text for part in rights if part.differs] == ["5"]


def test_long_values_keep_the_place_where_they_differ_in_sight() -> None:
    expected = "a" * 5000 + "X" + "b" * 5000
    case = CaseReport(test="t", outcome=Outcome.WRONG, expected=expected, actual=expected.replace("X", "Y"))
    text = [plain(line) for line in row_lines(Row("t", case))]
    assert "X" in text[1] and "Y" in text[2] and len(text[1]) < 2100


def test_what_now_passes_and_now_fails_is_told_against_the_round_before() -> None:
    def report(*passed: bool) -> Report:
        cases = tuple(
            CaseReport(test=f"t{n}", outcome=Outcome.PASSED if ok else Outcome.WRONG)
            for n, ok in enumerate(passed)
        )
        return Report(outcome=Outcome.WRONG, sealed=True, layers={}, cases=cases)

    rows = rows_of(report(True, False, True, False), report(False, True, True, False))
    assert [row.change for row in rows] == ["fixed", "broke", "", ""]
    assert "now passes" in plain(row_lines(rows[0])[0]) and "now fails" in plain(row_lines(rows[1])[0])


PROGRAMS = st.lists(
    st.sampled_from(["a = 1", "b = 2", "    return a", "", "def f():", "x"]), max_size=60
).map("\n".join)


@settings(deadline=None)
@given(PROGRAMS, PROGRAMS)
def test_a_comparison_holds_every_line_of_both_programs(old: str, new: str) -> None:
    rows = compared(old, new)
    folded = sum(row.folded for row in rows)
    olds = [row.old.number for row in rows if row.old]
    news = [row.new.number for row in rows if row.new]
    assert olds == sorted(olds) and len(olds) + folded == len(old.split("\n"))
    assert news == sorted(news) and len(news) + folded == len(new.split("\n"))
    assert len({len(plain(line)) for line in side_by_side([row for row in rows if not row.folded], 30)}) <= 1
    minus = sum(any(p.text == "- " for p in line) for line in unified(rows))
    assert minus == sum(bool(row.old and row.old.changed) for row in rows)


# Colours


SOURCE = '''"""A doc string
over two lines."""
import os

def f(x):
    s = \'\'\'def not_code():
    return "still a string"\'\'\'
    return f"{x!r}" + 'é' * 3  # why


class A(Exception):
    pass
'''


@settings(deadline=None)
@given(st.lists(st.integers(0, len(SOURCE)), max_size=12))
def test_text_that_grows_gets_the_same_colours_as_whole_text(cuts: list[int]) -> None:
    growing = PythonLines()
    for cut in [*sorted(cuts), len(SOURCE)]:
        growing.set(SOURCE[:cut])
    assert growing.lines == PythonLines(SOURCE).lines
    assert "\n".join(map(plain, growing.lines)) == SOURCE


def test_another_text_replaces_the_first() -> None:
    lines = PythonLines("def f():\n    return 1\n")
    lines.set("x = 'a'")
    assert [plain(line) for line in lines.lines] == ["x = 'a'"]


def test_what_a_program_prints_cannot_steer_the_terminal() -> None:
    assert displayable("a\x1b[31mb\tc\x07") == "a\\x1b[31mb    c\\x07"


def test_shortened_text_shows_where_it_was_cut() -> None:
    assert shortened("abcdefghij", 5) == "abcd…"
    assert shortened("abcdefghij", 5, keep=5) == "…efg…"
    assert shortened("abcdefghij", 5, keep=9) == "…ghij"


# What is being written


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("``", ""),
        ("```python", ""),
        ("```python\ndef f", "def f"),
        ("Here it is:\n```py\ndef f(): pass\n```\nDone.", "def f(): pass\n"),
        ("def f(): pass", "def f(): pass"),
        ("~~~\nx\n~~~", "x\n"),
    ],
)
def test_code_is_shown_as_soon_as_it_begins(answer: str, code: str) -> None:
    assert written_code(answer) == code


# Words


def test_a_case_is_quoted_in_words() -> None:
    wrong = CaseReport(test="assert f([1]) == [2]", outcome=Outcome.WRONG, expected="[2]", actual="[1]")
    assert quoted_case(Row(wrong.test, wrong)) == "For f([1]) it gives [1] instead of [2]."
    slow = CaseReport(test="assert f(9) == 1", outcome=Outcome.TIMED_OUT)
    assert quoted_case(Row(slow.test, slow)) == "f(9) is timed out."
    assert quoted_case(Row("assert f(1) == 2")) == "Consider f(1)."


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("", ()),
        ("You forgot the empty list.", ("missing step", "sentence")),
        ("Use `sorted` here", ("code",)),
        ("It is too slow. Cache results. Then return. Please.", ("paragraph",)),
        ("The base case is missing", ("recursion", "sentence")),
    ],
)
def test_kinds_are_proposed_from_the_words(words: str, kinds: tuple[str, ...]) -> None:
    assert proposed_kinds(words) == kinds


def test_code_written_out_is_the_form_code() -> None:
    assert form_of("return x + 1 if x else 0:") == "code"


def test_a_paste_keeps_its_lines_and_loses_what_steers_terminals() -> None:
    assert clean_text("a\r\nb\rc\x1b[2J\x00\td") == "a\nb\nc[2J\td"


# Lists and settings


def test_problems_are_found_by_words_tags_state_and_difficulty() -> None:
    entries = entries_of((UNDERSCORES, ADDITION, PRIMES), {"starter/addition": "solved"})
    assert [e.problem.id for e in matching(entries, "#num hard")] == ["starter/primes"]
    assert [e.problem.id for e in matching(entries, "is:solved")] == ["starter/addition"]
    assert [e.problem.id for e in matching(entries, "is:untried function STRING")] == ["starter/underscores"]
    assert len(matching(entries, "")) == 3


def test_tags_and_states_are_completed_at_the_end_of_the_filter() -> None:
    assert completed("easy #Nu", ["lists", "numbers"]) == "easy #Numbers"
    assert completed("is:g", []) == "is:given-up"
    assert completed("#lists", ["lists"]) is None and completed("words", ["words"]) is None


def test_the_state_filter_goes_round() -> None:
    query = "words"
    seen = []
    for _ in range(7):
        query = next_state(query)
        seen.append(query.removeprefix("words").strip())
    assert seen == ["is:untried", "is:solved", "is:false-solve", "is:open", "is:given-up", "is:unsolved", ""]


def test_a_key_may_not_be_given_twice_in_a_place() -> None:
    edit = next(setting for setting in SETTINGS if setting.name == "keys.work.edit")
    assert clash(edit, "f4", {}) == "Diff"
    assert clash(edit, "ctrl+q", {}) == "Quit"
    assert clash(edit, "f4", {"work.diff": "ctrl+y"}) == ""
    assert clash(edit, "ctrl+n", {}) == "", "another place may use it"


def test_a_key_that_the_focused_field_takes_for_itself_is_refused() -> None:
    """All keys of the text fields, letters, and the keys of panes: an action with one of them is never reached."""
    keys_of_fields = {
        "work": TextArea, "feedback": TextArea, "editor": TextArea, "own problem": TextArea,
        "library": Input, "sessions": Input,
    }  # fmt: skip
    for action in ACTIONS:
        setting = next(s for s in SETTINGS if s.name == f"keys.{binding_id(action)}")
        own = action.keys.split(",")
        assert not any(clash(setting, key, {}) for key in own), "the app's own keys can be had back"
        field = keys_of_fields.get(action.where)
        used = {binding.key for binding in Binding.make_bindings(field.BINDINGS)} if field else set()
        typed = {"a", "Z", "7", "space", "question_mark", "ä"} if field else set()
        for key in (used | typed | {"tab", "up", "pageup", "enter"}) - set(own):
            assert clash(setting, key, {}), f"{key} for {setting.name}"
        assert not clash(setting, "ctrl+alt+w", {}) and not clash(setting, "f20", {})


def test_own_problems_are_checked_in_words() -> None:
    with pytest.raises(UsageError, match="what the function should do"):
        own_problem(OwnDraft(" ", "assert f(1)"))
    with pytest.raises(UsageError, match="at least one test"):
        own_problem(OwnDraft("Do it", ""))
    with pytest.raises(UsageError, match="line 2"):
        own_problem(OwnDraft("Do it", "assert f(1)\nf(2)"))
    with pytest.raises(UsageError, match="no function of yours"):
        own_problem(OwnDraft("Do it", "assert sorted([1]) == [1]"))
    with pytest.raises(UsageError, match="hidden tests, line 1"):
        own_problem(OwnDraft("Do it", "assert f(1)", hidden="f(1)"))
    with pytest.raises(UsageError, match="the reference solution does not define f"):
        own_problem(OwnDraft("Do it", "assert f(1)", reference="def g(): pass"))
    with pytest.raises(UsageError, match="the function above the tests does not define f"):
        own_problem(OwnDraft("Do it", "def g():\n    pass\nassert f(1)"))
    assert own_problem(OwnDraft("Do it", "assert len(f(1)) == 1"), ["own/f"]).id == "own/f-2"
    assert own_problem(OwnDraft("Do it", "assert f(1)", " my task! ")).id == "own/my-task"


def test_a_pasted_function_stands_with_its_asserts_in_any_order() -> None:
    code = "import re\n# why\n@cache\ndef f(x):\n    'Twice.'\n    return x\n"
    text = code.replace("# why", "assert f(1)\n# why") + "\nassert f(2)"
    assert pasted(text) == (code, "assert f(1)\nassert f(2)")
    assert pasted("assert f(1)\nprint(") == ("", "assert f(1)\nprint(")
    problem = own_problem(OwnDraft(tests=text))
    assert (problem.text, problem.given) == ("Twice.", code)
    assert own_problem(OwnDraft.of(problem)) == problem


def test_one_of_the_own_problems_is_changed_and_every_other_line_stays(tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    one, two = (
        own_problem(OwnDraft("Do it", f"assert {name}(1)", hidden=f"assert {name}(2)")) for name in "fg"
    )
    keep(one, file)
    file.write_bytes(file.read_bytes() + b"{broken\n")
    keep(two, file)
    before = file.read_bytes().splitlines()
    assert not change(file, "own/h", one) and file.read_bytes().splitlines() == before
    new = own_problem(OwnDraft("Do it well", "assert f(1)"))
    assert change(file, "own/f", new)
    assert file.read_bytes().splitlines() == [new.model_dump_json().encode(), *before[1:]]
    assert change(file, "own/f", None) and file.read_bytes().splitlines() == before[1:]


def test_tests_are_read_out_of_a_models_prose() -> None:
    answer = "Sure!\n1. assert f(1) == 2\n- `assert f(2) == 3`\nassert broken(\nassert f(1) == 2"
    assert asserts_in_answer(answer) == ["assert f(1) == 2", "assert f(2) == 3"]
    assert asserts_in("assert f(\n  1\n) == 2") and function_under_test(["assert f(1)"]) == "f"


# The status line


def test_an_answer_that_grows_says_how_far_it_is() -> None:
    assert writing_word("") == "reading what it is asked"
    assert writing_word("Sure:\n```python\ndef f():\n    ret") == "writing line 2"
    assert writing_word("```python\ndef f(): pass\n```\nThis") == "writing about its code (F6 shows it)"
    assert stream_code("Here's a function that").prose and not stream_code("def f(a, b):\n    re").prose
    assert stream_code("Here it is:\n```python\ndef f").text == "def f"
    assert stream_code("Sure:\n```\nx", whole=True).text == "Sure:\n```\nx"


def test_progress_says_the_step_and_how_far_it_is() -> None:
    progress = Progress(step="verifying SHA-256", done=30, total=120)
    assert doing_text(Status(progress=progress)) == "verifying SHA-256 ━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ 25%"
    assert bar(Progress(step="loading", done=random.random() + 5)).startswith("5")
    assert bar(Progress(step="loading")) == ""


def test_facts_name_round_speed_and_model() -> None:
    facts = facts_of(Status(round=2, rounds=4, speed=9.55, model_name="Qwen/Qwen2.5"))
    assert facts == ["round 2 of 4", "9.6 tok/s", "Qwen2.5"]


def test_thinking_is_shown_as_words_and_never_as_the_program() -> None:
    draft, right = "```python\nx = 0\n```\n", "```python\nx = 1\n```\n"
    growing = stream_code(f"<think>\nMaybe {draft}")
    assert growing.prose
    assert "Maybe" in growing.text
    assert stream_code(f"<think>\n{draft}</think>\n{right}").text.strip() == "x = 1"
    cut = Program(id="t0s0", turn=0, round=0, text=f"<think>\n{draft}", code=None)
    assert code_of(cut, Phase.YOUR_TURN).prose
    whole = Program(id="t0s0", turn=0, round=0, text=f"<think>\n{draft}</think>\nNo code here.", code=None)
    assert code_of(whole, Phase.YOUR_TURN).prose
