"""Programs and tests of many shapes for the differential test: each program meets each test of its shape.

What is right is not written here: plain Python says it.
"""

# ruff: noqa: E501
from __future__ import annotations

from typing import NamedTuple


class Shape(NamedTuple):
    """Programs (the first is right) and the tests that they meet."""

    name: str
    programs: tuple[str, ...]
    tests: tuple[str, ...]


def functions(*bodies: str, before: str = "") -> tuple[str, ...]:
    """Programs that define `f(x)` by one expression each."""
    return tuple(f"{before}\ndef f(x=0, *more, **named):\n    return {body}\n" for body in bodies)


RAISING = (
    "def f(x):\n    if x < 0:\n        raise ValueError('negative', x)\n    return x + 1\n",
    "def f(x):\n    return x + 1\n",
    "def f(x):\n    if x < 0:\n        raise KeyError('negative')\n    return x + 1\n",
    "def f(x):\n    raise ValueError('always')\n",
    "class Own(ValueError):\n    code = 7\ndef f(x):\n    if x < 0:\n        raise Own('negative', x)\n    return x + 1\n",
)
PASS_OR_FAIL = (
    "def f(x):\n    return x + 1\n",
    "def f(x):\n    return x + 2\n",
    "def f(x):\n    return None\n",
)

