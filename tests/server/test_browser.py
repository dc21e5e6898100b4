"""A participant's whole way in a real browser: consent, questions, practice, a problem, the code, and coming back."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from assistant.core import events as ev
from assistant.journal.consent import read_answers
from assistant.journal.library import list_sessions
from assistant.journal.reader import read_journal
from assistant.journal.validation import verify_folder
from tests.server.conftest import RIGHT, WRONG, OpenSite
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


async def until(done: Callable[[], object], what: str) -> None:
    try:
        async with asyncio.timeout(90):
            while not done():
                await asyncio.sleep(0.2)
    except TimeoutError:
        pytest.fail(f"waited in vain for {what}")


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

    async def terminal(self) -> None:
        """Wait until the terminal takes keys."""
        async with asyncio.timeout(60):
            while "-first-byte" not in (await self.page.value("document.body.className") or ""):
                await asyncio.sleep(0.2)
            while await self.page.value("document.activeElement.tagName") != "TEXTAREA":
                await asyncio.sleep(0.1)

    async def press_until(self, keys: str, done: Callable[[], object], what: str) -> None:
        """Keys are for the screen that is there: again where it was not yet."""
        for _ in range(12):
            await self.page.press(keys)
            with suppress(TimeoutError):
                async with asyncio.timeout(5):
                    while not done():
                        await asyncio.sleep(0.2)
                    return
        pytest.fail(f"pressed in vain for {what}")

    async def picture(self) -> None:
        if PICTURES:
            await asyncio.sleep(0.7)
            self._pictures += 1
            Path(PICTURES, f"{self._pictures:02}.png").write_bytes(await self.page.picture())


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

    def states(problem: str) -> list[tuple[str, int]]:
        return [(s.state, s.feedbacks) for s in list_sessions(folder) if s.problem == problem]

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
        await visit.terminal()
        for problem, words in (("rotate-left", "wrap around"), ("count-doubles", "only neighbours")):
            name = f"starter/{problem}"
            await visit.press_until("\r", lambda name=name: states(name), f"the session of {name}")  # type: ignore[misc]
            await until(
                lambda name=name: any(s.events > 4 and s.problem == name for s in list_sessions(folder)),  # type: ignore[misc]
                "the first program",
            )
            await visit.picture()
            said = lambda name=name: any(count for _, count in states(name))  # type: ignore[misc]  # noqa: E731
            await visit.press_until(f"{words}\r", said, f"feedback on {name}")
            await asyncio.sleep(1)
            await visit.picture()
            over = lambda name=name: ("solved", 1) in states(name)  # type: ignore[misc]  # noqa: E731
            await visit.press_until("4\r", over, f"the answer after {name}")
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
