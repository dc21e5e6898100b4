"""The sandbox's verdict as a reward: what TRL's GRPO, RLOO and SDPO trainers take as `reward_funcs`.

    from assistant import sandbox_reward
    GRPOTrainer(model=…, reward_funcs=sandbox_reward, train_dataset=load_dataset("EXPORT", "rl")["train"])

The program is judged where no part of it can reach the tests or the verdict (`sandbox/README.md`); a verdict that the
program could have forged earns nothing.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from assistant.core.code_extraction import extract_code
from assistant.core.cores import cores
from assistant.core.outcome import Outcome, Report
from assistant.core.problem import Problem
from assistant.core.submission import Limits, Sandbox, Submission
from assistant.datasets.task_columns import TASK, problem_of

Completion = str | Sequence[Mapping[str, Any]]
"""A completion as text, or as messages of a chat."""


@dataclass(frozen=True)
class Judged:
    """The program in a completion, and what its tests said of it."""

    code: str | None
    """None where the completion holds no program."""
    visible: Report | None = None
    """None where no visible test was run."""
    hidden: Report | None = None
    """None where no hidden test was run: there is none, or a visible one failed."""

    @property
    def verdict(self) -> str:
        """`passed`, or in a word or two why it is not: `no program`, `wrong`, `timed out`, `unsealed` …"""
        if self.code is None:
            return "no program"
        reports = [report for report in (self.visible, self.hidden) if report is not None]
        failed = next((report for report in reports if not report.passed), None)
        if failed is not None:
            return failed.outcome.word
        if not reports:
            return "no tests"
        return Outcome.PASSED.word if all(report.sealed for report in reports) else "unsealed"

    @property
    def reward(self) -> float:
        """1.0 where every test passed and none of the verdicts could have been forged; else 0.0."""
        return float(self.verdict == Outcome.PASSED.word)


def sandbox_reward(
    completions: Sequence[Completion],
    *,
    visible_tests: Sequence[Sequence[str]],
    timeout: float = Limits().seconds,
    log_extra: Callable[[str, list[Any]], None] | None = None,
    **columns: Any,
) -> list[float]:
    """For each completion 1.0 where its program passes every visible and every hidden test, else 0.0.

    `visible_tests` and, where a dataset has them, `hidden_tests`, `entry_point`, `test_setup` and `prelude` are
    columns of the formats `rl` and `feedback`, one value a completion. `timeout` is in seconds, for loading the
    program and for each test; `functools.partial(sandbox_reward, timeout=1.0)` sets it. The batch is judged in
    parallel on this process's cores. Trainers that log completions get the column `verdict`, which says why one
    earned nothing.

    Raises `SandboxError` where no isolation is to be had, `UsageError` for tests that are none of ours.
    """
    given = {"visible_tests": visible_tests, **columns}
    present = [name for name in TASK if given.get(name) is not None]
    problems = [
        problem_of({name: given[name][number] for name in present}) for number in range(len(completions))
    ]
    sandbox, limits = _own_sandbox(), Limits(seconds=timeout)
    with ThreadPoolExecutor(max(2, cores())) as threads:
        pairs = zip(completions, problems, strict=True)
        judged = list(threads.map(lambda pair: judge_completion(pair[0], pair[1], sandbox, limits), pairs))
    if log_extra is not None:
        log_extra("verdict", [each.verdict for each in judged])
    return [each.reward for each in judged]


def judge_completion(
    completion: Completion, problem: Problem, sandbox: Sandbox, limits: Limits = Limits()
) -> Judged:
    """Find the program as a session does, run the visible tests and, once they pass, the hidden ones."""
    code = extract_code(text_of(completion), problem.entry_point).code
    if code is None:
        return Judged(None)
    visible = hidden = None
    if problem.visible_tests:
        visible = sandbox.run(Submission.of(problem, code, limits=limits))
    if problem.hidden_tests and (visible is None or visible.passed):
        hidden = sandbox.run(Submission.of(problem, code, hidden=True, limits=limits))
    return Judged(code, visible, hidden)


def text_of(completion: Completion) -> str:
    """What the model said: the text itself, or the last assistant message of a chat."""
    if isinstance(completion, str):
        return completion
    said = [message.get("content") for message in completion if message.get("role") == "assistant"]
    content = said[-1] if said else None
    if isinstance(content, Sequence) and not isinstance(
        content, str
    ):  # parts, as models that see pictures have them
        content = "".join(part.get("text") or "" for part in content)
    return content or ""


_OPENED: dict[int, Sandbox] = {}
_LOCK = threading.Lock()


def _own_sandbox() -> Sandbox:
    """The sandbox of this process, closed when it ends; by its id, for a fork must not share its parent's."""
    from assistant.sandbox.local import open_sandbox

    process = os.getpid()
    with _LOCK:
        if process not in _OPENED:
            _OPENED[process] = open_sandbox()
            atexit.register(_close, process)
        return _OPENED[process]


def _close(process: int) -> None:
    opened = _OPENED.pop(process, None) if process == os.getpid() else None
    if opened is not None:
        opened.close()
