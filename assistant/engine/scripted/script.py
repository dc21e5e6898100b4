"""The answers of a scripted engine: what a script may hold, and how it is read from a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import Field, ValidationError, model_validator

from assistant.core.errors import UsageError
from assistant.core.generation import Request
from assistant.core.problem import FrozenModel

DEMO_FILE = Path(__file__).with_name("demo_script.jsonl")
LARGEST = 64_000_000
"""Bytes of a script."""
PLAIN_SEPARATOR = "---"


class ScriptedAnswer(FrozenModel):
    """One answer: its text, its pace, and the error (if any) that it ends with."""

    text: str = ""
    seconds_per_chunk: float | None = Field(default=None, ge=0)
    """None takes the engine's pace."""
    error: str = ""


class ScriptLine(FrozenModel):
    """A line of a script file: one answer for any problem, or the answers for one entry point by round."""

    text: str | None = None
    seconds_per_chunk: float | None = Field(default=None, ge=0)
    error: str = ""
    entry_point: str = ""
    answers: tuple[str | ScriptedAnswer, ...] = ()

    @model_validator(mode="after")
    def _one_meaning(self) -> ScriptLine:
        if self.entry_point:
            if not self.answers or self.text is not None or self.error:
                raise ValueError('a line with "entry_point" needs "answers" (a list), and no text or error')
        elif self.answers:
            raise ValueError('"answers" needs "entry_point"')
        elif self.text is None and not self.error:
            raise ValueError('expected "text", "error", or "entry_point" with "answers"')
        return self


class Script(FrozenModel):
    """Answers given in turn, and answers by round for problems whose entry point the script knows."""

    name: str = "script"
    in_turn: tuple[ScriptedAnswer, ...] = ()
    by_entry_point: dict[str, tuple[ScriptedAnswer, ...]] = Field(default_factory=dict)

    def entry_point_of(self, request: Request) -> str | None:
        """The known entry point that the request's first user turn calls most often, or None."""
        prompt = next((message.content for message in request.messages if message.role == "user"), "")
        calls = {name: len(re.findall(rf"\b{re.escape(name)}\s*\(", prompt)) for name in self.by_entry_point}
        best = max(calls, key=lambda name: calls[name], default=None)
        return best if best is not None and calls[best] else None


def script_of(answers: Sequence[str | ScriptedAnswer], name: str = "list") -> Script:
    """A script of answers given in turn."""
    return Script(name=name, in_turn=tuple(_as_answer(answer) for answer in answers))


def read_script(path: Path) -> Script:
    """A script file: JSON Lines, or plain answers separated by lines `---`.

    Raises UsageError that names the file and the line.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        content = data.decode("utf-8").replace("\r\n", "\n")
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the script {path}: {error}") from error
    if len(data) > LARGEST:
        raise UsageError(f"{path} is larger than {LARGEST // 1_000_000} MB: that is no script of answers")
    script = (
        _from_json_lines(path, content) if _looks_like_json(path, content) else _from_plain(path, content)
    )
    if not script.in_turn and not script.by_entry_point:
        raise UsageError(f"{path} holds no answers: write one JSON object a line, or text separated by `---`")
    return script


def _looks_like_json(path: Path, content: str) -> bool:
    return path.suffix in (".jsonl", ".json") or content.lstrip().startswith("{")


def _from_json_lines(path: Path, content: str) -> Script:
    in_turn: list[ScriptedAnswer] = []
    by_entry_point: dict[str, tuple[ScriptedAnswer, ...]] = {}
    for number, text in enumerate(content.split("\n"), start=1):
        if not text.strip():
            continue
        line = _parse_line(path, number, text)
        if line.entry_point in by_entry_point:
            raise UsageError(f"{path} line {number}: a second line for the entry point {line.entry_point}")
        if line.entry_point:
            by_entry_point[line.entry_point] = tuple(
                _as_answer(answer, line.seconds_per_chunk) for answer in line.answers
            )
        else:
            in_turn.append(
                ScriptedAnswer(
                    text=line.text or "", seconds_per_chunk=line.seconds_per_chunk, error=line.error
                )
            )
    return Script(name=path.stem, in_turn=tuple(in_turn), by_entry_point=by_entry_point)


def _parse_line(path: Path, number: int, text: str) -> ScriptLine:
    try:
        return ScriptLine.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        reason = f"not JSON ({error.msg} at column {error.colno})"
    except RecursionError:
        reason = "not a script: its JSON is nested too deep"
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        reason = f"{field + ': ' if field else ''}{first['msg'].removeprefix('FrozenModel error, ')}"
    except ValueError:
        reason = "not a script: a number has too many digits"
    raise UsageError(f"{path} line {number}: {reason}")


def _from_plain(path: Path, content: str) -> Script:
    answers: list[list[str]] = [[]]
    for line in content.splitlines():
        if line.strip() == PLAIN_SEPARATOR:
            answers.append([])
        else:
            answers[-1].append(line)
    return script_of(_non_empty("\n".join(lines).strip("\n") for lines in answers), path.stem)


def _non_empty(texts: Iterable[str]) -> list[str]:
    return [text for text in texts if text.strip()]


def _as_answer(answer: str | ScriptedAnswer, pace: float | None = None) -> ScriptedAnswer:
    if isinstance(answer, str):
        return ScriptedAnswer(text=answer, seconds_per_chunk=pace)
    if answer.seconds_per_chunk is None and pace is not None:
        return answer.model_copy(update={"seconds_per_chunk": pace})
    return answer
