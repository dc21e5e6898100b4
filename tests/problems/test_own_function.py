"""A person's own function: found in its file, with its tests, and written back so that nothing else changes."""

from __future__ import annotations

import ast
import re
import stat
from pathlib import Path
from textwrap import indent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.core.errors import UsageError
from assistant.core.prelude import needed
from assistant.problems.function_replacement import replaced
from assistant.problems.function_source import function_code, located
from assistant.problems.own_function import OwnFunction
from assistant.problems.own_tests import read_tests

# Generated modules: something before, the function (perhaps in a block), something after, with any line ends.

BEFORE = st.lists(
    st.sampled_from(
        [
            '"""Module."""', "import os", "from math import (\n    floor,\n    ceil,\n)", "X = {'é': 1}  # ä",
            "class C:\n    def f(self):\n        return 1", "def other():\n\treturn '''a\n  b'''", "# above\n",
            "if X:\n    pass", "", "\f",
        ]
    ),
    max_size=5,
)  # fmt: skip
OLD = st.sampled_from(
    [
        "def f(a, b=1): return a",
        'def f(a,\n        b=1):\n    """Doc\n    string."""\n    return a',
        "@cache  # why\n@other(\n    1)\ndef f(a, b=1):\n\tif a:\n\t\treturn b  # tail",
        "async def f(a):\n  x = '''\nflat\n  '''\n  return x",
    ]
)
NEW = st.sampled_from(
    [
        "def f(a, b=1):\n    return b",
        "def f(a, b=1):\n    text = '''one\n  two\n'''\n    # why\n\n    for i in (\n      1,\n 2):\n        b += i\n"
        "    return text * b",
        "def f(a):\n  if a:\n     return 1\n  else:\n      return 'ß'",
        "def f(*, a): return a",
        "def f(a):\n    def inner():\n        return f'''{a}\n            {a!r}'''\n    return inner",
    ]
)
END = st.sampled_from(["\n", "\r\n", "\r"])


def _module(before: list[str], old: str, after: list[str], *, inside: bool, last: bool) -> str:
    if inside:
        old = "if True:\n" + "\n".join("    " + line for line in old.split("\n"))
    return "\n".join([*before, old, *after]) + ("\n" if last else "")


@given(BEFORE, OLD, BEFORE, NEW, END, st.booleans(), st.booleans())
def test_only_the_functions_own_lines_change(
    before: list[str], old: str, after: list[str], new: str, end: str, inside: bool, last: bool
) -> None:
    text = _module(before, old, after, inside=inside, last=last).replace("\n", end)
    result = replaced(text, "f", new)
    was, now = located(text, "f"), located(result, "f")
    first = was.node.lineno - 1
    assert now.lines[:first] == was.lines[:first]
    assert now.lines[now.last :] == was.lines[was.last :]
    assert now.lines[-1].endswith(end) == was.lines[-1].endswith(end)
    assert {line[len(line.rstrip("\r\n")) :] for line in now.lines} <= {end if end in text else "\n", ""}
    wanted = located(new, "f").node
    documented = ast.get_docstring(was.node) is not None and was.node.body[0].lineno != was.node.lineno
    kept = was.node.body[:1] if documented and wanted.body[0].lineno != wanted.lineno else []
    assert [ast.dump(part) for part in now.node.body] == [ast.dump(part) for part in [*kept, *wanted.body]]
    assert ast.dump(now.node.args) == ast.dump(wanted.args)
    assert [ast.dump(d) for d in now.node.decorator_list] == [ast.dump(d) for d in was.node.decorator_list]
    assert replaced(result, "f", new) == result
    assert replaced(text, "f", function_code(was)) is not None


def _class(method: str) -> str:
    within = indent(method, "  ")
    return f"class C:\n  'Words.'\n  x = 1  # one\n\n{within}\n\n  def other(self, b: int):\n    return x\n"


