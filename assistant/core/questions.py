"""Questions that a study asks, and what answers each takes: asked by pages and screens, checked again by `verify`."""

from __future__ import annotations

import math
import tomllib
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, TypeAdapter, model_validator

from assistant.core.problem import FrozenModel


class StudyTable(FrozenModel):
    """A table of a study file; its fields' docstrings are the comments of the example that `study new` writes."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Question(StudyTable):
    """A question on a person's page; in the file a text alone, or a table."""

    text: str
    """The question itself."""
    kind: Literal["text", "choice", "scale", "number"] = "text"
    """`text`, one of `choices`, a whole number of a scale, or a number."""
    choices: tuple[str, ...] = ()
    """Of `kind = "choice"`."""
    lowest: float | None = None
    """Of a scale (then 1 if left out) or a number."""
    highest: float | None = None
    """The same at the other end; 7 for a scale."""
    required: bool = True
    """Whether the page insists on an answer."""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"text": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _makes_sense(self) -> Question:
        if not self.text.strip():
            raise ValueError("a question needs a text")
        if (self.kind == "choice") != (len(self.choices) > 1):
            raise ValueError(f"{self.text!r}: a choice needs two or more `choices`, and nothing else has any")
        if self.kind == "scale" and not 1 < len(self.options) <= 21:
            raise ValueError(f"{self.text!r}: a scale has 2 to 21 steps, from `lowest` to `highest`")
        return self

    @property
    def options(self) -> tuple[str, ...]:
        """What can be ticked; empty where something is typed."""
        if self.kind != "scale":
            return self.choices
        ends = (1.0 if self.lowest is None else self.lowest, 7.0 if self.highest is None else self.highest)
        return tuple(str(step) for step in range(int(ends[0]), min(int(ends[1]), int(ends[0]) + 50) + 1))

    def fault(self, answer: str) -> str:
        """What is wrong with an answer, or an empty string."""
        if not answer:
            return "please answer" if self.required else ""
        if self.options and answer not in self.options:
            return f"please choose one of {', '.join(self.options)}"
        return self._number_fault(answer) if self.kind == "number" else ""

    def _number_fault(self, answer: str) -> str:
        try:
            value = float(answer.replace(",", "."))
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            return "please give a number"
        low, high = self.lowest, self.highest
        if (low is not None and value < low) or (high is not None and value > high):
            ends = [
                f"at least {low:g}" if low is not None else "",
                f"at most {high:g}" if high is not None else "",
            ]
            return f"please give a number of {' and '.join(filter(None, ends))}"
        return ""


def _may_be_skipped(value: Any) -> Any:
    return {"text": value, "required": False} if isinstance(value, str) else value


QuestionAfter = Annotated[Question, BeforeValidator(_may_be_skipped)]
"""A question after each problem: a text alone may be skipped, as in studies before questions had kinds."""
_AFTER = TypeAdapter(tuple[QuestionAfter, ...])
_AROUND = TypeAdapter(tuple[Question, ...])


class AskedQuestions(FrozenModel):
    """The questions of a study: after each problem, before the first, after the last."""

    after: tuple[Question, ...]
    entry: tuple[Question, ...]
    end: tuple[Question, ...]

    def fault(self, part: Literal["after", "entry", "end"], question: str, answer: str) -> str:
        """What contradicts that `question` was asked and took `answer`; empty where nothing does."""
        listed: tuple[Question, ...] = getattr(self, part)
        asked = next((each for each in listed if each.text == question), None)
        if asked is None:
            return f"the study does not ask {question[:60]!r} there"
        fault = asked.fault(answer)
        return f"{question[:60]!r} does not take the answer {answer[:60]!r} ({fault})" if fault else ""


@lru_cache(maxsize=64)
def questions_in(text: str) -> AskedQuestions | None:
    """The questions in the text of a study file; None where it cannot be read as one."""
    try:
        table = tomllib.loads(text)
        around = table.get("participants", {})
        return AskedQuestions(
            after=_AFTER.validate_python(table.get("questions", ())),
            entry=_AROUND.validate_python(around.get("entry_questions", ())),
            end=_AROUND.validate_python(around.get("end_questions", ())),
        )
    except (ValueError, AttributeError, RecursionError):
        return None
