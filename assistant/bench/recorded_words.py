"""Words that a model wrote in a person's place, by the state that they are about: one line of JSON each.

A file of them holds no person's words. A run that lacks some writes the states in the same form, with what a person
would see there and no words yet, so that a line with its words filled in can be given back.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from assistant.bench.run_folder import write_lines
from assistant.core.errors import AssistantError, UsageError
from assistant.core.problem import FrozenModel, sha256_of
from assistant.core.state import State
from assistant.journal.append_only_file import AppendFile
from assistant.problems.record_files import read_records
from assistant.problems.records import BadRecord
from assistant.session.header import parse_author
from assistant.storage.durable_io import make_folders

WAITING = "waiting.jsonl"
"""States of a run that wait for words."""


class WordsKey(NamedTuple):
    """The state in which somebody speaks."""

    problem: str
    round: int
    """The round that the words lead to, from 1."""
    program: str
    """The start of the SHA-256 of the program that they are about, or of the answer where it held none."""
    tests: str
    """The start of the SHA-256 of the visible tests as they are shown."""


class RecordedWords(FrozenModel):
    """One line of a file of words."""

    problem: str
    round: int
    program: str
    tests: str
    author: str
    """`model:NAME`."""
    words: str = ""
    """Empty where they are still waited for."""
    seen: str = ""
    """What a person would see there, in a file of states that wait for words."""

    @property
    def key(self) -> WordsKey:
        return WordsKey(self.problem, self.round, self.program, self.tests)


def key_of(state: State) -> WordsKey:
    """The key of words about the current program."""
    table = state.current_program
    assert state.problem is not None
    assert table is not None
    code = (table.code or table.text).encode("utf-8", "surrogatepass")
    tests = [test.text(state.problem.entry_point) for test in state.visible_tests()]
    return WordsKey(
        state.problem.id,
        state.words(table.id) + 1,
        hashlib.sha256(code).hexdigest()[:16],
        sha256_of(tests)[:12],
    )


def one_line(words: str) -> str:
    """Words as a person types them into one line."""
    return " ".join(words.split())


class StandInWords(NamedTuple):
    """All words of some files, and the one model that wrote them."""

    model: str
    words: Mapping[WordsKey, str]


def read_words(paths: Sequence[Path], model: str = "") -> StandInWords:
    """The words of these files, all by one model (`model`, where it is named).

    Raises UsageError for a line that is none, for a person's words, for two models, and for two texts about a state.
    """
    found: dict[WordsKey, str] = {}
    for path in paths:
        for where, record in read_records(path):
            line = _line(record, f"{path} {where}")
            name = _model_of(line, f"{path} {where}")
            if model and name != model:
                raise UsageError(
                    f"{path} {where}: its author is {name} and not {model}: name one model's words"
                )
            model = name
            words = one_line(line.words)
            if words and found.setdefault(line.key, words) != words:
                raise UsageError(f"{path} {where}: other words about the same state were read before")
    return StandInWords(model, found)


def _line(record: object, where: str) -> RecordedWords:
    if isinstance(record, BadRecord):
        raise UsageError(f"{where}: {record}")
    try:
        return RecordedWords.model_validate(record)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(
            f"{where} is no recorded words ({place}: {first['msg']}): problem, round, program, tests, author and "
            "words are read"
        ) from None


def _model_of(line: RecordedWords, where: str) -> str:
    author, model = parse_author(line.author)
    if author != "model" or not model:
        raise UsageError(
            f"{where}: the author is {line.author!r}: words here stand in for a person's, by `model:NAME`; sessions "
            "of people are laid over with --sessions DIR"
        )
    return model


def write_words(path: Path, lines: Iterable[RecordedWords]) -> None:
    """A whole file of lines, at once. Raises AssistantError."""
    write_lines(path, (line.model_dump_json() for line in lines))


class WordsLog:
    """A file of words that grows while they are spoken; one writer, any thread."""

    def __init__(self, path: Path) -> None:
        """Open or make it; a last line that was cut off is taken away. Raises AssistantError."""
        self.path = path
        self._lock = threading.Lock()
        try:
            make_folders(path.parent)
            self._file = AppendFile(path, new=not path.exists())
            self._end = path.read_bytes().rfind(b"\n") + 1
            self._file.truncate(self._end)
        except OSError as error:
            raise AssistantError(f"{path} cannot be written ({error.strerror})") from None

    def append(self, line: RecordedWords) -> None:
        """On disk when this returns. Raises JournalError."""
        data = (line.model_dump_json() + "\n").encode("utf-8", "replace")
        with self._lock:
            self._file.append(data, self._end)
            self._end += len(data)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
