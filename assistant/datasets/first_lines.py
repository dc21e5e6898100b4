"""The first look at a folder: every journal's first line, so that problems are known before any row is made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from assistant.core.problem import Problem
from assistant.journal.fast_validation import LeftOut
from assistant.journal.process_map import mapped
from assistant.journal.scan import scan
from assistant.journal.screening import left_out_of, once

CHUNK = 200
MANY = 1000
"""From so many journals on, their first lines are read by several processes."""


@dataclass(frozen=True)
class Header:
    """What a journal's first line says; whether the rest holds is found out when its rows are made."""

    path: Path
    session: str
    content: str
    """The problem's `content_sha256`."""
    problem: Problem | None
    """Only with the first journal of a problem that its chunk met: a folder has many on the same."""


@dataclass(frozen=True)
class Folder:
    """All journals of a folder, and the problems in them by `content_sha256`."""

    headers: tuple[Header, ...]
    problems: dict[str, Problem]
    left_out: tuple[LeftOut, ...]


def look(folder: Path, progress: Callable[[int, int], None] = lambda done, total: None) -> Folder:
    """Every journal's first line. Raises `JournalError` where the folder itself cannot be read."""
    contents = scan(folder)
    left_out = left_out_of(contents)
    paths = [found.path for found in contents.journals]
    chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
    headers: list[Header] = []
    problems: dict[str, Problem] = {}
    for number, chunk in enumerate(mapped(_headers, chunks, alone=len(paths) < MANY)):
        progress(min(number * CHUNK, len(paths)), len(paths))
        for found in chunk:
            if isinstance(found, LeftOut):
                left_out.append(found)
            else:
                headers.append(found)
                if found.problem is not None:
                    problems.setdefault(found.content, found.problem)
    kept, twice = once(headers, _digest)
    return Folder(tuple(kept), problems, tuple(sorted([*left_out, *twice], key=lambda item: item.path)))


def _headers(paths: Sequence[Path]) -> list[Header | LeftOut]:
    known: dict[str, str] = {}
    return [_header(path, known) for path in paths]


def _header(path: Path, known: dict[str, str]) -> Header | LeftOut:
    """One first line; `known` maps the hashes of problems to those of their content."""
    try:
        with path.open("rb") as file:
            record: dict[str, Any] = json.loads(file.readline())
        sha, problem = record["problem_sha256"], None
        if sha not in known:
            problem = Problem.model_validate(record["problem"])
            known[sha] = problem.content_sha256
        return Header(path, record["session"], known[sha], problem)
    except OSError as error:
        return LeftOut(path, "unreadable", f"cannot be read ({error.strerror or error})")
    except (ValueError, KeyError, TypeError, RecursionError, ValidationError):
        return LeftOut(path, "event", "line 1: not the start of a session")


def _digest(header: Header) -> str:
    return hashlib.sha256(header.path.read_bytes()).hexdigest()