SHAPES = [
    Shape(
        "expected exceptions",
        RAISING,
        (
            "try:\n    f(-1)\nexcept ValueError:\n    pass\nelse:\n    assert False, 'no error'",
            "try:\n    f(-1)\n    assert False\nexcept ValueError:\n    pass",
            "try:\n    f(-1)\nexcept ValueError:\n    pass\nelse:\n    raise AssertionError('no error')",
            "try:\n    f(-1)\nexcept Exception as error:\n    assert isinstance(error, ValueError)\nelse:\n    assert False",
            "try:\n    f(-1)\nexcept ValueError as error:\n    assert error.args == ('negative', -1)\nelse:\n    assert False",
            "try:\n    f(-1)\nexcept Exception as error:\n    assert type(error).__name__ == 'ValueError'\nelse:\n    assert False",
            "try:\n    f(-1)\nexcept Exception as error:\n    assert type(error) is ValueError\nelse:\n    assert False",
            "try:\n    f(-1)\nexcept Exception as error:\n    assert error.__class__.__name__ == 'Own'\nelse:\n    assert False",
            "try:\n    f(-1)\nexcept Exception as error:\n    assert error.code == 7\nelse:\n    assert False",
            "try:\n    f(-1)\nexcept Exception as error:\n    assert getattr(error, 'code', 0) == 7\nelse:\n    assert False",
            "try:\n    f(-1)\nexcept Exception as error:\n    assert 'Own' in repr(error)\nelse:\n    assert False",
            "import pytest\nwith pytest.raises(ValueError):\n    f(-1)",
            "import pytest\nwith pytest.raises(ValueError, match='neg'):\n    f(-1)",
            "import pytest\npytest.raises(ValueError, f, -1)",
            "import pytest\nwith pytest.raises((ValueError, KeyError)) as caught:\n    f(-1)\nassert caught.type is ValueError\nassert caught.value.args[0] == 'negative'",
            "raised = False\ntry:\n    f(-1)\nexcept ValueError:\n    raised = True\nassert raised",
            "import unittest\nwith unittest.TestCase().assertRaises(ValueError):\n    f(-1)",
            "import unittest\nunittest.TestCase().assertRaises(ValueError, f, -1)",
            "import unittest\nwith unittest.TestCase().assertRaisesRegex(ValueError, 'neg'):\n    f(-1)",
            "import contextlib\nwith contextlib.suppress(ValueError):\n    f(-1)\n    assert False",
            "try:\n    f(-1)\nexcept ValueError:\n    pass\nexcept Exception:\n    assert False\nassert f(1) == 2",
            "import pytest\nwith pytest.raises(BaseException):\n    f(-1)",
            "try:\n    f(-1)\n    ok = False\nexcept:\n    ok = True\nassert ok",
            "try:\n    f(-1)\nexcept* ValueError:\n    ok = True\nassert ok",
            "def check():\n    try:\n        f(-1)\n    except ValueError:\n        return\n    raise AssertionError\ncheck()",
        ),
    ),
    Shape(
        "asserts of other kinds",
        PASS_OR_FAIL,
        (
            "if f(1) != 2:\n    raise AssertionError",
            "if f(1) != 2:\n    raise AssertionError('wrong')",
            "if f(1) != 2:\n    raise ValueError('wrong')",
            "def same(a, b):\n    assert a == b\nsame(f(1), 2)",
            "def same(a, b):\n    if a != b:\n        raise AssertionError(a)\nsame(f(1), 2)",
            "import unittest\nunittest.TestCase().assertEqual(f(1), 2)",
            "from unittest import TestCase\ncase = TestCase()\ncase.assertEqual(f(1), 2)\ncase.assertIn(f(2), [3])\ncase.assertTrue(f(3) == 4)",
            "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(f(1), 2)\nr = unittest.TestResult()\nT('test').run(r)\nassert r.wasSuccessful()",
            "import unittest\nclass T(unittest.TestCase):\n    def test_one(self):\n        self.assertEqual(f(1), 2)\n    def test_two(self):\n        self.assertEqual(f(2), 3)\nsuite = unittest.defaultTestLoader.loadTestsFromTestCase(T)\nresult = unittest.TextTestRunner(stream=open('/dev/null', 'w')).run(suite)\nassert result.wasSuccessful()",
            "import unittest\nclass T(unittest.TestCase):\n    def test_one(self):\n        self.assertEqual(f(1), 2)\nT('test_one').debug()",
            "class TestF:\n    def test_one(self):\n        assert f(1) == 2\nTestF().test_one()",
            "for a, b in [(1, 2), (2, 3)]:\n    assert f(a) == b",
            "for a in []:\n    assert f(a) == a",
            "for a in range(0):\n    assert f(a) == a\nassert f(1) == 2",
            "i = 0\nwhile i < 3:\n    assert f(i) == i + 1\n    i += 1",
            "assert all(f(i) == i + 1 for i in range(5))",
            "assert f(1) == 2 and f(2) == 3",
            "assert 1 < f(1) < 3",
            "assert f(1) == 2, f'got {f(1)}'",
            "a, b = f(1), f(2)\nassert (a, b) == (2, 3)",
            "import io, contextlib\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n    print(f(1))\nassert out.getvalue() == '2\\n'",
            "import warnings\nwith warnings.catch_warnings():\n    warnings.simplefilter('ignore')\n    assert f(1) == 2",
            "lambda_check = lambda v: v == 2\nassert lambda_check(f(1))",
            "assert (lambda: f(1) == 2)()",
            "import pytest\nassert f(1) == pytest.approx(2)",
            "import math\nassert math.isclose(f(1), 2)",
            "assert f(1) in {2, 5}",
            "assert isinstance(f(1), int)",
            "assert not f(1) == 3",
            "assert f(1) is not None",
            "assert f(1) == True + 1",
            "match f(1):\n    case 2:\n        pass\n    case _:\n        assert False",
            "import pytest\nif f(1) != 2:\n    pytest.fail('wrong')",
            "exec('assert f(1) == 2')",
            "assert eval('f(1)') == 2",
            "check = [f(i) for i in range(3)]\nassert check == [1, 2, 3]",
            "assert max(map(f, [1, 2, 3])) == 4",
            "assert sorted([3, 1], key=f) == [1, 3]",
            "import functools\nassert functools.reduce(lambda a, b: a + f(b), [1, 2], 0) == 5",
            "try:\n    assert f(1) == 2\nexcept AssertionError:\n    raise",
            "try:\n    assert f(1) == 3\nexcept AssertionError:\n    pass\nelse:\n    raise AssertionError('must differ')",
            "from random import seed, randint\nseed(1)\nn = randint(1, 9)\nassert f(n) == n + 1",
        ),
    ),
    Shape(
        "arrays",
        (
            "import numpy as np\ndef f(n=2):\n    return np.arange(1, n + 1)\n",
            "import numpy as np\ndef f(n=2):\n    return np.arange(n)\n",
            "def f(n=2):\n    return list(range(1, n + 1))\n",
        ),
        (
            "assert f().tolist() == [1, 2]",
            "assert f().shape == (2,)",
            "assert list(f()) == [1, 2]",
            "assert len(f()) == 2",
            "assert f()[1] == 2",
            "assert f().sum() == 3",
            "assert (f() == [1, 2]).all()",
            "import numpy as np\nassert np.array_equal(f(), [1, 2])",
            "import numpy as np\nassert np.array_equal(f(), np.array([1, 2]))",
            "import numpy as np\nnp.testing.assert_array_equal(f(), [1, 2])",
            "import numpy as np\nnp.testing.assert_allclose(f(), [1.0, 2.0])",
            "import numpy\nassert numpy.allclose(f(), [1.0, 2.0])",
            "import numpy as np\nassert (f() == np.array([1, 2])).all()",
            "assert f() == [1, 2]",
            "assert f()",
            "assert sum(f()) == 3",
            "assert max(f()) == 2",
            "assert 2 in f()",
            "assert f(1) == 1",
            "assert (f() + 1).tolist() == [2, 3]",
            "assert str(f()) == '[1 2]'",
        ),
    ),
    Shape(
        "arrays in containers",
        (
            "import numpy as np\ndef f():\n    return {'a': np.array([1, 2]), 'n': np.int64(3), 'x': np.float64(0.5), 'b': np.bool_(True)}\n",
            "import numpy as np\ndef f():\n    return {'a': np.array([1, 3]), 'n': np.int64(4), 'x': np.float64(0.25), 'b': np.bool_(False)}\n",
        ),
        (
            "assert f()['a'].tolist() == [1, 2]",
            "assert f()['n'] == 3",
            "assert f()['x'] == 0.5",
            "assert f()['b']",
            "assert sorted(f()) == ['a', 'b', 'n', 'x']",
            "assert len(f()['a']) == 2",
            "import numpy as np\nassert np.array_equal(f()['a'], [1, 2])",
            "assert isinstance(f()['n'], int)",
            "assert repr(f()['n']) == 'np.int64(3)'",
            "assert f()['n'].dtype == 'int64'",
        ),
    ),
    Shape(
        "objects that raise when asked",
        (
            "class V:\n    def __init__(self, n): self.n = n\n    def __bool__(self): raise ValueError('no truth')\n    def get(self): return self.n\ndef f(x): return V(x)\n",
            "class V:\n    def __init__(self, n): self.n = n + 1\n    def __bool__(self): raise ValueError('no truth')\n    def get(self): return self.n\ndef f(x): return V(x)\n",
            "class V:\n    def __init__(self, n): self.n = n\n    def __eq__(self, o): raise TypeError('no eq')\n    def __hash__(self): raise TypeError('no hash')\n    def __repr__(self): raise TypeError('no repr')\n    def get(self): return self.n\ndef f(x): return V(x)\n",
        ),
        (
            "assert f(1).n == 1",
            "assert f(1).get() == 1",
            "assert f(1) is not None",
            "assert [f(1)][0].n == 1",
            "assert f(1)",
            "v = f(1)\nassert v.n == 1 and v.get() == 1",
            "try:\n    bool(f(1))\nexcept ValueError:\n    pass\nelse:\n    assert False",
            "try:\n    f(1) == 1\nexcept TypeError:\n    pass\nelse:\n    assert False",
            "try:\n    {f(1)}\n    ok = False\nexcept TypeError:\n    ok = True\nassert ok",
            "try:\n    repr(f(1))\n    ok = False\nexcept TypeError:\n    ok = True\nassert ok",
            "assert len([f(1), f(2)]) == 2",
        ),
    ),
    Shape(
        "objects of own classes",
        tuple(
            "class S:\n"
            "    def __init__(self, v): self.v = list(v)\n"
            "    def __len__(self): return len(self.v)\n"
            "    def __contains__(self, o): return o in self.v\n"
            "    def __add__(self, o): return S(self.v + o.v)\n"
            "    def __eq__(self, o): return isinstance(o, S) and self.v == o.v\n"
            "    def __lt__(self, o): return len(self.v) < len(o.v)\n"
            "    def __hash__(self): return 42\n"
            "    def __int__(self): return sum(self.v)\n"
            "    def __abs__(self): return 5\n"
            "    def __neg__(self): return S([-i for i in self.v])\n"
            "    def __iter__(self): return iter(self.v)\n"
            "    def __getitem__(self, i): return self.v[i]\n"
            "    def __call__(self, y): return y + 1\n"
            "    def __repr__(self): return f'S({self.v})'\n"
            "    def __format__(self, spec): return 'formatted' + spec\n"
            "    def __enter__(self): return self\n"
            "    def __exit__(self, *_): self.v.clear()\n"
            "    def count(self): return len(self.v)\n"
            "    def index(self): return 1\n"
            "    start = stop = real = days = 9\n"
            "    def split(self): return ['a']\n"
            "    def join(self): return 'j'\n"
            "    def find(self, x): return self.v.index(x)\n"
            "    def append(self, x): self.v.append(x)\n"
            "    def pop(self): return self.v.pop()\n"
            "    @property\n"
            "    def size(self): return len(self.v)\n"
            "    def _inner(self): return 3\n"
            f"def f(v): return S({change})\n"
            for change in ("v", "v[1:]", "[*v, 9]")
        ),
        (
            "assert len(f([1, 2])) == 2",
            "assert 1 in f([1, 2])",
            "assert 3 not in f([1, 2])",
            "assert f([1]) + f([2]) == f([1, 2])",
            "assert f([1, 2]) == f([1, 2])",
            "assert f([1, 2]) != f([1, 3])",
            "assert f([1]) < f([1, 2])",
            "assert int(f([1, 2])) == 3",
            "assert abs(f([1])) == 5",
            "assert (-f([1])).v == [-1]",
            "assert hash(f([1])) == 42",
            "assert list(f([1, 2])) == [1, 2]",
            "assert f([1, 2])[1] == 2",
            "assert f([1])(4) == 5",
            "assert repr(f([1])) == 'S([1])'",
            "assert str(f([1])) == 'S([1])'",
            "assert f'{f([1])}' == 'formatted'",
            "assert f'{f([1])!r}' == 'S([1])'",
            "assert f'{f([1]):x}' == 'formattedx'",
            "assert '%s' % f([1]) == 'S([1])'",
            "with f([1]) as s:\n    assert s.v == [1]",
            "assert f([1, 2]).count() == 2",
            "assert f([1, 2]).index() == 1",
            "assert f([1]).start == 9 and f([1]).stop == 9",
            "assert f([1]).real == 9",
            "assert f([1]).days == 9",
            "assert f([1]).split() == ['a']",
            "assert f([1]).join() == 'j'",
            "assert f([1, 2]).find(2) == 1",
            "s = f([1])\ns.append(5)\nassert list(s) == [1, 5]",
            "assert f([1, 2]).pop() == 2",
            "assert f([1, 2]).size == 2",
            "assert f([1])._inner() == 3",
            "s = f([1])\ns.v.append(2)\nassert s.v == [1, 2]",
            "s = f([1])\ns.v = [7]\nassert list(s) == [7]",
            "assert type(f([1])).__name__ == 'S'",
            "assert f([1]).__class__.__name__ == 'S'",
            "assert hasattr(f([1]), 'v')",
            "assert not hasattr(f([1]), 'w')",
            "assert getattr(f([1]), 'v') == [1]",
            "assert callable(f([1]))",
            "assert isinstance(f([1]), object)",
            "assert not isinstance(f([1]), list)",
            "assert f([1]) is not None",
            "assert f([1]) is not f([1])",
            "assert sorted([f([1, 2]), f([1])])[0].v == [1]",
            "assert {f([1]): 'a'}[f([1])] == 'a'",
            "assert [f([1])] == [f([1])]",
            "assert f([1]) in [f([1])]",
            "assert sum(f([1, 2])) == 3",
            "a, b = f([1, 2])\nassert (a, b) == (1, 2)",
            "assert max(f([1, 2])) == 2",
            "assert sorted(f([2, 1])) == [1, 2]",
            "assert tuple(f([1, 2])) == (1, 2)",
            "assert [*f([1, 2])] == [1, 2]",
            "assert list(reversed(f([1, 2]))) == [2, 1]",
            "assert bool(f([1])) and not f([])",
            "import copy\nassert copy.deepcopy(f([1])) == f([1])",
            "assert vars(f([1])) == {'v': [1]}",
            "assert 'v' in dir(f([1]))",
            "assert f([1]).__len__() == 1",
            "assert f([1]).__dict__ == {'v': [1]}",
            "assert not f([1, 2]) == [1, 2]",
            "assert f([1, 2]) != [1, 2]",
            "assert f([1, 2]).missing",
        ),
    ),
    Shape(
        "an own __eq__ against plain values",
        (
            "class E:\n    def __init__(self, v): self.v = v\n    def __eq__(self, o): return self.v == o\n    __hash__ = None\ndef f(x): return E(x + 1)\n",
            "class E:\n    def __init__(self, v): self.v = v\n    def __eq__(self, o): return self.v == o\n    __hash__ = None\ndef f(x): return E(x)\n",
            "class E:\n    pass\ndef f(x): return E()\n",
        ),
        (
            "assert f(1) == 2",
            "assert 2 == f(1)",
            "assert f(1) != 3",
            "assert f(1) in [2]",
            "assert [f(1)] == [2]",
            "assert {'a': f(1)} == {'a': 2}",
            "assert not f(1) == 3",
        ),
    ),
    Shape(
        "iterators",
        (
            "def f(n):\n    yield from range(n)\n",
            "def f(n):\n    yield from range(n + 1)\n",
            "def f(n):\n    return iter(range(n))\n",
            "def f(n):\n    return list(range(n))\n",
            "def f(n):\n    return map(int, range(n))\n",
            "def f(n):\n    got = yield 0\n    yield got\n    return 7\n",
        ),
        (
            "assert list(f(3)) == [0, 1, 2]",
            "it = f(3)\nassert next(it) == 0\nassert next(it) == 1",
            "it = f(1)\nassert next(it) == 0\ntry:\n    next(it)\n    assert False\nexcept StopIteration:\n    pass",
            "it = f(2)\nassert list(it) == [0, 1]\nassert list(it) == []",
            "assert next(f(0), None) is None",
            "assert sum(f(4)) == 6",
            "import types\nassert isinstance(f(3), types.GeneratorType)",
            "import collections.abc\nassert isinstance(f(3), collections.abc.Iterator)",
            "assert iter(f(3)) is not None",
            "g = f(3)\nassert iter(g) is g",
            "assert [a for a in zip(f(2), f(2))] == [(0, 0), (1, 1)]",
            "for a, b in zip(f(3), [0, 1, 2], strict=True):\n    assert a == b",
            "g = f(1)\nnext(g)\nassert g.send(5) == 5",
            "g = f(3)\ng.close()\nassert list(g) == []",
            "assert 2 in f(3)",
            "assert hasattr(f(3), '__next__')",
            "import itertools\nassert list(itertools.islice(f(5), 2)) == [0, 1]",
            "assert f(3) == [0, 1, 2]",
            "assert len(f(3)) == 3",
            "assert type(f(3)).__name__ == 'generator'",
        ),
    ),
    Shape(
        "mutation and identity",
        (
            "def f(xs):\n    xs.sort()\n    return xs\n",
            "def f(xs):\n    return sorted(xs)\n",
            "def f(xs):\n    return list(xs)\n",
            "def f(xs):\n    ys = [xs, xs]\n    return ys\n",
            "def f(xs):\n    return xs\n",
        ),
        (
            "x = [2, 1]\nassert f(x) is x",
            "x = [2, 1]\nassert f(x) is not x",
            "x = [2, 1]\nf(x)\nassert x == [1, 2]",
            "x = [2, 1]\nf(x)\nassert x == [2, 1]",
            "x = [2, 1]\nr = f(x)\nr.append(9)\nassert 9 in x",
            "x = (1, 2)\nassert f(x) is x",
            "x = 'text'\nassert f(x) is x",
            "x = 10 ** 30\nassert f(x) is x",
            "x = lambda: 1\nassert f(x) is x",
            "x = [2, 1]\nr = f(x)\nassert r[0] is r[1]",
            "x = [2, 1]\nassert id(f(x)) == id(x)",
            "x = [[1], [0]]\nr = f(x)\nassert any(r[0] is row for row in x)",
            "x = [3, 1]\ny = x\nf(x)\nassert y is x and y == [1, 3]",
            "x = [2, 1]\nif f(x) is not x:\n    raise AssertionError",
            "import copy\nx = [2, 1]\nbefore = copy.deepcopy(x)\nf(x)\nassert x == before",
            "x = (2, 1)\nassert f(x) == x",
            "x = None\nassert f(x) is None",
            "x = frozenset([1])\nassert f(x) is x",
            "class A: pass\nx = A()\nassert f(x) is x",
            "x = [True, 1, 1.0]\nr = f(x)\nassert [type(i) for i in r] == [bool, int, float]",
        ),
    ),
    Shape(
        "conversions in place",
        (
            "def f(xs):\n    for i, v in enumerate(xs):\n        xs[i] = float(v)\n",
            "def f(xs):\n    for i, v in enumerate(xs):\n        xs[i] = int(v)\n",
            "def f(xs):\n    for i, v in enumerate(xs):\n        xs[i] = bool(v)\n",
            "def f(xs):\n    for i, v in enumerate(xs):\n        xs[i] = -v\n",
            "def f(xs):\n    xs[:] = [tuple(xs)]\n",
        ),
        (
            "x = [1, True]\nf(x)\nassert [type(i) for i in x] == [float, float]",
            "x = [1, True]\nf(x)\nassert [type(i) for i in x] == [int, int]",
            "x = [1.0, 0.0]\nf(x)\nassert str(x) == '[-1.0, -0.0]'",
            "x = [1, 2]\nf(x)\nassert x == [(1, 2)]",
            "x = [1, 2]\nf(x)\nassert x == [True, True]",
        ),
    ),
    Shape(
        "values that the program keeps",
        (
            "log = []\ndef f(x):\n    log.append(x)\n    return log\n",
            "def f(x, log=[]):\n    log.append(x)\n    return log\n",
            "log = []\ndef f(x):\n    log.append(x)\n    return list(log)\n",
            "def f(x):\n    return [x]\n",
            "rows = [[0]]\ndef f(x):\n    rows[0].append(x)\n    return list(rows)\n",
            "class K:\n    log = []\n    def f(self, x):\n        self.log.append(x)\n        return self.log\nf = K().f\n",
            "import functools\n@functools.lru_cache\ndef f(x):\n    return [x]\n",
        ),
        (
            "a = f(1)\nb = f(2)\nassert a == b == [1, 2]",
            "a = f(1)\nb = f(2)\nassert a == [1] and b == [2]",
            "a = f(1)\nb = f(2)\nassert a == [1]",
            "a = f(1)\nf(2)\nassert len(a) == 2",
            "a = f(1)\na.append(5)\nassert f(1) == [1]",
            "a = f(1)\na.append(5)\nassert f(1) == [1, 5]",
            "a = f(1)\na.append(5)\nassert 5 in f(2)",
            "f(1)\nassert f(2) == [1, 2]",
            "a = f(1)\nb = f(2)\nassert a == [[0, 1, 2]]",
            "assert f(1) is f(1)",
            "out = []\nfor i in range(3):\n    out.append(f(i))\nassert out == [[0], [1], [2]]",
            "out = [f(i) for i in range(3)]\nassert out[0] == [0]",
        ),
    ),
    Shape(
        "aliases inside a result",
        (
            "def f():\n    return [[0] * 2] * 2\n",
            "def f():\n    return [[0] * 2 for _ in range(2)]\n",
        ),
        (
            "r = f()\nr[0][0] = 1\nassert r == [[1, 0], [0, 0]]",
            "r = f()\nr[0][0] = 1\nassert r == [[1, 0], [1, 0]]",
            "r = f()\nassert r[0] is r[1]",
            "r = f()\nassert r[0] is not r[1]",
            "assert f() == [[0, 0], [0, 0]]",
            "r = f()\nassert len({id(row) for row in r}) == 2",
        ),
    ),
    Shape(
        "deep values",
        (
            "def f(n):\n    out = []\n    for _ in range(n):\n        out = [out]\n    return out\n",
            "def f(n):\n    out = [1]\n    for _ in range(n):\n        out = [out]\n    return out\n",
            "def f(n):\n    out = {}\n    for _ in range(n):\n        out = {'next': out}\n    return out\n",
        ),
        (
            "a = []\nfor _ in range(400):\n    a = [a]\nassert f(400) == a",
            "r = f(600)\nn = 0\nwhile r:\n    r = r[0]\n    n += 1\nassert n == 600",
            "r = f(5000)\nn = 0\nwhile r and isinstance(r, list):\n    r = r[0]\n    n += 1\nassert n == 5000",
            "r = f(300)\nn = 0\nwhile r:\n    r = r['next']\n    n += 1\nassert n == 300",
            "assert f(2) == [[[]]]",
        ),
    ),
    Shape(
        "deep arguments",
        (
            "def f(x):\n    n = 0\n    while isinstance(x, list) and x:\n        x = x[0]\n        n += 1\n    return n\n",
            "def f(x):\n    return 7\n",
        ),
        tuple(
            f"a = []\nfor _ in range({n}):\n    a = [a]\nassert f(a) == {n}" for n in (7, 140, 160, 700, 4000)
        ),
    ),
    Shape(
        "values that contain themselves",
        (
            "def f():\n    a = [1]\n    a.append(a)\n    return a\n",
            "def f():\n    return [1, [1]]\n",
            "def f():\n    d = {}\n    d['me'] = d\n    return d\n",
        ),
        (
            "a = f()\nassert a[1] is a",
            "a = f()\nassert a[0] == 1",
            "a = f()\nassert len(a) == 2",
            "assert repr(f()) == '[1, [...]]'",
            "assert f() == [1, [1]]",
            "d = f()\nassert d['me'] is d",
            "import pytest\nwith pytest.raises(BaseException):\n    f()",
            "try:\n    f()\n    ok = False\nexcept BaseException:\n    ok = True\nassert ok",
        ),
    ),
    Shape(
        "big values",
        ("def f(n):\n    return list(range(n))\n", "def f(n):\n    return list(range(n))[::-1]\n"),
        (
            "assert sum(f(1000000)) == 499999500000",
            "assert f(300000) == list(range(300000))",
            "assert f(200000)[:2] == [0, 1]",
        ),
    ),
    Shape(
        "big arguments",
        ("def f(xs):\n    return sum(xs)\n", "def f(xs):\n    return len(xs)\n"),
        (
            "assert f(list(range(1000000))) == 499999500000",
            "assert f([0.5] * 300000) == 150000.0",
            "assert f(tuple(range(1000))) == 499500",
        ),
    ),
]


