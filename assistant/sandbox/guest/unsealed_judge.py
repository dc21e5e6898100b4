"""The unsealed child: program and tests in one process, for tests that need the program's own classes.

A program can forge these verdicts, so every report of them says `sealed: false`.
"""

from __future__ import annotations

import gc
import os
import socket
import types
from collections.abc import Mapping
from typing import Any

from assistant.sandbox.guest import framing
from assistant.sandbox.guest.bounded_repr import show
from assistant.sandbox.guest.exception_info import describe
from assistant.sandbox.guest.judge import Judge
from assistant.sandbox.guest.judge_link import Kind
from assistant.sandbox.guest.name_origins import Home
from assistant.sandbox.guest.solution import adopt_output, flush_streams, load


class LocalLink:
    """The same questions as `judge_link.Link` answers, put to a module in this process."""

    def __init__(self) -> None:
        self._module = types.ModuleType("solution")
        self._source = ""
        self._loaded: dict[str, Any] = {"loaded": True}
        self.raised: BaseException | None = None
        self.raised_as: dict[str, Any] = {}
        self.returned: list[Any] = []
        self.lost = ""

    def start_load(self, source: str, name: str, prelude: str = "") -> None:
        self._source = source
        try:
            self._module = load(source, name, prelude)
        except BaseException as error:
            self._loaded = {"raised": describe(error, source)}

    def finish_load(self, names: list[str]) -> tuple[dict[str, Any], dict[str, Kind]]:
        known = self._module.__dict__
        kinds = (Kind("function" if name.partition(".")[0] in known else "missing") for name in names)
        return self._loaded, dict(zip(names, kinds, strict=True))

    def confirmed(self, homes: Mapping[str, Home]) -> set[str]:
        return set()

    def namespace(self, entry: str, kinds: dict[str, Kind]) -> dict[str, Any]:
        seen = self._module.__dict__
        if entry:
            seen.setdefault("candidate", self.function(entry))
        return seen

    def function(self, name: str) -> Any:
        owner, _, method = name.partition(".")
        found = self._module.__dict__[owner]
        return getattr(found(), method) if method else found

    def begin(self, *, flat: bool = False) -> None:
        self.returned, self.raised = [], None

    def disturbed(self) -> bool:
        """Never: program and test share everything here."""
        return False

    def get(self, name: str) -> Any:
        return self._module.__dict__[name]


class UnsealedJudge(Judge):
    """A judge in the program's own process."""

    def _run_eval(self, test: dict[str, Any]) -> dict[str, Any]:
        value = eval(compile(test["code"], "expression", "eval"), self._namespace)
        return {"verdict": "passed", "actual": show(value)}

    def _judged(self, test: dict[str, Any]) -> dict[str, Any]:
        verdict = super()._judged(test)
        flush_streams()
        return verdict


def main(harness_fd: int, output_fd: int) -> None:
    """Judge and run the program over `harness_fd`."""
    adopt_output(output_fd)
    gc.enable()
    harness = framing.Frames(socket.socket(fileno=harness_fd))
    try:
        UnsealedJudge(harness, LocalLink(), unsealed=True).serve()
    except framing.FrameError:
        pass
    finally:
        os._exit(0)
