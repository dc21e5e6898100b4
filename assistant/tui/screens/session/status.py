"""The status line of a session: what is being done, for how long, and what the person can do now."""

from __future__ import annotations

import time
from collections.abc import Mapping

from assistant.core.state import Program, State
from assistant.core.state_labels import (
    ANOTHER_WAY,
    NO_PROGRAM,
    NO_TRY_USED,
    OUT_OF_TIME,
    after_feedback,
    answer_note,
    draw_name,
    effect_on_tests,
    hidden_text,
    round_name,
    score,
    step_note,
    time_left,
    tries_left,
    wants_example,
)
from assistant.tui import clipboard
from assistant.tui.end_summary import is_false_solve
from assistant.tui.key_names import first_key
from assistant.tui.screen_state import Phase
from assistant.tui.screens.session.live_session import LiveSession
from assistant.tui.view_model import fence_count, written_code
from assistant.tui.widgets.status_line import Status, StatusLine

LONG_WAIT = 5.0
"""Seconds of waiting after which the person is called back."""
BEATS = 3
"""Beats between two turns of the moving parts."""


class StatusPanel:
    """Owns the status line, and since when the session is in its phase."""

    def __init__(self) -> None:
        self.line = StatusLine(id="status")
        self._since = self._turn_since = time.monotonic()
        """When what is done now began, and when the person's turn or waiting did."""
        self._beats = 0

    def phase_changed(self, before: Phase, phase: Phase) -> None:
        """Something else is being done from now on; who has waited long for it is called back."""
        now = self._since = time.monotonic()
        if before.working == phase.working and before is not Phase.GETTING_READY:
            return
        if not phase.working and now - self._turn_since > LONG_WAIT:
            clipboard.call_person(self.line.app, phase.value)
        self._turn_since = now

    def beat(self, live: LiveSession, phase: Phase, looked_at: str | None) -> None:
        """Move the moving parts, at every third call."""
        self._beats += 1
        if self._beats % BEATS == 0:
            self.show(live, phase, looked_at)

    def show(
        self,
        live: LiveSession,
        phase: Phase,
        looked_at: str | None,
        *,
        offer: Program | None = None,
        tell_hidden: bool = False,
    ) -> None:
        """Put together what the line says; `looked_at` is an earlier program that is shown, `offer` a better draw."""
        app, state, services = self.line.app, live.state, self.line.app.services
        preparing = phase is Phase.GETTING_READY
        working = phase.working and not (preparing and app.model_error)
        self.line.status = Status(
            doing=self._doing(live, phase, looked_at, offer, tell_hidden),
            warning=services.warning,
            working=working,
            seconds=time.monotonic() - self._since if working and not preparing else None,
            model=services.model,
            model_name=services.launch.model_name,
            progress=app.progress if preparing else None,
            round=None if _is_own(state) or state.settings.person_alone else state.round,
            rounds=state.round_limit,
            speed=speed_of(state),
            beat=self._beats // BEATS,
            left=time_left(left) if (left := live.seconds_left()) is not None else "",
        )

    def _doing(
        self, live: LiveSession, phase: Phase, looked_at: str | None, offer: Program | None, tell_hidden: bool
    ) -> str:
        app = self.line.app
        if phase is Phase.ENDED:
            over, may = over_text(live.state, tell_hidden), live.state.may_go_on and not live.read_only
            on = f"{first_key('work.go_on', app.preferences.keys)} goes on, " if may else ""
            return f"{over}: {on}Esc goes back"
        if phase is not Phase.WRITING:
            return doing_word(phase, live.state, looked_at, app.model_error, app.preferences.keys, offer)
        if live.stopping:
            return "stopping"
        return f"{step_word(live.state)}{writing_word(live.stream.text())}"


def _is_own(state: State) -> bool:
    """A person's own function is the current program, which is no answer of any round."""
    return state.current_program is not None and state.current_program.given


def speed_of(state: State) -> float | None:
    """Tokens a second of the latest answer; None where it came too quickly to say."""
    for program in reversed(state.programs):
        finish = program.finish
        if finish is not None and finish.seconds >= 0.1 and finish.generated_tokens:
            return finish.generated_tokens / finish.seconds
    return None


