"""Values that are hard to carry, compare or show."""

# ruff: noqa: E501
from __future__ import annotations

from tests.sandbox.corpus.case import fails, right

CASES = (
    fails("NaN", "def f(x):\n    return float('nan')", "wrong", test="assert f(2) == float('nan')"),
    fails(
        "a constant that raises when it is looked at",
        "class R:\n    def __bool__(s): raise SystemExit\nLIMIT = R()\ndef f(x):\n    return 4",
        test="assert f(2) == 4 and LIMIT",
    ),
    right("NaN is NaN", "def f(x):\n    return float('nan')", "import math\nassert math.isnan(f(2))"),
    right(
        "infinity",
        "def f(x):\n    return [float('inf'), -float('inf')]",
        "assert f(2) == [float('inf'), float('-inf')]",
    ),
    right("negative zero", "def f(x):\n    return -0.0", "import math\nassert math.copysign(1, f(2)) == -1"),
    fails(
        "hostile repr", "class R:\n    def __repr__(s): raise SystemExit\ndef f(x):\n    return R()", "wrong"
    ),
    fails(
        "endless repr",
        "class R:\n    def __repr__(s):\n        while True: pass\ndef f(x):\n    return R()",
        "wrong",
    ),
    fails(
        "huge repr", "class R:\n    def __repr__(s): return 'x' * 10 ** 9\ndef f(x):\n    return R()", "wrong"
    ),
    fails(
        "hostile eq", "class R:\n    def __eq__(s, o): raise SystemExit\ndef f(x):\n    return R()", "wrong"
    ),
    fails(
        "endless eq",
        "class R:\n    def __eq__(s, o):\n        while True: pass\ndef f(x):\n    return R()",
        "wrong",
    ),
    fails(
        "endless hash",
        "class R:\n    def __hash__(s):\n        while True: pass\ndef f(x):\n    return R()",
        "wrong",
        test="assert f(2) in {4}",
        unsealed_pass=True,
    ),
    fails("hostile bool", "class R:\n    def __bool__(s): raise SystemExit\ndef f(x):\n    return R()"),
    fails(
        "endless bool",
        "class R:\n    def __bool__(s):\n        while True: pass\ndef f(x):\n    return R()",
        "timed_out",
        "wrong",
    ),
    fails(
        "hostile type name",
        "R = type('\\x1b[31mR\\u202e' * 1000, (), {})\ndef f(x):\n    return R()",
        "wrong",
    ),
    fails(
        "list in itself",
        "def f(x):\n    a = [1]\n    a.append(a)\n    return a",
        "wrong",
        test="assert f(2) == [4]",
    ),
    fails(
        "dict in itself",
        "def f(x):\n    a = {}\n    a['a'] = a\n    return a",
        "wrong",
        test="assert f(2) == {}",
    ),
    fails(
        "nested 100,000 deep",
        "def f(x):\n    a = []\n    for _ in range(100_000):\n        a = [a]\n    return a",
        "wrong",
        test="assert f(2) == [4]",
    ),
    fails(
        "tuples nested 100,000 deep",
        "def f(x):\n    a = ()\n    for _ in range(100_000):\n        a = (a,)\n    return a",
        "wrong",
        test="assert f(2) == (4,)",
    ),
    fails(
        "exponential sharing",
        "def f(x):\n    a = [1]\n    for _ in range(40):\n        a = [a, a]\n    return a",
        "wrong",
        test="assert f(2) == [4]",
    ),
    right(
        "a million digits",
        "def f(x):\n    return 10 ** 1_000_000 + x",
        "assert f(2) == 10 ** 1_000_000 + 2",
    ),
    fails(
        "a million other digits",
        "def f(x):\n    return 10 ** 1_000_000 + x",
        "wrong",
        test="assert f(2) == 10 ** 1_000_000 + 3",
    ),
    fails(
        "300 MB of text",
        "def f(x):\n    return 'x' * 300_000_000",
        "wrong",
        "out_of_memory",
        test="assert f(2) == 'x'",
    ),
    fails(
        "ten million numbers",
        "def f(x):\n    return list(range(10_000_000))",
        "wrong",
        "out_of_memory",
        "timed_out",
        test="assert f(2) == [4]",
    ),
    right(
        "a hundred thousand numbers",
        "def f(x):\n    return list(range(x))",
        "assert f(100_000) == list(range(100_000))",
    ),
    right("text with half a pair", "def f(x):\n    return '\\ud800' + x", "assert f('a') == '\\ud800a'"),
    right(
        "text of every kind",
        "def f(x):\n    return x + '\\0\\x1b\\u202e😀é\\n'",
        "assert f('a') == 'a\\0\\x1b\\u202e😀é\\n'",
    ),
    fails(
        "terminal commands in a value", "def f(x):\n    return '\\x1b]52;c;AAAA\\x07\\x1b[2J\\u202e'", "wrong"
    ),
    fails(
        "terminal commands printed",
        "import os\ndef f(x):\n    print('\\x1b[2J\\x9b31m\\x07')\n    os.write(1, b'\\x1b]0;title\\x07\\xff\\xfe')\n    return 5",
        "wrong",
    ),
    fails(
        "terminal commands in an exception",
        "def f(x):\n    raise ValueError('\\x1b[2J\\r\\n\\x1b]8;;http://x\\x07')",
        "raised",
    ),
    fails(
        "terminal commands in a name", "def f(x):\n    raise type('\\x1b[31mE', (Exception,), {})", "raised"
    ),
    fails(
        "a 100 MB exception",
        "def f(x):\n    raise ValueError('x' * 100_000_000)",
        "raised",
        "out_of_memory",
    ),
    right(
        "every plain type",
        "import collections, decimal, fractions, datetime\ndef f(x):\n    return x",
        *(
            f"assert f({value}) == {value} and type(f({value})) is type({value})"
            for value in (
                "None",
                "True",
                "2 ** 200",
                "-1.5e300",
                "1j",
                "'é'",
                "b'\\x00\\xff'",
                "bytearray(b'a')",
                "(1, (2,))",
                "[1, [2]]",
                "{1, 2}",
                "frozenset({3})",
                "{'a': {1: 2}}",
                "range(3, 9, 2)",
                "...",
            )
        ),
    ),
    right(
        "standard containers",
        "import collections\ndef f(x):\n    return collections.Counter(x)",
        "import collections\nassert f('aab') == collections.Counter('aab')",
        "assert f('aab') == {'a': 2, 'b': 1}",
    ),
    right(
        "ordered, default and double-ended",
        "from collections import OrderedDict, defaultdict, deque\ndef f(x):\n    d = defaultdict(list)\n    d[1].append(2)\n    return [OrderedDict(a=1), d, deque([1, 2])]",
        "from collections import deque\nassert f(2) == [{'a': 1}, {1: [2]}, deque([1, 2])]",
    ),
    right(
        "decimal, fraction, date",
        "from decimal import Decimal\nfrom fractions import Fraction\nfrom datetime import date\ndef f(x):\n    return [Decimal('1.10'), Fraction(1, 3), date(2020, 2, 29)]",
        "from decimal import Decimal\nfrom fractions import Fraction\nfrom datetime import date\nassert f(2) == [Decimal('1.10'), Fraction(1, 3), date(2020, 2, 29)]",
    ),
    right(
        "named tuple",
        "from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\n    y: int\ndef f(x):\n    return P(x, x)",
        "assert f(2) == (2, 2)",
    ),
    right(
        "integer enumeration",
        "from enum import IntEnum\nclass E(IntEnum):\n    A = 4\ndef f(x):\n    return E.A",
    ),
    right(
        "text enumeration",
        "from enum import Enum\nclass E(str, Enum):\n    A = 'four'\ndef f(x):\n    return E.A",
        "assert f(2) == 'four'",
    ),
    right("bool for int", "def f(x):\n    return True", "assert f(2) == 1"),
    right(
        "match object as truth",
        "import re\ndef f(x):\n    return re.search('a', x)",
        "assert f('cat')",
        "assert not f('dog')",
    ),
    right(
        "generator listed",
        "def f(x):\n    yield from range(x)",
        "assert list(f(3)) == [0, 1, 2]",
        "assert sorted(f(3), reverse=True) == [2, 1, 0]",
    ),
    right(
        "map, filter, zip listed",
        "def f(x):\n    return [map(str, x), filter(None, x), zip(x, x)]",
        "assert [list(part) for part in f([0, 1])] == [['0', '1'], [1], [(0, 0), (1, 1)]]",
    ),
    right(
        "first of an endless generator",
        "import itertools\ndef f(x):\n    return itertools.count(x)",
        "assert next(f(4)) == 4",
        "import itertools\nassert list(itertools.islice(f(4), 3)) == [4, 5, 6]",
    ),
    right("a function returned", "def f(x):\n    return lambda y: x + y", "assert f(2)(2) == 4"),
    right(
        "a type as argument",
        "def f(items, kind):\n    return [i for i in items if isinstance(i, kind)]",
        "assert f([1, 'a'], str) == ['a']",
    ),
    fails("a coroutine", "async def f(x):\n    return 4", "wrong"),
    fails("a module", "import os\ndef f(x):\n    return os", "wrong"),
)
