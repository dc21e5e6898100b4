"""The style sheets name widgets that exist: Textual ignores a rule for a class that was renamed, without a word."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from importlib.resources import files

import textual.widgets
from textual.dom import DOMNode

import assistant.tui

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_SELECTORS = re.compile(r"([^{};]+)\{")
_CLASS_NAME = re.compile(r"(?<![\w.#:$-])[A-Z]\w*")


def _subclasses(kind: type) -> Iterator[type]:
    for sub in kind.__subclasses__():
        yield sub
        yield from _subclasses(sub)


def _known() -> set[str]:
    """Names of all widgets and screens, ours and Textual's."""
    for module in pkgutil.walk_packages(assistant.tui.__path__, "assistant.tui."):
        importlib.import_module(module.name)
    for name in textual.widgets.__all__:
        getattr(textual.widgets, name)
    return {kind.__name__ for kind in _subclasses(DOMNode)}


def test_every_rule_is_for_a_widget_that_exists() -> None:
    known = _known()
    sheets = [
        sheet for sheet in files(assistant.tui).joinpath("styles").iterdir() if sheet.name.endswith(".tcss")
    ]
    assert sheets
    for sheet in sheets:
        selectors = _SELECTORS.findall(_COMMENT.sub("", sheet.read_text(encoding="utf-8")))
        named = {name for selector in selectors for name in _CLASS_NAME.findall(selector)}
        assert named <= known, f"{sheet.name}: no widget is called {sorted(named - known)}"
