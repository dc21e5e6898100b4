"""`assistant export`: journals as a dataset that others can load."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.cli import options as o
from assistant.core import plugins
from assistant.reporting.progress import ProgressPrinter

if TYPE_CHECKING:
    from assistant.datasets.export_result import ExportResult
    from assistant.datasets.options import Rules
    from assistant.datasets.pipeline import ExportRequest

SHOWN = 160
"""Characters of a text in a sample row."""


def export(
    folder: o.SessionsFolder = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAMES",
            help=f"{', '.join(plugins.names('export_formats'))} (several with commas), or all: every table.",
        ),
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="OUT", help="The dataset's folder; must not be there yet.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing: counts and three rows of each format.")
    ] = False,
    solved: Annotated[
        str, typer.Option(help="A program is right by its visible tests, or also by hidden.")
    ] = "hidden",
    origin: Annotated[
        str,
        typer.Option(
            help="Whose feedback: people, simulated, unknown, or an imported dataset (ilf, …). Never mixed."
        ),
    ] = "people",
    arms: Annotated[
        str, typer.Option(help="Control arms to export too: none, all, or retry,tests,…")
    ] = "none",
    unsealed: Annotated[
        str, typer.Option(help="Verdicts that a program could forge: drop or keep.")
    ] = "drop",
    leaky: Annotated[
        str, typer.Option(help="Rows whose feedback gives the solution away: drop or keep.")
    ] = "drop",
    duplicates: Annotated[str, typer.Option(help="Rows that are learned from twice: drop or keep.")] = "drop",
    ties: Annotated[
        str, typer.Option(help="Pairs of equals: skip, tests (more passed wins), edits.")
    ] = "skip",
    pairs: Annotated[
        str, typer.Option(help="Pairs answer the same prompt (state) or the first (task).")
    ] = "state",
    turns: Annotated[
        str, typer.Option(help="sft and openai: the final program alone, or the dialogue.")
    ] = "final",
    overlap: Annotated[
        str, typer.Option(help="Test problems of MBPP and HumanEval: into `test`, report, exclude.")
    ] = "test",
    personal: Annotated[
        str, typer.Option(help="Personal data in people's feedback: redact, refuse, keep.")
    ] = "redact",
    splits: Annotated[
        str, typer.Option(metavar="A,B,C", help="Shares of problems: train, validation, test.")
    ] = "0.8,0.1,0.1",
    splits_from: Annotated[
        Path | None,
        typer.Option(
            "--splits-from", metavar="OUT", help="Keep problems where this earlier export put them."
        ),
    ] = None,
    placement: Annotated[
        str, typer.Option(help="Problems into splits: by hash, or even (no split stays empty).")
    ] = "hash",
    licence: Annotated[str, typer.Option(metavar="ID", help="The dataset's licence, e.g. cc-by-4.0.")] = "",
    creator: Annotated[
        list[str] | None,
        typer.Option("--creator", metavar="NAME", help="Who made it, for CITATION.cff; once for each."),
    ] = None,
    push: Annotated[
        str, typer.Option("--push", metavar="NAME", help="Upload it to the Hugging Face hub too; private.")
    ] = "",
    public: Annotated[bool, typer.Option("--public", help="With --push: everybody may read it.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier export at OUT.")] = False,
    sessions: o.Sessions = None,
    json_: o.Json = False,
) -> int:
    """Make journals a dataset: Parquet shards, a card, splits by problem, only with consent."""
    from assistant.core.control_arms import parse_recorded
    from assistant.core.errors import UsageError
    from assistant.datasets import options as rules
    from assistant.datasets import pipeline as exporting
    from assistant.datasets.formats.base import parse_formats
    from assistant.settings.paths import sessions_folder

    if out is None and not dry_run:
        raise UsageError("no folder was named: choose one with --out OUT, or look first with --dry-run")
    _check_push(push, public=public, dry_run=dry_run, licence=licence, origin=origin)
    request = exporting.ExportRequest(
        folder=folder or sessions_folder(sessions),
        formats=parse_formats(format_ or ("all" if dry_run else "")),
        rules=rules.checked(
            solved=solved, unsealed=unsealed, arms=parse_recorded(arms), origin=origin, leaky=leaky,
            duplicates=duplicates, ties=ties, overlap=overlap, personal=personal, turns=turns, pairs=pairs,
            placement=placement, shares=rules.parse_shares(splits),
        ),
        licence=licence,
        earlier=exporting.earlier_splits(splits_from) if splits_from else {},
        creators=tuple(creator or ()),
        hub_name=push,
    )  # fmt: skip
    with ProgressPrinter(announce=500) as printer:
        if dry_run or out is None:
            outcome = exporting.rehearse(request, printer.show)
        else:
            outcome = exporting.export(
                request, out, overwrite=overwrite, progress=printer.show,
                show=lambda found: _print_findings(found, printer.line),
            )  # fmt: skip
    if dry_run:
        _print_findings(outcome, printer.line)
    _print(request, outcome, json_=json_, samples=dry_run)
    if not dry_run:
        print(f"Dataset in {out}; begin with {out / 'README.md' if out else ''}", file=sys.stderr)
    if push and out is not None:
        _push(out, push, outcome, public=public)
    return 0


def _check_push(name: str, *, public: bool, dry_run: bool, licence: str, origin: str) -> None:
    """Everything that would stop an upload, before an export of minutes."""
    from assistant.core.errors import UsageError
    from assistant.datasets.card_header import OWN
    from assistant.datasets.hub_upload import check_name

    if not name:
        if public:
            raise UsageError("--public says who may read what --push uploads: add --push NAME")
        return
    if dry_run:
        raise UsageError("--dry-run writes nothing, so there is nothing to --push: choose one of them")
    if public and not licence and origin in OWN:
        raise UsageError(
            "what everybody may read needs a licence: name one with --licence ID, e.g. cc-by-4.0"
        )
    check_name(name)


def _push(out: Path, name: str, outcome: ExportResult, *, public: bool) -> None:
    from assistant.datasets.hub_upload import push

    message = f"assistant export of journals {outcome.data_sha256[:12]}"
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"Uploading {size / 1e6:.1f} MB to {name}", file=sys.stderr)
    address = push(out, name, public=public, message=message)
    print(f"On the hub, {'public' if public else 'private'}: {address}", file=sys.stderr)


def _print_findings(outcome: ExportResult, say: Callable[[str], None]) -> None:
    """Personal data, before anything has its name."""
    for finding in outcome.findings[:20]:
        say(f"personal data in {finding.session}: {finding.kind} {finding.text!r}")
    if len(outcome.findings) > 20:
        say(f"… and {len(outcome.findings) - 20} more")


def _print(request: ExportRequest, outcome: ExportResult, *, json_: bool, samples: bool) -> None:
    """Counts (and rows) on stdout, what was left out on stderr."""
    for item in outcome.left_out[:20]:
        print(f"left out: {item.path.name}: {item.message}", file=sys.stderr)
    if len(outcome.left_out) > 20:
        print(f"… and {len(outcome.left_out) - 20} more files", file=sys.stderr)
    if json_:
        print(json.dumps(_summary(outcome, request.rules, samples), ensure_ascii=False))
        return
    for why, count in sorted(outcome.sessions.items()):
        if count:
            print(f"{count:7} sessions {'exported' if why == 'exported' else f'left out: {why}'}")
    for why, count in sorted(outcome.programs.items()):
        print(f"{count:7} programs make no row: {why}")
    print(f"{'':12} {'train':>8} {'validation':>10} {'test':>8}   duplicates")
    for name in request.formats:
        rows = outcome.rows[name]
        numbers = f"{rows['train']:8} {rows['validation']:10} {rows['test']:8}   {rows['duplicates']}"
        print(f"{name:12} {numbers}")
        for row in outcome.samples.get(name, ()) if samples else ():
            print(f"  {json.dumps(_short(row), ensure_ascii=False)}")
    if outcome.answers:
        print(
            f"{'answers.jsonl':12} {outcome.answers:7} answers of these people before and after their problems"
        )
    print(_overlap(outcome, request.rules))
    for line in _advice(request, outcome):
        print(f"note: {line}", file=sys.stderr)


def _overlap(outcome: ExportResult, rules: Rules) -> str:
    names = sorted({name for found in outcome.overlaps.values() for name in found})
    if outcome.excluded:
        return f"left out as test problems: {', '.join(outcome.excluded)}"
    if not names:
        return "no problem is a near-duplicate of a test problem of MBPP or HumanEval"
    shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    placed = (
        "in the test split; --overlap exclude leaves them out"
        if rules.overlap == "test"
        else "also in train; --overlap test or exclude keeps them out of it"
    )
    kept = f"; {outcome.held_out} kept out of train with near-duplicates" if outcome.held_out else ""
    return (
        f"{len(outcome.overlaps)} problems are test problems of MBPP or HumanEval: {shown} ({placed}{kept})"
    )


def _advice(request: ExportRequest, outcome: ExportResult) -> Iterator[str]:
    """What the person may not have meant."""
    if empty := outcome.about_empty(request.rules):
        yield empty
    elif outcome.lumped:
        yield (
            f"{outcome.lumped} of {len(outcome.splits)} problems are near-duplicates of one another: one group, "
            "and in one split, so the other splits are small"
        )
    if not request.licence and request.rules.origin in ("people", "simulated", "unknown"):
        yield "no licence chosen: the card says so; name one with --licence ID, e.g. --licence cc-by-4.0"


def _summary(outcome: ExportResult, rules: Rules, samples: bool) -> dict[str, Any]:
    return {
        "data_sha256": outcome.data_sha256,
        "sessions": {why: count for why, count in sorted(outcome.sessions.items()) if count},
        "programs_left_out": dict(sorted(outcome.programs.items())),
        "rows": {name: dict(sorted(counts.items())) for name, counts in outcome.rows.items()},
        "problems": dict(outcome.problems),
        "answers": outcome.answers,
        "overlaps": outcome.overlaps,
        "excluded": outcome.excluded,
        "held_out": outcome.held_out,
        "languages": dict(outcome.languages),
        "advice": outcome.about_empty(rules),
        "personal": [[f.session, f.kind, f.text] for f in outcome.findings],
        "left_out": [[item.path.name, item.reason, item.message] for item in outcome.left_out],
        **({"samples": outcome.samples} if samples else {}),
    }


def _short(value: Any) -> Any:
    """A row fit for a terminal."""
    if isinstance(value, str):
        return value if len(value) <= SHOWN else value[: SHOWN - 1] + "…"
    if isinstance(value, dict):
        return {name: _short(item) for name, item in value.items()}
    return [_short(item) for item in value] if isinstance(value, list) else value
