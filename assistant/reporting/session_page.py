"""A session as a page to share: Markdown, HTML or SVG in one file, without paths, machine or annotator.

The page holds the task, every program with its verdict, and the words between them. Words that a model wrote in a
person's place are labelled so.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Literal

from assistant.core import events as ev
from assistant.core.outcome import CaseReport, Report
from assistant.core.printable import exact, exact_line, printable
from assistant.core.state import Program, State, replay
from assistant.core.state_labels import (
    after_feedback,
    beyond_note,
    draw_name,
    end_words,
    hidden_text,
    program_name,
    score,
)
from assistant.core.value_difference import contrasted
from assistant.reporting.templates import Html, html_page, markdown_text

PageFormat = Literal["markdown", "html", "svg"]
SUFFIXES: dict[PageFormat, str] = {"markdown": ".md", "html": ".html", "svg": ".svg"}
"""By format, the end of a file's name."""
SVG_WIDTH = 100
"""Characters of a line in the picture."""
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""Fonts that rich's picture would load from elsewhere."""
SPEAKERS = {
    "person": "A person said",
    "unknown": "Said by an unknown author",
    "model": "Written by a model in a person's place",
}


@dataclass(frozen=True)
class Verdict:
    """The result of one test, in lines; the first line is the test."""

    passed: bool
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One program: the words that led to it, its code and its verdicts."""

    title: str
    code: str
    is_code: bool = True
    """False where the answer holds no program and `code` is the whole answer."""
    words: str = ""
    speaker: str = ""
    verdicts: tuple[Verdict, ...] = ()
    score: str = ""


@dataclass(frozen=True)
class Page:
    """What every format shows."""

    title: str
    task: str
    tests: str
    model: str
    steps: tuple[Step, ...]
    ending: tuple[str, ...]


def session_page(events: Sequence[ev.Event], form: PageFormat, *, tell_hidden: bool = True) -> str:
    """The page of a session in one of the formats; hidden verdicts only where `tell_hidden`, of an ended session."""
    page = page_of(events, tell_hidden=tell_hidden)
    text = {"markdown": _markdown, "html": _html, "svg": _svg}[form](page)
    home = str(Path.home())
    return text.replace(home, "~") if len(home) > 1 else text


def page_of(events: Sequence[ev.Event], *, tell_hidden: bool = True) -> Page:
    """The values of the page."""
    state = replay(list(events))
    said = {(event.program, event.text): event for event in events if isinstance(event, ev.FeedbackGiven)}
    path = {program.id for program in state.path(state.current)}
    problem = state.problem
    return Page(
        title=exact_line(problem.id) if problem else "A session",
        task=printable(problem.text.strip()) if problem else "",
        tests=exact("\n".join(test.text(problem.entry_point) for test in state.visible_tests())) if problem else "",
        model=_models(events),
        steps=tuple(
            _step(program, state, said, program.id in path)
            for program in state.programs
            if program.id in path or program in state.dialogue
        ),
        ending=tuple(_ending(state, tell_hidden)),
    )  # fmt: skip


def _models(events: Sequence[ev.Event]) -> str:
    """The model of the session; where another one went on with it, each in its order."""
    opened = [event for event in events if isinstance(event, ev.SessionStarted | ev.SessionResumed)]
    return ", then ".join(dict.fromkeys(exact_line(_model_name(event.model.name)) for event in opened))


def _model_name(name: str) -> str:
    """A model's name; of a file or folder on this machine its last part only."""
    local = name.startswith(("/", "~", ".")) or "\\" in name or name.endswith(".gguf")
    return PurePath(name.replace("\\", "/")).name if local else name


def _step(
    program: Program, state: State, said: dict[tuple[str, str], ev.FeedbackGiven], on_path: bool
) -> Step:
    notes = [f"sample {program.sample + 1}"] if state.settings.samples > 1 and program.finish else []
    notes += ["another draw"] if program.arm == "draw" else []
    notes += ["edited by hand"] if program.edited else []
    notes += [draw_name(state, program)] if program.draw_of is not None else []
    notes += [] if on_path else ["dropped"]
    counted = {each.id for each in state.of_experiment.programs}
    notes += [] if program.id in counted else ["beyond the experiment"]
    words = "" if program.edited else program.feedback
    event = said.get((program.parent or "", words))
    return Step(
        title=program_name(program).capitalize() + (f" ({', '.join(notes)})" if notes else ""),
        code=exact((program.code if program.code is not None else program.text).rstrip()),
        is_code=program.code is not None,
        words=printable(words),
        speaker=_speaker(event) if words and event else "",
        verdicts=tuple(_verdicts(program.visible)),
        score=score(program.visible),
    )


