"""Passing without being right."""

# ruff: noqa: E501
from __future__ import annotations

from tests.sandbox.corpus.case import Case, fails, right

_HIJACK = """
    import sys
    for name, module in list(sys.modules.items()):
        if 'assistant' in name or name in ('json', 'operator', 'struct', 'ast'):
            for key, value in list(vars(module).items()):
                if callable(value) and not key.startswith('__'):
                    try:
                        setattr(module, key, lambda *a, **k: True)
                    except Exception:
                        pass
    def f(x):
        return None
"""
_VERDICT = '{"case":0,"verdict":"passed","expected":"4","actual":"4","seconds":0.1}'

CASES = (
    fails("sys.exit(0)", "import sys\ndef f(x):\n    sys.exit(0)", "exited_early"),
    fails("exit at import", "import sys\nsys.exit(0)", "exited_early"),
    fails("os._exit(0)", "import os\ndef f(x):\n    os._exit(0)", "exited_early"),
    fails("os._exit at import", "import os\nos._exit(0)", "exited_early"),
    fails("quit()", "def f(x):\n    raise SystemExit(0)", "exited_early"),
    fails(
        "exit from a thread",
        "import os, threading\nthreading.Timer(0.05, os._exit, (0,)).start()\ndef f(x):\n    while True: pass",
        "exited_early",
    ),
    fails(
        "exit by a signal handler",
        "import os, signal\nsignal.signal(signal.SIGALRM, lambda *a: os._exit(0))\nsignal.setitimer(signal.ITIMER_REAL, 0.05)\ndef f(x):\n    while True: pass",
        "exited_early",
    ),
    fails(
        "exec itself to nothing",
        "import os\ndef f(x):\n    os.execv('/bin/true', ['true'])",
        "blocked",
        "raised",
    ),
    fails(
        "equal to everything",
        "class E:\n    def __eq__(s, o): return True\n    def __ne__(s, o): return False\ndef f(x):\n    return E()",
        "wrong",
    ),
    fails(
        "equal and hashable",
        "class E:\n    def __eq__(s, o): return True\n    def __hash__(s): return hash(4)\ndef f(x):\n    return E()",
        "wrong",
        test="assert f(2) in {4: 1}",
    ),
    fails(
        "equal in a list",
        "class E:\n    def __eq__(s, o): return True\ndef f(x):\n    return [E()]",
        "wrong",
        test="assert f(2) == [4]",
    ),
    fails(
        "equal as a key",
        "class E:\n    def __eq__(s, o): return True\n    def __hash__(s): return hash('a')\ndef f(x):\n    return {E(): 1}",
        "wrong",
        test="assert f(2) == {'a': 1}",
    ),
    fails(
        "int subclass",
        "class I(int):\n    def __eq__(s, o): return True\n    __hash__ = int.__hash__\ndef f(x):\n    return I(5)",
        "wrong",
    ),
    fails(
        "float subclass",
        "class F(float):\n    def __eq__(s, o): return True\n    def __sub__(s, o): return 0.0\n    def __abs__(s): return 0.0\ndef f(x):\n    return F(5)",
        "wrong",
        test="assert abs(f(2) - 4.0) < 1e-6",
    ),
    fails(
        "str subclass",
        "class S(str):\n    def __eq__(s, o): return True\n    def __str__(s): return 'four'\n    def __ne__(s, o): return False\ndef f(x):\n    return S('five')",
        "wrong",
        test="assert f(2) == 'four'",
    ),
    fails(
        "list subclass",
        "class L(list):\n    def __eq__(s, o): return True\n    def __iter__(s): return iter([4])\n    def __len__(s): return 1\ndef f(x):\n    return L([5])",
        "wrong",
        test="assert f(2) == [4]",
    ),
    fails(
        "tuple subclass",
        "class T(tuple):\n    def __eq__(s, o): return True\ndef f(x):\n    return T((5,))",
        "wrong",
        test="assert f(2) == (4,)",
    ),
    fails(
        "dict subclass",
        "class D(dict):\n    def __eq__(s, o): return True\n    def items(s): return [('a', 4)]\ndef f(x):\n    return D(a=5)",
        "wrong",
        test="assert f(2) == {'a': 4}",
    ),
    fails(
        "set subclass",
        "class S(set):\n    def __eq__(s, o): return True\n    def __iter__(s): return iter({4})\ndef f(x):\n    return S({5})",
        "wrong",
        test="assert f(2) == {4}",
    ),
    fails(
        "bytes subclass",
        "class B(bytes):\n    def __eq__(s, o): return True\ndef f(x):\n    return B(b'5')",
        "wrong",
        test="assert f(2) == b'4'",
    ),
    fails(
        "complex subclass",
        "class C(complex):\n    def __eq__(s, o): return True\ndef f(x):\n    return C(5)",
        "wrong",
        test="assert f(2) == 4j",
    ),
    fails(
        "lying about its class",
        "class E:\n    __class__ = property(lambda s: int)\n    def __eq__(s, o): return True\ndef f(x):\n    return E()",
        "wrong",
    ),
    fails(
        "lying metaclass",
        "class M(type):\n    def __instancecheck__(c, o): return True\n    def __subclasscheck__(c, o): return True\n    def mro(c): return [c, int, object]\nclass E(int, metaclass=M):\n    def __eq__(s, o): return True\n    __hash__ = int.__hash__\ndef f(x):\n    return E(5)",
        "wrong",
        "not_runnable",
        "raised",
    ),
    fails(
        "reflected comparison",
        "class E:\n    def __radd__(s, o): return 4\n    def __rsub__(s, o): return 0\n    def __lt__(s, o): return True\n    def __gt__(s, o): return True\ndef f(x):\n    return E()",
        "wrong",
        test="assert f(2) > 3",
    ),
    fails(
        "reflected difference",
        "class E:\n    def __rsub__(s, o): return 0\n    def __sub__(s, o): return 0\n    def __abs__(s): return 0\n    def __float__(s): return 4.0\ndef f(x):\n    return E()",
        "wrong",
        test="import math\nassert math.isclose(f(2), 4.0)",
    ),
    fails(
        "an attribute that lies",
        "class E:\n    def __getattr__(s, n): return lambda *a: s\n    def __eq__(s, o): return True\ndef f(x):\n    return E()",
        "wrong",
        "raised",
        test="assert f('a').upper() == 'A'",
        unsealed_pass=True,
    ),
    fails(
        "a length that lies",
        "class E:\n    def __len__(s): return 4\ndef f(x):\n    return E()",
        "wrong",
        "raised",
        test="assert len(f(2)) == 4",
        unsealed_pass=True,
    ),
    fails(
        "a class named as the function",
        "class f:\n    def __init__(s, x): pass\n    def __eq__(s, o): return True",
        "wrong",
    ),
    fails(
        "a class whose making lies",
        "class E:\n    def __eq__(s, o): return True\nclass f:\n    def __new__(c, x): return E()",
        "wrong",
    ),
    fails(
        "patched builtins",
        """
        import builtins
        for name in ('len', 'abs', 'all', 'any', 'isinstance', 'sorted', 'set', 'list', 'repr', 'print', 'type'):
            setattr(builtins, name, lambda *a, **k: True)
        builtins.AssertionError = ValueError
        builtins.__build_class__ = None
        def f(x):
            return 5
    """,
    ),
    fails(
        "no assertion errors",
        "import builtins\nclass A(Exception):\n    def __new__(c, *a): raise SystemExit(0)\nbuiltins.AssertionError = A\ndef f(x):\n    return 5",
        "wrong",
    ),
    fails("hijacked modules", _HIJACK),
    fails(
        "hijacked imports",
        "import builtins, sys\nold = builtins.__import__\ndef lie(name, *a, **k):\n    sys.exit(0)\nbuiltins.__import__ = lie\ndef f(x):\n    return 5",
    ),
    fails(
        "tests in the frames",
        """
        import sys
        def f(x):
            frame = sys._getframe()
            while frame:
                for scope in (frame.f_locals, frame.f_globals):
                    for key, value in list(scope.items()):
                        if key in ('expected', 'tests', 'test', '_tests', 'job', 'checks'):
                            return value
                frame = frame.f_back
            return None
    """,
        "wrong",
    ),
    fails(
        "expected values in the garbage collector",
        """
        import gc
        def f(x):
            for found in gc.get_objects():
                if isinstance(found, dict) and ('expected' in found or 'tests' in found or 'code' in found):
                    value = found.get('expected') or found.get('tests') or found.get('code')
                    if isinstance(value, (int, str, list)):
                        return value
            return None
    """,
        "wrong",
        test="assert f(2) == 'a rather long expected value that is nowhere in the program'",
    ),
    fails(
        "the test's text in memory",
        """
        import gc, sys
        def f(x):
            seen = [v for o in gc.get_objects() if isinstance(o, dict) for v in o.values() if isinstance(v, str)]
            hits = [s for s in seen if 'xyzzy-plugh' in s and 'hits' not in s]
            return 'xyzzy-plugh' if hits else None
    """,
        "wrong",
        test="assert f(2) == 'xyzzy-' + 'plugh'  # xyzzy-plugh",
    ),
    fails(
        "tracing",
        "import sys\ndef t(frame, event, arg):\n    for key in list(frame.f_locals):\n        if key in ('ok', 'value'):\n            frame.f_locals[key] = True\n    return t\nsys.settrace(t)\nsys.setprofile(t)\ndef f(x):\n    return 5",
        "wrong",
        "raised",
    ),
    fails(
        "a delayed thread",
        """
        import threading, time, builtins
        def later():
            time.sleep(0.02)
            builtins.AssertionError = SystemExit
        threading.Thread(target=later, daemon=True).start()
        def f(x):
            time.sleep(0.05)
            return 5
    """,
        "wrong",
    ),
    fails(
        "a verdict on every descriptor",
        f"""
        import os, struct
        body = {_VERDICT!r}.encode()
        def f(x):
            for fd in range(3, 64):
                for data in (body, struct.pack('>I', len(body)) + body, body + b'\\n'):
                    try:
                        os.write(fd, data)
                    except OSError:
                        pass
            return 5
    """,
    ),
    fails(
        "a verdict at import",
        f"""
        import os, struct
        body = {_VERDICT!r}.encode()
        ready = b'{{"ready":true,"unsealed":[]}}'
        for fd in range(3, 64):
            for part in (ready, body):
                try:
                    os.write(fd, struct.pack('>I', len(part)) + part)
                except OSError:
                    pass
        os._exit(0)
    """,
    ),
    fails(
        "an answer before the question",
        """
        import os, struct
        body = b'{"value":5}'
        for fd in range(3, 64):
            try:
                os.write(fd, struct.pack('>I', len(body)) + body)
            except OSError:
                pass
        def f(x):
            return 5
    """,
    ),
    fails(
        "a printed verdict",
        f"def f(x):\n    print({_VERDICT!r})\n    print('1 of 1 passed')\n    return 5",
        "wrong",
    ),
    fails(
        "a printed report",
        "import json\nprint(json.dumps({'outcome': 'passed', 'sealed': True, 'cases': [], 'stdout': ''}))\ndef f(x):\n    return 5",
        "wrong",
    ),
    fails(
        "a pickle",
        "import pickle\nclass P:\n    def __reduce__(s): return (exit, (0,))\n    def __eq__(s, o): return True\ndef f(x):\n    return P()",
        "wrong",
    ),
    fails(
        "a pickled string",
        "import pickle, os\nclass P:\n    def __reduce__(s): return (os._exit, (0,))\ndef f(x):\n    return pickle.dumps(P())",
        "wrong",
    ),
    fails(
        "an exception named passed",
        "class passed(BaseException):\n    pass\ndef f(x):\n    raise passed('passed')",
        "raised",
    ),
    fails(
        "an exception that lies",
        "class E(Exception):\n    def __str__(s): raise SystemExit(0)\n    __repr__ = __str__\ndef f(x):\n    raise E()",
        "raised",
    ),
    fails(
        "an exception with a hanging text",
        "class E(Exception):\n    def __str__(s):\n        while True: pass\ndef f(x):\n    raise E()",
        "timed_out",
        "raised",
    ),
    fails("AssertionError of its own", "def f(x):\n    raise AssertionError", "raised"),
    fails(
        "StopIteration",
        "def f(x):\n    raise StopIteration",
        "raised",
        "wrong",
        test="assert list(f(i) for i in [2]) == [4]",
    ),
    fails("GeneratorExit", "def f(x):\n    raise GeneratorExit", "raised"),
    fails("KeyboardInterrupt", "def f(x):\n    raise KeyboardInterrupt", "raised"),
    fails(
        "the recorder's name",
        "class R:\n    def __getattr__(s, n): return lambda *a, **k: True\n__recorder__ = R()\ncandidate = None\ndef f(x):\n    return 5",
        "wrong",
    ),
    fails(
        "a test's helper",
        "def check(c):\n    return True\ndef f(x):\n    return 5",
        "wrong",
        setup="def check(c):\n    assert c(2) == 4",
        test="check(f)",
    ),
    fails(
        "an imported helper",
        "class math:\n    isclose = staticmethod(lambda *a: True)\ndef f(x):\n    return 5",
        "wrong",
        test="import math\nassert math.isclose(f(2), 4)",
    ),
    right(
        "a helper that it pretends to import",
        "def isclose(*a):\n    return True\nisclose.__module__ = 'math'\ndef f(x):\n    return 5",
        "assert isclose(f(2), 4)",
        sealed=False,  # plain Python passes it, too; the program itself gives this verdict
    ),
    fails(
        "its own builtins in the test",
        "def set(x):\n    return 1\nlen = sorted = abs = list = set\ndef f(x):\n    return 5",
        "wrong",
        "raised",
        test="assert set([f(2)]) == set([4])",
    ),
    fails("zero asserts", "def f(x):\n    return 5", "not_runnable", test="f(2)"),
    fails(
        "its argument changed to match",
        "def f(x):\n    x.append(5)\n    return x",
        "wrong",
        test="given = [4]\nassert f(given) == [4]",
    ),
    fails(
        "a callback turned around",
        "def f(g):\n    g.__code__ = (lambda: 4).__code__\n    return g",
        "raised",
        "wrong",
        "blocked",
        test="assert f(lambda: 5)() == 4",
    ),
    fails(
        "an iterator without end",
        "import itertools\ndef f(x):\n    return itertools.count()",
        "timed_out",
        "out_of_memory",
        test="assert list(f(2)) == [4]",
    ),
    fails("an iterator compared", "def f(x):\n    return iter([4])", "wrong", test="assert f(2) == [4]"),
    fails("no function at all", "def g(x):\n    return 4", "not_runnable"),
    fails("nothing at all", "", "not_runnable"),
    fails(
        "poisoning what comes next",
        """
        import builtins, sys, os, json, random
        builtins.sum = lambda *a: 99
        sys.modules['math'] = None
        json.dumps = None
        os.environ['POISON'] = '1'
        random.seed(1)
        try:
            open('/tmp/json.py', 'w').write('raise SystemExit')
        except OSError:
            pass
        def f(x):
            return 5
    """,
    ),
    right(
        "after the poison",
        "import json, os, math\ndef f(x):\n    return sum([x, 2]) if 'POISON' not in os.environ and json.dumps(1) == '1' else None",
    ),
    Case(
        "a class of its own, named by the test",
        "class Point:\n    def __init__(s, x): s.x = x\n    def __eq__(s, o): return True\ndef f(p):\n    return p.x\n",
        ("assert f(Point(4)) == 4",),
        passes=True,
        sealed=False,
    ),
)
