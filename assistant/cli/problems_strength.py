"""`assistant problems SOURCE --strength` and `--harden`: what its tests let pass, and tests against that."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.cli import bench_options as b
from assistant.core.errors import AssistantError
from assistant.core.printable import exact_line
from assistant.reporting.progress import ProgressPrinter
from assistant.reporting.terminal_tables import listing, percent

if TYPE_CHECKING:
    from assistant.core.problem import Problem
    from assistant.problems.collection import Collection
    from assistant.problems.strength import Hardened, Strength


def strength(
    collection: Collection,
    chosen: Sequence[Problem],
    answers: Path | None,
    out: Path | None,
    *,
    harden: bool,
    json_: bool,
    unsafe: bool,
) -> int:
    """Measure every problem; with `harden`, write the set with the added hidden tests to `out`."""
    from assistant.problems.strength import harden as hardened
    from assistant.problems.strength import measure_all
    from assistant.sandbox.local import open_sandbox

    recorded = _recorded(answers, collection)
    measured: list[Strength] = []
    stronger: list[Hardened] = []
    with closing(open_sandbox(unsafe=unsafe)) as sandbox, ProgressPrinter() as printer:
        for one in measure_all(chosen, sandbox, recorded):
            measured.append(one)
            printer.show("strength", len(measured), len(chosen))
            if harden:
                stronger.append(hardened(one, sandbox))
    if json_:
        print(json.dumps(_as_json(measured, stronger), ensure_ascii=False))
    else:
        print("\n".join(_lines(measured, stronger)))
    for one in measured:
        if one.reason:
            b.say(f"not measured: {one.problem.id}: {one.reason}")
    if harden:
        _write(out or _default_out(collection), chosen, stronger)
    return 0


def _recorded(answers: Path | None, collection: Collection) -> dict[str, Sequence[str]]:
    """The programs of a file of samples, by problem. Raises UsageError."""
    if answers is None:
        return {}
    from assistant.bench import given_samples

    given = given_samples.read_given(given_samples.read_bytes(answers, sys.stdin.buffer), str(answers))
    found: dict[str, list[str]] = defaultdict(list)
    for item, problem in given_samples.matched(given, collection):
        code = given_samples.program_of(item, problem, from_text=False)
        if code:
            found[problem.id].append(code)
    return dict(found)


def _lines(measured: Sequence[Strength], stronger: Sequence[Hardened]) -> Iterator[str]:
    """A line a problem, then the shares over all."""
    by_id = {one.problem.id: one for one in stronger}
    rows = [
        (
            one.problem.id,
            str(len(one.wrong)),
            str(one.passing_visible),
            str(one.passing_all),
            *(_added(by_id[one.problem.id]) if stronger else ()),
        )
        for one in measured
        if not one.reason
    ]
    more = ("tests added", "then pass") if stronger else ()
    head = ("problem", "wrong programs", "pass the visible tests", "pass all tests", *more)
    yield from (line.rstrip() for line in listing(head, rows, sys.stdout))
    yield from _shares(measured, stronger)


def _added(one: Hardened) -> tuple[str, str]:
    return str(len(one.added)), str(one.after)


def _shares(measured: Sequence[Strength], stronger: Sequence[Hardened]) -> Iterator[str]:
    from assistant.bench.metrics import clustered

    found = [one for one in measured if not one.reason]
    if not found:
        yield "no problem could be measured"
        return
    total = sum(len(one.wrong) for one in found)
    yield f"{total} wrong programs near the references of {len(found)} problems"
    for words, counts in (
        ("pass the visible tests", [(one.passing_visible, len(one.wrong)) for one in found]),
        ("pass all tests", [(one.passing_all, len(one.wrong)) for one in found]),
    ):
        yield f"{percent(clustered(counts).model_dump())} {words}"
    if stronger:
        sizes = {one.problem.id: len(one.wrong) for one in found}
        left = [(one.after, sizes[one.problem.id]) for one in stronger if one.problem.id in sizes]
        added = sum(len(one.added) for one in stronger)
        yield f"{percent(clustered(left).model_dump())} pass all tests with the {added} that were added"


def _as_json(measured: Sequence[Strength], stronger: Sequence[Hardened]) -> dict[str, Any]:
    by_id = {one.problem.id: one for one in stronger}
    found: dict[str, Any] = {}
    for one in measured:
        name = one.problem.id
        found[name] = {
            "wrong": len(one.wrong),
            "pass_visible": one.passing_visible,
            "pass_all": one.passing_all,
            "not_measured": one.reason,
            "passing": [exact_line(program.origin) for program in one.survivors],
        }
        if name in by_id:
            added = [test.text(one.problem.entry_point) for test in by_id[name].added]
            found[name] |= {"added": added, "then_pass": by_id[name].after, "unsteady": by_id[name].unsteady}
    return found


def _default_out(collection: Collection) -> Path:
    """`mbpp-hardened.jsonl` in the current folder."""
    return Path(f"{collection.stem}-hardened.jsonl")


def _write(out: Path, chosen: Sequence[Problem], stronger: Sequence[Hardened]) -> None:
    """Every problem that was asked for, with what was added to it. Raises AssistantError."""
    from assistant.problems.collection import write_source

    by_id = {one.problem.id: one for one in stronger if one.added}
    problems = [by_id[problem.id].problem if problem.id in by_id else problem for problem in chosen]
    try:
        write_source(out, problems)
    except OSError as error:
        raise AssistantError(f"{out} cannot be written ({error.strerror}): choose another --out") from None
    added = sum(len(one.added) for one in by_id.values())
    b.say(
        f"{added} hidden tests added to {len(by_id)} of {len(problems)} problems: {out} is a source like any other"
    )
