"""The ways to train, and which rows each takes: one table, by which requests are refused in one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from assistant.core.errors import UsageError
from assistant.core.optional_deps import need


@dataclass(frozen=True)
class Method:
    """One of TRL's trainers, and the rows that it takes."""

    name: str
    module: str
    trainer: str
    formats: tuple[str, ...]
    """Of an export, the one that is taken by itself first."""
    columns: tuple[frozenset[str], ...]
    """A row needs all columns of one of these."""
    generations: int = 0
    """Answers drawn to a prompt while it trains; 0 where it learns from the rows alone."""
    fewest: int = 0
    """Answers to a prompt that it needs to compare them."""
    rewarded: bool = False
    """Whether programs are run, in the sandbox, while it trains."""

    @property
    def told(self) -> bool:
        """Whether it learns from what the model is told beside the task."""
        return self.columns[0] >= _TOLD

    @property
    def draws(self) -> bool:
        """Whether it learns from answers that the model draws while it is trained."""
        return self.generations > 0

    def load(self) -> tuple[Any, Any]:
        """TRL's trainer and its configuration. Raises `AssistantError` without the library."""
        module = need(self.module, "train")
        return getattr(module, self.trainer), getattr(module, self.trainer.replace("Trainer", "Config"))

    def check_columns(self, columns: Iterable[str], where: str) -> None:
        """Raises `UsageError` where rows of these columns cannot be trained on."""
        there = set(columns)
        if not any(wanted <= there for wanted in self.columns):
            lacking = min((sorted(wanted - there) for wanted in self.columns), key=len)
            words = f"the column{'s' * (len(lacking) > 1)} {', '.join(lacking)}"
            raise UsageError(
                f"--method {self.name} needs {words}, which {where} has not: it takes {self.takes}"
            )

    @property
    def takes(self) -> str:
        """`the format refinement, sft or critique`."""
        *others, last = self.formats
        return f"the format {', '.join(others)}{' or ' if others else ''}{last}"


_ANSWERED = frozenset({"prompt", "completion"})
_TOLD = frozenset({"prompt", "privileged_context"})

METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method(
            "sft", "trl", "SFTTrainer", ("refinement", "sft", "critique"), (_ANSWERED, frozenset({"messages"}))
        ),
        Method("dpo", "trl", "DPOTrainer", ("preference",), (frozenset({"prompt", "chosen", "rejected"}),)),
        Method("kto", "trl", "KTOTrainer", ("kto",), (_ANSWERED | {"label"},)),
        Method(
            "sdpo", "trl.experimental.sdpo", "SDPOTrainer", ("feedback",), (_TOLD | {"visible_tests"},), 4, 2,
            rewarded=True,
        ),
        Method(
            "sdft", "trl.experimental.sdft", "SDFTTrainer", ("demonstration", "feedback"), (_TOLD,), 1, 1
        ),
        Method(
            "grpo", "trl", "GRPOTrainer", ("rl", "feedback"), (frozenset({"prompt", "visible_tests"}),), 4, 2,
            rewarded=True,
        ),
    )
}  # fmt: skip


def choose(
    method: str | None, format_: str | None, rows: Mapping[str, int], where: str
) -> tuple[Method, str]:
    """The method and the format, of which either may be left open. `rows`: how many there are of each format.

    Raises `UsageError`.
    """
    if method is not None and method not in METHODS:
        raise UsageError(f"--method is {', '.join(METHODS)}, not {method!r}")
    if format_ is None:
        return _by_rows(METHODS[method or "sft"], rows, where)
    if method is None:
        known = [found for found in METHODS.values() if format_ in found.formats]
        if not known:
            every = dict.fromkeys(name for found in METHODS.values() for name in found.formats)
            raise UsageError(f"{format_!r} is not trained on; --format is {', '.join(every)}")
        chosen = known[0]
    else:
        chosen = METHODS[method]
        others = [found for found in METHODS.values() if format_ in found.formats]
        if others and chosen not in others:
            raise UsageError(f"--method {method} takes {chosen.takes}, not {format_}")
    if not rows.get(format_):
        raise UsageError(f"{where} has no rows of format {format_}: export it with --format {format_}")
    return chosen, format_


def _by_rows(method: Method, rows: Mapping[str, int], where: str) -> tuple[Method, str]:
    found = [name for name in method.formats if rows.get(name)]
    if not found:
        there = ", ".join(f"{name} ({count} rows)" for name, count in rows.items() if count) or "nothing"
        raise UsageError(
            f"--method {method.name} takes {method.takes}, and {where} has {there}: "
            f"export it with --format {method.formats[0]}"
        )
    return method, found[0]
