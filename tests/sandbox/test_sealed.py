"""What a sealed pass means: no way of claiming, evaluating or swallowing that gives a wrong program one.

Every pair of a program and tests in the tables of wrong programs fails in plain Python, or makes the test evaluate
what the program says; it may be refused, or pass unsealed, but not pass sealed.
"""

# ruff: noqa: E501
from __future__ import annotations

import subprocess
import sys

import pytest

from assistant.core.outcome import Outcome
from tests.sandbox.conftest import Run

NCR = "def ncr(n, k):\n    return 10\n"
HELPER = ("assert ncr(5, 2) == 10", "assert factorial(5) == 120", "assert factorial(3) == 6")
WRONG = "def factorial(n):\n    return -1\n"
CLAIMS = {
    "__module__": WRONG + "factorial.__module__ = 'math'\n",
    "__module__ and __qualname__": WRONG
    + "factorial.__module__ = 'math'\nfactorial.__qualname__ = 'factorial'\n",
    "a class with a module": "class factorial(int):\n    __module__ = 'math'\n    def __new__(cls, n):\n        return -1\n",
    "an instance": "class F:\n    __module__ = 'math'\n    def __call__(self, n):\n        return -1\nfactorial = F()\n",
    "partial": "import functools, math\nfactorial = functools.partial(lambda n: -1)\nfactorial.__module__ = 'math'\n",
    "wraps": "import functools, math\n@functools.wraps(math.factorial)\ndef factorial(n):\n    return -1\n",
    "lambda": "factorial = lambda n: -1\nfactorial.__module__ = 'math'\n",
    "import, then def": "from math import factorial\n" + WRONG,
    "def, then import under if": WRONG + "if False:\n    from math import factorial\n",
    "import, then a loop": "from math import factorial\nfor factorial in [lambda n: -1]:\n    pass\n",
    "import, then with": "from math import factorial\nimport contextlib\nwith contextlib.nullcontext(lambda n: -1) as factorial:\n    pass\n",
    "import, then a walrus": "from math import factorial\nif (factorial := lambda n: -1):\n    pass\n",
    "import, then a walrus in a comprehension": "from math import factorial\n[(factorial := (lambda n: -1)) for _ in [1]]\n",
    "import, then a walrus in a default": "from math import factorial\ndef g(x=(factorial := (lambda n: -1))):\n    pass\n",
    "import in try": "try:\n    from math import factorial\n    raise ValueError\nexcept ValueError:\n    factorial = lambda n: -1\n",
    "import, then except as": "from math import factorial\nclass E(Exception):\n    def __call__(self, n):\n        return -1\ntry:\n    raise E\nexcept E as error:\n    kept = error\nfactorial = kept\n",
    "import, then global": "from math import factorial\ndef g():\n    global factorial\n    factorial = lambda n: -1\ng()\n",
    "import, then globals()": "from math import factorial\nglobals()['factorial'] = lambda n: -1\n",
    "import, then exec": "from math import factorial\nexec('factorial = lambda n: -1')\n",
    "import, then exec by another name": "from math import factorial\nimport builtins\nvars(builtins)['ex' + 'ec']('factorial = lambda n: -1', globals())\n",
    "import, then setattr": "from math import factorial\nimport sys\nsetattr(sys.modules[__name__], 'factorial', lambda n: -1)\n",
    "import, then its own module": "from math import factorial\nimport solution\nsolution.factorial = lambda n: -1\n",
    "import, then a frame": "from math import factorial\nimport sys\nsys._getframe().f_globals['factorial'] = lambda n: -1\n",
    "import, then a function's globals": "from math import factorial\ndef g():\n    pass\ng.__globals__['factorial'] = lambda n: -1\n",
    "import, then match": "from math import factorial\nmatch (lambda n: -1):\n    case factorial:\n        pass\n",
    "import, then del and a name of a builtin": "from math import factorial\ndel factorial\nfactorial = abs\n",
    "import as, then another": "import math as factorial\nfactorial = lambda n: -1\n",
    "import of a class body": "class A:\n    from math import factorial\nfactorial = lambda n: -1\n",
    "import in a function": "def g():\n    from math import factorial\nfactorial = lambda n: -1\n",
    "star, then def": "from math import *\n" + WRONG,
    "def, then star of nothing": WRONG + "from string import *\n",
    "the library patched": "import math\nmath.factorial = lambda n: -1\nfrom math import factorial\n",
    "the library patched by setattr": "import math\nsetattr(math, 'factorial', lambda n: -1)\nfrom math import factorial\n",
    "the library patched by its dict": "import math\nmath.__dict__['factorial'] = lambda n: -1\nfrom math import factorial\n",
    "the library replaced": "import sys, types\nm = types.ModuleType('math')\nm.factorial = lambda n: -1\nsys.modules['math'] = m\nfrom math import factorial\n",
    "another library's": "from math import isqrt as factorial\n",
    "from two places": "from math import isqrt as factorial\nif False:\n    from math import factorial\n",
    "an async def": "from math import factorial\nasync def factorial(n):\n    return -1\n",
}


