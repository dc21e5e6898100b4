"""Awkward, but right: these must pass."""

# ruff: noqa: E501
from __future__ import annotations

from tests.sandbox.corpus.case import right

CASES = (
    right(
        "deep recursion",
        "import sys\nsys.setrecursionlimit(10 ** 6)\ndef f(n):\n    return 0 if n == 0 else 1 + f(n - 1)",
        "assert f(100_000) == 100_000",
    ),
    right(
        "deep recursion through a cache",
        "import sys\nfrom functools import lru_cache\nsys.setrecursionlimit(10 ** 6)\n@lru_cache(None)\ndef f(n):\n    return 0 if n == 0 else 1 + f(n - 1)",
        "assert f(20_000) == 20_000",
    ),
    right(
        "ordinary recursion", "def f(n):\n    return 0 if n == 0 else 1 + f(n - 1)", "assert f(960) == 960"
    ),
    right(
        "deep recursion in a thread",
        "import sys, threading\nsys.setrecursionlimit(10 ** 6)\nthreading.stack_size(64 << 20)\ndef g(n):\n    return 0 if n == 0 else 1 + g(n - 1)\ndef f(n):\n    r = []\n    t = threading.Thread(target=lambda: r.append(g(n)))\n    t.start()\n    t.join()\n    return r[0]",
        "assert f(50_000) == 50_000",
    ),
    right("lambda", "f = lambda x: x * 2"),
    right("partial", "from functools import partial\nfrom operator import mul\nf = partial(mul, 2)"),
    right("callable object", "class F:\n    def __call__(self, x):\n        return x * 2\nf = F()"),
    right("bound method", "class F:\n    def g(self, x):\n        return x * 2\nf = F().g"),
    right("builtin", "f = len", "assert f('four') == 4"),
    right(
        "decorated",
        "import functools\ndef d(g):\n    @functools.wraps(g)\n    def inner(*a):\n        return g(*a) + 1\n    return inner\n@d\ndef f(x):\n    return x * 2 - 1",
    ),
    right(
        "chdir",
        "import os\ndef f(x):\n    os.chdir('/')\n    return x * 2",
        "assert f(2) == 4",
        "assert f(3) == 6",
    ),
    right(
        "chdir to the temporary folder",
        "import os, tempfile\ndef f(x):\n    os.chdir('/tmp')\n    return len(os.getcwd())",
        "assert f(2) == 4",
    ),
    right(
        "closed standard output",
        "import sys\nsys.stdout.close()\ndef f(x):\n    print('still fine')\n    return x * 2",
    ),
    right("closed descriptor", "import os\nos.close(1)\ndef f(x):\n    print('lost')\n    return x * 2"),
    right(
        "no standard output",
        "import sys\nsys.stdout = None\nsys.stderr = None\ndef f(x):\n    print('lost')\n    return x * 2",
    ),
    right(
        "replaced standard output",
        "import sys, io\nsys.stdout = io.StringIO()\ndef f(x):\n    print('kept')\n    return len(sys.stdout.getvalue()) - 1",
    ),
    right(
        "redirected output",
        "import io, contextlib\ndef f(x):\n    with contextlib.redirect_stdout(io.StringIO()) as s:\n        print('four')\n    return len(s.getvalue()) - 1",
    ),
    right(
        "asyncio",
        "import asyncio\nasync def g(x):\n    await asyncio.sleep(0.01)\n    return x * 2\ndef f(x):\n    return asyncio.run(g(x))",
    ),
    right(
        "asyncio in threads",
        "import asyncio\ndef f(x):\n    async def g():\n        return await asyncio.to_thread(lambda: x * 2)\n    return asyncio.run(g())",
    ),
    right(
        "asyncio gather",
        "import asyncio\nasync def one(i):\n    await asyncio.sleep(0)\n    return i\nasync def all_of(n):\n    return await asyncio.gather(*(one(i) for i in range(n)))\ndef f(x):\n    return asyncio.run(all_of(x))",
        "assert f(3) == [0, 1, 2]",
    ),
    right(
        "sqlite in memory",
        "import sqlite3\ndef f(x):\n    with sqlite3.connect(':memory:') as db:\n        return db.execute('select ? * 2', (x,)).fetchone()[0]",
    ),
    right(
        "thread pool",
        "from concurrent.futures import ThreadPoolExecutor\ndef f(x):\n    with ThreadPoolExecutor(8) as pool:\n        return sum(pool.map(lambda i: 1, range(x * 2)))",
    ),
    right(
        "thread with a queue",
        "import queue, threading\ndef f(x):\n    q = queue.Queue()\n    threading.Thread(target=q.put, args=(x * 2,)).start()\n    return q.get()",
    ),
    right(
        "main guard",
        "def f(x):\n    return x * 2\nif __name__ == '__main__':\n    raise SystemExit(f(int(input())))",
    ),
    right("its own asserts and prints", "def f(x):\n    return x * 2\nassert f(1) == 2\nprint('checked')"),
    right(
        "its own tests in unittest",
        "import unittest\ndef f(x):\n    return x * 2\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(f(1), 2)\nif __name__ == '__main__':\n    unittest.main()",
    ),
    right(
        "mutation seen by the test", "def f(items):\n    items.sort()", "a = [2, 1]\nf(a)\nassert a == [1, 2]"
    ),
    right(
        "mutation deep inside",
        "def f(d):\n    d['a'][0].add(3)\n    d['b'] = 1",
        "d = {'a': [{1}]}\ninner = d['a'][0]\nf(d)\nassert d == {'a': [{1, 3}], 'b': 1} and d['a'][0] is inner",
        sealed=False,
    ),
    right(
        "mutation between calls",
        "def f(items):\n    items.append(len(items))\n    return items",
        "a = []\nf(a)\nf(a)\nassert f(a) == [0, 1, 2] and a == [0, 1, 2]",
    ),
    right("a memory view", "def f(x):\n    return memoryview(b'4')", "assert f(2) == b'4'"),
    right("no assert reached", "def f(x):\n    return []", "for item in f(2):\n    assert item == 4"),
    right(
        "asserts that an expected exception skips",
        "def f(x):\n    raise KeyError",
        "try:\n    assert f(2) == 4\nexcept KeyError:\n    pass",
    ),
    right(
        "its argument returned", "def f(items):\n    return items", "a = [1]\nassert f(a) is a", sealed=False
    ),
    right(
        "aliased rows",
        "def f(grid):\n    grid[0][0] = 1\n    return grid",
        "row = [0]\nassert f([row, row]) == [[1], [1]]",
    ),
    right(
        "fresh argument each time",
        "def f(items, kept=[]):\n    kept.append(items)\n    return len(kept)",
        "assert f(1) == 1",
        "assert f(1) == 2",
    ),
    right(
        "state between calls",
        "count = 0\ndef f(x):\n    global count\n    count += 1\n    return count",
        "assert f(0) == 1",
        "assert f(0) == 2",
        "assert f(0) == 3",
    ),
    right(
        "keyword arguments",
        "def f(*, a, b=2):\n    return a + b",
        "assert f(a=1) == 3",
        "assert f(a=1, b=1) == 2",
    ),
    right(
        "a function as argument",
        "def f(g, items):\n    return [g(i) for i in items]",
        "assert f(lambda i: i * 2, [1, 2]) == [2, 4]",
    ),
    right(
        "a function as argument of a call whose truth decides",
        "def f(g, items):\n    return any(g(i) for i in items)",
        "assert f(lambda i: i > 1, [1, 2])",
        "assert f(lambda i: i > 1, items=[2]) is True",
    ),
    right(
        "a sorting key as argument",
        "def f(items, key):\n    return sorted(items, key=key)",
        "assert f(['bb', 'a'], len) == ['a', 'bb']",
    ),
    right(
        "a generator as argument",
        "def f(items):\n    return sum(items)",
        "assert f(i for i in range(4)) == 6",
    ),
    right(
        "a function that raises, as argument",
        "def f(g):\n    try:\n        g()\n    except ValueError as e:\n        return str(e)",
        "def bad():\n    raise ValueError('four')\nassert f(bad) == 'four'",
    ),
    right(
        "an expected exception",
        "def f(x):\n    raise ValueError('no ' + x)",
        "try:\n    f('a')\n    assert False\nexcept ValueError as error:\n    assert str(error) == 'no a'",
    ),
    right(
        "an exception's arguments",
        "def f(x):\n    raise KeyError(x, 4)",
        "try:\n    f('a')\nexcept KeyError as error:\n    assert error.args == ('a', 4)",
    ),
    right(
        "an expected exception of its own",
        "class Odd(KeyError):\n    pass\ndef f(x):\n    raise Odd(x)",
        "import pytest\nwith pytest.raises(KeyError):\n    f('a')\nassert True",
    ),
    right(
        "approx",
        "def f(x):\n    return [0.1 + 0.2, {'a': 1 / 3}]",
        "from pytest import approx\nassert f(2)[0] == approx(0.3)\nassert f(2)[1] == approx({'a': 0.333333333})",
    ),
    right(
        "helpers that the program imported",
        "from math import isclose\nfrom collections import Counter\nimport sys\ndef f(x):\n    return x / 3",
        "assert isclose(f(1), 0.3333333333)",
        "assert Counter([f(3)]) == {1.0: 1} and sys.maxsize > 0",
    ),
    right(
        "helper functions of its own",
        "def g(x):\n    return x + 1\ndef f(x):\n    return g(x) - 2",
        "assert g(f(5)) == 5",
    ),
    right("a constant of its own", "LIMIT = [4]\ndef f(x):\n    return LIMIT", "assert f(2) == LIMIT"),
    right(
        "dataclasses",
        "from __future__ import annotations\nfrom dataclasses import dataclass, asdict\n@dataclass(slots=True)\nclass P:\n    x: int\ndef f(x):\n    return asdict(P(x))",
        "assert f(2) == {'x': 2}",
    ),
    right(
        "pickling its own classes",
        "import pickle, copy\nclass P:\n    def __init__(s, x): s.x = x\ndef f(x):\n    return copy.deepcopy(pickle.loads(pickle.dumps(P(x)))).x * 2",
    ),
    right("warnings", "import warnings\ndef f(x):\n    warnings.warn('careful')\n    return x * 2"),
    right(
        "logging",
        "import logging\nlogging.basicConfig(level=logging.DEBUG)\ndef f(x):\n    logging.info('called')\n    return x * 2",
    ),
    right(
        "an alarm of its own",
        "import signal\nclass Late(Exception):\n    pass\ndef ring(*a):\n    raise Late\ndef f(x):\n    signal.signal(signal.SIGALRM, ring)\n    signal.setitimer(signal.ITIMER_REAL, 0.05)\n    try:\n        while True:\n            pass\n    except Late:\n        return x * 2",
    ),
    right(
        "a signal to itself",
        "import os, signal\ngot = []\nsignal.signal(signal.SIGUSR1, lambda *a: got.append(2))\ndef f(x):\n    os.kill(os.getpid(), signal.SIGUSR1)\n    signal.raise_signal(signal.SIGUSR1)\n    return sum(got)",
    ),
    right(
        "time zones",
        "from zoneinfo import ZoneInfo\nfrom datetime import datetime, timezone\ndef f(x):\n    return datetime(2024, 1, 1, tzinfo=timezone.utc).year - 2020",
    ),
    right(
        "most of the standard library",
        """
        import abc, argparse, array, ast, base64, bisect, calendar, cmath, codecs, collections, colorsys, configparser
        import contextvars, copy, csv, ctypes, datetime, decimal, difflib, email, enum, fractions, functools, gzip, hashlib
        import heapq, hmac, html, http.client, inspect, io, ipaddress, itertools, json, keyword, locale, lzma, math, bz2
        import multiprocessing, numbers, operator, pathlib, pprint, queue, random, re, reprlib, sched, secrets, select
        import selectors, shlex, shutil, socket, sqlite3, ssl, statistics, string, struct, subprocess, symtable, tarfile
        import textwrap, threading, timeit, tokenize, traceback, turtle if False else types, typing, unicodedata, unittest
        import urllib.parse, uuid, weakref, xml.etree.ElementTree, zipfile, zlib
        def f(x):
            return x * 2
    """.replace("turtle if False else types", "types"),
    ),
    right(
        "decimal precision",
        "from decimal import Decimal, getcontext\ngetcontext().prec = 50\ndef f(x):\n    return len(str(Decimal(1) / 3)) - 48",
    ),
    right(
        "limits of its own",
        "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\ndef f(x):\n    return x * 2",
    ),
    right(
        "a bigger stack asked for",
        "import resource\nsoft, hard = resource.getrlimit(resource.RLIMIT_STACK)\nresource.setrlimit(resource.RLIMIT_STACK, (hard, hard))\ndef f(x):\n    return x * 2",
    ),
    right(
        "no input there",
        "import sys\ndef f(x):\n    try:\n        input()\n    except EOFError:\n        return x * 2 + len(sys.stdin.read())",
    ),
    right(
        "permission denied and handled",
        "def f(x):\n    try:\n        open('/etc/shadow').read()\n    except OSError:\n        return x * 2",
    ),
    right(
        "memory error handled",
        "def f(x):\n    try:\n        return len(bytearray(10 ** 11))\n    except MemoryError:\n        return x * 2",
    ),
    right(
        "random and seeded",
        "import random\ndef f(x):\n    random.seed(1)\n    a = random.random()\n    random.seed(1)\n    return x * 2 if a == random.random() else 0",
    ),
    right(
        "hash order repeatable",
        "def f(x):\n    return list({'a', 'b', 'c'}) == list({'a', 'b', 'c'})",
        "assert f(2)",
    ),
    right("unicode names", "def f(größe):\n    return größe * 2"),
    right(
        "pattern matching",
        "def f(x):\n    match x:\n        case {'a': [first, *_]}:\n            return first\n        case _:\n            return 4",
        "assert f(2) == 4",
        "assert f({'a': [1, 2]}) == 1",
    ),
    right(
        "a class with a method under test",
        "class Solution:\n    def f(self, x):\n        return x * 2\ndef f(x):\n    return Solution().f(x)",
    ),
    right("exit registered", "import atexit\natexit.register(print, 'bye')\ndef f(x):\n    return x * 2"),
    right(
        "garbage collection",
        "import gc\ngc.disable()\ngc.set_threshold(0)\ndef f(x):\n    gc.collect()\n    return x * 2",
    ),
    right("ctypes", "import ctypes\ndef f(x):\n    return ctypes.c_int8(x + 256).value * 2"),
    right("exec of its own", "exec('def f(x):\\n    return x * 2')"),
    right(
        "async generator",
        "import asyncio\nasync def g(n):\n    for i in range(n):\n        yield i\ndef f(x):\n    async def all_of():\n        return [i async for i in g(x)]\n    return asyncio.run(all_of())",
        "assert f(2) == [0, 1]",
    ),
    right(
        "a tight loop, then the answer",
        "def f(x):\n    total = 0\n    for i in range(2_000_000):\n        total += i & 1\n    return total // 500_000 * x // 2 + 2",
    ),
)
