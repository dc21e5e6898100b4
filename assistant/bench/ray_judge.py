"""Judging on every node of a Ray cluster: each program is a task that runs in a sandbox of its node.

Only this process writes samples down. A task whose node or worker dies is run again elsewhere; what is not judged in
the end is no sample, so that the same command makes it later.
"""

from __future__ import annotations

import functools
import os
import platform
import socket
from typing import Any

from assistant import __version__
from assistant.bench.jobs import Verdict
from assistant.bench.scoring import ProgramJudge
from assistant.core.cores import cores
from assistant.core.errors import AssistantError, UsageError
from assistant.core.optional_deps import need
from assistant.core.problem import Problem
from assistant.core.safe_ast import parse
from assistant.core.submission import Limits, Sandbox

RETRIES = 20
"""Deaths of nodes or workers that one program may meet."""
REACHED_WITHIN = 5.0
"""Seconds."""


class RayJudge(ProgramJudge):
    """A `ProgramJudge` whose programs run on the cluster at `address`: `local`, `auto` or HOST:PORT.

    `sandbox` is this machine's; no program runs in it. Raises UsageError for an address with no cluster, and
    AssistantError where a node cannot judge.
    """

    def __init__(
        self, address: str, sandbox: Sandbox, limits: Limits = Limits(), *, unsafe: bool = False
    ) -> None:
        super().__init__(sandbox, limits)
        self._ray = connected(address)
        self._unsafe = unsafe
        self._problems: dict[str, Any] = {}
        self._task = self._ray.remote(num_cpus=1, max_retries=RETRIES, scheduling_strategy="SPREAD")(
            judge_here
        )
        self._check_nodes()

    @property
    def slots(self) -> int:
        """Programs to hand over at once: one that runs and one that waits for each core of the cluster."""
        return 2 * max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def score(self, problem: Problem, code: str | None) -> Verdict:
        """The verdict on a program, from some node. Raises AssistantError where none can give it."""
        if code is None or parse(code) is None:
            return super().score(problem, code)
        if (known := self._problems.get(problem.sha256)) is None:
            known = self._problems.setdefault(problem.sha256, self._ray.put(problem))
        task = self._task.remote(__version__, known, code, self._limits, self._unsafe)
        try:
            return Verdict.model_validate_json(self._ray.get(task))
        except self._ray.exceptions.RayTaskError as error:
            raise _told(error) from None
        except self._ray.exceptions.RayError as error:
            raise AssistantError(f"the Ray cluster lost a program ({_first_line(error)})") from None

    def close(self) -> None:
        """Leave the cluster; one that is `local` ends."""
        self._ray.shutdown()

    def _check_nodes(self) -> None:
        """Each node has this version of the package and a sandbox that stands, before anything is judged."""
        pinned = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        check = self._ray.remote(num_cpus=0, max_retries=0)(check_here)
        nodes = [node for node in self._ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
        if not nodes:
            raise UsageError("the Ray cluster has no node with a processor core to judge on")
        tasks = {
            node["NodeManagerHostname"]: check.options(
                scheduling_strategy=pinned(node["NodeID"], soft=False)
            ).remote(__version__, self._unsafe)
            for node in nodes
        }
        for name, task in tasks.items():
            try:
                self._ray.get(task)
            except self._ray.exceptions.RayError as error:
                raise AssistantError(f"Ray's node {name} cannot judge: {_told(error)}") from None


def connected(address: str) -> Any:
    """Ray, connected to a cluster. Raises UsageError in one line."""
    ray = need("ray", "ray")
    need("ray.util.scheduling_strategies", "ray")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anyone
    host, _, port = address.rpartition(":")
    if address not in ("local", "auto"):
        if not (host and "/" not in host and port.isdigit() and int(port) < 65536):
            raise UsageError(f"--ray {address}: say local, auto (the cluster of this node) or HOST:PORT")
        try:
            socket.create_connection((host.strip("[]"), int(port)), REACHED_WITHIN).close()
        except OSError as error:
            raise UsageError(
                f"--ray {address}: nothing answers there ({error.strerror or error}); `ray status` on the head node "
                "names its address"
            ) from None
    here = {"num_cpus": cores(), "include_dashboard": False} if address == "local" else {}
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error", **here)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise UsageError(f"--ray {address}: no cluster can be used there ({_first_line(error)})") from None
    return ray


def judge_here(version: str, problem: Problem, code: str, limits: Limits, unsafe: bool) -> str:
    """A task: the verdict on one program as JSON, from the sandbox of this worker."""
    _check_version(version)
    return ProgramJudge(_sandbox(unsafe), limits).score(problem, code).model_dump_json()


def check_here(version: str, unsafe: bool) -> None:
    """A task: whether this node can judge."""
    _check_version(version)
    _sandbox(unsafe)


def _check_version(version: str) -> None:
    if version != __version__:
        raise AssistantError(
            f"{platform.node()} has assistant {__version__}, and the run {version}: install the same on every node"
        )


@functools.cache
def _sandbox(unsafe: bool) -> Sandbox:
    """One for each of Ray's workers, which have a core each and end with their node."""
    from assistant.sandbox.local import LocalSandbox

    try:
        return LocalSandbox(unsafe=unsafe, workers=1)
    except AssistantError as error:
        raise AssistantError(f"{platform.node()}: {error}") from None


def _told(error: Any) -> Exception:
    """What a task raised, without Ray's trace. Only what the sandbox did not foresee of a program is a verdict."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, AssistantError):
        return AssistantError(str(cause))
    if cause is None or isinstance(cause, ImportError):
        return AssistantError(f"{_first_line(cause or error)}: install the same assistant on every node")
    return RuntimeError(f"{type(cause).__name__}: {cause}")


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(error).__name__