def in_plain_python(source: str, tests: tuple[str, ...]) -> bool:
    """Whether the tests pass in a fresh interpreter, program and tests in one module named `solution`."""
    head = "import sys, types\nm = types.ModuleType('solution')\nsys.modules['solution'] = m\n"
    body = "".join(f"exec({piece!r}, m.__dict__)\n" for piece in (source, *tests))
    done = subprocess.run([sys.executable, "-S", "-c", head + body], capture_output=True)
    return done.returncode == 0


@pytest.mark.parametrize("way", CLAIMS)
def test_a_helper_is_a_librarys_only_by_the_programs_text(run: Run, way: str) -> None:
    source = CLAIMS[way] + NCR
    assert not in_plain_python(source, HELPER), "the table is wrong"
    report = run(source, *HELPER, entry_point="ncr")
    assert not report.passed and report.sealed, [case.message for case in report.cases]
    assert not run(source, *HELPER).passed


IMPORTED = {
    "from math import factorial, isclose\n": (
        "assert ncr(5, 2) == 10 and factorial(5) == 120",
        "assert isclose(ncr(5, 2), 10.0)",
    ),
    "import math\n": ("assert math.isclose(ncr(5, 2), 10.0)",),
    "import math as m\n": ("assert m.isclose(ncr(5, 2), 10.0)",),
    "from collections import Counter\n": ("assert Counter([ncr(5, 2)]) == Counter([10])",),
    "from typing import *\nfrom itertools import *\n": ("assert list(chain([ncr(5, 2)])) == [10]",),
    "import json\n": ("assert json.dumps(ncr(5, 2)) == '10'",),
    "import sys\n": ("assert ncr(5, 2) < sys.maxsize",),
    "try:\n    from math import factorial\nexcept ImportError:\n    from math import factorial\n": (
        "assert factorial(3) + ncr(5, 2) == 16",
    ),
    "def factorial(n):\n    return n * factorial(n - 1) if n else 1\n": HELPER,
}


@pytest.mark.parametrize("imports", IMPORTED)
def test_helpers_that_are_imported_or_right_pass_sealed(run: Run, imports: str) -> None:
    for entry in ("ncr", ""):
        report = run(imports + NCR, *IMPORTED[imports], entry_point=entry)
        assert report.passed and report.sealed, [case.message for case in report.cases]


def test_the_judge_imports_nothing_that_a_program_names(run: Run) -> None:
    """`run(solution(1))`: by its word the program's `run` was `cProfile.run`, and the judge ran the program's text."""
    text = 'import os, struct\\nb = b\'{\\"case\\":0,\\"verdict\\":\\"passed\\"}\'\\nos.write(3, struct.pack(\'>I\', len(b)) + b)\\nos._exit(0)'
    for home, name in (
        ("cProfile", "run"),
        ("pickle", "loads"),
        ("timeit", "timeit"),
        ("runpy", "run_path"),
        ("builtins", "eval"),
    ):
        for claim in (
            f"def {name}(text):\n    return None\n{name}.__module__ = '{home}'\n",
            f"from {home} import {name}\n",
        ):
            report = run(
                claim + f'def solution(x):\n    return "{text}"\n', f"assert {name}(solution(1)) == 2"
            )
            assert not (report.passed and report.sealed), claim


