"""The programs of a session: timeline, samples, code, diff and verdicts, and which of them is looked at."""

from __future__ import annotations

from dataclasses import replace

from textual.widget import Widget

from assistant.core.problem import Test
from assistant.core.state import Program, State
from assistant.core.state_labels import program_name
from assistant.session.draws import offered_draw, unseen_draws
from assistant.tui.screen_state import Phase, View, shown_program
from assistant.tui.session_worker import Stream
from assistant.tui.test_rows import verdicts_of
from assistant.tui.view_model import answer_of, code_of, code_text, code_title, stream_code
from assistant.tui.widgets.code_view import CodeView
from assistant.tui.widgets.diff_view import ComparedPrograms, DiffView
from assistant.tui.widgets.timeline import Timeline, samples_of, timeline_of
from assistant.tui.widgets.verdict_table import VerdictTable

LEAST = {"-low": 4, "-narrow": 6, "-wide": 11}
"""Lines of the pane of tests that a long program leaves it, by the size of the terminal."""
FOCUSED = {"-low": 7, "-narrow": 11, "-wide": 11}
"""The same while the person is in it."""
LEAST_CODE = 3
"""Lines of the program that stay in sight, its frame apart."""


class ProgramsPanel:
    """Owns the panes that show programs, and what the person looks at in them."""

    def __init__(self) -> None:
        self.view = View()
        self._seen: set[str] = set()
        """Programs that were looked at by choice."""
        self.samples = Timeline(separator=" ", id="samples")
        self.timeline = Timeline(id="timeline")
        self.code = CodeView(id="code")
        self.diff = DiffView(id="diff")
        self.verdicts = VerdictTable(id="verdicts")
        self._seen_version = -1
        """Of the stream, as it was last shown."""

    # What is looked at.

    def shown(self, state: State) -> Program | None:
        """The program on the screen."""
        return shown_program(state, self.view.program)

    def branching_from(self, state: State) -> str | None:
        """The earlier program that is looked at: what is said or done about it goes on from there."""
        program = self.view.program
        return program if program != state.current else None

    def look_at(self, program: str, state: State) -> None:
        """Show a program; the current one is what is shown anyway."""
        self.view = View(None if program == state.current else program)
        self._seen.add(program)

    def next_draw(self, state: State) -> Program | None:
        """The best further draw that was not looked at."""
        return next(iter(unseen_draws(state, self._seen)), None)

    def offer(self, state: State) -> Program | None:
        """The further draw to tell the person of."""
        return offered_draw(state, self._seen)

    def look_away(self) -> bool:
        """Back to the current program. False where it is shown as it is already."""
        before, self.view = self.view, View()
        return before != self.view

    def point(self, step: int) -> None:
        """Look `step` programs along the timeline."""
        self.timeline.action_point(step)

    def compare(self, state: State) -> None:
        """Compare with the parent, at the next call with an earlier program, after the first one with none."""
        self.view = replace(self.view, base=_next_base(state, self.shown(state), self.view.base))

    def toggle_whole(self) -> None:
        """All that the model said, or its program alone."""
        self.view = replace(self.view, whole=not self.view.whole, base=None)

    def show_code_alone(self) -> None:
        """No comparison and no talk, of the program that is looked at."""
        self.view = replace(self.view, base=None, whole=False)

    def comparing(self, state: State) -> bool:
        """Whether the diff is shown instead of the code."""
        return self.view.base is not None and self.shown(state) is not None

    def added_test(self, state: State) -> Test | None:
        """The test under the cursor where the person added it, else None."""
        of_problem = len(state.problem.visible_tests) if state.problem else 0
        row = self.verdicts.row - of_problem
        return state.extra_tests[row] if 0 <= row < len(state.extra_tests) else None

    # Showing.

    def show(
        self, state: State, phase: Phase, stream: Stream, *, tell_hidden: bool, known: str | None
    ) -> None:
        """Hand every pane its value; hidden tests' verdicts only where `tell_hidden`, or on the `known` program."""
        self.timeline.strip = timeline_of(state, self.view.program, tell_hidden=tell_hidden, known=known)
        self.samples.strip = samples_of(state, self.view.program, self._seen)
        if self._follows_stream(phase):
            self._show_stream(stream)
            self.code.border_title = "Code"
            self.verdicts.verdicts = verdicts_of(state, None)
        else:
            shown = self.shown(state)
            self._show_program(state, phase, tell_hidden or (shown is not None and shown.id == known))
        self._show_comparison(state)

    def show_new_text(self, phase: Phase, stream: Stream) -> None:
        """Text that has come since it was last shown."""
        if self._follows_stream(phase) and stream.version != self._seen_version:
            self._seen_version = stream.version
            self._show_stream(stream)

    def _follows_stream(self, phase: Phase) -> bool:
        return phase is Phase.WRITING and self.view.program is None

    def _show_stream(self, stream: Stream) -> None:
        self.code.code = stream_code(stream.text(), whole=self.view.whole)

    def _show_program(self, state: State, phase: Phase, tell_hidden: bool) -> None:
        shown, whole = self.shown(state), self.view.whole
        self.code.code = answer_of(shown) if whole else code_of(shown, phase)
        self.code.border_title = code_title(state, shown, whole=whole)
        self.verdicts.verdicts = verdicts_of(state, shown, tell_hidden=tell_hidden)

    def _show_comparison(self, state: State) -> None:
        base, shown = self.view.base, self.shown(state)
        if base is not None and shown is not None:
            old = state.program(base)
            self.diff.comparison = ComparedPrograms(
                code_text(old), code_text(shown), _name(old), _name(shown)
            )
        self.diff.display = self.comparing(state)

    # Sizes.

    def share_height(self, room: int, size: str, *, beside: int, editing: bool) -> None:
        """Divide `room` lines between the program and its tests, unless the person made a pane larger or smaller.

        `size` is the class of the terminal's size, `beside` the lines of the pane next to the program.
        """
        if self.verdicts.styles.inline.has_rule("height"):
            self.verdicts.styles.max_height = None
            return
        shown = self.diff if self.diff.display else self.code
        lines = room if editing else max(shown.line_count + self.samples.display, beside)
        frame = 2 if size == "-wide" else 1
        least = (FOCUSED if self.verdicts.has_focus else LEAST)[size]
        self.verdicts.styles.max_height = most_for_tests(room, lines + frame, least, frame)

    def resize(self, focused: Widget | None, rows: int) -> None:
        """Make the focused pane larger or smaller; the code pane gets what the verdicts lose."""
        pane = focused
        if isinstance(pane, CodeView | DiffView) or pane is None:
            pane, rows = self.verdicts, -rows
        pane.styles.height = max(3, min(pane.outer_size.height + rows, pane.screen.size.height - 12))

    def toggle_folds(self) -> None:
        """Let long lines of code and tests go on below, or cut them at the edge."""
        folds = not self.code.folds
        self.code.folds = folds
        self.verdicts.folds = folds


def most_for_tests(room: int, program: int, least: int, frame: int) -> int:
    """How high the pane of tests may get: what the program leaves, at least `least` where both have to give way."""
    return max(3, min(max(least, room - program), room - frame - LEAST_CODE))


def _name(program: Program) -> str:
    sample = f", sample {program.sample + 1}" if program.sample else ""
    return f"{program_name(program)}{' (edited)' if program.edited else ''}{sample}"


def _next_base(state: State, shown: Program | None, base: str | None) -> str | None:
    """The next earlier program to compare with: the parent first, then the others, then none."""
    if shown is None:
        return None
    earlier = [p for p in state.dialogue if p.turn < shown.turn and p.complete]
    earlier.sort(key=lambda p: (p.id == shown.parent, p.turn, -p.sample), reverse=True)
    ids = [program.id for program in earlier]
    if base is None:
        return ids[0] if ids else None
    following = ids[ids.index(base) + 1 :] if base in ids else []
    return following[0] if following else None
