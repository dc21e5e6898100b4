"""Run the corpus in this process's circumstances and print one JSON document: `python -m tests.sandbox.run_corpus`.

After every program a benign one must pass. At the end: no process is left, and this one has not grown.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from assistant.core.outcome import Outcome, Report
from assistant.core.problem import AssertTest
from assistant.core.submission import Limits, Submission
from assistant.sandbox.local import LocalSandbox, open_sandbox
from assistant.sandbox.source_checks import RefusedSource, decoded
from tests.sandbox.corpus import AT_THE_WALLS, CASES
from tests.sandbox.corpus.case import Case
from tests.sandbox.traps import SECRET, Traps, traps

Json = dict[str, Any]
BENIGN = Submission(
    source="def f(x):\n    return x * 2\n",
    tests=(AssertTest(code="assert f(2) == 4"),),
    limits=Limits(seconds=10.0),
)


def run_case(sandbox: LocalSandbox, case: Case, laid: Traps) -> Json:
    """One program's report in brief, and what went wrong around it."""
    begun = time.monotonic()
    report = report_on(sandbox, case, laid)
    seconds = time.monotonic() - begun
    trouble = laid.sprung()
    text = report.model_dump_json()
    if SECRET in text:
        trouble.append("the report holds the secret")
    if unsafe := {
        character
        for character in json.loads(json.dumps(report.model_dump(mode="json")))["stdout"]
        if character in "\x1b\x9b\x07"
    }:
        trouble.append(f"the report holds {unsafe!r}")
    if not sandbox.run(BENIGN).passed:
        trouble.append("a benign program did not pass after it")
    return {
        "outcome": report.outcome.value,
        "sealed": report.sealed,
        "message": " | ".join(
            [
                report.message,
                *(f"{c.outcome.value}: {c.message} {c.actual or ''}" for c in report.cases if not c.passed),
            ]
        )[:600],
        "displayable": all(map(is_displayable, texts_of(report))),
        "longest": max(map(len, texts_of(report)), default=0),
        "seconds": seconds,
        "trouble": trouble,
    }


def report_on(sandbox: LocalSandbox, case: Case, laid: Traps) -> Report:
    source = laid.set_in(case.source) if case.template and isinstance(case.source, str) else case.source
    submission = Submission(
        source="",
        tests=tuple(AssertTest(code=code) for code in case.tests),
        test_setup=case.setup,
        limits=Limits(seconds=case.seconds),
    )
    try:
        text = source if isinstance(source, str) else decoded(source)
    except RefusedSource as error:
        return sandbox.refused(submission, str(error))
    return sandbox.run(submission.model_copy(update={"source": text}))


def texts_of(report: Report) -> list[str]:
    """Every text of a report that came from the program."""
    texts = [report.stdout, report.message]
    for case in report.cases:
        texts += [case.message, case.stdout, case.expected or "", case.actual or ""]
    return texts


def is_displayable(text: str) -> bool:
    """No character that a terminal obeys or that turns the text around."""
    return not any(
        (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2066\u2028" for c in text
    )


def processes_of(session: int) -> list[int]:
    """Processes of a worker: all of one session."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(int(folder.name))
    return found


def gone_within(sessions: list[int], allowed: int, seconds: float) -> bool:
    """Whether every session comes down to at most `allowed` processes in time."""
    deadline = time.monotonic() + seconds
    while any(len(processes_of(session)) > allowed for session in sessions):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", help="only these cases")
    parser.add_argument("--walls", action="store_true", help="only what depends on the walls")
    options = parser.parse_args()
    with traps() as laid:
        sandbox = open_sandbox()
        cases = [
            case
            for case in (AT_THE_WALLS if options.walls else CASES)
            if not options.names or case.name in options.names
        ]
        if str(sandbox.layers["scratch"]).startswith("none"):
            cases = [case for case in cases if not case.needs_scratch]
        sandbox.run(BENIGN)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with ThreadPoolExecutor(2) as pool:
            results = dict(
                zip(
                    [case.name for case in cases],
                    pool.map(lambda c: run_case(sandbox, c, laid), cases),
                    strict=True,
                )
            )
        sessions = sandbox.worker_pids()
        around: Json = {
            "idle": gone_within(sessions, 3, 3.0),
            "growth_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before,
            "benign": sandbox.run(BENIGN).outcome == Outcome.PASSED,
        }
        layers = dict(sandbox.layers)
        sandbox.close()
        around["closed"] = gone_within(sessions, 0, 3.0)
    json.dump({"layers": layers, "cases": results, "around": around}, sys.stdout)


if __name__ == "__main__":
    main()
