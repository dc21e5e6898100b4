"""Right programs whose tests share something with them: output, randomness, exceptions, patched modules."""

# ruff: noqa: E501
from __future__ import annotations

from tests.sandbox.corpus.case import Case, dedented

CASES = (
    Case(
        "test raises limit",
        dedented("def f(n):\n    return 0 if n==0 else 1+f(n-1)\n"),
        ("import sys\nsys.setrecursionlimit(20000)\nassert f(5000) == 5000",),
        passes=True,
        sealed=None,
    ),
    Case(
        "expecting exceptions",
        dedented("def f(x):\n    if x<0: raise ValueError('neg')\n    return x\n"),
        (
            "try:\n    f(-1)\n    assert False\nexcept ValueError:\n    assert True",
            "import pytest\nwith pytest.raises(ValueError):\n    f(-1)",
            "import pytest\nwith pytest.raises(ValueError, match='neg'):\n    f(-1)",
            "import pytest\nwith pytest.raises(ValueError) as e:\n    f(-1)\nassert 'neg' in str(e.value)",
            "ok=False\ntry:\n    f(-1)\nexcept ValueError as e:\n    ok = str(e)=='neg'\nassert ok",
            "def raises(g):\n    try: g()\n    except ValueError: return True\n    return False\nassert raises(lambda: f(-1))",
            "import pytest\npytest.raises(ValueError, f, -1)",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "module variable changing",
        dedented("n=0\ndef inc():\n    global n; n+=1\n"),
        ("inc()\nassert n == 1",),
        passes=True,
        sealed=None,
    ),
    Case(
        "asyncio in test",
        dedented("import asyncio\nasync def f(x):\n    await asyncio.sleep(0.001); return x*2\n"),
        ("import asyncio\nassert asyncio.run(f(2)) == 4",),
        passes=True,
        sealed=None,
    ),
    Case(
        "stringio as arg",
        dedented("def f(h): return h.read()\n"),
        ("import io\nassert f(io.StringIO('abc')) == 'abc'",),
        passes=True,
        sealed=None,
    ),
    Case(
        "defaultdict factory in program",
        dedented("def f(d):\n    d['new'].append(1); return d\n"),
        (
            "from collections import defaultdict\nd=defaultdict(list)\nassert f(d)['new'] == [1]",
            "from collections import defaultdict\nd=defaultdict(list)\nf(d)\nassert d['new'] == [1] and d['other'] == []",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "capture stdout",
        dedented("def f(x): print('hi', x)\n"),
        (
            "import io, contextlib\nb=io.StringIO()\nwith contextlib.redirect_stdout(b):\n    f(2)\nassert b.getvalue() == 'hi 2\\n'",
            "import io, sys\nold=sys.stdout\nsys.stdout=io.StringIO()\nf(2)\nout=sys.stdout.getvalue()\nsys.stdout=old\nassert out == 'hi 2\\n'",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "patched input",
        dedented("def f(): return int(input())*2\n"),
        (
            "import builtins\nbuiltins.input=lambda *a: '2'\nassert f() == 4",
            "from unittest.mock import patch\nwith patch('builtins.input', return_value='2'):\n    assert f() == 4",
            "import io, sys\nsys.stdin=io.StringIO('2\\n')\nassert f() == 4",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "patched module",
        dedented("import random\ndef f(): return random.random()\n"),
        (
            "import random\nrandom.random=lambda: 4\nassert f() == 4",
            "from unittest import mock\nwith mock.patch('random.random', return_value=4):\n    assert f() == 4",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "seeded",
        dedented("import random\ndef f(n): return [random.randint(0,9) for _ in range(n)]\n"),
        (
            "import random\nrandom.seed(1)\na=f(5)\nrandom.seed(1)\nassert f(5) == a",
            "import random\nrandom.seed(7)\nexp=[random.randint(0,9) for _ in range(5)]\nrandom.seed(7)\nassert f(5) == exp",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "environ in test",
        dedented("import os\ndef f(): return os.environ.get('ZZ')\n"),
        ("import os\nos.environ['ZZ']='4'\nassert f() == '4'",),
        passes=True,
        sealed=None,
    ),
    Case(
        "decimal context in test",
        dedented("from decimal import Decimal\ndef f(): return Decimal(1)/3\n"),
        (
            "import decimal\ndecimal.getcontext().prec=5\nfrom decimal import Decimal\nassert f() == Decimal('0.33333')",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "test patches function",
        dedented("def g(): return 1\ndef f(): return g()\n"),
        ("g = lambda: 4\nassert f() in (1, 4)", "f.__globals__['g']=lambda: 4\nassert f() == 4"),
        passes=True,
        sealed=False,
    ),
    Case(
        "inspect",
        dedented("def f(x, y=2): return x\n"),
        ("import inspect\nassert list(inspect.signature(f).parameters) == ['x','y']",),
        passes=True,
        sealed=None,
    ),
    Case(
        "attributes of function",
        dedented("def f(x):\n    'doc'\n    f.calls+=1\n    return x*2\nf.calls=0\n"),
        ("assert f(2)==4\nassert f.calls==1", "assert f.__doc__ == 'doc'", "assert f.__name__ == 'f'"),
        passes=True,
        sealed=None,
    ),
    Case(
        "named candidate",
        dedented("def candidate(x): return x*2\n"),
        ("assert candidate(2) == 4",),
        passes=True,
        sealed=None,
    ),
    Case(
        "stdlib function as solution",
        dedented("from math import gcd\nfrom operator import add\n"),
        ("assert gcd(4,6) == 2", "assert add(2,2) == 4"),
        passes=True,
        sealed=None,
    ),
    Case(
        "helper imported by program",
        dedented("from math import isclose, pi\nfrom collections import Counter\ndef f(x): return x/3\n"),
        ("assert isclose(f(3), 1.0)", "assert Counter([f(3)]) == Counter([1.0])", "assert f(pi*3) == pi"),
        passes=True,
        sealed=None,
    ),
    Case(
        "class passed by test",
        dedented("def f(c, v): return c(v)\n"),
        (
            "assert f(int, '4') == 4",
            "assert f(list, 'ab') == ['a','b']",
            "from collections import Counter\nassert f(Counter, 'aa') == {'a':2}",
            "class Box:\n    def __init__(self, v): self.v=v\nassert f(Box, 4).v == 4",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "iterator as arg",
        dedented("def f(it): return [next(it), next(it)]\n"),
        (
            "assert f(iter([1,2,3])) == [1,2]",
            "it=iter([1,2,3])\nf(it)\nassert next(it) == 3",
            "def gen():\n    yield 1\n    yield 2\nassert f(gen()) == [1,2]",
            "import itertools\nassert f(itertools.count(5)) == [5,6]",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "check function test",
        dedented("def f(x): return x*2\n"),
        (
            "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(0) == 0\ncheck(f)",
            "class T:\n    def run(self):\n        assert f(2)==4\nT().run()",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "million digits",
        dedented("def f(x): return 10**x\n"),
        ("assert f(1000000) == 10**1000000", "assert len(str(f(1000))) == 1001"),
        passes=True,
        sealed=None,
    ),
    Case(
        "million elements",
        dedented("def f(n): return list(range(n))\n"),
        (
            "assert f(10**6) == list(range(10**6))",
            "assert len(f(10**6)) == 10**6 and sum(f(10**6)) == 499999500000",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "callback that breaks off then next test",
        dedented("def f(g): return g(1)\ndef h(x): return x*2\n"),
        (
            "class N:\n    pass\nassert f(lambda v: N()) is not None",
            "assert h(2) == 4",
            "assert f(lambda v: v+1) == 2",
            "assert h(3) == 6",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "zero division",
        dedented("def f(a,b): return a/b\n"),
        ("import pytest\nwith pytest.raises(ZeroDivisionError):\n    f(1,0)",),
        passes=True,
        sealed=None,
    ),
    Case(
        "recursion error expected",
        dedented("def f(n): return f(n+1)\n"),
        ("try:\n    f(0)\n    ok=False\nexcept RecursionError:\n    ok=True\nassert ok",),
        passes=True,
        sealed=None,
    ),
    Case(
        "own function as argument",
        dedented("def g(x): return x+1\ndef f(h, x): return h(x)\n"),
        (
            "assert f(g, 3) == 4",
            "assert f(lambda v: g(v), 3) == 4",
            "assert f(lambda v: f(g, v), 3) == 4",
            "assert g(3) == 4",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "program decorator twice",
        dedented("def deco(fn):\n    def w(*a): return fn(*a)*2\n    return w\n"),
        (
            "@deco\n@deco\ndef h(x): return x\nassert h(1) == 4",
            "def fact(n): return 1 if n<2 else n*fact(n-1)\nm=deco(fact)\nassert m(3) == 12",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "callback generator consumption",
        dedented("def f(it, g):\n    return [g(v) for v in it]\n"),
        (
            "assert f((i for i in range(3)), lambda v: v*2) == [0,2,4]",
            "assert f(map(lambda v: v+1, [1,2]), str) == ['2','3']",
        ),
        passes=True,
        sealed=None,
    ),
    Case(
        "memo recursion through test",
        dedented(
            "def memo(fn):\n    cache={}\n    def w(n):\n        if n not in cache: cache[n]=fn(n)\n        return cache[n]\n    return w\n"
        ),
        ("@memo\ndef fib(n): return n if n<2 else fib(n-1)+fib(n-2)\nassert fib(30) == 832040",),
        passes=True,
        sealed=None,
    ),
)