NUMBERS = functions(
    "[Decimal('1.10'), Fraction(1, 3), 2 + 3j, float('nan'), -0.0, float('inf'), 10 ** 40, True]",
    "[Decimal('1.1'), Fraction(1, 2), 2 - 3j, 0.0, 0.0, float('-inf'), 10 ** 40 + 1, 1]",
    before="from decimal import Decimal\nfrom fractions import Fraction",
)
SHAPES += [
    Shape(
        "numbers",
        NUMBERS,
        (
            "from decimal import Decimal\nassert f()[0] == Decimal('1.1')",
            "assert str(f()[0]) == '1.10'",
            "from fractions import Fraction\nassert f()[1] == Fraction(1, 3)",
            "assert repr(f()[1]) == 'Fraction(1, 3)'",
            "assert f()[2] == 2 + 3j and f()[2].imag == 3",
            "import math\nassert math.isnan(f()[3])",
            "assert f()[3] != f()[3]",
            "v = f()[3]\nassert [v] == [v]",
            "import math\nassert math.copysign(1, f()[4]) == -1",
            "assert f()[5] == float('inf')",
            "assert f()[6] == 10 ** 40",
            "assert f()[7] is True",
            "assert type(f()[7]) is bool",
            "assert repr(f()[7]) == 'True'",
            "assert str(f()[2]) == '(2+3j)'",
        ),
    ),
    Shape(
        "NaN by identity",
        functions("[math.nan]", "[float('nan')]", "math.nan", "{math.nan}", before="import math"),
        (
            "import math\nassert f() == [math.nan]",
            "import math\nassert f() != [math.nan]",
            "import math\nassert math.nan in f()",
            "import math\nassert f() == {math.nan}",
            "import math\nassert math.isnan(f())",
            "import math\nassert f() is math.nan",
        ),
    ),
    Shape(
        "sets of odd values",
        functions(
            "{Decimal('NaN'), Decimal(1)}",
            "{Decimal(1)}",
            "{1, 'a', (2, 3), None, frozenset([4])}",
            "{1, 'a', (2, 3), None}",
            before="from decimal import Decimal",
        ),
        (
            "assert len(f()) == 2",
            "assert f() != {1}",
            "assert f() == {1}",
            "assert f() == {1, 'a', (2, 3), None, frozenset([4])}",
            "assert 'a' in f()",
            "assert f() >= {1}",
        ),
    ),
    Shape(
        "dates",
        functions(
            "dt.datetime(2020, 7, 1, 12, tzinfo=zoneinfo.ZoneInfo('Europe/Berlin'))",
            "dt.datetime(2020, 7, 1, 11, tzinfo=zoneinfo.ZoneInfo('Europe/Berlin'))",
            "dt.datetime(2020, 7, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2), 'X'))",
            "dt.datetime(2020, 7, 1, 12)",
            "dt.datetime(2020, 7, 1, 10, tzinfo=dt.timezone.utc)",
            before="import datetime as dt, zoneinfo",
        ),
        (
            "assert f().utcoffset().total_seconds() == 7200",
            "import datetime\nassert f() == datetime.datetime(2020, 7, 1, 10, tzinfo=datetime.timezone.utc)",
            "assert f().tzinfo.key == 'Europe/Berlin'",
            "assert f().isoformat() == '2020-07-01T12:00:00+02:00'",
            "assert str(f()) == '2020-07-01 12:00:00+02:00'",
            "assert f().tzname() == 'CEST'",
            "import datetime\nassert f() == datetime.datetime(2020, 7, 1, 12)",
            "assert f().year == 2020",
            "from zoneinfo import ZoneInfo\nimport datetime\nassert f() == datetime.datetime(2020, 7, 1, 12, tzinfo=ZoneInfo('Europe/Berlin'))",
            "import datetime\nassert [f()] == [datetime.datetime(2020, 7, 1, 10, tzinfo=datetime.timezone.utc)]",
            "assert f().strftime('%d.%m.') == '01.07.'",
        ),
    ),
    Shape(
        "named tuples",
        (
            "from collections import namedtuple\nP = namedtuple('P', 'x y')\ndef f(x=1, y=2): return P(x, y)\n",
            "from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\n    y: int = 3\n    def norm(self): return self.x + self.y\ndef f(x=1): return P(x)\n",
            "def f(x=1, y=2): return (x, y)\n",
        ),
        (
            "assert f() == (1, 2)",
            "assert f().x == 1",
            "assert f()[1] == 2",
            "assert repr(f()) == 'P(x=1, y=2)'",
            "assert str(f()) == 'P(x=1, y=2)'",
            "assert f'{f()}' == 'P(x=1, y=2)'",
            "assert repr([f()]) == '[P(x=1, y=2)]'",
            "assert repr(f()) == '(1, 2)'",
            "assert type(f()) is tuple",
            "assert isinstance(f(), tuple)",
            "assert type(f()).__name__ == 'P'",
            "assert f()._asdict() == {'x': 1, 'y': 2}",
            "assert f()._replace(x=5) == (5, 2)",
            "assert f()._fields == ('x', 'y')",
            "a, b = f()\nassert (a, b) == (1, 2)",
            "assert f().norm() == 4",
            "assert hash(f()) == hash((1, 2))",
            "assert {f(): 'a'}[(1, 2)] == 'a'",
            "assert f() + (3,) == (1, 2, 3)",
            "assert sorted([f(), (0, 0)]) == [(0, 0), (1, 2)]",
            "assert f().count(1) == 1 and f().index(2) == 1",
            "assert len(f()) == 2 and 2 in f()",
            "assert hasattr(f(), 'x')",
            "assert '%s %s' % f() == '1 2'",
            "assert max(f()) == 2",
            "from collections import namedtuple\nassert f() == namedtuple('Q', 'a b')(1, 2)",
        ),
    ),
    Shape(
        "named tuples of the test",
        (
            "def f(p): return p.v + 1\n",
            "def f(p): return p[0]\n",
            "def f(p): return p\n",
            "def f(p): return type(p).__name__\n",
        ),
        (
            "from collections import namedtuple\nN = namedtuple('N', 'v w')\nassert f(N(1, 2)) == 2",
            "from collections import namedtuple\nN = namedtuple('N', 'v w')\nassert f(N(1, 2)) == (1, 2)",
            "from collections import namedtuple\nN = namedtuple('N', 'v w')\nassert f(N(1, 2)).v == 1",
            "from collections import namedtuple\nN = namedtuple('N', 'v w')\nassert f(N(1, 2)) == 'N'",
            "import enum\nclass C(enum.IntEnum):\n    v = 1\nassert f(C) == 2",
            "import enum\nclass C(enum.IntEnum):\n    A = 1\nassert f(C.A) == 1",
            "import enum\nclass C(enum.IntEnum):\n    A = 1\nassert f(C.A) is C.A",
            "class L(list):\n    v = 3\nassert f(L([1])) == 4",
            "import types\nassert f(types.SimpleNamespace(v=3)) == 4",
        ),
    ),
    Shape(
        "enums",
        (
            "import enum\nclass C(enum.Enum):\n    RED = 1\n    BLUE = 2\ndef f(n=1): return C(n)\n",
            "import enum\nclass C(enum.IntEnum):\n    RED = 1\n    BLUE = 2\ndef f(n=1): return C(n)\n",
            "import enum\nclass C(str, enum.Enum):\n    RED = 'red'\n    BLUE = 'blue'\ndef f(n=1): return C.RED if n == 1 else C.BLUE\n",
            "import enum\nclass C(enum.StrEnum):\n    RED = 'red'\n    BLUE = 'blue'\ndef f(n=1): return C.RED if n == 1 else C.BLUE\n",
            "import enum\nclass C(enum.IntFlag):\n    RED = 1\n    BLUE = 2\ndef f(n=1): return C(n)\n",
            "def f(n=1): return n\n",
        ),
        (
            "assert f() == 1",
            "assert f().value == 1",
            "assert f().name == 'RED'",
            "assert f() == 'red'",
            "assert str(f()) == 'C.RED'",
            "assert str(f()) == '1'",
            "assert str(f()) == 'red'",
            "assert repr(f()) == '<C.RED: 1>'",
            "assert f'{f()}' == 'red'",
            "assert f'{f()}' == '1'",
            "assert f() is f()",
            "assert isinstance(f(), int)",
            "assert isinstance(f(), str)",
            "assert type(f()) is int",
            "assert f(1) == f(1) and f(1) != f(2)",
            "assert f() + 1 == 2",
            "assert f(1) | f(2) == 3",
            "assert {f(): 1} == {1: 1}",
            "assert C(1) is f()",
            "assert f() < f(2)",
            "assert f() in [1]",
            "assert [f(), f(2)] == [1, 2]",
            "assert repr([f()]) == '[<C.RED: 1>]'",
            "assert f() != 5",
            "import json\nassert json.dumps(f()) == '1'",
            "assert f().upper() == 'RED'",
        ),
    ),
    Shape(
        "dataclasses",
        (
            "from dataclasses import dataclass\n@dataclass(order=True)\nclass D:\n    x: int\n    y: int = 2\ndef f(x=1): return D(x)\n",
            "from dataclasses import dataclass\n@dataclass\nclass D:\n    x: int\n    y: int = 3\ndef f(x=1): return D(x)\n",
            "class D:\n    def __init__(self, x, y=2): self.x, self.y = x, y\ndef f(x=1): return D(x)\n",
        ),
        (
            "assert f() == D(1)",
            "assert f() == f()",
            "assert f(1) != f(2)",
            "assert f().y == 2",
            "assert repr(f()) == 'D(x=1, y=2)'",
            "import dataclasses\nassert dataclasses.asdict(f()) == {'x': 1, 'y': 2}",
            "import dataclasses\nassert dataclasses.astuple(f()) == (1, 2)",
            "import dataclasses\nassert dataclasses.is_dataclass(f())",
            "import dataclasses\nassert dataclasses.replace(f(), x=4).x == 4",
            "assert f(1) < f(2)",
            "assert [f()] == [f()]",
            "assert f() == (1, 2)",
            "assert f() != (1, 2)",
            "d = f()\nd.x = 9\nassert d.x == 9",
            "assert vars(f()) == {'x': 1, 'y': 2}",
            "assert [d.x for d in [f(1), f(2)]] == [1, 2]",
            "assert max([f(1), f(3)], key=lambda d: d.x).x == 3",
            "assert isinstance(f(), D)",
        ),
    ),
    Shape(
        "containers of collections",
        functions(
            "collections.deque([1, 2], maxlen=2)",
            "collections.deque([1, 2])",
            "collections.deque([2, 1], maxlen=3)",
            "[1, 2]",
            before="import collections",
        ),
        (
            "d = f()\nd.append(3)\nassert list(d) == [2, 3]",
            "assert f().maxlen == 2",
            "import collections\nassert f() == collections.deque([1, 2])",
            "assert list(f()) == [1, 2]",
            "assert repr(f()) == 'deque([1, 2], maxlen=2)'",
            "d = f()\nd.appendleft(0)\nassert list(d) == [0, 1]",
            "d = f()\nd.rotate(1)\nassert list(d) == [2, 1]",
            "assert f() == [1, 2]",
        ),
    ),
    Shape(
        "default dictionaries",
        functions(
            "collections.defaultdict(lambda: 7, {'a': 1})",
            "collections.defaultdict(int, {'a': 1})",
            "collections.defaultdict(list, {'a': 1})",
            "{'a': 1}",
            "Missing({'a': 1})",
            "collections.defaultdict(None, {'a': 1})",
            before="import collections\nclass Missing(dict):\n    def __missing__(self, key): return 7\n",
        ),
        (
            "assert f()['zzz'] == 7",
            "assert f()['zzz'] == 0",
            "assert f()['zzz'] == []",
            "assert f()['a'] == 1",
            "assert f() == {'a': 1}",
            "d = f()\nd['b'] += 1\nassert d == {'a': 1, 'b': 1}",
            "d = f()\nd['b'] += 1\nassert d == {'a': 1, 'b': 8}",
            "assert f().get('zzz') is None",
            "assert 'zzz' not in f()",
            "try:\n    f()['zzz']\n    assert False\nexcept KeyError:\n    pass",
            "assert f().default_factory is int",
            "assert f().default_factory is not None",
            "assert repr(f()) == \"{'a': 1}\"",
            "assert str(f()).startswith('defaultdict')",
            "assert dict(f()) == {'a': 1}",
            "assert isinstance(f(), dict)",
            "assert type(f()) is dict",
            "assert {**f()} == {'a': 1}",
            "assert list(f().items()) == [('a', 1)]",
            "d = f()\nd.update(b=2)\nassert d == {'a': 1, 'b': 2}",
        ),
    ),
    Shape(
        "other mappings and sequences",
        functions(
            "collections.ChainMap({'a': 1})",
            "collections.UserDict({'a': 1})",
            "types.MappingProxyType({'a': 1})",
            "collections.OrderedDict(a=1)",
            "collections.Counter('a')",
            "collections.ChainMap({'a': 2})",
            "collections.UserDict({'b': 1})",
            "types.MappingProxyType({'a': 0})",
            before="import collections, types",
        ),
        (
            "assert f() == {'a': 1}",
            "assert f()['a'] == 1",
            "assert dict(f()) == {'a': 1}",
            "assert list(f()) == ['a']",
            "assert len(f()) == 1",
            "assert 'a' in f()",
            "assert f().get('b', 5) == 5",
            "assert sorted(f().items()) == [('a', 1)]",
            "assert list(f().keys()) == ['a']",
            "assert f() != {'a': 5}",
            "assert {'a': 1} == f()",
            "assert repr(f()).endswith(\"{'a': 1})\")",
            "assert type(f()).__name__ in ('ChainMap', 'UserDict', 'mappingproxy')",
            "import collections.abc\nassert isinstance(f(), collections.abc.Mapping)",
        ),
    ),
    Shape(
        "bytes and views",
        functions(
            "memoryview(b'ab')",
            "b'ab'",
            "bytearray(b'ab')",
            "array.array('b', [97, 98])",
            "memoryview(b'ac')",
            "collections.UserList([97, 98])",
            "collections.UserString('ab')",
            before="import array, collections",
        ),
        (
            "assert f() == b'ab'",
            "assert bytes(f()) == b'ab'",
            "assert f()[0] == 97",
            "assert len(f()) == 2",
            "assert list(f()) == [97, 98]",
            "assert f() == [97, 98]",
            "assert f() == 'ab'",
            "assert f().tolist() == [97, 98]",
            "assert f()[::-1] == b'ba'",
            "b = f()\nb[0] = 99\nassert bytes(b) == b'cb'",
            "assert f() != b'xx'",
            "import array\nassert f() == array.array('b', [97, 98])",
        ),
    ),
    Shape(
        "ranges, slices, dict views, types",
        functions(
            "[range(3), slice(1, 2), {'a': 1}.keys(), {'a': 1}.values(), {'a': 1}.items(), int, None, ..., NotImplemented]",
            "[range(4), slice(1, 3), {'b': 1}.keys(), {'a': 2}.values(), {'a': 2}.items(), str, 0, None, None]",
        ),
        (
            "assert f()[0] == range(3)",
            "assert list(f()[0]) == [0, 1, 2]",
            "assert f()[1] == slice(1, 2)",
            "assert f()[1].stop == 2",
            "assert [1, 2, 3][f()[1]] == [2]",
            "assert f()[2] == {'a'}",
            "assert list(f()[3]) == [1]",
            "assert list(f()[4]) == [('a', 1)]",
            "assert f()[5] is int",
            "assert f()[6] is None",
            "assert f()[7] is ...",
            "assert f()[8] is NotImplemented",
            "assert repr(f()[1]) == 'slice(1, 2, None)'",
            "assert repr(f()[2]) == \"dict_keys(['a'])\"",
            "assert f()[5]('5') == 5",
        ),
    ),
    Shape(
        "functions returned",
        (
            "import functools, operator\ndef f(n):\n    def add(x, y=1, *, z=0): return x + n * y + z\n    return add\n",
            "import functools\ndef f(n):\n    return functools.partial(lambda a, x, y=1, z=0: x + a * y + z, n)\n",
            "def f(n):\n    return lambda x, y=2, *, z=0: x + n * y + z\n",
            "class A:\n    def __init__(self, n): self.n = n\n    def __call__(self, x, y=1, *, z=0): return x + self.n * y + z\nf = A\n",
            "class A:\n    def __init__(self, n): self.n = n\n    def add(self, x, y=1, *, z=0): return x + self.n * y + z\ndef f(n): return A(n).add\n",
            "def f(n): return 5\n",
        ),
        (
            "assert f(2)(3) == 5",
            "assert f(2)(3, 4) == 11",
            "assert f(2)(3, z=1) == 6",
            "assert f(2)(x=3) == 5",
            "add = f(2)\nassert [add(i) for i in range(3)] == [2, 3, 4]",
            "assert list(map(f(1), [1, 2])) == [2, 3]",
            "assert callable(f(2))",
            "assert f(2).__name__ == 'add'",
            "assert f(2).__name__ == '<lambda>'",
            "assert f(2) != f(2)",
            "g = f(2)\nassert g is g",
            "import functools\nassert functools.partial(f(2), 3)() == 5",
            "try:\n    f(2)(1, 2, 3, 4)\n    ok = False\nexcept TypeError:\n    ok = True\nassert ok",
            "import inspect\nassert list(inspect.signature(f(2)).parameters) == ['x', 'y', 'z']",
            "assert type(f(2)).__name__ == 'function'",
            "assert f(2).func is not None",
            "assert hash(f(2)) is not None",
            "assert f(2).__defaults__ == (1,)",
        ),
    ),
    Shape(
        "arguments of every form",
        (
            "def f(a, *rest, k=1, **named): return (a, rest, k, sorted(named))\n",
            "def f(a, *rest, k=2, **named): return (a, rest, k, list(named.values()))\n",
            "def f(a, b=0): return (a, b)\n",
            "def f(*, k, a): return (k, a)\n",
        ),
        (
            "assert f(1) == (1, (), 1, [])",
            "assert f(1, 2, 3, k=4, z=5) == (1, (2, 3), 4, ['z'])",
            "assert f(*[1, 2], **{'k': 3}) == (1, (2,), 3, [])",
            "assert f(a=1, k=2) == (1, (), 2, [])",
            "assert f(a=1, k=2) == (2, 1)",
            "try:\n    f()\n    ok = False\nexcept TypeError:\n    ok = True\nassert ok",
            "try:\n    f(1, 2, 3)\nexcept TypeError as error:\n    assert 'positional' in str(error)\nelse:\n    assert False",
        ),
    ),
    Shape(
        "coroutines",
        (
            "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x + 1\n",
            "import asyncio\nasync def f(x):\n    return x + 2\n",
            "import asyncio\ndef f(x):\n    return x + 1\n",
            "import asyncio\nasync def f(x):\n    raise ValueError(x)\n",
        ),
        (
            "assert asyncio.run(f(1)) == 2",
            "import asyncio\nassert asyncio.run(f(1)) == 2",
            "import asyncio\nasync def main():\n    return [await f(i) for i in range(3)]\nassert asyncio.run(main()) == [1, 2, 3]",
            "import asyncio\nasync def main():\n    assert await f(1) == 2\nasyncio.run(main())",
            "import asyncio\nasync def main():\n    return await asyncio.gather(f(1), f(2))\nassert asyncio.run(main()) == [2, 3]",
            "import asyncio\ntry:\n    asyncio.run(f(1))\n    ok = False\nexcept ValueError:\n    ok = True\nassert ok",
            "import inspect\nassert inspect.iscoroutinefunction(f)",
            "c = f(1)\ntry:\n    c.send(None)\nexcept StopIteration as stop:\n    assert stop.value == 2",
            "from asyncio import run\nassert run(f(1)) == 2",
        ),
    ),
    Shape(
        "asynchronous generators",
        (
            "async def f(n):\n    for i in range(n):\n        yield i\n",
            "async def f(n):\n    yield n\n",
        ),
        (
            "import asyncio\nasync def main():\n    return [i async for i in f(3)]\nassert asyncio.run(main()) == [0, 1, 2]",
        ),
    ),
    Shape(
        "str and repr",
        functions(
            "S('abc')",
            "'abc'",
            "S('abd')",
            before="class S(str):\n    def __repr__(self): return 'S!'\n    def __str__(self): return 's!'\n    def __len__(self): return 9\n    extra = 4\n",
        ),
        (
            "assert f() == 'abc'",
            "assert repr(f()) == 'S!'",
            "assert str(f()) == 's!'",
            "assert str(f()) == 'abc'",
            "assert len(f()) == 9",
            "assert len(f()) == 3",
            "assert f().extra == 4",
            "assert f'{f()}' == 's!'",
            "assert f().upper() == 'ABC'",
            "assert type(f()) is str",
            "assert isinstance(f(), str)",
            "assert 'x' + f() == 'xabc'",
            "assert {'abc': 1}[f()] == 1",
            "assert f() in ['abc']",
            "assert f'{f()!r}' == 'S!'",
            "assert '%r' % f() == 'S!'",
            "assert f()[1] == 'b'",
            "import re\nassert re.match('a', f())",
            "assert f().startswith('ab')",
            "assert ','.join([f(), f()]) == 'abc,abc'",
            "assert sorted([f(), 'abb']) == ['abb', 'abc']",
        ),
    ),
    Shape(
        "subclasses that behave otherwise",
        functions(
            "Fold('ABC')",
            "Mod(7)",
            "Rev([1, 2])",
            "Low({'A': 1})",
            "'abc'",
            "7",
            "[1, 2]",
            before="class Fold(str):\n    def __eq__(self, o): return self.lower() == o.lower()\n    __hash__ = None\n"
            "class Mod(int):\n    def __add__(self, o): return Mod((int(self) + o) % 5)\n    def __eq__(self, o): return (int(self) - o) % 5 == 0\n    __hash__ = int.__hash__\n"
            "class Rev(list):\n    def __iter__(self): return reversed(list(self[:]))\n    def __getitem__(self, i): return list.__getitem__(self, i) if isinstance(i, slice) else -1\n    def append(self, x): list.append(self, x * 2)\n"
            "class Low(dict):\n    def __getitem__(self, k): return dict.__getitem__(self, k.upper())\n    def __contains__(self, k): return dict.__contains__(self, k.upper())\n",
        ),
        (
            "assert f() == 'abc'",
            "assert f() == 'ABC'",
            "assert f() == 2",
            "assert f() == 7",
            "assert f() + 1 == 3",
            "assert f() + 1 == 8",
            "assert list(f()) == [2, 1]",
            "assert list(f()) == [1, 2]",
            "assert f()[0] == -1",
            "x = f()\nx.append(3)\nassert len(x) == 3 and x == [1, 2, 6]",
            "assert f()['a'] == 1",
            "assert 'a' in f()",
            "assert f() == {'A': 1}",
            "assert f() == [1, 2]",
            "assert f() != [1, 2]",
            "assert [f()] == [7]",
            "assert f() in ['abc', 2]",
            "assert [x for x in f()] == [2, 1]",
            "a, b = f()\nassert (a, b) == (2, 1)",
            "assert (f(), 1) == (2, 1)",
            "assert f() > 3",
        ),
    ),
]

