"""Many journals into records: in parallel, with bounded memory, and with every file that is left out named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from assistant.core.errors import JournalError
from assistant.core.events import SessionStarted
from assistant.core.optional_deps import no_garbage_collection
from assistant.core.problem import Problem
from assistant.journal.fast_validation import LeftOut, ValidatedJournal, judge, judge_strictly
from assistant.journal.process_map import mapped
from assistant.journal.reader import Recording, load_bytes, read_journal
from assistant.journal.record_fold import MISFIT, ProblemOf, record_of
from assistant.journal.records import SessionRecord
from assistant.journal.scan import scan
from assistant.journal.screening import Screened, left_out_of, settle

MANY = 1000
"""From so many journals on, they are read by several processes."""
CHUNK = 32
"""Journals that a process reads at a time."""
Progress = Callable[[int, int], None]


def read_sessions(
    folder: Path, progress: Progress = lambda done, total: None
) -> tuple[list[SessionRecord], Screened]:
    """The record of every sound journal in `folder`, in order of ids, and what became of each file.

    The texts of programs are not read. Raises `JournalError` where the folder itself cannot be read.
    """
    contents = scan(folder)
    left_out = left_out_of(contents)
    problems: dict[str, Problem] = {}
    sessions: dict[int, SessionRecord] = {}
    journals: dict[int, ValidatedJournal] = {}
    paths = [found.path for found in contents.journals]
    for number, (journal, session) in enumerate(_all_read(paths, problems)):
        progress(number, len(paths))
        if isinstance(journal, LeftOut):
            left_out.append(journal)
        elif session is not None:
            journals[number], sessions[number] = journal, session
    screened = settle(journals, left_out)
    return sorted((sessions[n] for n in screened.journals), key=lambda session: session.id), screened


def read_recordings(folder: Path) -> tuple[list[Recording], list[LeftOut]]:
    """The events of every journal in `folder`, each session once, and the files that are left out.

    A journal whose last line was cut off is read up to there. A folder that is not there has none. Raises
    `JournalError` where the folder itself cannot be read.
    """
    recordings: dict[int, Recording] = {}
    left_out: list[LeftOut] = []
    for number, found in enumerate(scan(folder).journals if folder.exists() else ()):
        try:
            recordings[number] = read_journal(found.path)
        except JournalError as error:
            left_out.append(LeftOut(found.path, "unreadable", str(error)))
    screened = settle({number: _judged(recording) for number, recording in recordings.items()}, left_out)
    return [recordings[number] for number in screened.journals], list(screened.left_out)


def _judged(recording: Recording) -> ValidatedJournal:
    """A recording as it counts among others. Its session is that of its first line, or its file's."""
    first = recording.events[0]
    session = first.session if isinstance(first, SessionStarted) else recording.path.stem
    return ValidatedJournal(recording.path, session, recording.tip, len(recording.events))


def read_session(
    path: Path, problem_of: ProblemOf, *, content: bool
) -> tuple[ValidatedJournal | LeftOut, SessionRecord | None]:
    """One journal, judged, and its record, with the texts of its programs where `content` is set.

    There is no record where the journal is left out. Never raises for what is in the file.
    """
    judged = judge(path) if content else judge(path, trim=trimmed)
    if isinstance(judged, LeftOut):
        return judged, None
    try:
        return replace(judged, lines=()), record_of(judged.lines, judged.tip, problem_of, content=content)
    except MISFIT:
        return _read_strictly(path, problem_of, content)


def _read_strictly(
    path: Path, problem_of: ProblemOf, content: bool
) -> tuple[ValidatedJournal | LeftOut, SessionRecord | None]:
    """A journal whose chain holds, though a record could not be made of its lines as they are.

    It may lack fields that came later. Otherwise the strict reading says what is wrong with it.
    """
    try:
        judged = judge_strictly(path, load_bytes(path))
        if isinstance(judged, LeftOut):
            return judged, None
        return replace(judged, lines=()), record_of(judged.lines, judged.tip, problem_of, content=content)
    except JournalError as error:
        return LeftOut(path, "unreadable", str(error).removeprefix(f"{path}: ")), None
    except MISFIT:
        return LeftOut(path, "event", "its events do not fit together"), None


@dataclass
class _Read:
    """What a process made of some journals. Problems go apart from the sessions, each once, as JSON."""

    items: list[tuple[ValidatedJournal | LeftOut, SessionRecord | None]] = field(default_factory=list)
    problems: dict[str, dict[str, Any]] = field(default_factory=dict)

    def problem_of(self, sha: str, record: dict[str, Any]) -> Problem:
        """A stand-in, to be replaced by the process that gathers the sessions."""
        self.problems.setdefault(sha, record)
        return _STAND_IN


_STAND_IN = Problem(id="", text="", entry_point="", visible_tests=(), source="")


def _all_read(
    paths: Sequence[Path], problems: dict[str, Problem]
) -> Iterator[tuple[ValidatedJournal | LeftOut, SessionRecord | None]]:
    """Every file, in order; by as many processes as there are cores where that is worth it."""
    chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
    for read in mapped(_read, chunks, alone=len(paths) < MANY):
        for sha in read.problems.keys() - problems.keys():
            problems[sha] = Problem.model_validate(read.problems[sha])
        for judged, session in read.items:
            yield judged, replace(session, problem=problems[session.problem_sha256]) if session else None


@no_garbage_collection()
def _read(paths: Sequence[Path]) -> _Read:
    read = _Read()
    read.items = [read_session(path, read.problem_of, content=False) for path in paths]
    return read


_Cut = tuple[bytes, bytes]
"""What begins the part to be left out, and what comes right behind it."""
_CUTS: dict[bytes, tuple[_Cut, ...]] = {
    b"generation_started": ((b',"messages":[', b',"sampling":{'),),
    b"generation_finished": ((b',"text":"', b',"reason":"'), (b',"output_ids":', b',"notes":[')),
}
_REPORTS = {b"tests_finished": b',"visible":{"outcome":"', b"hidden_scored": b',"hidden":{"outcome":"'}

_PASSED_CASE = b'"outcome":"passed"'
_SEALS = (b'"sealed":true,', b'"sealed":false,')


def trimmed(kind: bytes, line: bytes) -> bytes:
    """`line`, an event of type `kind`, without prompts, tokens, raw answers and cases: half as much to parse.

    Of the cases the number of those that passed is left.

    Quotes inside JSON texts are escaped, so what is looked for with its quotes is never part of one. A line in which
    something is not found where the app writes it stays whole.
    """
    if kind in _REPORTS:
        return _report_in_short(line, _REPORTS[kind])
    for start, behind in _CUTS.get(kind, ()):
        at = line.find(start)
        end = line.find(behind, at) if at >= 0 else -1
        if end > at:
            line = line[:at] + line[end:]
    return line


def _report_in_short(line: bytes, start: bytes) -> bytes:
    """The report is the line's last field, and its outcome and seal are the report's first."""
    at = line.find(start)
    end = line.find(b'",', at + len(start)) if at >= 0 else -1
    if end < 0 or not line.endswith(b"}}"):
        return line
    seal = next((seal for seal in _SEALS if line.startswith(seal, end + 2)), b"")
    passed = b'"passed":%d}}' % line.count(_PASSED_CASE, end)
    return line[: end + 2] + seal + passed if seal else line
