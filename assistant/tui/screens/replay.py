"""Replay of a recorded session: every answer and test is repeated, and differences are shown."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from assistant.core import events as ev
from assistant.core.errors import AssistantError
from assistant.core.generation import (
    Cancel,
    Chunk,
    Engine,
    Finish,
    ModelInfo,
    NeverCancelled,
    Progress,
    Request,
)
from assistant.core.state import Program
from assistant.core.state_labels import round_name
from assistant.core.submission import Sandbox
from assistant.tui.messages import ReplayEnded, ReplayTold
from assistant.tui.screens.help import HelpLines
from assistant.tui.text.spans import Line, Piece, displayable

if TYPE_CHECKING:
    from assistant.session.replay import ReplayComparison
    from assistant.tui.context import AppContext

LOOKS = {
    True: ("same", "case--passed"),
    False: ("DIFFERS", "case--failed"),
    None: ("not comparable", "line--note"),
}


class Stoppable:
    """An engine whose generations all end when `stop` is set."""

    def __init__(self, engine: Engine, stop: threading.Event) -> None:
        self._engine, self._stop = engine, stop

    def prepare(
        self, progress: Callable[[Progress], None] = lambda _: None, cancel: Cancel = NeverCancelled()
    ) -> ModelInfo:
        return self._engine.prepare(progress, cancel)

    def generate(self, request: Request, cancel: Cancel = NeverCancelled()) -> Iterator[Chunk | Finish]:
        return self._engine.generate(request, self._stop)

    def close(self) -> None:
        """The engine is the app's: it stays."""


class ReplayScreen(ModalScreen[None]):
    """One line a comparison; Esc stops it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "stop", "Stop")]
    app: AppContext

    def __init__(self, journal: Path) -> None:
        super().__init__()
        self._journal = journal
        self._stop = threading.Event()
        self._began = time.monotonic()
        self.over = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide tall"):
            yield Static("Replay: generated and tested again from the recorded messages", classes="question")
            yield HelpLines()
            yield Static("reading …", id="verdict", markup=False)

    def on_mount(self) -> None:
        self.query_one(HelpLines).focus()
        self.set_interval(1.0, self._tell_waiting)
        self._repeat()

    def _tell_waiting(self) -> None:
        """How far it is, while it runs."""
        if not self.over:
            count, seconds = len(self.query_one(HelpLines).lines), time.monotonic() - self._began
            stopping = "stopping" if self._stop.is_set() else "Esc stops"
            self.query_one("#verdict", Static).update(f"{count} compared, {seconds:.0f} s  ·  {stopping}")

    @work(thread=True, group="replay", exit_on_error=False)
    def _repeat(self) -> None:
        try:
            services = self.app.services
            for line in repeated(self._journal, services.ready_engine(), services.sandbox(), self._stop):
                self.post_message(ReplayTold(line))
                if self._stop.is_set():
                    break
            self.post_message(ReplayEnded())
        except AssistantError as error:
            self.post_message(ReplayEnded(str(error)))

    def on_replay_told(self, message: ReplayTold) -> None:
        pane = self.query_one(HelpLines)
        pane.lines = (*pane.lines, message.line)
        pane.scroll_end(animate=False)

    def on_replay_ended(self, message: ReplayEnded) -> None:
        self.over = True
        verdict = message.error or ("stopped" if self._stop.is_set() else self._verdict())
        self.query_one("#verdict", Static).update(f"{verdict}  ·  Esc closes")

    def _verdict(self) -> str:
        found = Counter(line[1].look for line in self.query_one(HelpLines).lines)
        parts = [
            f"{found[look]} {word.lower()}"
            for word, look in LOOKS.values()
            if look != "case--passed" and found[look]
        ]
        return ", ".join(parts) or "the same throughout"

    def action_stop(self) -> None:
        self._stop.set()
        if self.over:
            self.dismiss()


def repeated(journal: Path, engine: Engine, sandbox: Sandbox, stop: threading.Event) -> Iterator[Line]:
    """A line for every comparison; blocks. Raises JournalError, EngineError, SandboxError."""
    from assistant.core.state import replay
    from assistant.journal.reader import read_journal
    from assistant.session.replay import model_differences, repeat_generations, repeat_tests

    events: Sequence[ev.Event] = read_journal(journal).events
    state = replay(list(events))
    if state.started is None:
        return
    for difference in model_differences(state.started.model, engine.prepare()):
        yield (Piece(f" {'model':<24} "), Piece("other  ", "line--tag"), Piece(displayable(difference)))
    names = {p.id: program_name(p, state.settings.samples) for p in state.programs}
    for compared in repeat_generations(events, Stoppable(engine, stop)):
        yield comparison_line(compared, names.get(compared.program, compared.program))
    if not stop.is_set():
        for compared in repeat_tests(events, state.started.problem, sandbox):
            yield comparison_line(compared, names.get(compared.program, compared.program))


def comparison_line(comparison: ReplayComparison, name: str) -> Line:
    """`round 1  same  answer  89 tokens`."""
    word, look = LOOKS[comparison.same]
    what = f"  {_WHAT.get(comparison.what, comparison.what):<14} {displayable(comparison.detail)}"
    return (Piece(f" {name:<24} "), Piece(word, look), Piece(what))


_WHAT = {"generation": "answer"}


def program_name(program: Program, samples: int) -> str:
    """`round 2`, `round 2, sample 3`, `first answer, retry`: what a person calls a program."""
    sample = f", sample {program.sample + 1}" if samples > 1 else ""
    return f"{round_name(program.round)}{sample}" + (f", {program.arm}" if program.arm != "human" else "")
