"""Checks a folder of journals, and says which file and line is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from assistant.domain.errors import JournalError, UsageError
from assistant.domain.events import SessionStarted
from assistant.domain.problem import Value
from assistant.store.reading import examine, load_bytes, split_lines
from assistant.store.scan import scan
from assistant.store.story import Story
from assistant.store.wire import hash_of

Kind = Literal[
    "json", "schema", "event", "sequence", "chain", "header", "problem", "reference",
    "torn", "set_aside", "empty", "duplicate", "foreign", "unreadable",
]  # fmt: skip
NOTICES: frozenset[Kind] = frozenset({"torn", "set_aside", "foreign", "empty"})


class Finding(Value):
    """Something that a reader of the folder should know: `line` counts from 1, None for the whole file."""

    file: Path
    line: int | None
    kind: Kind
    message: str

    @property
    def is_error(self) -> bool:
        """False for what is reported but breaks nothing: torn lines and files that are not ours."""
        return self.kind not in NOTICES

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line else str(self.file)
        return f"{place}: {self.message}"


class Checked(Value):
    """One journal, checked. `tip` is the hash of its last whole line: keep it to notice any later change."""

    file: Path
    session: str | None
    events: int
    tip: str
    findings: tuple[Finding, ...]


class Verification(Value):
    """A folder, checked: every journal, and what else was found."""

    journals: tuple[Checked, ...]
    findings: tuple[Finding, ...]
    """Of all journals and of the folder itself, in order of files and lines."""

    @property
    def ok(self) -> bool:
        return not any(finding.is_error for finding in self.findings)


def verify_folder(folder: Path) -> list[Finding]:
    """Everything that is wrong or odd in `folder`. Raises `UsageError`, `JournalError` for the folder itself."""
    return list(check_folder(folder).findings)


def check_folder(
    folder: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> Verification:
    """`verify_folder` with counts and tips; `progress(done, total)` counts journals."""
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder} to verify")
    contents = scan(folder)
    journals = []
    for done, found in enumerate(contents.journals):
        progress(done, len(contents.journals))
        journals.append(check_file(found.path))
    findings = [finding for journal in journals for finding in journal.findings]
    findings += _duplicates(journals)
    findings += [_of(path, None, "set_aside", "a torn line that was set aside") for path in contents.torn]
    findings += [
        _of(path, None, "foreign", "not a file of ours; it is left out") for path in contents.foreign
    ]
    findings += [_of(path, None, "empty", "empty: nothing was recorded in it") for path in contents.empty]
    findings += [
        _of(item.path, None, "unreadable", item.why.removeprefix(f"{item.path} "))
        for item in contents.unreadable
    ]
    findings.sort(key=lambda finding: (finding.file, finding.line or 0))
    return Verification(journals=tuple(journals), findings=tuple(findings))


def check_file(path: Path) -> Checked:
    """One journal, checked as far as it can be read; never raises for what is in it."""
    try:
        lines, torn = split_lines(load_bytes(path))
    except JournalError as error:
        findings: tuple[Finding, ...] = (_of(path, None, "unreadable", str(error).removeprefix(f"{path}: ")),)
        return Checked(file=path, session=None, events=0, tip="", findings=findings)
    session, events = None, 0
    for line in examine(lines[:1]):
        session = line.event.session if isinstance(line.event, SessionStarted) else None
    findings = tuple(_line_findings(path, lines, torn))
    events = len(lines) - len({f.line for f in findings if f.kind in ("json", "schema", "event")})
    return Checked(
        file=path, session=session, events=events, tip=hash_of(lines[-1]) if lines else "", findings=findings
    )


def _line_findings(path: Path, lines: list[bytes], torn: bytes) -> Iterator[Finding]:
    if not lines:
        kind = "header" if torn else "empty"
        yield _of(path, None, kind, "holds no whole event")
    story = Story(path.stem)
    broken = False
    for line in examine(lines):
        for trouble in line.troubles:
            yield _of(path, line.number, trouble.kind, trouble.message)
        if line.event is None:
            broken = True
            continue
        for kind, message in story.tell(line.event):
            # After an unreadable line, what it may have introduced is not missed a second time.
            if not (broken and kind in ("reference", "header")):
                yield _of(path, line.number, kind, message)
    if torn and not (lines and broken):
        message = f"the last line was cut off ({len(torn)} bytes); resuming the session sets it aside"
        yield _of(path, len(lines) + 1, "torn", message)


def _duplicates(journals: list[Checked]) -> Iterator[Finding]:
    first: dict[str, Path] = {}
    for journal in journals:
        if journal.session is None:
            continue
        if journal.session in first:
            message = f"session {journal.session} is also in {first[journal.session]}"
            yield _of(journal.file, 1, "duplicate", message)
        first.setdefault(journal.session, journal.file)


def _of(file: Path, line: int | None, kind: str, message: str) -> Finding:
    return Finding.model_validate({"file": file, "line": line, "kind": kind, "message": message})
