"""Feedback of the person: the box, its labels, drafts, and quotes of tests and lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Static

from assistant.core.state import State
from assistant.tui.feedback_suggestions import FORMS, KINDS, proposed_kinds, quoted_case, quoted_line
from assistant.tui.key_names import first_key
from assistant.tui.screen_state import Phase
from assistant.tui.test_rows import Row
from assistant.tui.widgets.checklist import Checklist
from assistant.tui.widgets.feedback_box import PURPOSE, FeedbackBox

DRAFT_AFTER = 1.0
"""Seconds after a key until unsent words are on disk."""
QUESTION = "Label your feedback (optional, for research): what is it about, how is it said?"


class FeedbackPanel:
    """Owns the feedback box and the labels of what stands in it."""

    def __init__(self) -> None:
        self.box = FeedbackBox(id="feedback")
        self.kinds: tuple[str, ...] = ()
        """Labels of the words in the box."""
        self._timer: Timer | None = None
        self._phase = Phase.GETTING_READY
        """As it was last shown."""

    @property
    def has_text(self) -> bool:
        """Whether there are words in the box."""
        return bool(self.box.text.strip())

    # Sending.

    def is_pending(self, state: State, words: str) -> bool:
        """These very words wait for an answer already."""
        pending = state.pending_feedback
        return pending is not None and pending.text == words

    def sent(self) -> tuple[str, ...]:
        """The words are on their way: empty the box. Returns their labels."""
        kinds, self.kinds = self.kinds, ()
        self.box.sent()
        return kinds

    def forget_pending(self, state: State) -> None:
        """Empty the box when it holds the words that are asked again."""
        if self.is_pending(state, self.box.text.strip()):
            self.box.sent()

    def give_back(self, state: State, returned: str) -> None:
        """Words that no answer followed go back into the box."""
        pending = state.pending_feedback
        self.box.give_back(returned or (pending.text if pending else "") or state.draft)

    def recall(self, state: State) -> None:
        """What was said so far can be gone through with the arrow keys."""
        self.box.said = [program.feedback for program in state.path(state.current) if program.feedback]

    # Writing.

    def changed(self, keep: Callable[[str], None] | None) -> None:
        """The words in the box are others than before; `keep` gets them a while later."""
        self.show(self._phase)
        if keep is not None and self._timer is None:
            self._timer = self.box.set_timer(DRAFT_AFTER, lambda: self._draft_due(keep))

    def _draft_due(self, keep: Callable[[str], None]) -> None:
        self._timer = None
        keep(self.box.text)

    def append(self, text: str) -> None:
        """Words that were typed on, while something else came on top."""
        self.box.insert(text, self.box.document.end)

    def suggest(self, words: str) -> None:
        """Words to begin with, unless the person has begun themselves."""
        self.box.give_back(words)

    def quote_case(self, row: Row | None) -> None:
        """A test, as words."""
        if row is not None:
            self.box.add(quoted_case(row))

    def quote_line(self, number: int, text: str) -> None:
        """A line of code, as words."""
        self.box.add(quoted_line(number, text))

    # Labels.

    def ask_kinds(self) -> None:
        """Let the person label their words."""

        def chosen(kinds: tuple[str, ...] | None) -> None:
            self.kinds = kinds or ()
            self.show(self._phase)

        self.box.app.push_screen(KindsScreen(self.kinds, proposed_kinds(self.box.text)), chosen)

    def show(self, phase: Phase) -> None:
        """Whether it is the person's turn, and the labels of the words or those that they suggest."""
        box, self._phase = self.box, phase
        box.set_class(phase in (Phase.YOUR_TURN, Phase.STOPPED), "-your-turn")
        labels = " · ".join(self.kinds) or self._proposed_labels()
        narrow = box.screen.has_class("-narrow")  # there the frame has no lower edge
        box.border_title = f"{PURPOSE}  {labels}" if narrow and labels else box.title
        box.border_subtitle = "" if narrow else labels

    def _proposed_labels(self) -> str:
        proposed = proposed_kinds(self.box.text) if self.box.app.preferences.propose_kinds else ()
        key = first_key("work.kinds", self.box.app.preferences.keys)
        return f"{key} labels: " + ", ".join(f"{kind}?" for kind in proposed) if proposed else ""


def refusal_to_send(words: str, state: State, phase: Phase, *, busy: bool, keys: Mapping[str, str]) -> str:
    """Why these words cannot be sent now, in one line; they stay in the box. Empty where they can."""
    if phase is Phase.ENDED:
        return f"this session has ended; {first_key('work.leave', keys)} goes back to the problems"
    if state.settings.person_alone:
        return f"no model takes part in this session: {first_key('work.edit', keys)} writes the program"
    if state.current_program is None or busy or phase is Phase.QUESTIONS:
        return f"{phase.value}: your words stay in the box until it is your turn"
    return "" if words else "say what is wrong in a few words, then press Enter"


class KindsScreen(ModalScreen[tuple[str, ...]]):
    """Space marks, Enter is done."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "done", "Done", priority=True),
        Binding("escape", "done", "Done", show=False),
    ]

    def __init__(self, chosen: tuple[str, ...], proposed: tuple[str, ...]) -> None:
        super().__init__()
        self._chosen = chosen
        self._proposed = proposed

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(QUESTION, classes="question")
            yield Checklist(id="kinds")
            yield Static("Space marks · Enter is done · all of it is optional", classes="hint")

    def on_mount(self) -> None:
        kinds = self.query_one(Checklist)
        kinds.show([(kind, self._title(kind)) for kind in (*KINDS, *FORMS)], self._chosen)
        kinds.row = next(((*KINDS, *FORMS).index(kind) for kind in self._proposed), 0)
        kinds.focus()

    def _title(self, kind: str) -> str:
        proposed = "  (proposed)" if kind in self._proposed else ""
        return f"{'said as: ' if kind in FORMS else 'about: '}{kind}{proposed}"

    def action_done(self) -> None:
        self.dismiss(self.query_one(Checklist).marked)
