"""An imported session as a journal: its programs are run in our sandbox, so that the verdicts are ours."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from assistant import __version__
from assistant.core import events as ev
from assistant.core.generation import Finish
from assistant.core.outcome import Report
from assistant.core.state import program_id
from assistant.core.submission import Sandbox, Submission
from assistant.datasets.importers.imported_session import (
    ImportedAnswer,
    ImportedEdit,
    ImportedFeedback,
    ImportedSession,
)
from assistant.journal.writer import write_journal

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def journal_path(folder: Path, imported: ImportedSession) -> Path:
    """Where the session's journal belongs: `imported-DATASET/NAME.jsonl`."""
    return folder / f"imported-{imported.dataset}" / f"{_UNSAFE.sub('_', imported.name)[:120]}.jsonl"


def write_imported(folder: Path, imported: ImportedSession, sandbox: Sandbox) -> bool:
    """Write the session; False where it is there already. Raises `JournalError`, `SandboxError`."""
    path = journal_path(folder, imported)
    if path.exists():
        return False
    write_journal(path, list(_JournalEvents(imported, sandbox, path.stem).events()))
    return True


class _JournalEvents:
    """The events of an imported session, with turns and rounds numbered."""

    def __init__(self, imported: ImportedSession, sandbox: Sandbox, session: str) -> None:
        self.imported, self.sandbox, self.session = imported, sandbox, session
        self.turn, self.round = -1, 0
        self.last: str | None = None
        self.solved = False

    def events(self) -> Iterator[ev.Event]:
        yield self._header()
        for step in self.imported.steps:
            match step:
                case ImportedAnswer():
                    yield from self._answer(step)
                case ImportedFeedback() if self.last is not None:
                    self.round += 1
                    yield ev.FeedbackGiven(
                        program=self.last,
                        round=self.round,
                        text=step.text,
                        author=self.imported.author,
                        author_model=self.imported.author_model,
                    )
                case ImportedEdit():
                    yield from self._edit(step)
        yield ev.SessionEnded(reason=self._reason())

    def _reason(self) -> ev.EndReason:
        """Solved where any program passed, also one that was followed by others: as every rate counts it."""
        if self.solved:
            return "solved"
        return "rounds_used_up" if self.round >= self.imported.rounds else "gave_up"

    def _header(self) -> ev.SessionStarted:
        imported = self.imported
        return ev.SessionStarted(
            session=self.session,
            app_version=__version__,
            annotator=imported.annotator,
            problem=imported.problem,
            problem_sha256=imported.problem.sha256,
            model=imported.model,
            settings=ev.Settings(
                rounds=max(
                    imported.rounds, sum(isinstance(step, ImportedFeedback) for step in imported.steps)
                ),
                sampling=imported.sampling,
                prompt=ev.PromptSettings(template="imported", visible_tests=imported.shown_tests),
                arms=(),
            ),
            sandbox=dict(self.sandbox.layers),
            imported_from=imported.dataset,
            author=imported.author,
            author_model=imported.author_model,
            interface="import",
        )

    def _answer(self, step: ImportedAnswer) -> Iterator[ev.Event]:
        self.turn += 1
        name = program_id(self.turn, 0)
        yield ev.GenerationStarted(
            turn=self.turn,
            round=self.round,
            parent=self.last,
            messages=step.messages,
            sampling=self.imported.sampling,
            raw=step.raw,
            template_sha256="",
        )
        yield ev.GenerationFinished(
            turn=self.turn,
            round=self.round,
            program=name,
            finish=Finish(sample=0, text=step.text, reason="stop"),
            code=step.code,
            answer_problem="" if step.code else "the answer contains no code",
        )
        self.last = name
        yield from self._tested(name, step.code, self.round)

    def _edit(self, step: ImportedEdit) -> Iterator[ev.Event]:
        assert self.last is not None
        self.turn += 1
        name = program_id(self.turn, 0)
        # An edit stays in the round of the program it changes; feedback before it leads to the next round.
        round_ = self.round - 1 if self.imported.steps and self.round else self.round
        yield ev.CodeEdited(turn=self.turn, round=round_, parent=self.last, program=name, code=step.code)
        yield from self._tested(name, step.code, round_)

    def _tested(self, program: str, code: str | None, round_: int) -> Iterator[ev.Event]:
        problem = self.imported.problem
        if code is None or not problem.visible_tests:
            return
        report = self._run(code, hidden=False)
        self.solved = self.solved or report.passed
        yield ev.TestsFinished(
            turn=self.turn,
            round=round_,
            program=program,
            code_sha256=hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest(),
            visible=report,
        )
        if problem.hidden_tests:
            hidden = self._run(code, hidden=True)
            yield ev.HiddenScored(turn=self.turn, round=round_, program=program, hidden=hidden)

    def _run(self, code: str, *, hidden: bool) -> Report:
        return self.sandbox.run(Submission.of(self.imported.problem, code, hidden=hidden))