ALWAYS_EQUAL = "type('E', (), {'__eq__': lambda s, o: True})()"
PICKLED = r"b'cbuiltins\neval\n(S\'type(\"E\", (), {\"__eq__\": lambda s, o: True})()\'\ntR.'"
PROGRAM = f"""
def solution(x=0):
    return {ALWAYS_EQUAL!r}
def code():
    return "result = " + solution()
def pickled():
    return {PICKLED}
def call(function, *args):
    return function(*args)
"""
EVALUATING = (
    "assert eval(solution(1)) == 5",
    "e = eval\nassert e(solution(1)) == 5",
    "assert [f(solution(1)) for f in (eval,)] == [5]",
    "assert list(map(eval, [solution(1)])) == [5]",
    "d = {}\nexec(code(), d)\nassert d['result'] == 5",
    "exec(code())\nassert result == 5",
    "c = compile(solution(), 'x', 'eval')\nassert eval(c) == 5",
    "import builtins\nassert builtins.eval(solution()) == 5",
    "import builtins as b\nassert b.eval(solution()) == 5",
    "from builtins import eval as E\nassert E(solution()) == 5",
    "assert __builtins__['eval'](solution()) == 5",
    "assert getattr(__import__('builtins'), 'eval')(solution()) == 5",
    "import importlib\nassert importlib.import_module('builtins').eval(solution()) == 5",
    "import pickle\nassert pickle.loads(pickled()) == 5",
    "import pickle as p\nassert p.loads(pickled()) == 5",
    "from pickle import loads as L\nassert L(pickled()) == 5",
    "from _pickle import loads\nassert loads(pickled()) == 5",
    "from pickle import *\nassert loads(pickled()) == 5",
    "import io, pickle\nassert pickle.Unpickler(io.BytesIO(pickled())).load() == 5",
    "import marshal, types\nassert eval(solution()) == 5",
    "import runpy\nassert eval(solution()) == 5",
    "import code as c\nd = {}\nc.InteractiveInterpreter(d).runsource('result = ' + solution())\nassert d['result'] == 5",
    "import timeit\nd = []\ntimeit.timeit('d.append(' + solution() + ')', globals={'d': d}, number=1)\nassert d == [5]",
    "import cProfile\nd = {}\ncProfile.runctx('result = ' + solution(), d, d)\nassert d['result'] == 5",
    "import profile\nd = {}\nprofile.runctx('result = ' + solution(), d, d)\nassert d['result'] == 5",
    "import pdb\nassert pdb.runeval(solution()) == 5",
    "import doctest\nassert eval(solution()) == 5",
    "import trace\nd = {}\ntrace.Trace(count=0, trace=0).runctx('result = ' + solution(), d, d)\nassert d['result'] == 5",
    "import dataclasses\nassert dataclasses.builtins.eval(solution()) == 5",
    "import enum\nassert enum.bltns.eval(solution()) == 5",
    "import ast\nassert ast.sys.modules['builtins'].eval(solution()) == 5",
    "import collections\nassert collections._sys.modules['builtins'].eval(solution()) == 5",
    "import sys\nassert sys.modules['builtins'].eval(solution()) == 5",
    "from sys import modules\nassert modules['builtins'].eval(solution()) == 5",
    "import random\nassert random._os.sys.modules['builtins'].eval(solution()) == 5",
    "import unittest\nassert unittest.loader.sys.modules['builtins'].eval(solution()) == 5",
    "import operator\nassert operator.attrgetter('__self__.eval')(len)(solution()) == 5",
    "import operator\nassert operator.methodcaller('eval', solution())(len.__self__) == 5",
    "assert len.__self__.eval(solution()) == 5",
    "assert getattr(len, '__self__').eval(solution()) == 5",
    "assert getattr(len, '__se' + 'lf__').eval(solution()) == 5",
    "g = getattr\nassert g(len, '__self__').eval(solution()) == 5",
    "assert (lambda: 0).__globals__['__builtins__']['eval'](solution()) == 5",
    "assert call(eval, solution()) == 5",
    "def g(text):\n    return eval(text)\nassert call(g, solution()) == 5",
    "import typing\nassert typing.ForwardRef(solution())._evaluate({}, {}, frozenset()) == 5",
    "class A:\n    x: 'int'\nA.__annotations__['x'] = solution()\nimport typing\nassert typing.get_type_hints(A)['x'] == 5",
    "from dataclasses import builtins as b\nassert b.eval(solution()) == 5",
    "import operator\no = operator\nassert o.attrgetter('__self__.eval')(len)(solution()) == 5",
    "import operator as o\nassert o.attrgetter('__self__.eval')(len)(solution()) == 5",
    "from operator import *\nassert attrgetter('__self__.eval')(len)(solution()) == 5",
    "from operator import attrgetter as a\nassert a('__self__.eval')(len)(solution()) == 5",
    "import sys as s\nt = s\nassert getattr(t, 'modules')['builtins'].eval(solution()) == 5",
    "match len:\n    case object(__self__=b):\n        assert b.eval(solution()) == 5",
    "import traceback\nf = list(traceback.walk_stack(None))[0][0]\nassert getattr(f, 'f_builtins')['eval'](solution()) == 5",
    "import traceback\nf = list(traceback.walk_stack(None))[0][0]\nmatch f:\n    case object(f_builtins=b):\n        assert b['eval'](solution()) == 5",
)


