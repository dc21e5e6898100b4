"""The status line: model, device, round, speed, and what is running."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from assistant.core.generation import ModelInfo, Progress
from assistant.core.state_labels import round_name

if TYPE_CHECKING:
    from assistant.tui.context import AppContext

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
BAR_WIDTH = 20


@dataclass(frozen=True)
class Status:
    """What the status line shows."""

    doing: str = ""
    """What is running, or whose turn it is."""
    warning: str = ""
    """A warning on a line of its own while it applies (no isolation)."""
    working: bool = False
    seconds: float | None = None
    """How long it has been running."""
    model: ModelInfo | None = None
    model_name: str = ""
    progress: Progress | None = None
    round: int | None = None
    rounds: int = 0
    speed: float | None = None
    """Tokens a second of the last answer."""
    beat: int = 0
    left: str = ""
    """How much of a time limit is left."""


class StatusLine(Widget):
    """Shows `status` on one line."""

    app: AppContext

    status: reactive[Status] = reactive(Status())

    def watch_status(self, status: Status) -> None:
        self.set_class(bool(status.warning), "-warning")

    def render(self) -> RenderResult:
        left, facts, width = doing_text(self.status), facts_of(self.status), self.size.width
        while facts and len(left) + 2 + len(" · ".join(facts)) > width:
            facts.pop()
        right = " · ".join(facts)
        left = left if len(left) <= width or not width else left[: width - 1] + "…"
        line = Content(left + " " * max(1, width - len(left) - len(right)) + right)
        warning = self.status.warning
        return Content.assemble((warning, "bold reverse"), "\n", line) if warning else line


def doing_text(status: Status) -> str:
    """The current activity, with a bar where its end is known."""
    spinner = SPINNER[status.beat % len(SPINNER)] + " " if status.working else ""
    seconds = f" {status.seconds:.0f} s" if status.seconds is not None and status.seconds >= 1 else ""
    if status.progress is not None:
        return f"{spinner}{status.progress.step} {bar(status.progress)}{seconds}"
    return f"{spinner}{status.doing}{seconds}"


def bar(progress: Progress) -> str:
    """`━━━━╌╌╌╌ 45%`, or only what is done when the end is unknown."""
    if progress.total <= 0:
        return f"{progress.done:g} {progress.unit}".strip() if progress.done else ""
    share = max(0.0, min(progress.done / progress.total, 1.0))
    full = round(share * BAR_WIDTH)
    return f"{'━' * full}{'╌' * (BAR_WIDTH - full)} {share:.0%}"


def facts_of(status: Status) -> list[str]:
    """Round, speed, model and device, what matters most first."""
    facts = [status.left] if status.left else []
    if status.round is not None:
        facts.append(round_name(status.round, status.rounds))
    if status.speed:
        facts.append(f"{status.speed:.0f} tok/s" if status.speed >= 10 else f"{status.speed:.1f} tok/s")
    if status.model is not None:
        facts.append(short_name(status.model.name))
        if status.model.device and status.model.device != "none":
            facts.append(status.model.device)
    elif status.model_name:
        facts.append(short_name(status.model_name))
    return facts


def short_name(name: str) -> str:
    """The last part of a model's name."""
    return name.rstrip("/").rpartition("/")[2][:32]
