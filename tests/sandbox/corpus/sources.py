"""Program files that are awkward before they run."""

from __future__ import annotations

from tests.sandbox.corpus.case import Case

_F = "def f(x):\n    return x * 2\n"
_TEST = ("assert f(2) == 4",)


def _bad(name: str, source: str | bytes, *outcomes: str) -> Case:
    return Case(name, source, _TEST, passes=False, outcomes=frozenset(outcomes or ("not_runnable",)))


def _good(name: str, source: str | bytes) -> Case:
    return Case(name, source, _TEST, passes=True)


CASES = (
    _bad("a NUL", _F + "x = '\0'\n"),
    _bad("10 MB", _F + "#" * 10_000_000),
    _bad("200,000 parentheses", "x = " + "(" * 200_000 + ")" * 200_000 + "\n" + _F),
    _bad(
        "200,000 minus signs",
        "x = " + "-" * 200_000 + "1\n" + _F,
        "not_runnable",
        "out_of_memory",
        "exited_early",
    ),
    _bad(
        "100,000 attributes",
        "x = a" + ".a" * 100_000 + "\n" + _F,
        "not_runnable",
        "raised",
        "out_of_memory",
        "exited_early",
    ),
    _bad("50,000 nested lists in one line", "x = " + "[" * 50_000 + "]" * 50_000 + "\n" + _F),
    _bad("no Python at all", b"\x7fELF\x02\x01\x01\x00\xff\xfe"),
    _bad("UTF-16", _F.encode("utf-16")),
    _bad("an unknown encoding", b"# -*- coding: klingon -*-\n" + _F.encode()),
    _bad("bytes that are no UTF-8", b"# \xff\n" + _F.encode()),
    _bad("half a surrogate pair", "x = '\ud800'\n" + _F),
    _bad("a syntax error", "def f(x:\n    return x\n"),
    _bad("bad indentation", "def f(x):\nreturn x\n"),
    _bad("mixed tabs", "def f(x):\n\tif x:\n        return 4\n"),
    _bad("return outside", _F + "return 4\n"),
    _bad("only a comment", "# nothing\n"),
    _bad("empty", ""),
    _bad("a number with too many digits", "x = " + "9" * 900_000 + "\n" + _F),
    _good("latin-1 with a cookie", b"# -*- coding: latin-1 -*-\nname = '\xe9'\n" + _F.encode()),
    _good("a byte-order mark", b"\xef\xbb\xbf" + _F.encode()),
    _good("a byte-order mark in text", "\ufeff" + _F),
    _good("Windows line ends", _F.replace("\n", "\r\n")),
    _good("old Macintosh line ends", _F.replace("\n", "\r")),
    _good("a form feed", "\f" + _F),
    _good("no line end", _F.rstrip("\n")),
    _good("a long line", "x = '" + "a" * 500_000 + "'\n" + _F),
    _good("many lines", "a = 1\n" * 50_000 + _F),
    _good("a latin-1 cookie in text", "# -*- coding: latin-1 -*-\nname = 'é'\n" + _F),
)
