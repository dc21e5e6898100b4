"""Checks a folder of journals, and says which file and line is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from assistant.core.errors import JournalError, UsageError
from assistant.core.events import ConsentGiven, SessionStarted, StudyInfo
from assistant.core.problem import FrozenModel
from assistant.journal.codec import hash_of
from assistant.journal.consistency import ConsistencyChecker
from assistant.journal.contradictions import Consistency
from assistant.journal.ledger_checks import check_ledgers
from assistant.journal.reader import Line, examine, load_bytes, split_lines
from assistant.journal.scan import scan
from assistant.journal.tips import Tip, compare

Kind = Literal[
    "json", "schema", "event", "sequence", "chain", "header", "problem", "reference",
    "torn", "set_aside", "empty", "duplicate", "foreign", "unreadable", "contradiction", "clock", "missing",
    "consent", "tip",
]  # fmt: skip
NOTICES: frozenset[Kind] = frozenset({"torn", "set_aside", "foreign", "empty", "clock", "missing", "consent"})


class Finding(FrozenModel):
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


class CheckedJournal(FrozenModel):
    """One journal, checked. `tip` is the hash of its last whole line: keep it to notice any later change."""

    file: Path
    session: str | None
    events: int
    tip: str
    findings: tuple[Finding, ...]
    annotator: str = ""
    consents: tuple[ConsentGiven, ...] = ()
    study: StudyInfo | None = Field(default=None, exclude=True)

    @property
    def as_tip(self) -> Tip:
        """What to keep elsewhere, to notice later whatever happens to it."""
        return Tip(session=self.session or self.file.stem, events=self.events, tip=self.tip)


class Verification(FrozenModel):
    """A folder, checked: every journal, and what else was found."""

    journals: tuple[CheckedJournal, ...]
    findings: tuple[Finding, ...]
    """Of all journals and of the folder itself, in order of files and lines."""

    @property
    def ok(self) -> bool:
        return not any(finding.is_error for finding in self.findings)

    @property
    def tips(self) -> list[Tip]:
        """The last hash of every journal that has one."""
        return [journal.as_tip for journal in self.journals if journal.tip]


def verify_folder(folder: Path) -> list[Finding]:
    """Every finding in `folder`. Raises `UsageError`, `JournalError` for the folder itself."""
    return list(check_folder(folder).findings)


def check_folder(
    folder: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
    against: Sequence[Tip] = (),
) -> Verification:
    """`verify_folder` with counts and tips; `progress(done, total)` counts journals.

    With tips kept from an earlier time, `against` those: a journal that is gone, or does not go on from its last line
    of then, is wrong.
    """
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder} to verify")
    contents = scan(folder)
    journals = []
    for done, found in enumerate(contents.journals):
        progress(done, len(contents.journals))
        journals.append(check_file(found.path))
    findings = [finding for journal in journals for finding in journal.findings]
    findings += [*_duplicates(journals), *_consents(journals), *_against(folder, journals, against)]
    studies = {journal.study.sha256: journal.study.text for journal in journals if journal.study is not None}
    findings += [_of(*found) for found in check_ledgers(folder, studies)]
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


def check_file(path: Path) -> CheckedJournal:
    """One journal, checked as far as it can be read; never raises for what is in it."""
    try:
        lines, torn = split_lines(load_bytes(path))
    except JournalError as error:
        findings: tuple[Finding, ...] = (_of(path, None, "unreadable", str(error).removeprefix(f"{path}: ")),)
        return CheckedJournal(file=path, session=None, events=0, tip="", findings=findings)
    examined = list(examine(lines))
    findings = tuple(_line_findings(path, examined, torn))
    first = examined[0].event if examined else None
    header = first if isinstance(first, SessionStarted) else None
    return CheckedJournal(
        file=path,
        session=header.session if header else None,
        events=sum(line.event is not None for line in examined),
        tip=hash_of(lines[-1]) if lines else "",
        findings=findings,
        annotator=header.annotator if header else "",
        study=header.study if header else None,
        consents=tuple(line.event for line in examined if isinstance(line.event, ConsentGiven)),
    )


def _line_findings(path: Path, lines: Sequence[Line], torn: bytes) -> Iterator[Finding]:
    if not lines:
        kind = "header" if torn else "empty"
        yield _of(path, None, kind, "holds no complete event")
    references = ConsistencyChecker(path.stem)
    broken = False
    found = []
    for line in lines:
        found += [_of(path, line.number, trouble.kind, trouble.message) for trouble in line.troubles]
        if line.event is None:
            broken = True
            continue
        for kind, message in references.check(line.event):
            # After an unreadable line, what it may have introduced is not missed a second time.
            if not (broken and kind in ("reference", "header")):
                found.append(_of(path, line.number, kind, message))
    # Where lines were changed, what contradicts them follows from that.
    yield from found or _contradictions(path, lines)
    if torn and not (lines and broken):
        message = f"the last line was cut off ({len(torn)} bytes); resuming the session sets it aside"
        yield _of(path, len(lines) + 1, "torn", message)


def _contradictions(path: Path, lines: Sequence[Line]) -> Iterator[Finding]:
    """In a journal whose lines are sound one by one and refer to each other."""
    consistency = Consistency()
    for line in lines:
        if line.stamp is not None and line.event is not None:
            findings = consistency.check(line.stamp, line.event)
            yield from (_of(path, line.number, kind, message) for kind, message in findings)
    yield from (_of(path, None, kind, message) for kind, message in consistency.finish())


def _duplicates(journals: list[CheckedJournal]) -> Iterator[Finding]:
    first: dict[str, Path] = {}
    for journal in journals:
        if journal.session is None:
            continue
        if journal.session in first:
            message = f"session {journal.session} is also in {first[journal.session]}"
            yield _of(journal.file, 1, "duplicate", message)
        first.setdefault(journal.session, journal.file)


def _consents(journals: Sequence[CheckedJournal]) -> Iterator[Finding]:
    """An annotator's answers to one text differ: it was changed, or the person thought again."""
    first: dict[tuple[str, str, str], tuple[bool, Path]] = {}
    for journal in journals:
        for consent in journal.consents:
            key = (journal.annotator, consent.version, consent.text_sha256)
            granted, file = first.setdefault(key, (consent.granted, journal.file))
            if granted is not consent.granted:
                message = (
                    f"{journal.annotator}'s answer to consent text {consent.version} differs from {file.name}"
                )
                yield _of(journal.file, None, "consent", message)


def _against(folder: Path, journals: Sequence[CheckedJournal], tips: Sequence[Tip]) -> Iterator[Finding]:
    if not tips:
        return
    files = {journal.session or journal.file.stem: journal.file for journal in journals}
    wanted = {tip.session: files[tip.session] for tip in tips if tip.session in files}
    for session, message in compare(tips, {session: _hashes(file) for session, file in wanted.items()}):
        yield _of(files.get(session, folder), None, "tip", message)


def _hashes(file: Path) -> list[str]:
    """Of every whole line."""
    try:
        return [hash_of(line) for line in split_lines(load_bytes(file))[0]]
    except JournalError:
        return []


def _of(file: Path, line: int | None, kind: str, message: str) -> Finding:
    return Finding.model_validate({"file": file, "line": line, "kind": kind, "message": message})