def _speaker(event: ev.FeedbackGiven) -> str:
    name = f" ({exact_line(event.author_model)})" if event.author == "model" and event.author_model else ""
    return SPEAKERS[event.author] + name


def _verdicts(report: Report | None) -> Iterator[Verdict]:
    if report is None:
        return
    for case in report.cases:
        yield Verdict(case.passed, tuple(_case_lines(case)))
    if not report.cases and report.message:
        yield Verdict(False, (f"✗ {exact_line(report.message)}",))


def _case_lines(case: CaseReport) -> Iterator[str]:
    if case.passed:
        yield f"✓ {exact_line(case.test)}"
        return
    yield f"✗ {case.outcome.word}  {exact_line(case.test)}"
    if case.expected is not None and case.actual is not None:
        lefts, rights, note = contrasted(case.expected, case.actual)
        yield f"    expected  {''.join(part.text for part in lefts)}"
        yield f"    actual    {''.join(part.text for part in rights)}"
        if note:
            yield f"    {note}"
    if case.message:
        yield f"    {exact_line(case.message)}"


def _ending(state: State, tell_hidden: bool) -> Iterator[str]:
    if state.ended is None:
        return
    counted = state.of_experiment
    reason = end_words(counted.ended) if counted.ended else "open"
    beyond = f"; {beyond_note(state)}" if state.beyond else ""
    yield f"The session ended: {reason} {after_feedback(counted)}{beyond}."
    if tell_hidden and state.is_over and (words := hidden_text(state)):
        yield f"{words[0].upper()}{words[1:]}."


# Markdown.


def _markdown(page: Page) -> str:
    parts = [f"# {markdown_text(page.title)}", _paragraph(page.task), fenced(page.tests, "python")]
    if page.model:
        parts.append(f"Model: {markdown_text(page.model)}.")
    for step in page.steps:
        if step.words:
            lines = [f"{step.speaker or 'Said'}:", "", *step.words.splitlines()]
            parts.append("\n".join(f"> {markdown_text(line)}".rstrip() for line in lines))
        parts += [f"## {markdown_text(step.title)}", fenced(step.code, "python" if step.is_code else "")]
        if step.verdicts:
            parts.append(fenced("\n".join(line for verdict in step.verdicts for line in verdict.lines)))
    parts += [markdown_text(line) for line in page.ending]
    return "\n\n".join(part for part in parts if part) + "\n"


def _paragraph(text: str) -> str:
    return "  \n".join(markdown_text(line) for line in text.splitlines())


def fenced(text: str, language: str = "") -> str:
    """A code block whose fence is longer than any in `text`."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"


# HTML.


def _html(page: Page) -> str:
    return html_page(
        "assistant.reporting",
        "session.html.j2",
        {"python": _painted},
        page=page,
        light=_colours("xcode"),
        dark=_colours("github-dark"),
    )


def _colours(style: str) -> Html:
    from pygments.formatters import HtmlFormatter

    formatter: Any = HtmlFormatter(style=style)
    return Html(formatter.get_style_defs(".code"))


def _painted(code: str) -> Html:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return Html(highlight(code, PythonLexer(), HtmlFormatter(nowrap=True)).rstrip())


# SVG.


def _svg(page: Page) -> str:
    """The page drawn as a terminal would show it; fonts are the reader's own, nothing is loaded."""
    from rich.console import Console
    from rich.syntax import Syntax
    from rich.text import Text

    console = Console(
        record=True, width=SVG_WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )

    def say(text: str, style: str = "") -> None:
        console.print(Text(text, style=style), soft_wrap=False)

    say(page.task)
    say(f"\n{page.tests}\n", "dim")
    for step in page.steps:
        if step.words:
            say(f"{step.speaker or 'Said'}:", "dim")
            say(f"{step.words}\n", "bold bright_yellow")
        say(f"{step.title}  ·  {step.score}", "bold")
        if step.is_code:
            console.print(Syntax(step.code, "python", theme="ansi_dark", word_wrap=True))
        else:
            say(step.code)
        for verdict in step.verdicts:
            say("\n".join(verdict.lines), "green" if verdict.passed else "bright_red")
        say("")
    for line in page.ending:
        say(line, "bold")
    title = f"{page.title}  ·  {page.model}" if page.model else page.title
    drawn = console.export_svg(title=title, unique_id="session")
    return _FONTS.sub("", drawn, count=2)