_EXCEPTIONS = (
    ("b'\\xff'.decode()", "UnicodeDecodeError", "error.start == 0 and error.encoding == 'utf-8'"),
    ("'\\xff'.encode('ascii')", "UnicodeEncodeError", "error.reason == 'ordinal not in range(128)'"),
    ("open('/nonexistent/file')", "FileNotFoundError", "error.errno == 2"),
    (
        "_raise(OSError(2, 'No such file', 'name'))",
        "OSError",
        "error.filename == 'name' and type(error) is FileNotFoundError",
    ),
    ("_raise(OSError('bare'))", "OSError", "str(error) == 'bare'"),
    (
        "_raise(ExceptionGroup('g', [ValueError(1), KeyError(2)]))",
        "ExceptionGroup",
        "len(error.exceptions) == 2",
    ),
    ("_raise(StopIteration(5))", "StopIteration", "error.value == 5"),
    ("_raise(KeyError('k'))", "KeyError", "str(error) == \"'k'\" and error.args == ('k',)"),
    ("_raise(SystemExit(3))", "SystemExit", "error.code == 3"),
    ("_raise(KeyboardInterrupt())", "KeyboardInterrupt", "True"),
    ("{}['a']", "LookupError", "isinstance(error, KeyError)"),
    ("1 / 0", "ArithmeticError", "type(error) is ZeroDivisionError"),
    ("_raise(ValueError([1, 2], {'a': 1}, 5.0))", "ValueError", "error.args == ([1, 2], {'a': 1}, 5.0)"),
    ("_raise(ValueError(*range(9)))", "ValueError", "len(error.args) == 9"),
    ("_raise(ValueError('x' * 1000))", "ValueError", "len(str(error)) == 1000"),
    ("_raise(Own(1, 'two'))", "ValueError", "error.one == 1"),
    ("_raise(Own(1, 'two'))", "Exception", "type(error).__name__ == 'Own'"),
    ("_raise(Own(1, 'two'))", "ValueError", "str(error) == 'own text'"),
    ("_raise(Own(1, 'two'))", "Own", "error.args == (1, 'two')"),
    ("_raise(Plain('p'))", "Exception", "repr(error) == \"Plain('p')\""),
    ("_raise(SyntaxError('bad', ('f.py', 3, 4, 'text')))", "SyntaxError", "error.lineno == 3"),
    ("_raise(ImportError('no', name='mod'))", "ImportError", "error.name == 'mod'"),
    ("_raise(AttributeError('no', name='a', obj=3))", "AttributeError", "error.name == 'a'"),
    ("None.missing", "AttributeError", "error.name == 'missing'"),
    ("_raise(NameError('n', name='zz'))", "NameError", "error.name == 'zz'"),
    ("undefined_name", "NameError", "'undefined_name' in str(error)"),
    ("_raise(UserWarning('w'))", "Warning", "str(error) == 'w'"),
    ("_raise(json.JSONDecodeError('m', 'doc', 1))", "ValueError", "error.pos == 1"),
    ("_raise(decimal.InvalidOperation('i'))", "ArithmeticError", "True"),
    ("decimal.Decimal('x')", "decimal.InvalidOperation", "True"),
    ("_chain()", "ValueError", "isinstance(error.__cause__, KeyError)"),
    ("_chain()", "ValueError", "error.__cause__ is not None"),
    ("_noted()", "ValueError", "error.__notes__ == ['note']"),
    ("_raise(RecursionError('deep'))", "RuntimeError", "True"),
    ("_raise(AssertionError('inner'))", "AssertionError", "str(error) == 'inner'"),
    ("_raise(TimeoutError('t'))", "OSError", "True"),
    ("_raise(subprocess.CalledProcessError(3, 'cmd'))", "Exception", "error.returncode == 3"),
    ("_raise(Fake('x'))", "Exception", "isinstance(error, KeyError) and not isinstance(error, ValueError)"),
    ("_raise(Fake('x'))", "ValueError", "True"),
    ("_raise(Deep('x'))", "LookupError", "isinstance(error, ValueError)"),
)
_BEFORE = """
import decimal, json, subprocess
class Own(ValueError):
    def __init__(self, one, two):
        super().__init__(one, two)
        self.one = one
    def __str__(self): return 'own text'
class Plain(Exception): pass
Fake = type('ValueError', (KeyError,), {})
class Deep(KeyError, ValueError): pass
def _raise(error): raise error
def _chain():
    try:
        {}['k']
    except KeyError as error:
        raise ValueError('v') from error
def _noted():
    error = ValueError('v')
    error.add_note('note')
    raise error
"""
for _expression, _kind, _holds in _EXCEPTIONS:
    _program = f"{_BEFORE}\ndef f():\n    return {_expression}\n"
    _import = "import decimal\n" if "." in _kind else ""
    SHAPES.append(
        Shape(
            f"exception {_expression}",
            (_program,),
            (
                f"{_import}try:\n    f()\n    ok = False\nexcept {_kind} as error:\n    ok = {_holds}\nassert ok",
                f"{_import}try:\n    f()\nexcept {_kind}:\n    pass\nelse:\n    assert False",
                f"{_import}import pytest\nwith pytest.raises({_kind}) as caught:\n    f()\nerror = caught.value\nassert {_holds}",
                "try:\n    f()\n    ok = False\nexcept (TypeError, BufferError):\n    ok = True\nassert ok",
            ),
        )
    )