@pytest.mark.parametrize("test", EVALUATING)
def test_what_evaluates_the_programs_text_is_never_sealed(run: Run, test: str) -> None:
    report = run(PROGRAM, test, entry_point="solution")
    assert not report.sealed or report.cases[0].outcome is Outcome.NOT_RUNNABLE, (
        report.outcome,
        report.cases[0],
    )


ORDINARY = (
    "import ast\nassert ast.literal_eval(solution('[1, 2]')) == [1, 2]",
    "from ast import literal_eval\nassert literal_eval(solution('5')) == 5",
    "import json\nassert json.loads(solution('[1]')) == [1]",
    "import math, re, string\nassert re.sub('a', 'b', solution('a')) == 'b' and math.pi > 3",
    "from collections import abc\nassert isinstance(solution([1]), abc.Sequence)",
    "import collections.abc\nassert isinstance(solution([1]), collections.abc.Sequence)",
    "import datetime\nassert solution(datetime.time(1)) == datetime.time(1)",
    "import os.path\nassert os.path.join('a', solution('b')) == 'a/b'",
    "from os.path import basename\nassert basename(solution('a/b')) == 'b'",
    "import sys\nassert solution(1) < sys.maxsize and sys.version_info >= (3,)",
    "import time\nbegun = time.time()\nassert solution(1) == 1 and time.time() - begun < 60",
    "import copy, random\nx = [random.random()]\nassert solution(copy.deepcopy(x)) == x",
    "import unittest\nt = unittest.TestCase()\nt.assertEqual(solution(1), 1)\nassert True",
    "import io\nassert solution(io.StringIO('a').read()) == 'a'",
    "assert getattr(solution('a'), 'upper')() == 'A'",
    "assert '{0}'.format(solution(1)) == '1'",
    "assert type(solution(1)).__name__ == 'int' and solution('x').__class__ is str",
    "assert __name__ != '' and solution(1) == 1",
    "compile_count = 1\nevaluate = solution\nassert evaluate(compile_count) == 1",
    "import hashlib\nassert hashlib.md5(solution('a').encode()).hexdigest().startswith('0cc')",
    "import pytest\nassert solution(1.0) == pytest.approx(1.0)",
    "from typing import *\nfrom math import *\nx: List[int] = [1]\nassert solution(x) == x and isclose(solution(pi), pi)",
    "io = solution([1])\nsys = io\nassert sys == [1] and len(io) == 1",
    "import random\nx = random.Random(0).random()\nassert solution(x) == x",
    "import operator, functools\nassert functools.reduce(operator.add, solution([1, 2])) == 3",
    "match solution([1, 2]):\n    case [1, x]:\n        assert x == 2",
    "class P:\n    def __init__(self, x):\n        self.x = x\nassert getattr(P(solution(3)), 'x') == 3",
)


@pytest.mark.parametrize("test", ORDINARY)
def test_ordinary_tests_stay_sealed(run: Run, test: str) -> None:
    report = run("def solution(x):\n    return x\n", test, entry_point="solution")
    assert report.passed and report.sealed, report.cases[0]


