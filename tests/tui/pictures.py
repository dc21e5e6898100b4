"""Pictures of the app: SVGs that are kept beside the tests and shown in the README.

`ASSISTANT_UPDATE_PICTURES=1 pytest tests/tui/test_pictures.py` draws them anew; look at them before they are
committed. Another version of Textual may draw the same screen with other SVG: then only the text is compared.
"""

from __future__ import annotations

import html
import os
import re
from importlib.metadata import version
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input, TextArea
from textual.widgets._footer import FooterKey

FOLDER = Path(__file__).parent / "pictures"
DRAWN_WITH = FOLDER / "textual-version.txt"
UPDATE = bool(os.environ.get("ASSISTANT_UPDATE_PICTURES"))


async def compare_picture(pilot: Pilot[None], name: str) -> list[str]:
    """Nothing when the screen looks as in `name`.svg, else one line that says which picture is off."""
    await stand_still(pilot)
    shown = pilot.app.screen.query(FooterKey)
    if cut := [key.description for key in shown if key.region.right > pilot.app.size.width]:
        return [f"{name}: the footer has no room for {', '.join(cut)}"]
    svg = pilot.app.export_screenshot(title="assistant")
    file = FOLDER / f"{name}.svg"
    if UPDATE:
        FOLDER.mkdir(exist_ok=True)
        file.write_text(svg, encoding="utf-8")
        DRAWN_WITH.write_text(version("textual") + "\n")
        return []
    kept = file.read_text(encoding="utf-8") if file.exists() else ""
    same_version = DRAWN_WITH.read_text().strip() == version("textual")
    if (svg == kept) if same_version else (words(svg) == words(kept)):
        return []
    seen = Path(os.environ.get("TMPDIR", "/tmp")) / f"{name}.svg"
    seen.write_text(svg, encoding="utf-8")
    return [f"{name}: differs from {file}; it looks like {seen} now"]


async def stand_still(pilot: Pilot[None]) -> None:
    """No blinking cursor, no toast."""
    for area in pilot.app.screen.query(TextArea):
        area.cursor_blink = False
        area._line_cache.clear()  # Textual keeps the line that it drew while the cursor was out
        area.refresh()
    for field in pilot.app.screen.query(Input):
        field.cursor_blink = False
    pilot.app.clear_notifications()
    await pilot.pause()


def words(svg: str) -> list[str]:
    """The text of an SVG, in order, without styles."""
    return [html.unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]