def failure_of(state: State) -> str:
    """Why the latest answer failed, or an empty string."""
    latest = max(state.human_programs, key=lambda program: program.turn, default=None)
    if latest is None or latest.finish is None or latest.finish.reason != "error":
        return ""
    return latest.finish.error or "the model gave no answer"


def doing_word(
    phase: Phase,
    state: State,
    looked_at: str | None,
    model_error: str,
    keys: Mapping[str, str],
    offer: Program | None = None,
) -> str:
    """The current activity, or what the person can do now."""
    match phase:
        case Phase.GETTING_READY if model_error:
            return f"{model_error}; Ctrl+R tries again"
        case Phase.BROKEN:
            return f"{phase.value}; Ctrl+R tries again"
        case Phase.YOUR_TURN | Phase.STOPPED:
            return your_turn_word(state, looked_at, keys, offer)
        case _:
            return str(phase.value)


def step_word(state: State) -> str:
    """`point 2 of 3: ` while a step takes one point of the feedback."""
    step = next((turn for turn in state.open_arms if turn.point is not None), None)
    if step is None or step.draw_of is None or step.point is None:
        return ""
    return f"{step_note(state, step.draw_of, step.point)}: "


def writing_word(text: str) -> str:
    """How far an answer is that is still growing."""
    if not text.strip():
        return "reading what it is asked"
    if fence_count(text) >= 2:
        return "writing about its code (F6 shows it)"
    return f"writing line {written_code(text).count(chr(10)) + 1}"


def your_turn_word(
    state: State, looked_at: str | None, keys: Mapping[str, str], offer: Program | None = None
) -> str:
    """What a person can do now, in a few words; `keys` are those that they chose themselves."""
    if looked_at is not None and looked_at != state.current:
        branch = first_key("work.branch", keys)
        return f"{_looked_at(state, state.program(looked_at))}: {branch} goes on from here, Esc returns"
    if state.settings.person_alone and state.current_program is not None:
        return _alone_word(state, keys)
    failed = failure_of(state)
    if failed:
        return f"failed: {failed}; Ctrl+R asks again"
    if state.pending_feedback is not None:
        return "stopped: Enter sends your words again, Ctrl+R asks again"
    table = state.current_program
    if table is None:
        return "stopped: Ctrl+R asks the model again"
    left = tries_left(state) + (", beyond the experiment" if state.beyond else "")
    if offer is not None:
        passes = score(offer.visible).removesuffix(" pass")
        return f"another draw passes {passes}: {first_key('work.draw', keys)} shows it ({left})"
    quote = f"{first_key('work.insert_case', keys)} quotes" if wants_example(state, table) else ""
    note = answer_note(state, table, f"{quote} a failing test" if quote else ANOTHER_WAY)
    if not note and quote:
        left += f"; {quote} one"  # the tests that fail are named before it
    note = note or (NO_PROGRAM if table.code is None else effect_on_tests(state, table))
    if note:
        return note if note.endswith(NO_TRY_USED) else f"{note} ({left})"
    return f"your turn: {left}"


def _alone_word(state: State, keys: Mapping[str, str]) -> str:
    """Of a person who works without the model: what the last run did, and the keys."""
    note = effect_on_tests(state, state.current_program)
    edit, stop = first_key("work.edit", keys), first_key("work.give_up", keys)
    return f"{note or 'on your own'}: {edit} writes and runs, {stop} gives up"


def over_text(state: State, tell_hidden: bool) -> str:
    """How a session that is only looked at ended."""
    if is_false_solve(state, state.current_program, tell_hidden=tell_hidden):
        return f"not right yet: {hidden_text(state)}"
    if state.ended is not None and state.ended.out_of_time:
        return OUT_OF_TIME
    reason = state.ended.reason if state.ended is not None else "interrupted"
    return {
        "solved": f"solved {after_feedback(state)}",
        "rounds_used_up": "not solved, no tries left",
        "gave_up": "given up",
        "bad_task": "the task or its tests are wrong",
    }.get(reason, "this session is not over")


def _looked_at(state: State, program: Program) -> str:
    """`round 1`, or `sample 2` for another answer of the current round."""
    table = state.current_program
    if program.draw_of is not None:
        return f"{draw_name(state, program)}, {score(program.visible)}"
    if table is not None and table.answers_turn == program.turn:
        return f"sample {program.sample + 1}"
    return (
        f"looking back at the {round_name(0)}"
        if not program.round
        else f"looking back at round {program.round}"
    )