SHAPES.append(
    Shape(
        "exception groups",
        (
            "def f():\n    raise ExceptionGroup('g', [ValueError(1), KeyError(2)])\n",
            "def f():\n    raise ExceptionGroup('g', [TypeError(1)])\n",
            "def f():\n    raise ValueError(1)\n",
        ),
        (
            "seen = []\ntry:\n    f()\nexcept* ValueError as group:\n    seen.append([e.args for e in group.exceptions])\nexcept* KeyError:\n    seen.append('key')\nassert seen == [[(1,)], 'key']",
            "try:\n    f()\nexcept* (ValueError, KeyError):\n    ok = True\nassert ok",
            "try:\n    f()\nexcept ExceptionGroup as group:\n    assert group.message == 'g' and len(group.exceptions) == 2\nelse:\n    assert False",
        ),
    )
)
SHAPES.append(
    Shape(
        "warnings",
        (
            "import warnings\ndef f(x):\n    warnings.warn('old', DeprecationWarning)\n    return x\n",
            "import warnings\ndef f(x):\n    warnings.warn('new')\n    return x\n",
            "def f(x):\n    return x\n",
        ),
        (
            "import pytest\nwith pytest.warns(DeprecationWarning):\n    f(1)",
            "import pytest\nwith pytest.warns(DeprecationWarning, match='old') as record:\n    assert f(1) == 1\nassert len(record) == 1",
            "import warnings\nwith warnings.catch_warnings(record=True) as caught:\n    warnings.simplefilter('always')\n    f(1)\nassert caught and issubclass(caught[0].category, DeprecationWarning)",
            "import pytest\nwith pytest.deprecated_call():\n    f(1)",
            "import pytest\nwith pytest.warns():\n    f(1)",
            "import unittest\nwith unittest.TestCase().assertWarns(DeprecationWarning):\n    f(1)",
        ),
    )
)
SHAPES.append(
    Shape(
        "functions of the test",
        (
            "def f(g, *args):\n    return g(*args)\n",
            "def f(g, *args):\n    try:\n        return g(*args)\n    except ValueError as error:\n        return error.args\n    except KeyError:\n        raise\n",
            "def f(g, *args):\n    return None\n",
            "def f(g, *args):\n    try:\n        return g(*args)\n    except Exception as error:\n        raise RuntimeError('no') from error\n",
        ),
        (
            "assert f(lambda x: x + 1, 2) == 3",
            "assert f(len, [1, 2]) == 2",
            "def boom(*a):\n    raise ValueError(1, 'two')\ntry:\n    got = f(boom)\nexcept ValueError as error:\n    got = error.args\nassert got == (1, 'two')",
            "class Boom(Exception):\n    pass\ndef boom():\n    raise Boom('x')\ntry:\n    f(boom)\n    ok = False\nexcept Boom as error:\n    ok = str(error) == 'x'\nassert ok",
            "import pytest\ndef boom():\n    raise KeyError('k')\nwith pytest.raises(KeyError):\n    f(boom)",
            "seen = []\nf(seen.append, 5)\nassert seen == [5]",
            "calls = 0\ndef count(x):\n    global calls\n    calls += 1\n    return x\nf(count, 1)\nassert calls == 1",
            "x = [1]\ndef change(v):\n    v.append(2)\n    return v\nf(change, x)\nassert x == [1, 2]",
            "assert f(int, '5') == 5",
            "assert f(sorted, [2, 1]) == [1, 2]",
            "assert f(ValueError, 'x').args == ('x',)",
            "assert f(iter, [1]) is not None",
            "import functools\nassert f(functools.partial(pow, 2), 3) == 8",
            "assert f(str.upper, 'a') == 'A'",
        ),
    )
)
SHAPES.append(
    Shape(
        "values of the program",
        (
            "LOG = []\nCACHE = {'n': 0}\nLIMIT = 3\ndef f(x):\n    LOG.append(x)\n    CACHE['n'] += 1\n    return len(LOG)\n",
            "LOG = []\nCACHE = {'n': 0}\nLIMIT = 4\ndef f(x):\n    return x\n",
        ),
        (
            "f(1)\nf(2)\nassert LOG == [1, 2]",
            "assert LIMIT == 3",
            "f(5)\nassert CACHE == {'n': 1}",
            "CACHE.clear()\nCACHE['n'] = 7\nf(1)\nassert CACHE['n'] == 8",
            "LOG.append(9)\nassert f(1) == 2",
            "LOG.clear()\nassert f(1) == 1",
            "x = [1]\nf(x)\nx.append(2)\nassert LOG == [[1, 2]]",
            "x = [1]\nf(x)\nx.append(2)\nf(3)\nassert LOG == [[1, 2], 3]",
        ),
    )
)
SHAPES.append(
    Shape(
        "classes named in the test",
        (
            "class Stack:\n    def __init__(self): self.items = []\n    def push(self, x): self.items.append(x)\n    def pop(self): return self.items.pop()\n    def __len__(self): return len(self.items)\ndef make(): return Stack()\n",
            "class Stack:\n    def __init__(self): self.items = []\n    def push(self, x): self.items.insert(0, x)\n    def pop(self): return self.items.pop()\n    def __len__(self): return len(self.items)\ndef make(): return Stack()\n",
        ),
        (
            "s = Stack()\ns.push(1)\ns.push(2)\nassert s.pop() == 2",
            "s = make()\ns.push(1)\ns.push(2)\nassert s.pop() == 2",
            "s = make()\nfor i in range(3):\n    s.push(i)\nassert len(s) == 3 and s.items == [0, 1, 2]",
            "assert isinstance(make(), Stack)",
            "s = make()\ntry:\n    s.pop()\n    ok = False\nexcept IndexError:\n    ok = True\nassert ok",
        ),
    )
)
SHAPES.append(
    Shape(
        "attributes swallowed by the test",
        (
            "class R:\n    def __init__(self, v): self.value = v\ndef f(x): return R(x + 1)\n",
            "class R:\n    def __init__(self, v): self.value = v\ndef f(x): return R(x)\n",
            "def f(x): return None\n",
        ),
        (
            "try:\n    got = f(1).value\nexcept:\n    got = None\nassert got == 2",
            "try:\n    got = f(1).value\nexcept BaseException:\n    got = 2\nassert got == 2",
            "got = getattr(f(1), 'value', None)\nassert got == 2",
            "try:\n    got = f(1).value\nfinally:\n    pass\nassert got == 2",
            "import contextlib\ngot = None\nwith contextlib.suppress(BaseException):\n    got = f(1).value\nassert got == 2",
        ),
    )
)
_FLAGS = """from enum import {0}, auto
class Perm({0}):
    R = auto()
    W = auto()
    X = auto()
def f(s):
    p = Perm(0)
    for c in s: p |= Perm[c]
    return {1}
"""
_ROWS = """import numpy as np
def f(n):
    rows = np.zeros(n, dtype=[('id', 'i4'), ('name', 'U8')])
    for i in range(n): rows[i] = (i, f'{}')
    return rows
"""
_SQUARE = (
    "def f(x):\n    return x * x\n",
    "def f(x):\n    return x + x\n",
    "def f(x):\n    raise ValueError('no')\n",
)
SHAPES += [
    Shape(
        "flags",
        (_FLAGS.format("Flag", "p"), _FLAGS.format("IntFlag", "p"), _FLAGS.format("IntFlag", "p & Perm.R")),
        (
            "assert f('R') in f('RW')",
            "assert [p.name for p in f('RX')] == ['R', 'X']",
            "assert len(f('RWX')) == 3",
            "assert (~f('RW')).value == 4",
            "assert f('RW') == 3",
            "assert f('RW') & f('W') == f('W') and not f('')",
            "assert {f('R'): 1}[f('R')] == 1",
        ),
    ),
    Shape(
        "rows of a structured array",
        (_ROWS.format("n{i}"), _ROWS.format("m{i}")),
        (
            "assert f(2)[1]['name'] == 'n1'",
            "assert f(2).tolist() == [(0, 'n0'), (1, 'n1')]",
            "assert f(2)['name'].tolist() == ['n0', 'n1']",
            "assert [tuple(row) for row in f(1)] == [(0, 'n0')]",
            "assert f(2)[1].item() == (1, 'n1')",
            "r = f(1)[0]\nr['name'] = 'q'\nassert r['name'] == 'q'",
        ),
    ),
    Shape(
        "tests that call from threads",
        _SQUARE[:2],
        (
            "import concurrent.futures as cf\nwith cf.ThreadPoolExecutor(4) as pool:\n    assert list(pool.map(f, range(20))) == [n * n for n in range(20)]",
            "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor() as pool:\n    assert pool.submit(f, 3).result() == 9",
            "import threading\nout = []\nthreads = [threading.Thread(target=lambda n=n: out.append(f(n))) for n in range(4)]\nfor t in threads: t.start()\nfor t in threads: t.join()\nassert sorted(out) == [0, 1, 4, 9]",
        ),
    ),
    Shape(
        "functions that call back from threads",
        (
            "from concurrent.futures import ThreadPoolExecutor\ndef f(g, xs):\n    with ThreadPoolExecutor(4) as pool:\n        return list(pool.map(g, xs))\n",
            "def f(g, xs):\n    return [g(x) for x in xs][::-1]\n",
        ),
        (
            "assert f(lambda x: x + 1, range(20)) == list(range(1, 21))",
            "seen = []\nf(seen.append, [1, 2])\nassert sorted(seen) == [1, 2]",
        ),
    ),
    Shape(
        "tests in pytest's style",
        _SQUARE,
        (
            "import pytest\n@pytest.mark.parametrize('n,want', [(3, 9), pytest.param(0, 0, id='zero')])\ndef test_f(n, want):\n    assert f(n) == want\ntest_f(3, 9)",
            "import pytest\n@pytest.mark.slow\ndef test_f():\n    assert f(3) == 9\ntest_f()",
            "import pytest\nwith pytest.raises(expected_exception=ValueError) as info:\n    f(1)\nassert info.typename == 'ValueError'",
        ),
    ),
    Shape(
        "tracebacks",
        (
            "def f():\n    try:\n        {}['k']\n    except KeyError as error:\n        new = ValueError('v')\n        new.add_note('a note')\n        raise new from error\n",
            "def f():\n    raise ValueError('v')\n",
        ),
        (
            "import traceback\ntry:\n    f()\nexcept ValueError as e:\n    text = ''.join(traceback.format_exception(e))\n    assert 'a note' in text and 'direct cause' in text",
            "from traceback import format_exc\ntry:\n    f()\nexcept ValueError:\n    assert 'KeyError' in format_exc()",
            "import traceback\ntry:\n    f()\nexcept ValueError as e:\n    assert traceback.format_exception_only(e)[0] == 'ValueError: v\\n'",
        ),
    ),
    Shape(
        "mappings in an order or a wrapper of their own",
        (
            "from collections import OrderedDict\ndef f(keys):\n    d = OrderedDict((k, 1) for k in keys)\n    d.move_to_end(keys[0])\n    return d\n",
            "from collections import OrderedDict\nclass Last(OrderedDict):\n    pass\ndef f(keys):\n    d = Last((k, 1) for k in keys)\n    d.move_to_end(keys[-1], last=False)\n    return d\n",
            "from types import MappingProxyType\nfrom collections import Counter\ndef f(keys): return MappingProxyType(Counter(keys))\n",
            "from collections import UserDict, Counter\ndef f(keys):\n    d = UserDict()\n    d.data = Counter(keys)\n    return d\n",
            "from collections import ChainMap\ndef f(keys):\n    m = ChainMap()\n    m.maps = tuple({k: 1} for k in keys)\n    return m\n",
            "def f(keys): return dict.fromkeys(keys, 1)\n",
        ),
        (
            "assert list(f('abc')) == ['b', 'c', 'a']",
            "assert list(f('abc').items())[0] == ('c', 1)",
            "assert f('abc') == {'a': 1, 'b': 1, 'c': 1}",
            "assert f('abc')['zz'] == 0",
            "assert f('aab')['a'] == 2",
            "assert next(iter(f('ab'))) == 'b' and len(f('ab')) == 2",
            "assert dict(f('abc'))['b'] == 1",
            "from collections import OrderedDict\nassert f('ab') == OrderedDict([('b', 1), ('a', 1)])",
        ),
    ),
    Shape(
        "arguments in an order of their own",
        ("def f(d): return list(d)\n", "def f(d):\n    d.move_to_end('a')\n    return list(d)\n"),
        (
            "from collections import OrderedDict\nd = OrderedDict(a=1, b=2)\nd.move_to_end('a')\nassert f(d) == ['b', 'a']",
            "from collections import OrderedDict\nd = OrderedDict(a=1, b=2)\nf(d)\nassert list(d) == ['b', 'a']",
            "from collections import OrderedDict\nd = OrderedDict(a=1, b=2)\nf(d)\nassert list(d) == ['a', 'b']",
        ),
    ),
    Shape(
        "generic classes and decorated methods",
        (
            "from typing import Generic, TypeVar\nT = TypeVar('T')\nclass f(Generic[T]):\n    def __init__(self, v=0): self.v = v\n",
            "import functools\ndef f(g):\n    @functools.wraps(g)\n    def inner(*a, **k): return g(*a, **k) + 1\n    return inner\n",
            "def f(g): return g\n",
        ),
        (
            "assert f[int](2).v == 2",
            "class A:\n    n = 0\n    @f\n    def m(self):\n        self.n += 1\n        return self.n\nassert A().m() == 2",
            "class A:\n    @staticmethod\n    @f\n    def m(x): return x\nassert A.m(2) == 3 and A().m(4) == 5",
            "class A:\n    @classmethod\n    @f\n    def m(cls): return 1\nassert A.m() == 2",
            "class A:\n    @property\n    @f\n    def m(self): return 1\nassert A().m == 2",
            "try:\n    len(f(print))\nexcept TypeError:\n    ok = True\nassert ok",
            "try:\n    f(print) + 1\nexcept TypeError:\n    ok = True\nassert ok",
        ),
    ),
]
