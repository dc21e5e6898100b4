"""The few pages around the terminal, as HTML; every value is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, Template

from assistant.core.printable import printable
from assistant.server.terminal_page import ICON

HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with `no-referrer` forms would not say where they come from
}
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""Our own pages run no script at all."""
TERMINAL_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self' ws: wss:; base-uri 'none'; frame-ancestors 'none'"
)


def render(**values: Any) -> str:
    """The page with these values; what a terminal or a reader could be misled by is escaped as well."""
    return _template().render(icon=ICON, **values)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("assistant.server"), autoescape=True, finalize=_shown, trim_blocks=True
    )
    return environment.get_template("page.html.j2")


def _shown(value: object) -> object:
    return printable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
