"""Python files as a coding agent left them, followed through the edits that its session log holds.

An agent's session touches many files. Each that the agent wrote, that its user spoke after, and that it then changed
again is a dialogue of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from assistant.datasets.importers.chat import Turn


@dataclass
class AgentLog:
    """What an agent's session came to: turns, and after each of them the files that it changed."""

    turns: list[Turn] = field(default_factory=list)
    changed: list[dict[str, str]] = field(default_factory=list)
    """For each turn: the content of Python files that were written in it."""
    files: dict[str, str] = field(default_factory=dict)

    def say(self, turn: Turn) -> None:
        """A message of either side."""
        if turn.text.strip():
            self.turns.append(turn)
            self.changed.append({})

    def write(self, path: str, content: str) -> None:
        """The agent wrote the whole file."""
        if not path.endswith(".py"):
            return
        if not self.turns or self.turns[-1].role != "assistant":
            self.turns.append(Turn("assistant", ""))
            self.changed.append({})
        self.files[path] = content
        self.changed[-1][path] = content

    def replace(self, path: str, old: str, new: str, *, every: bool = False) -> None:
        """The agent replaced a text in a file; nothing where the file's content is not known or has no such text."""
        content = self.files.get(path)
        if content is not None and old and old in content:
            self.write(path, content.replace(old, new) if every else content.replace(old, new, 1))

    def dialogues(self) -> Iterator[tuple[str, list[Turn]]]:
        """For each Python file its dialogue: the answers that changed it carry its content."""
        for path in dict.fromkeys(path for changes in self.changed for path in changes):
            yield (
                path,
                [
                    Turn(turn.role, turn.text, changes.get(path, "") if turn.role == "assistant" else None)
                    for turn, changes in zip(self.turns, self.changed, strict=True)
                ],
            )


def short(path: str) -> str:
    """A file's own name: the folders before it may name a person."""
    return PurePosixPath(path.replace("\\", "/")).name


def patched(patch: str, log: AgentLog) -> None:
    """Apply a patch in the form of Codex's `apply_patch` (`*** Begin Patch` …) to the files of a log."""
    path, adding, lines = "", False, list[str]()
    for line in [*patch.splitlines(), "*** End Patch"]:
        if line.startswith("*** "):
            _apply(log, path, lines, adding=adding)
            lines = []
            kind, _, name = line[4:].partition(" File: ")
            path, adding = (name.strip(), kind == "Add") if kind in ("Add", "Update") else (path, adding)
            if kind == "End Patch":
                return
        else:
            lines.append(line)


def _apply(log: AgentLog, path: str, lines: Iterable[str], *, adding: bool) -> None:
    lines = list(lines)
    if not path or not lines:
        return
    if adding:
        log.write(path, "".join(f"{line[1:]}\n" for line in lines if line.startswith("+")))
        return
    for hunk in _hunks(lines):
        old = "".join(f"{line[1:]}\n" for line in hunk if line[:1] in (" ", "-", ""))
        new = "".join(f"{line[1:]}\n" for line in hunk if line[:1] in (" ", "+", ""))
        log.replace(path, old, new)


def _hunks(lines: Iterable[str]) -> Iterator[list[str]]:
    hunk: list[str] = []
    for line in lines:
        if line.startswith("@@"):
            if hunk:
                yield hunk
            hunk = []
        else:
            hunk.append(line)
    if hunk:
        yield hunk
