"""Right programs whose values are objects of their own: tests ask them over the wire or run beside the code."""

# ruff: noqa: E501
from __future__ import annotations

from tests.sandbox.corpus.case import Case, dedented

CASES = (
    Case(
        "generator send",
        dedented("def f():\n    t=0\n    while True:\n        v = yield t\n        t += v or 0\n"),
        ("g=f()\nnext(g)\nassert g.send(3) == 3\nassert g.send(4) == 7",),
        passes=True,
        sealed=None,
    ),
    Case(
        "dict views",
        dedented("def k(d): return d.keys()\ndef v(d): return d.values()\ndef i(d): return d.items()\n"),
        (
            "assert list(k({1:2})) == [1]",
            "assert sorted(v({1:2})) == [2]",
            "assert list(i({1:2})) == [(1,2)]",
            "assert k({1:2}) == {1}",
            "assert len(v({1:2})) == 1",
            "assert set(k({1:2,3:4})) == {1,3}",
            "assert 1 in k({1:2})",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "namedtuple",
        dedented("from collections import namedtuple\nP=namedtuple('P','x y')\ndef f(a): return P(a, a*2)\n"),
        (
            "assert f(2) == (2,4)",
            "assert f(2).y == 4",
            "assert f(2)._asdict() == {'x':2,'y':4}",
            "assert P(1,2).x == 1",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "typing NamedTuple",
        dedented(
            "from typing import NamedTuple\nclass Pt(NamedTuple):\n    x: int\n    y: int = 3\ndef f(a): return Pt(a)\n"
        ),
        ("assert f(2).y == 3", "assert f(2) == (2,3)"),
        passes=True,
        sealed=None,
    ),
    Case(
        "dataclass attr",
        dedented(
            "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: int\ndef f(a): return P(a,a)\n"
        ),
        (
            "assert f(2).x == 2",
            "assert f(2) == P(2,2)",
            "assert f(2) == f(2)",
            "p=f(3)\nassert p.x + p.y == 6",
            "assert repr(f(1)) == 'P(x=1, y=1)'",
            "assert str(f(1)) == 'P(x=1, y=1)'",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "enum",
        dedented(
            "from enum import Enum, IntEnum\nclass C(Enum):\n    RED=1\nclass I(IntEnum):\n    A=4\ndef f(x): return C.RED\ndef g(x): return I.A\n"
        ),
        (
            "assert f(2) == C.RED",
            "assert f(2).name == 'RED'",
            "assert f(2).value == 1",
            "assert g(2) == 4",
            "assert g(2).name == 'A'",
            "assert f(1) is C.RED",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "str enum",
        dedented("from enum import Enum\nclass S(str, Enum):\n    A='a'\ndef f(x): return S.A\n"),
        ("assert f(2) == 'a'", "assert f(2).value == 'a'"),
        passes=True,
        sealed=None,
    ),
    Case(
        "datetime",
        dedented(
            "from datetime import *\ndef f(x): return datetime(2024,1,x)\ndef g(x): return date(2024,1,x)\ndef h(x): return timedelta(days=x)\ndef z(x): return datetime(2024,1,x,tzinfo=timezone(timedelta(hours=2)))\ndef u(x): return datetime(2024,1,x,tzinfo=timezone.utc)\n"
        ),
        (
            "from datetime import datetime\nassert f(2) == datetime(2024,1,2)",
            "import datetime\nassert g(2) == datetime.date(2024,1,2)",
            "from datetime import timedelta\nassert h(2) == timedelta(days=2)",
            "from datetime import datetime, timezone, timedelta\nassert z(2) == datetime(2024,1,2,tzinfo=timezone(timedelta(hours=2)))",
            "from datetime import datetime, timezone\nassert u(2) == datetime(2024,1,2,tzinfo=timezone.utc)",
            "assert f(2).isoformat() == '2024-01-02T00:00:00'",
            "assert g(2).weekday() == 1",
            "assert f(2).strftime('%Y') == '2024'",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "array",
        dedented("from array import array\ndef f(x): return array('i',[x])\n"),
        (
            "from array import array\nassert f(2) == array('i',[2])",
            "assert f(2)[0] == 2",
            "assert list(f(2)) == [2]",
            "assert f(2).tolist() == [2]",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "path uuid re.match",
        dedented(
            "import re, uuid, pathlib\ndef f(x): return re.match('(a+)', x)\ndef p(x): return pathlib.PurePosixPath(x)\ndef u(x): return uuid.UUID(int=x)\n"
        ),
        (
            "assert f('aab').group(1) == 'aa'",
            "assert f('b') is None",
            "assert f('a') is not None",
            "assert f('a')",
            "from pathlib import PurePosixPath\nassert p('a') == PurePosixPath('a')",
            "assert str(p('a')) == 'a'",
            "import uuid\nassert u(1) == uuid.UUID(int=1)",
            "assert p('a/b').name == 'b'",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "simplenamespace",
        dedented("from types import SimpleNamespace as N\ndef f(x): return N(a=x)\n"),
        ("assert f(2).a == 2",),
        passes=True,
        sealed=None,
    ),
    Case(
        "linked list object",
        dedented(
            "class Node:\n    def __init__(s,v,n=None): s.val=v; s.next=n\ndef f(vals):\n    h=None\n    for v in reversed(vals): h=Node(v,h)\n    return h\ndef to_list(h):\n    o=[]\n    while h: o.append(h.val); h=h.next\n    return o\n"
        ),
        (
            "assert to_list(f([1,2])) == [1,2]",
            "assert f([1,2]).next.val == 2",
            "n=f([3])\nassert n.val == 3 and n.next is None",
            "assert f([]) is None",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "stack object by function",
        dedented(
            "class S:\n    def __init__(s): s.i=[]\n    def push(s,x): s.i.append(x)\n    def pop(s): return s.i.pop()\n    def __len__(s): return len(s.i)\ndef make(): return S()\n"
        ),
        ("s=make()\ns.push(1); s.push(2)\nassert s.pop() == 2 and len(s) == 1", "assert not make()"),
        passes=True,
        sealed=None,
    ),
    Case(
        "custom container",
        dedented(
            "class V:\n    def __init__(s,*a): s.a=a\n    def __getitem__(s,i): return s.a[i]\n    def __len__(s): return len(s.a)\n    def __iter__(s): return iter(s.a)\n    def __contains__(s,x): return x in s.a\ndef f(*a): return V(*a)\n"
        ),
        ("assert f(1,2)[1] == 2", "assert list(f(1,2)) == [1,2]", "assert sorted(f(2,1)) == [1,2]"),
        passes=True,
        sealed=None,
    ),
    Case(
        "custom exception attr",
        dedented(
            "class E(Exception):\n    def __init__(s,c): super().__init__('x'); s.code=c\ndef f(x): raise E(x)\n"
        ),
        (
            "try:\n    f(4)\n    assert False\nexcept Exception as e:\n    assert e.code == 4",
            "try:\n    f(4)\nexcept E as e:\n    assert e.code == 4",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "property class test",
        dedented(
            "class T:\n    def __init__(s,c): s._c=c\n    @property\n    def fahr(s): return s._c*9/5+32\ndef make(c): return T(c)\n"
        ),
        ("assert make(100).fahr == 212",),
        passes=True,
        sealed=None,
    ),
    Case(
        "operator overloading",
        dedented(
            "class V:\n    def __init__(s,x): s.x=x\n    def __add__(s,o): return V(s.x+o.x)\n    def __eq__(s,o): return isinstance(o,V) and s.x==o.x\ndef v(x): return V(x)\n"
        ),
        ("assert v(1) == v(1)", "assert v(1) != v(2)", "assert V(1)+V(2) == V(3)"),
        passes=True,
        sealed=None,
    ),
    Case(
        "regex",
        dedented(
            "import re\ndef f(s): return re.sub(r'(?P<a>\\w+) (\\w+)', r'\\2 \\g<a>', s)\ndef g(s): return re.findall(r'\\d+', s)\ndef c(s): return re.compile(s)\n"
        ),
        (
            "assert f('a b') == 'b a'",
            "assert g('1 22') == ['1','22']",
            "assert c('a').match('a')",
            "assert c('a').pattern == 'a'",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "contextmanager subject",
        dedented(
            "import contextlib\nlog=[]\n@contextlib.contextmanager\ndef f(x):\n    log.append('in'); yield x*2; log.append('out')\n"
        ),
        ("with f(2) as v:\n    assert v == 4",),
        passes=True,
        sealed=None,
    ),
    Case(
        "generator isinstance",
        dedented("def f(x):\n    yield x\n"),
        (
            "import types\nassert isinstance(f(2), types.GeneratorType)",
            "from collections.abc import Iterator\nassert isinstance(f(2), Iterator)",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "returns type of custom",
        dedented("class A: pass\ndef f(): return A\n"),
        ("assert f().__name__ == 'A'",),
        passes=True,
        sealed=None,
    ),
    Case(
        "memoryview",
        dedented("def f(x): return memoryview(b'abcd')\n"),
        ("assert list(f(2)) == [97, 98, 99, 100]",),
        passes=True,
        sealed=None,
    ),
    Case(
        "mapping protocol",
        dedented(
            "class M:\n    def keys(s): return ['a']\n    def __getitem__(s,k): return 4\ndef f(): return M()\n"
        ),
        ("assert dict(f()) == {'a': 4}",),
        passes=True,
        sealed=None,
    ),
    Case(
        "bool of object",
        dedented("class A:\n    def __bool__(s): return False\ndef f(): return A()\n"),
        ("assert not f()",),
        passes=True,
        sealed=None,
    ),
    Case(
        "iterate object twice",
        dedented("class A:\n    def __iter__(s): return iter([1,2])\ndef f(): return A()\n"),
        ("a=f()\nassert list(a) == [1,2] and list(a) == [1,2]",),
        passes=True,
        sealed=None,
    ),
    Case(
        "exception group",
        dedented("def f(x): raise ExceptionGroup('g', [ValueError('a')])\n"),
        ("try:\n    f(1)\n    assert False\nexcept Exception as e:\n    assert 'g' in str(e)",),
        passes=True,
        sealed=None,
    ),
)