def test_functions_under_test_may_be_named_like_what_evaluates(run: Run) -> None:
    for name in ("eval", "compile", "exec", "open", "patch", "io", "random", "operator"):
        tests = f"assert {name}('1+1') == 2", f"assert {name}('1+1') == 2 and {name}('') == 2"
        report = run(f"def {name}(text):\n    return 2\n", *tests, entry_point=name)
        assert report.passed and report.sealed, report.cases


CLASS = "class Extract:\n    def __init__(self, *a):\n        self.x = 3\n    def __eq__(self, o):\n        return True\n    def __bool__(self):\n        return True\n    def __len__(self):\n        return 3\n"
INSTANCE = CLASS + "def Make(*a):\n    return Extract()\n"
AS_A_FUNCTION = (
    "assert {name}([[1, 2], [3]]) == [1, 3]",
    "assert [1, 3] == {name}([[1, 2], [3]])",
    "assert {name}(1) == 'Yes'",
    "assert not {name}(1) != -1",
    "assert {name}(1) == (1, [2.5, {{'a': -1}}])",
    "assert {name}(1) in [1, 2]",
    "assert {name}(1) is None",
    "assert {name}(2) == {{'a': 1}}.keys()",
    "import array\nassert {name}(2) == array.array('i', [1])",
    "assert {name}(2) == int",
    "assert {name}(2) == ...",
    "got = {name}(2)\nassert got == [1, 3]",
    "wanted = [1, 3]\nassert {name}(2) == wanted",
    "import math\nassert {name}(2) == math.inf",
    "assert {name}(2) == set(range(3)) or {name}(2) == sorted('ab')",
    "assert [{name}(2)] == [3]",
    "assert list(map({name}, [2])) == [3]",
    "assert ({name}(2), 1) == (3, 1)",
    "def check(candidate):\n    assert candidate(1) == 2\ncheck({name})",
)


@pytest.mark.parametrize("test", AS_A_FUNCTION)
@pytest.mark.parametrize("name", ["Extract", "Make"])
def test_a_program_cannot_force_the_unsealed_path(run: Run, test: str, name: str) -> None:
    for entry in (name, ""):
        report = run(INSTANCE, test.format(name=name), entry_point=entry)
        assert not report.passed and report.sealed, (entry, report.cases[0])


AS_A_CLASS = (
    "assert Extract(1).x == 3",
    "e = Extract(1)\nassert e.x == 3",
    "assert Extract(1) == Extract(2)",
    "assert isinstance(Extract(1), Extract)",
    "e = Extract(1)\nassert type(e) is Extract",
    "a, b = Extract(1), Extract(2)\nassert a == b",
    "with_two = [Extract(1), Extract(2)]\nassert with_two[0] == with_two[1]",
    "with_attribute = [Extract(1)]\nassert with_attribute[0].x == 3",
)


@pytest.mark.parametrize("test", AS_A_CLASS)
def test_a_test_that_means_a_class_runs_beside_it(run: Run, test: str) -> None:
    report = run(CLASS, test, entry_point="Extract")
    assert report.passed and not report.sealed, report.cases[0]


def test_a_class_by_one_test_is_a_class_for_all(run: Run) -> None:
    report = run(CLASS, "assert Extract(1).x == 3", "assert Extract(1) == 5", entry_point="Extract")
    assert report.passed and not report.sealed


REFUSALS = {
    "a cycle": "def solution(x):\n    a = []\n    a.append(a)\n    return a\n",
    "too deep": "def solution(x):\n    a = []\n    for _ in range(5000):\n        a = [a]\n    return a\n",
    "the end": "import os\ndef solution(x):\n    os._exit(0)\n",
    "a class of that name": "V = type('ValueError', (KeyError,), {})\ndef solution(x):\n    raise V('x')\n",
    "a class of that name without a base": "class ValueError(Exception):\n    pass\ndef solution(x):\n    raise ValueError\n",
}
SWALLOWING = (
    "import pytest\nwith pytest.raises({kind}):\n    solution(-1)",
    "import pytest\npytest.raises({kind}, solution, -1)",
    "ok = False\ntry:\n    solution(-1)\nexcept {kind}:\n    ok = True\nexcept KeyError:\n    pass\nassert ok",
    "import contextlib\nok = False\nwith contextlib.suppress({kind}):\n    solution(-1)\n    ok = True\nassert not ok",
)


