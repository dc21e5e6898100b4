"""A participant's whole way in a real browser: consent, questions, practice, a problem, the code, and coming back."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from assistant.core import events as ev
from assistant.journal.consent import read_answers
from assistant.journal.library import SessionSummary, list_sessions
from assistant.journal.reader import read_journal
from assistant.journal.validation import verify_folder
from tests.server.conftest import RIGHT, WRONG, OpenSite, until
from tests.tui.chromium import Page, find_chromium, open_page

PICTURES = os.environ.get("ASSISTANT_BROWSER_PICTURES", "")
"""A folder for pictures of each step, to look at."""
ALL_OF_THEM = "```python\ndef count_doubles(text):\n    return len(text)\n```"
PAIRS = "```python\ndef count_doubles(text):\n    return sum(a == b for a, b in zip(text, text[1:]))\n```"
PROGRAM = find_chromium()
STUDY = """
name = "pilot"
problems = ["starter/count-doubles"]
questions = [{ text = "How hard was it?", kind = "scale", highest = 5 }]
[consent]
version = "1"
text = "We keep what you type. You may stop."
[participants]
entry_questions = [{ text = "Years of programming?", kind = "number", lowest = 0 }]
end_questions = [
    { text = "How tired are you?", kind = "scale", highest = 5 },
    { text = "Anything else?", required = false },
]
practice = "starter/rotate-left"
completion_code = "C1ABC"
"""


class Visit:
    """One visit with the page of a browser."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._pictures = len(list(Path(PICTURES).glob("*.png"))) if PICTURES else 0

    async def shows(self, words: str) -> None:
        """Wait until the page has these words."""
        async with asyncio.timeout(60):
            while words not in (await self.page.value("document.body && document.body.innerText") or ""):
                await asyncio.sleep(0.2)
        await self.picture()

    async def click(self, selector: str) -> None:
        await self.page.value(f"document.querySelector({json.dumps(selector)}).click()")

    async def picture(self) -> None:
        if PICTURES:
            await asyncio.sleep(0.7)
            self._pictures += 1
            Path(PICTURES, f"{self._pictures:02}.png").write_bytes(await self.page.picture())


async def work_on(visit: Visit, folder: Path, problem: str, words: str) -> None:
    """The next problem with one feedback, and the answer to the question after it."""

    def sessions() -> list[SessionSummary]:
        return [session for session in list_sessions(folder) if session.problem == problem]

    await visit.page.press_until("\r", sessions)
    await until(lambda: any(session.events > 4 for session in sessions()))
    await visit.picture()
    await visit.page.press_until(f"{words}\r", lambda: any(session.feedbacks for session in sessions()))
    await asyncio.sleep(1)  # for the picture only
    await visit.picture()
    await visit.page.press_until(
        "4\r", lambda: ("solved", 1) in [(session.state, session.feedbacks) for session in sessions()]
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(PROGRAM is None, reason="no Chromium here (apt-get install chromium)")
async def test_a_participants_whole_way(open_site: OpenSite, tmp_path: Path) -> None:
    assert PROGRAM is not None
    site = await open_site(STUDY)
    scripts = {"rotate_left": [WRONG, RIGHT], "count_doubles": [ALL_OF_THEM, PAIRS]}
    lines = (json.dumps({"entry_point": name, "answers": said}) for name, said in scripts.items())
    (tmp_path / "script.jsonl").write_text("\n".join(lines))
    folder, place, link = site.place.folder, site.place, site.invite("anna")

    async with open_page(PROGRAM, link, tmp_path / "profile") as page:
        visit = Visit(page)
        await visit.shows("We keep what you type.")
        await visit.click("button[value=granted]")
        await visit.shows("Years of programming?")
        await page.value("document.querySelector('input[name=q0]').focus()")
        await page.press("many\r")
        await visit.shows("please give a number")
        await page.value("document.querySelector('input[name=q0]').value = '7'")
        await visit.click("form[action='/answers'] button")
        await visit.shows("Begin")
        await visit.click("a.go")
        await page.takes_keys()
        for problem, words in (("rotate-left", "wrap around"), ("count-doubles", "only neighbours")):
            await work_on(visit, folder, f"starter/{problem}", words)
        await visit.picture()
        await page.value("location.href = '/'")
        await visit.shows("How tired are you?")
        await visit.click("input[name=q0][value='2']")
        await visit.click("form[action='/answers'] button")
        await visit.shows("C1ABC")
        assert place.step("anna") == "done"
    async with open_page(PROGRAM, link, tmp_path / "another-device") as page:
        visit = Visit(page)
        await visit.shows("C1ABC")
        await visit.click("summary")
        await visit.click("form[action='/withdraw'] button")
        await visit.shows("You withdrew")
    assert read_answers(folder)["anna"].answer == "withdrawn"
    asked = [
        event.answer
        for session in list_sessions(folder)
        for event in read_journal(session.path).events
        if isinstance(event, ev.QuestionAnswered)
    ]
    assert asked and set(asked) == {"4"}
    answers = [json.loads(line) for line in (folder / "answers.jsonl").read_text().splitlines()]
    assert [(line["part"], line["answer"]) for line in answers] == [("entry", "7"), ("end", "2"), ("end", "")]
    assert not [finding for finding in verify_folder(folder) if finding.is_error]
