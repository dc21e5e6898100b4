"""From a folder of journals to a dataset: look, place every problem, make rows problem by problem, write, name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from assistant import __version__
from assistant.core.errors import AssistantError, UsageError
from assistant.core.optional_deps import check
from assistant.datasets.atomic_directory import MARK, check_free, staged
from assistant.datasets.build_rows import RowPlan, Task, make
from assistant.datasets.contamination import overlaps
from assistant.datasets.dataset_card import write_card
from assistant.datasets.export_result import ExportResult
from assistant.datasets.extras import need
from assistant.datasets.first_lines import Folder, look
from assistant.datasets.formats.base import export_format
from assistant.datasets.near_duplicates import fingerprint, groups
from assistant.datasets.options import SPLITS, Publication, Rules
from assistant.datasets.parquet_shards import OwnFiles, Shards, writer
from assistant.datasets.person_answers import person_answers
from assistant.datasets.pii import DETECTOR
from assistant.datasets.provenance import Place
from assistant.datasets.splits import assign
from assistant.journal.consent import read_answers
from assistant.journal.process_map import mapped

Progress = Callable[[str, int, int], None]
NEEDED = ("pyarrow", "datasketch", "detect_secrets", "faker", "phonenumbers", "stdnum", "py3langid")
"""Of the extra `export`, for rows."""
MANY = 200
"""From so many journals on, several processes make the rows."""


@dataclass(frozen=True)
class ExportRequest:
    """What is to be exported."""

    folder: Path
    formats: tuple[str, ...]
    rules: Rules = field(default_factory=Rules)
    licence: str = ""
    earlier: Mapping[str, str] = field(default_factory=dict)
    """Splits of problems in an earlier export, by `content_sha256`."""
    creators: tuple[str, ...] = ()
    hub_name: str = ""
    """The name that it is to have on the hub, where it goes there."""


def export(
    request: ExportRequest,
    out: Path,
    *,
    overwrite: bool = False,
    progress: Progress = lambda step, done, total: None,
    show: Callable[[ExportResult], None] = lambda outcome: None,
) -> ExportResult:
    """Write the dataset to `out`, which is there whole or not at all. Raises `AssistantError`.

    `show` is called when all is made and nothing has its name yet: it may still refuse by raising.
    """
    check_free(out, overwrite=overwrite)
    check("matplotlib", "mlcroissant", extra="export")
    prepared = _prepare(request, progress)
    with staged(out, overwrite=overwrite) as folder:
        outcome = _run(request, prepared, folder, progress)
        show(outcome)
        _refuse(request, outcome)
        publication = Publication(request.licence, request.creators, request.hub_name)
        write_card(folder, request.formats, request.rules, publication, outcome)
        (folder / MARK).write_text(_record(request, outcome), encoding="utf-8")
    return outcome


def rehearse(request: ExportRequest, progress: Progress = lambda step, done, total: None) -> ExportResult:
    """All that `export` would do but writing: counts, findings, the first rows of each format."""
    return _run(request, _prepare(request, progress), None, progress)


@dataclass(frozen=True)
class _Prepared:
    found: Folder
    tasks: list[Task]


def _prepare(request: ExportRequest, progress: Progress) -> _Prepared:
    """Look at every journal's first line, group and place the problems."""
    for module in NEEDED:
        need(module)
    for made in map(export_format, request.formats):
        if made.needs:
            need(made.needs, made.name)
    if not request.folder.is_dir():
        raise UsageError(f"there is no folder {request.folder} to export")
    found = look(request.folder, lambda done, total: progress("looking at journals", done, total))
    if not found.headers:
        raise UsageError(f"{request.folder} holds no journal that can be exported")
    prints = {content: fingerprint(problem) for content, problem in found.problems.items()}
    grouped, overlapping = groups(prints), overlaps(prints)
    tests = [c for c, names in overlapping.items() if names and request.rules.overlap == "test"]
    even = request.rules.placement == "even"
    splits = assign(grouped, request.rules.shares, request.earlier, tests, even=even)
    held_out = {grouped[content] for content in tests}
    plan = RowPlan(request.rules, request.formats, read_answers(request.folder))
    paths: dict[str, list[Path]] = {}
    for header in sorted(found.headers, key=lambda header: header.session):
        paths.setdefault(header.content, []).append(header.path)
    places = [
        Place(c, grouped[c], splits[c], tuple(overlapping[c]), grouped[c] in held_out) for c in sorted(paths)
    ]
    tasks = [Task(place, tuple(paths[place.content]), plan) for place in places]
    return _Prepared(found, tasks)