@given(BEFORE, OLD, NEW, END, st.booleans())
def test_of_a_class_the_method_alone_changes(
    before: list[str], old: str, new: str, end: str, inside: bool
) -> None:
    above = [part for part in before if "class C" not in part]
    text = _module(above, _class(old), [], inside=inside, last=True).replace("\n", end)
    decorators = old[: old.index("def f")].removesuffix("async ")
    bare = _class(decorators + new).replace("  'Words.'\n", "").replace("b: int", "b")
    result = replaced(text, "C.f", "import re\n" + bare)
    was, now = located(text, "C.f"), located(result, "C.f")
    assert now.lines[: was.node.lineno - 1] == was.lines[: was.node.lineno - 1]
    assert now.lines[now.last :] == was.lines[was.last :]
    assert ast.dump(now.node.body[-1]) == ast.dump(located(bare, "C.f").node.body[-1])
    assert replaced(result, "C.f", bare) == result
    assert replaced(text, "C.f", function_code(was)) is not None


PUT_BACK_ALONE = {
    "another method": ("return a", "return b", "has another `g` in class C than the file"),
    "one left out": ("def g(self, a):\n        return a\n", "x = 1", "has another `x = 1`"),
    "one more": ("def g(", "def h(self): pass\n    def g(", "has another `h`"),
    "another base": ("class C:", "class C(list):", "has another head"),
    "a decorator less": ("    @staticmethod\n", "", "leaves out @staticmethod above f"),
    "a decorator more": ("    @staticmethod\n", "    @staticmethod\n    @cache\n", "puts @cache above f"),
    "no method": ("def f", "def e", "there is no method f in class C; it has: e, g"),
    "no class": ("class C", "class D", "there is no class C at the top"),
}


@pytest.mark.parametrize("case", PUT_BACK_ALONE)
def test_a_program_that_changes_the_rest_of_the_class_is_not_written(case: str) -> None:
    file = "class C:\n    @staticmethod\n    def f(x):\n        return x\n\n    def g(self, a):\n        return a\n"
    old, new, words = PUT_BACK_ALONE[case]
    assert old in file
    with pytest.raises(UsageError, match=re.escape(words)):
        replaced(file, "C.f", file.replace(old, new))


def test_what_a_method_needs_goes_above_its_class() -> None:
    file = "import os\n\n\n# About C.\nclass C:\n    def f(self):\n        return 1\n"
    new = "import re\n\ndef part():\n    return re\n\nclass C:\n    def f(self):\n        return part()\n"
    result = replaced(file, "C.f", new)
    assert result == (
        "import os\nimport re\n\n\ndef part():\n    return re\n\n\n# About C.\nclass C:\n    def f(self):\n"
        "        return part()\n"
    )


@given(BEFORE, OLD, END)
def test_its_code_by_itself_is_the_same_function(before: list[str], old: str, end: str) -> None:
    text = _module(before, old, [], inside=False, last=True).replace("\n", end)
    code = function_code(located(text, "f"))
    assert ast.dump(located(code, "f").node) == ast.dump(located(text, "f").node)


FILE = '''#!/usr/bin/env python3
"""Words."""
import os
from typing import Any

LIMIT: int = 3


def helper(text: str) -> str:
    return text.strip()


# About slug.
def slug(text: str) -> str:
    """Lower case, with dashes."""
    return helper(text)[:LIMIT]


if __name__ == "__main__":
    print(slug("x"))
'''

