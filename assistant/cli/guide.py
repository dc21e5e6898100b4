"""`assistant guide [TOPIC]`: the user's pages, shown in the terminal."""

from __future__ import annotations

import sys
from importlib import resources
from typing import Annotated

import typer

from assistant.core.errors import UsageError

TOPICS = (
    "app",
    "models",
    "studies",
    "analysis",
    "datasets",
    "training",
    "benchmarks",
    "python",
    "safety",
    "architecture",
    "performance",
    "changelog",
)
"""Names of the pages in `assistant/guide`, in reading order."""


def guide(
    topic: Annotated[str, typer.Argument(help="One of the topics that `assistant guide` lists.")] = "",
) -> None:
    """Show a page of the guide; without a topic, list the pages."""
    if not topic:
        for name in TOPICS:
            print(f"{name:13} {title(page(name))}")
        print("\nassistant guide TOPIC shows one.")
        return
    if topic not in TOPICS:
        raise UsageError(f"no page {topic!r} in the guide: choose one of {', '.join(TOPICS)}")
    show(page(topic))


def page(topic: str) -> str:
    """The Markdown text of a topic's page."""
    return (resources.files("assistant") / "guide" / f"{topic}.md").read_text(encoding="utf-8")


def title(markdown: str) -> str:
    """The first heading of a page."""
    return markdown.partition("\n")[0].lstrip("# ")


def show(markdown: str) -> None:
    """Render Markdown on a terminal; elsewhere print it as it is, so that it can be piped into a file."""
    if not sys.stdout.isatty():
        print(markdown, end="")
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console(width=min(Console().width, 110)).print(Markdown(markdown))