def _run(
    request: ExportRequest, prepared: _Prepared, folder: Path | None, progress: Progress
) -> ExportResult:
    """Make and write every problem's rows, in order of their hashes."""
    outcome = ExportResult(left_out=list(prepared.found.left_out))
    total = len(prepared.found.headers)
    tasks, excluded = _parted(prepared.tasks, request.rules)
    outcome.sessions["overlaps a test set"] = sum(len(task.paths) for task in excluded)
    outcome.excluded = sorted({name for task in excluded for name in task.place.overlaps})
    shards: dict[tuple[str, str], Shards | OwnFiles] = {}
    done = 0
    try:
        for task, made in zip(tasks, mapped(make, tasks, alone=total < MANY), strict=True):
            progress("making rows", done, total)
            done += len(task.paths)
            outcome.add(task.place, made)
            for name, table in made.tables.items() if folder is not None else ():
                key = (name, made.split)
                if key not in shards:
                    assert folder is not None
                    shards[key] = writer(folder, export_format(name), made.split)
                shards[key].add(table)
        progress("making rows", total, total)
    finally:
        for shard in shards.values():
            shard.close()
    _check_any(request, outcome)
    answers = person_answers(request.folder, outcome.people, request.rules.personal)
    outcome.answers = len(answers.rows)
    outcome.findings += answers.findings
    if folder is not None:
        answers.write(folder)
    return outcome


def _parted(tasks: list[Task], rules: Rules) -> tuple[list[Task], list[Task]]:
    """Tasks to do, and those that the rule about overlap leaves out."""
    if rules.overlap != "exclude":
        return tasks, []
    return [t for t in tasks if not t.place.overlaps], [t for t in tasks if t.place.overlaps]


def _check_any(request: ExportRequest, outcome: ExportResult) -> None:
    """Raises `UsageError` with advice where no session is exported."""
    if outcome.sessions["exported"]:
        return
    why = ", ".join(f"{count} {reason}" for reason, count in sorted(outcome.sessions.items()) if count)
    origins = sorted(
        reason.removeprefix("origin ") for reason in outcome.sessions if reason.startswith("origin ")
    )
    advice = f"; try --origin {origins[0]}" if origins else ""
    if outcome.sessions["nobody was asked for consent"]:
        advice = "; `assistant consent ANNOTATOR` asks for it"
    elif outcome.sessions["consent refused"]:
        advice = "; a refusal is changed with `assistant consent ANNOTATOR`"
    raise AssistantError(f"nothing in {request.folder} may be exported ({why or 'no sound journal'}){advice}")


def _refuse(request: ExportRequest, outcome: ExportResult) -> None:
    if request.rules.personal == "refuse" and outcome.findings:
        some = ", ".join(f"{f.kind} in {f.session}" for f in outcome.findings[:3])
        raise AssistantError(
            f"{len(outcome.findings)} pieces of personal data were found ({some}…): nothing was exported; "
            "replace them with --personal redact"
        )


def _record(request: ExportRequest, outcome: ExportResult) -> str:
    """What made this export, and where every problem went; the same for the same journals and options."""
    record = {
        "made_by": f"assistant {__version__}",
        "data_sha256": outcome.data_sha256,
        "formats": request.formats,
        "rules": asdict(request.rules),
        "personal_data_searched_by": DETECTOR,
        "sessions": {name: count for name, count in sorted(outcome.sessions.items()) if count},
        "rows": {name: dict(sorted(counts.items())) for name, counts in sorted(outcome.rows.items())},
        "splits": dict(sorted(outcome.splits.items())),
    }
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def earlier_splits(export_folder: Path) -> dict[str, str]:
    """Where an earlier export put each problem. Raises `UsageError` where that is no export."""
    try:
        splits = json.loads((export_folder / MARK).read_text(encoding="utf-8"))["splits"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(f"{export_folder} is no export of ours: it has no readable {MARK}") from None
    return {str(content): str(split) for content, split in splits.items() if split in SPLITS}
