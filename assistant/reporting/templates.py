"""Pages and documents from jinja2 templates; what comes from elsewhere cannot become markup."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from assistant.core.printable import printable
from assistant.reporting.tex import Tex, tex_code, tex_prose, tex_text

_MARKDOWN = re.compile(r"[\\`*\[\]<>|~&]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown could take for markup; an underscore between letters or digits is none."""


class Html(str):
    """Text that is HTML already; every other text is escaped by `html_page`."""

    __slots__ = ()

    def __html__(self) -> str:
        return self


def html_page(package: str, name: str, filters: Mapping[str, Callable[..., Any]], **values: Any) -> str:
    """The HTML template `package/templates/name`, filled in. Filters return text, or `Html`."""
    environment = _environment(package, autoescape=True, finalize=_escaped)
    environment.filters.update(filters)
    return str(environment.get_template(name).render(values))


def markdown_page(package: str, name: str, **values: Any) -> str:
    """The Markdown template `package/templates/name`, filled in. Free text goes through `markdown_text` first."""
    return str(_environment(package, autoescape=False).get_template(name).render(values))


def tex_page(package: str, name: str, **values: Any) -> str:
    """The LaTeX template `package/templates/name`, filled in: `<< value >>` is text unless it is `Tex` already.

    Its marks are others than a page's, since braces and percent signs are LaTeX's own.
    """
    environment = _environment(
        package, autoescape=False, finalize=tex_text, block_start_string="<%", block_end_string="%>",
        variable_start_string="<<", variable_end_string=">>", comment_start_string="<#", comment_end_string="#>",
    )  # fmt: skip
    environment.filters.update({"code": tex_code, "path": Tex, "prose": tex_prose})
    return str(environment.get_template(name).render(values))


def markdown_text(text: object) -> str:
    """Free text as a part of a Markdown line: nothing in it is markup, a new line or a control character."""
    return _MARKDOWN.sub(r"\\\g<0>", printable(" ".join(str(text).split())))


def _environment(package: str, **settings: Any) -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(package), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, **settings,
    )  # fmt: skip


def _escaped(value: object) -> object:
    """As HTML, with the entities of Python's own `html`."""
    return value if hasattr(value, "__html__") else Html(escape(str(value)))
