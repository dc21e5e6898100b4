"""The paper's factors: every combination of what was asked for is a group of its own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, Literal

from assistant.core.errors import UsageError
from assistant.core.problem import FrozenModel

Text = Literal["given", "original", "edited"]


class Variant(FrozenModel):
    """One way to ask. `asserts` None shows every visible test; `prompt` numbers the choice of examples."""

    temperature: float
    asserts: int | None = None
    prompt: int = 0
    text: Text = "given"
    beams: int = 1
    """Above 1: by beam search, this wide; then the temperature is 0."""

    @property
    def name(self) -> str:
        """`temperature=0.8 asserts=3 prompt=0`."""
        shown = "all" if self.asserts is None else self.asserts
        text = "" if self.text == "given" else f" text={self.text}"
        way = f"beams={self.beams}" if self.beams > 1 else f"temperature={self.temperature:g}"
        return f"{way} asserts={shown} prompt={self.prompt}{text}"

    def asked(self) -> dict[str, Any]:
        """For `config.json`; as it was before there were beams, where there are none."""
        return self.model_dump(exclude={"beams"} if self.beams == 1 else None)

    @property
    def without_prompt(self) -> str:
        """The name of all prompts of this kind together."""
        return self.model_copy(update={"prompt": 0}).name.replace(" prompt=0", "")


def variants(
    temperatures: Sequence[float],
    asserts: Sequence[int | None],
    prompts: int,
    texts: Sequence[Text],
    beams: int = 1,
) -> list[Variant]:
    """Every combination, once."""
    combinations = product(
        dict.fromkeys(texts), dict.fromkeys(asserts), dict.fromkeys(temperatures), range(prompts)
    )
    return [Variant(text=x, asserts=a, temperature=t, prompt=p, beams=beams) for x, a, t, p in combinations]


def parse_numbers(text: str, name: str) -> list[float]:
    """`0.2,0.5` as numbers. Raises UsageError."""
    try:
        found = [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        found = []
    if not found or any(not 0 <= number < 1e6 for number in found):
        raise UsageError(f"{name} {text}: give numbers from 0 up, separated by commas")
    return found


def parse_asserts(text: str) -> list[int | None]:
    """`0,1,3,all` as numbers of tests shown. Raises UsageError."""
    found: list[int | None] = []
    for part in (part.strip() for part in text.split(",")):
        if part == "all":
            found.append(None)
        elif part.isdigit():
            found.append(int(part))
        else:
            raise UsageError(f"--asserts {text}: give numbers of tests or `all`, separated by commas")
    return found