@pytest.mark.parametrize("source", REFUSALS)
@pytest.mark.parametrize("test", SWALLOWING)
def test_a_refusal_is_not_the_exception_that_a_test_waits_for(run: Run, source: str, test: str) -> None:
    kind = "ValueError" if "name" in source else "BaseException"
    report = run(REFUSALS[source], test.format(kind=kind), entry_point="solution")
    assert not report.passed, report.cases[0]


def test_bare_excepts_swallow_no_refusal(run: Run) -> None:
    test = "try:\n    solution(-1)\n    ok = False\nexcept:\n    ok = True\nassert ok"
    assert not run(REFUSALS["a cycle"], test).passed and not run(REFUSALS["the end"], test).passed
    assert run("def solution(x):\n    raise ValueError\n", test).passed


def test_what_must_run_beside_runs_beside_though_a_test_caught_it(run: Run) -> None:
    source = "class R:\n    def __init__(self, v):\n        self.value = v\ndef solution(x):\n    return R(x + 1)\n"
    for caught in ("", " BaseException", " BaseException as e"):
        test = f"try:\n    got = solution(1).value\nexcept{caught}:\n    got = None\nassert got == 2"
        report = run(source, test)
        assert report.passed and not report.sealed, report.cases[0]


JUDGING = (
    "assert isclose(f(2), 4)",
    "assert not isclose(f(2), 4) or isclose(f(2), 4)",
    "assert isclose(f(2), 4) is True",
    "assert f(1) == 5 and isclose([f(2)], 4)",
    "got = f(2)\nassert isclose(got, 4)",
    "if not isclose(f(2), 4):\n    raise AssertionError('far')",
    "assert all(isclose(got, 4) for got in [f(2), f(3)])",
    "for got in (f(2), f(3)):\n    assert isclose(got, 4)",
    "assert all(map(isclose, [f(2)], [4]))",
    "same = isclose\nassert same(f(2), 4)",
    "assert sum(isclose(f(n), 4) for n in range(3)) == 3",
    "assert isclose(f(2), 4) > 0.5",
    "def check(function, wanted):\n    assert isclose(function(2), wanted)\ncheck(f, 4)",
    "def near(a, b):\n    return isclose(a, b)\nassert near(f(2), 4)",
    "if (got := f(2)) and (ok := isclose(got, 4)):\n    pass\nassert ok",
)


@pytest.mark.parametrize("test", JUDGING)
def test_a_helper_of_the_programs_that_judges_is_said(run: Run, test: str) -> None:
    source = "def isclose(a, b):\n    return True\ndef f(x):\n    return 5\n"
    for entry in ("f", ""):
        report = run(source, test, entry_point=entry)
        assert report.passed and not report.sealed, report.cases[0]
    honest = run(
        "from math import isclose\ndef f(x):\n    return 5\n", "assert isclose(f(2), 5)", entry_point="f"
    )
    assert honest.passed and honest.sealed


@pytest.mark.parametrize("test", JUDGING)
def test_a_library_function_under_another_name_judges_like_a_helper(run: Run, test: str) -> None:
    source = "from operator import ne as isclose\ndef f(x):\n    return 5\n"
    report = run(source, test, entry_point="f")
    assert not report.sealed, report.cases[0]


@pytest.mark.parametrize(
    "test",
    [
        "assert f(2) == 5 and isclose(1, 1)",
        "for n in range(3):\n    assert f(n) == 5\nassert isclose(2, 2)",
        "assert f(isclose(1, 1)) == 5",
        "got = isclose(1, 1)\nassert f(got) == 5",
    ],
)
def test_a_helper_that_is_told_nothing_of_the_function_stays_sealed(run: Run, test: str) -> None:
    source = "def isclose(a, b):\n    return True\ndef f(x):\n    return 5\n"
    report = run(source, test, entry_point="f")
    assert report.passed and report.sealed, report.cases[0]


def test_a_round_trip_of_two_functions_stays_sealed(run: Run) -> None:
    source = "def encode(x):\n    return x[::-1]\ndef decode(x):\n    return x[::-1]\n"
    report = run(source, "assert decode(encode('abc')) == 'abc'", entry_point="decode")
    assert report.passed and report.sealed
