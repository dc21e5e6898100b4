"""The page of a session: every format says the same, holds nobody's name or path, and loads nothing."""

from __future__ import annotations

import html
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from assistant.cli.main import main
from assistant.core import events as ev
from assistant.journal.reader import read_journal
from assistant.reporting.session_page import SUFFIXES, page_of, session_page

EXAMPLE = Path(__file__).resolve().parents[2] / "sessions" / "example.jsonl"
HOSTILE = "<script>alert(1)</script> `x` \x1b[31m [a](http://b) ```\n# no heading"
HOME = str(Path.home() / "models" / "mine.gguf")


def _events(**said: str) -> list[ev.Event]:
    """The example's, by an annotator and a model on this machine, with other words where `said` has them."""
    made: list[ev.Event] = []
    for event in read_journal(EXAMPLE).events:
        if isinstance(event, ev.SessionStarted):
            model = event.model.model_copy(update={"name": HOME})
            event = event.model_copy(update={"annotator": "ada.lovelace", "model": model})
        elif isinstance(event, ev.FeedbackGiven):
            event = event.model_copy(update=said)
        made.append(event)
    return made


def _text(page: str, form: str) -> str:
    """What a reader sees of a page, without white space."""
    if form != "markdown":
        page = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
        page = html.unescape(re.sub(r"<[^>]+>", "", page))
    return re.sub(r"[\s\\>]", "", page)


@pytest.mark.parametrize("form", SUFFIXES)
def test_every_format_has_the_words_the_programs_and_the_verdicts(form: str) -> None:
    page = page_of(_events())
    text = _text(session_page(_events(), form), form)  # type: ignore[arg-type]
    pieces = [page.task, page.tests, *page.ending]
    for step in page.steps:
        pieces += [step.words, step.speaker, step.code, *(line for v in step.verdicts for line in v.lines)]
    assert len(page.steps) == 2 and page.steps[1].words
    assert [piece for piece in pieces if re.sub(r"[\s\\>]", "", piece) not in text] == []


@pytest.mark.parametrize("form", SUFFIXES)
def test_a_page_has_no_name_no_path_and_nothing_from_elsewhere(form: str) -> None:
    page = session_page(_events(text=f"see {Path.home()}/secret"), form)  # type: ignore[arg-type]
    assert "lovelace" not in page and str(Path.home()) not in page and "mine.gguf" in page
    started = read_journal(EXAMPLE).events[0]
    assert isinstance(started, ev.SessionStarted) and started.session not in page
    assert re.findall(r"""(?:src|href)=|@import|@font-face|url\((?!#)""", page) == []


@pytest.mark.parametrize("form", SUFFIXES)
def test_nothing_that_was_said_becomes_markup(form: str) -> None:
    page = session_page(_events(text=HOSTILE), form)  # type: ignore[arg-type]
    assert "\x1b" not in page and "<script" not in page.replace("\\<script", "")
    if form == "markdown":
        assert "\n# no heading" not in page and "[a](" not in page.replace("\\[", "")
    if form == "svg":
        ElementTree.fromstring(page)


def test_what_a_model_wrote_in_a_persons_place_is_labelled() -> None:
    step = page_of(_events(author="model", author_model="small"))
    assert step.steps[1].speaker == "Written by a model in a person's place (small)"
    assert page_of(_events()).steps[1].speaker == "A person said"


def test_every_model_that_wrote_is_named_in_its_order() -> None:
    events = _events()
    started = events[0]
    assert isinstance(started, ev.SessionStarted)
    models = [started.model, started.model.model_copy(update={"name": "other/model"}), started.model]
    resumed = [ev.SessionResumed(app_version="1", model=model, sandbox={}, machine={}) for model in models]
    assert page_of([started, *resumed, *events[1:]]).model == "mine.gguf, then other/model"


def test_hidden_verdicts_are_left_out_where_they_are_kept() -> None:
    assert "Hidden tests" in session_page(_events(), "markdown")
    assert "idden" not in session_page(_events(), "markdown", tell_hidden=False)


def test_the_command_writes_a_new_file_and_replaces_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def call(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as end:
            main(["show", str(EXAMPLE), *words])
        return int(end.value.code or 0), "".join(capsys.readouterr())

    out = tmp_path / "page.html"
    assert call("--format", "html", "--out", str(out)) == (0, f"saved: {out}\n")
    assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    status, told = call("--format", "html", "--out", str(out))
    assert status == 2 and "is there already" in told
    status, told = call("--format", "pdf")
    assert status == 2 and "choose --format markdown, html, svg" in told
    status, told = call("--out", str(out))
    assert status == 2 and "--out needs a format" in told
    status, told = call("--format", "markdown")
    assert status == 0 and told.startswith("# starter/sum-even-places\n")
