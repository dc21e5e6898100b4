"""The functions behind `import assistant`: what the commands do, from Python. Nothing here prints.

Errors are `assistant.core.errors.AssistantError`, whose text is one line that says what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.core.events import Settings
from assistant.core.generation import Engine
from assistant.core.outcome import Report
from assistant.core.problem import Problem
from assistant.core.submission import Limits, Sandbox, Submission
from assistant.datasets.reward import sandbox_reward
from assistant.journal.reader import Recording
from assistant.session.session import Session

if TYPE_CHECKING:
    from assistant.analysis.results import Analysis
    from assistant.datasets.export_result import ExportResult

__all__ = [
    "Problem",
    "Session",
    "Settings",
    "analyze",
    "export",
    "judge",
    "load_problems",
    "open_engine",
    "open_sandbox",
    "read_journal",
    "sandbox_reward",
]


def read_journal(path: Path | str) -> Recording:
    """A session's journal: `events` (models of `assistant.core.events`), and for each its stamp.

    Raises JournalError that names file and line.
    """
    from assistant.journal.reader import read_journal as read

    return read(Path(path))


def load_problems(source: str | Path = "starter") -> tuple[Problem, ...]:
    """The problems of `starter`, `humaneval`, `hub:NAME`, or of a file or folder in a known format.

    Records that cannot be used are left out. Raises ProblemSourceError where none can.
    """
    from assistant.problems.load import load_source

    return load_source(str(source)).problems


def open_engine(
    kind: str = "auto",
    *,
    model: str | None = None,
    device: str = "auto",
    precision: str = "auto",
    cache: Path | None = None,
    base_url: str | None = None,
    script: Path | str | None = None,
) -> Engine:
    """An engine by name (`assistant.engines`), not prepared yet; `auto` decides by what is given. Close it.

    `cache` is the folder of converted weights, the command's own where it is None. Raises UsageError.
    """
    from assistant.engine.open import open_engine as open_
    from assistant.settings.paths import cache_folder

    return open_(
        kind,
        model=model,
        device=device,
        precision=precision,
        cache=cache_folder() if cache is None else cache,
        base_url=base_url,
        script=script,
    )


def open_sandbox(*, unsafe: bool = False) -> Sandbox:
    """The sandbox that runs untrusted programs; one serves many runs and threads. Close it.

    Raises SandboxError where isolation cannot be promised, unless `unsafe` is set.
    """
    from assistant.sandbox.local import open_sandbox as open_

    return open_(unsafe=unsafe)


def judge(
    problem: Problem,
    program: str,
    sandbox: Sandbox | None = None,
    *,
    hidden: bool = False,
    limits: Limits = Limits(),
) -> Report:
    """Verdicts of the visible (or the hidden) tests on a program's source.

    Without `sandbox` one is opened for this run alone. Raises SandboxError.
    """
    submission = Submission.of(problem, program, hidden=hidden, limits=limits)
    if sandbox is not None:
        return sandbox.run(submission)
    with closing(open_sandbox()) as own:
        return own.run(submission)


def analyze(
    folder: Path | str, out: Path | str | None = None, *, study: str = "", by: Sequence[str] = ("model",)
) -> Analysis:
    """Solve rates, lifts over the controls and costs of the journals in a folder, by group.

    With `out`, tables, figures and `report.html` are written there. Needs the extra `analysis`.
    Raises AssistantError.
    """
    from assistant.analysis import analyze as analysis

    result = analysis.analyze(Path(folder), study=study, by=by)
    if out is not None:
        analysis.write(result, Path(out))
    return result


def export(
    folder: Path | str,
    out: Path | str,
    formats: Sequence[str] = ("sft",),
    *,
    licence: str = "",
    creators: Sequence[str] = (),
    overwrite: bool = False,
    **rules: object,
) -> ExportResult:
    """Journals as a dataset at `out`, of the sessions whose annotators consented.

    `rules` are the options of `assistant export`, e.g. `solved="visible"` (`assistant.datasets.options.Rules`).
    Needs the extra `export`. Raises AssistantError.
    """
    from assistant.datasets.formats.base import parse_formats
    from assistant.datasets.options import checked
    from assistant.datasets.pipeline import ExportRequest
    from assistant.datasets.pipeline import export as write

    request = ExportRequest(
        Path(folder), parse_formats(",".join(formats)), checked(**rules), licence, creators=tuple(creators)
    )
    return write(request, Path(out), overwrite=overwrite)