PROGRAMS = {
    "a new import goes below the imports": (
        "import re\nimport os\n\ndef slug(text):\n    return re.sub('a', os.sep, text)\n",
        [("+", "import re"), (" ", "def slug(text: str) -> str:"), (" ", '    """Lower case, with dashes."""')],
    ),
    "a helper goes above the comment": (
        "def part(t):\n    return t\n\ndef slug(text):\n    return part(text)\n",
        [("+", "def part(t):"), (" ", "# About slug.")],
    ),
    "what is there is not brought again": (
        "LIMIT: int = 3\ndef helper(text: str) -> str:\n    return text.strip()\n\ndef slug(text):\n"
        "    return helper(text)[:LIMIT] + ''\nprint(slug('a'))\nassert slug('a')\n",
        [("-", "    return helper(text)[:LIMIT]"), ("+", "    return helper(text)[:LIMIT] + ''")],
    ),
    "another signature and docstring take the place of the old": (
        "def slug(text, limit=3):\n    'Short.'\n    return text[:limit]\n",
        [("-", "def slug(text: str) -> str:"), ("+", "def slug(text, limit=3):"), ("+", "    'Short.'")],
    ),
    "annotations of its own take the place of the old": (
        "def slug(text: Any) -> Any:\n    return text\n",
        [("-", "def slug(text: str) -> str:"), ("+", "def slug(text: Any) -> Any:")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PROGRAMS)
def test_what_else_a_program_brings(case: str, tmp_path: Path) -> None:
    program, expected = PROGRAMS[case]
    path = tmp_path / "mine.py"
    path.write_text(FILE, encoding="utf-8")
    own = OwnFunction.named(f"{path}::slug")
    diff = own.diff(own.changed(program)).splitlines()
    for sign, line in expected:
        assert sign + line in diff
    added = [line for line in diff if line.startswith("+") and line.strip("+ ")]
    assert not any("print" in line or "assert" in line or "import os" in line for line in added)
    assert ("+def helper" in "\n".join(diff)) is False
    own.write(own.changed(program))
    assert OwnFunction.named(f"{path}::slug").diff(own.changed(program)) == ""


REFUSED = {
    "nothing.py::f": "cannot read",
    "mine.py": "FILE.py::function",
    "mine.py::": "FILE.py::function",
    "mine.py::Thing.slug": "there is no class Thing at the top of the file; it has: none",
    "mine.py::slug::part": "slug is a function: it has no methods",
    "mine.py::Thing::Other::slug": "Thing.Other.slug is too deep",
    "class.py::f.g": "there is no method g in class f; it has: none",
    "mine.py::slog": "it has: helper, slug",
    "twice.py::f": "lines 1 and 3",
    "broken.py::f": "line 2: the file is not Python",
    "latin.py::f": "is not readable text",
    "relative.py::f": "the sandbox has no package around it",
    "class.py::f": "is a class",
}


@pytest.mark.parametrize("place", REFUSED)
def test_what_cannot_be_worked_on_is_said_in_one_line(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = {
        "mine.py": FILE, "twice.py": "def f(): pass\n\ndef f(): pass\n", "broken.py": "x = 1\ndef f(:\n",
        "relative.py": "from .other import thing\ndef f(): return thing\n", "class.py": "class f: pass\n",
    }  # fmt: skip
    for name, text in files.items():
        Path(name).write_text(text, encoding="utf-8")
    Path("latin.py").write_bytes(b"# \xe9\ndef f(): pass\n")
    with pytest.raises(UsageError) as refusal:
        OwnFunction.named(place).problem(())
    assert REFUSED[place] in str(refusal.value) and "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("slug = lambda text: text\n", "cannot be written back"),
        (
            "def helper(t):\n    return t\n\ndef slug(text):\n    return helper(text)\n",
            "line 9 of the file has another",
        ),
        ("import typing as os\ndef slug(text):\n    return os\n", "line 3 of the file has another"),
        ("def slug(:\n", "cannot be written back"),
        ("@cache\ndef slug(text):\n    return text\n", "puts @cache above slug"),
    ],
)
def test_a_program_that_does_not_fit_the_file_is_not_written(program: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        replaced(FILE, "slug", program)


def test_the_file_keeps_encoding_mode_and_what_others_wrote_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    data = "# coding: latin-1\r\nname = 'é'\r\ndef f():\r\n\treturn name".encode("latin-1")
    path.write_bytes(data)
    path.chmod(0o751)
    link = tmp_path / "link.py"
    link.symlink_to(path)
    own = OwnFunction.named(f"{link}::f")
    with pytest.raises(UsageError, match="iso-8859-1, which has no '→'"):
        own.write(own.changed("def f():\n    return '→'\n"))
    own.write(own.changed("def f():\n    return 'ü'\n"))
    assert path.read_bytes() == data.replace(b"name", b"'\xfc'").replace(b"'\xfc' = '\xe9'", b"name = '\xe9'")
    assert stat.S_IMODE(path.stat().st_mode) == 0o751 and link.is_symlink()
    path.write_bytes(path.read_bytes() + b"\r\n")
    with pytest.raises(UsageError, match="changed meanwhile"):
        own.write(own.changed("def f():\n    return 1\n"))
    assert path.read_bytes().endswith(b"\r\n")


def test_the_task_says_what_the_module_has(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(FILE, encoding="utf-8")
    problem = OwnFunction.named(f"{path}::slug").problem(())
    assert "Lower case, with dashes." in problem.text and "def slug(text: str) -> str:" in problem.text
    assert "def helper(text: str) -> str: ..." in problem.text and "LIMIT: int = 3" in problem.text
    assert "import os" not in problem.text and "print" not in problem.prelude
    assert needed(problem.prelude, "def slug(t): return os.sep", "slug") == "import os"
    assert str(tmp_path) not in problem.model_dump_json()


PYTEST = {
    "plain asserts": ("assert f(1) == 2\nassert g(1)\n", ["assert f(1) == 2"], []),
    "a function is taken apart": (
        "def test_a():\n    '''Words.'''\n    assert f(1) == 2\n    assert f(2) == 3, 'no'\n",
        ["assert f(1) == 2", "assert f(2) == 3, 'no'"], [],
    ),
    "another body is one test": ("def test_a():\n    x = f(1)\n    assert x == 2\n", ["x = f(1)\nassert x == 2"], []),
    "parametrize is unrolled": (
        "@pytest.mark.parametrize('a, b', [(1, 2), pytest.param(3, 4, id='x')])\ndef test_a(a, b):\n"
        "    assert f(a) == b\n",
        ["assert f(1) == 2", "assert f(3) == 4"], [],
    ),
    "twice parametrize is the product": (
        "@pytest.mark.parametrize('a', [1, 2])\n@pytest.mark.parametrize(['b'], [(3,)])\ndef test_a(a, b):\n"
        "    assert f(a, b)\n",
        ["assert f(1, 3)", "assert f(2, 3)"], [],
    ),
    "parameters of a longer body": (
        "@pytest.mark.parametrize('a', [1])\ndef test_a(a):\n    x = f(a)\n    assert x\n",
        ["a = 1\nx = f(a)\nassert x"], [],
    ),
    "a fixture is refused by name": (
        "def test_a(tmp_path):\n    assert f(tmp_path)\n", [], ["test_a: it needs the fixture tmp_path"],
    ),
    "a skipped test too": (
        "@pytest.mark.skip\ndef test_a():\n    assert f(1)\n", [], ["test_a: it is under @pytest.mark.skip"],
    ),
    "sets that are computed": (
        "@pytest.mark.parametrize('a', CASES)\ndef test_a(a):\n    assert f(a)\n", [],
        ["test_a: it is under @pytest.mark.parametrize"],
    ),
    "an async test": ("async def test_a():\n    assert f(1)\n", [], ["test_a: it is async"]),
    "a method without self": ("class TestF:\n    def test_a(self):\n        assert f(1)\n", ["assert f(1)"], []),
    "a method with self": (
        "class TestF(TestCase):\n    def test_a(self):\n        self.assertEqual(f(1), 2)\n", [],
        ["TestF.test_a: it uses self of its class"],
    ),
    "through the module": ("import pkg.mine as m\nassert m.f(1) == m.f(2)\n", ["assert f(1) == f(2)"], []),
    "under another name": ("from mine import f as g, h\ndef test_a():\n    assert g(1)\n", ["assert f(1)"], []),
    "raises": (
        "def test_a():\n    with pytest.raises(ValueError):\n        f(1)\n",
        ["with pytest.raises(ValueError):\n    f(1)"], [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PYTEST)
def test_tests_of_a_pytest_file(case: str) -> None:
    text, codes, left_out = PYTEST[case]
    found = read_tests(f"import pytest\n\n{text}", "f", "mine")
    assert [test.code for test in found.tests] == codes
    assert len(found.left_out) == len(left_out)
    assert all(line.startswith(wanted) for line, wanted in zip(found.left_out, left_out, strict=True))
    assert "mine" not in found.setup


def test_what_tests_need_comes_along() -> None:
    text = "import json\nimport os\nfrom mine import f\nN = 3\ndef case(n):\n    return json.dumps(n)\n"
    text += "assert f(case(N))\n"
    assert read_tests(text, "f", "mine").setup.splitlines()[:2] == ["import json", "N = 3"]
