"""Comparison with a stored file, and the command that stores it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from assistant import __version__

FOLDER = Path(__file__).resolve().parent / "files"
UPDATE = "ASSISTANT_UPDATE_GOLDEN"
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def check(name: str, text: str) -> None:
    """`text` is what the golden file `name` holds; with `ASSISTANT_UPDATE_GOLDEN=1` the file is written instead."""
    path = FOLDER / name
    if os.environ.get(UPDATE) == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.is_file(), f"there is no {path}: run the test once with {UPDATE}=1"
    assert text == path.read_text(encoding="utf-8"), f"{name} changed; if that is meant: {UPDATE}=1"


def masked(text: str, **secrets: str) -> str:
    """`text` without what differs between releases and machines: the version, and each of `secrets` by its name."""
    for name, value in {"VERSION": __version__, **secrets}.items():
        text = text.replace(value, f"<{name}>")
    return text


def rounded(text: str) -> str:
    """Numbers with a point, to nine digits: the last ones differ between releases of numpy."""
    return _NUMBER.sub(lambda found: f"{float(found[0]):.9g}", text)
