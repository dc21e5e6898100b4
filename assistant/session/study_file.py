"""The file of a study: read with every error at once, and written as an example with every key."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from assistant.core.control_arms import RECORDED
from assistant.core.errors import UsageError
from assistant.core.questions import Question
from assistant.session.study import Study
from assistant.session.study_tables import Allocation, Conditions, Consent, Exclusions, Participants, Plan
from assistant.storage.bounded_read import MEGABYTE, read_bytes

LARGEST = 4 * MEGABYTE
"""Bytes of the largest study file that is read."""
_TABLES: dict[str, type[BaseModel]] = {  # in the order of the example
    "": Study,
    "consent": Consent,
    "conditions": Conditions,
    "plan": Plan,
    "exclusions": Exclusions,
    "participants": Participants,
    "allocation": Allocation,
}


def load_study(path: Path) -> Study:
    """The study in a TOML file. Raises UsageError with everything that is wrong with it."""
    return parse_study(text_of(path), str(path))


def parse_study(text: str, where: str) -> Study:
    """The study in the text of its file, which `where` names. Raises UsageError with everything that is wrong."""
    try:
        return Study.model_validate(tomllib.loads(text))
    except ValidationError as error:
        found = [_told(problem["loc"], problem["type"], problem["msg"]) for problem in error.errors()]
        many = f" ({len(found)} errors)" if len(found) > 1 else ""
        raise UsageError(f"{where}{many}: {'; '.join(dict.fromkeys(found))}") from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, or nested without end
        what = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UsageError(f"{where} is not TOML: {what}") from None


def text_of(path: Path) -> str:
    """The file's text. Raises UsageError."""
    try:
        return read_bytes(path, LARGEST).decode("utf-8")
    except FileNotFoundError:
        raise UsageError(f"there is no study file {path}; `assistant study new` writes one") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not TOML: {error}") from None


def _told(place: tuple[int | str, ...], kind: str, message: str) -> str:
    """One error as a message, with the known keys where one is unknown."""
    name, table = ".".join(map(str, place)), str(place[0]) if len(place) > 1 else ""
    if kind == "extra_forbidden":
        asked = any(isinstance(part, int) for part in place)  # only questions are lists of tables
        known = list((Question if asked else _TABLES.get(table, Study)).model_fields)
        close = get_close_matches(str(place[-1]), known, 1)
        meant = f" (`{close[0]}`?)" if close else ""
        return f"`{name}` is no key{meant}; there are: {', '.join(known)}"
    if kind == "missing":
        return f"`{name}` is missing"
    if name in _TABLES and kind in ("model_type", "dataclass_type", "model_attributes_type"):
        return f"`{name}` must be a table: [{name}] with {', '.join(_TABLES[name].model_fields)}"
    text = message.removeprefix("Value error, ")
    text = f"{text[:1].lower()}{text[1:]}"
    return f"`{name}`: {text}" if name else text


_EXAMPLES: Mapping[str, str] = {
    "name": 'name = "my-study"',
    "problems": 'problems = ["starter/spiral-in", "starter/count-down"]',
    "annotators": 'annotators = ["a1", "a2"]',
    "author": 'author = "person"',
    "engine": 'engine = "auto"',
    "model": 'model = "Qwen/Qwen2.5-Coder-1.5B-Instruct"',
    "base_urls": 'base_urls = ["http://gpu1:8000/v1", "http://gpu2:8000/v1"]',
    "precision": 'precision = "auto"',
    "visible_tests": "visible_tests = 3",
    "max_branches": "max_branches = 2",
    "minutes": "minutes = 20",
    "thinking_tokens": "thinking_tokens = 300",
    "arms": f"arms = {json.dumps(RECORDED)}",
    "questions": 'questions = [{ text = "How hard was it?", kind = "scale", highest = 5 }, "Anything else?"]',
    "consent.version": 'version = "1"',
    "consent.text": (
        'text = """\nWe keep your feedback, the programs and your times under your pseudonym, and want to\n'
        'publish them as an open data set. You may stop and withdraw at any time.\n"""'
    ),
    "conditions.failing_cases": "failing_cases = [false, true]",
    "conditions.person_alone": "person_alone = [false, true]",
    "plan.hypotheses": 'hypotheses = ["People\'s words solve more problems than asking again."]',
    "plan.primary_outcome": 'primary_outcome = "lift"',
    "plan.secondary_outcomes": 'secondary_outcomes = ["solve_rate", "false_solves"]',
    "plan.compared_with": 'compared_with = ["retry", "tests"]',
    "plan.exclusions": 'exclusions = ["People who say that they asked another model."]',
    "plan.stopping": 'stopping = "When all 24 annotators are through, or on 2027-03-01."',
    "exclusions.failed_attention": "failed_attention = true",
    "exclusions.failed_gold": "failed_gold = true",
    "exclusions.attention_problems": "attention_problems = true",
    "exclusions.least_ended": "least_ended = 0.5",
    "exclusions.least_seconds": "least_seconds = 5",
    "exclusions.most_seconds": "most_seconds = 3600",
    "exclusions.unended": "unended = true",
    "exclusions.bad_task": "bad_task = true",
    "participants.count": "count = 2",
    "participants.entry_questions": (
        'entry_questions = [{ text = "How many years have you programmed?", kind = "number", lowest = 0 }]'
    ),
    "participants.end_questions": (
        'end_questions = [{ text = "How tired are you?", kind = "scale", highest = 5 }, '
        '{ text = "Anything else?", required = false }]'
    ),
    "participants.practice": 'practice = "starter/rotate-left"',
    "participants.completion_code": 'completion_code = "C1ABCDEF"',
    "participants.completion_url": 'completion_url = "https://app.prolific.com/submissions/complete?cc=C1ABCDEF"',
    "allocation.per_problem": "per_problem = 2",
    "allocation.refill_hours": "refill_hours = 48",
    "allocation.gold": 'gold = ["starter/count-down"]',
    "allocation.attention": 'attention = ["starter/spiral-in"]',
    "allocation.between_people": "between_people = true",
}
_LIVE = ("name", "problems", "questions", "consent.version", "consent.text")
"""What the example sets; all else is there as a comment that can be taken in."""


def example() -> str:
    """A study file with every key, each with what it means; the optional ones are commented out."""
    lines = [
        "# A study for `assistant --study FILE --annotator ID`; `assistant study check FILE` explains it.",
        "",
    ]
    for table, model in _TABLES.items():
        if table:
            live = any(key.startswith(f"{table}.") for key in _LIVE)
            lines += [f"# {_meaning(Study, table)}", f"[{table}]" if live else f"# [{table}]"]
        lines += _example_of(model, table)
    return "\n".join(lines).rstrip() + "\n"


def _example_of(model: type[BaseModel], table: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        key = f"{table}.{name}" if table else name
        if key in _TABLES:
            continue
        setting = _EXAMPLES.get(key) or f"{name} = {_toml(field.default)}"
        yield f"# {_meaning(model, name)}"
        yield from setting.splitlines() if key in _LIVE else (f"# {line}" for line in setting.splitlines())
        yield ""


def _meaning(model: type[BaseModel], name: str) -> str:
    return " ".join((model.model_fields[name].description or "").split())


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)
