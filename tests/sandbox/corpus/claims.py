"""Forged passes by what a program says of itself: false origins, shadowed names, a patched wire, lying values."""

# ruff: noqa: E501
from __future__ import annotations

from tests.sandbox.corpus.case import Case, dedented

CASES = (
    Case(
        "hostile class property",
        dedented(
            "class A:\n    @property\n    def __class__(s): return int\n    def __eq__(s,o): return True\n    def __index__(s): return 4\ndef f(x):\n    return A()\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "hostile metaclass",
        dedented(
            "class M(type):\n    def __instancecheck__(c, o): return True\n    def __eq__(s,o): return True\n    def __hash__(s): return 1\n    @property\n    def __mro__(s): return (int, object)\n    def mro(c): return [c, object]\nclass A(metaclass=M):\n    def __eq__(s,o): return True\ndef f(x):\n    return A()\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "module claims operator",
        dedented("def add(a,b): return 0\nadd.__module__='operator'\n"),
        ("assert add(2,2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "module claims math gcd",
        dedented("def gcd(a,b): return 0\ngcd.__module__='math'\n"),
        ("assert gcd(4,6) == 2",),
        passes=False,
        sealed=True,
    ),
    Case(
        "module claims, two tests",
        dedented("def gcd(a,b): return 0\ngcd.__module__='math'\ndef g(x): return x\n"),
        ("assert gcd(4,6) == 2", "assert g(2) == 2"),
        passes=False,
        sealed=True,
    ),
    Case(
        "module claims heapq",
        dedented("def merge(*a): return 0\nmerge.__module__='heapq'\n"),
        ("assert list(merge([1],[0])) == [0,1]",),
        passes=False,
        sealed=True,
    ),
    Case(
        "module claims with candidate like",
        dedented("def sqrt(x): return 4\nsqrt.__module__='math'\n"),
        ("assert sqrt(9) == 3.0",),
        passes=False,
        sealed=True,
    ),
    Case(
        "own len over variable",
        dedented("VALUE=[]\ndef len(x): return 4\n"),
        ("assert len(VALUE) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "own len/set/str",
        dedented("def f(x): return 5\ndef str(x): return '4'\ndef len(x): return 4\nabs=round=str\n"),
        ("assert str(f(2)) == '4'",),
        passes=False,
        sealed=True,
    ),
    Case(
        "own isinstance",
        dedented("def f(x): return 5\ndef isinstance(a,b): return True\n"),
        ("assert isinstance(f(2), str)",),
        passes=False,
        sealed=True,
    ),
    Case(
        "class math shadow",
        dedented("class math:\n    @staticmethod\n    def isclose(*a): return True\ndef f(x): return 5\n"),
        ("assert math.isclose(f(2), 4)",),
        passes=False,
        sealed=True,
    ),
    Case(
        "function math shadow",
        dedented("def math(): pass\nmath.isclose=lambda *a, **k: True\ndef f(x): return 5\n"),
        ("assert math.isclose(f(2), 4)",),
        passes=False,
        sealed=True,
    ),
    Case(
        "module object shadow",
        dedented(
            "import types, sys\nmath=types.ModuleType('math'); math.isclose=lambda *a, **k: True\nsys.modules['math']=math\ndef f(x): return 5\n"
        ),
        ("assert math.isclose(f(2), 4)",),
        passes=False,
        sealed=True,
    ),
    Case(
        "eq evil",
        dedented(
            "class A:\n    def __eq__(s,o): return True\n    def __ne__(s,o): return False\ndef f(x): return A()\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "eq evil int sub",
        dedented(
            "class A(int):\n    def __eq__(s,o): return True\n    __hash__=int.__hash__\ndef f(x): return A(5)\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "eq evil str sub",
        dedented(
            "class A(str):\n    def __eq__(s,o): return True\n    __hash__=str.__hash__\ndef f(x): return A('5')\n"
        ),
        ("assert f(2) == '4'",),
        passes=False,
        sealed=True,
    ),
    Case(
        "eq evil inside list",
        dedented("class A:\n    def __eq__(s,o): return True\ndef f(x): return [A(), A()]\n"),
        ("assert f(2) == [4, 4]",),
        passes=False,
        sealed=True,
    ),
    Case(
        "eq evil list sub",
        dedented("class A(list):\n    def __eq__(s,o): return True\ndef f(x): return A()\n"),
        ("assert f(2) == [4, 4]",),
        passes=False,
        sealed=True,
    ),
    Case(
        "eq evil dict sub",
        dedented(
            "class A(dict):\n    def __eq__(s,o): return True\n    def items(s): return [(1,4)]\ndef f(x): return A()\n"
        ),
        ("assert f(2) == {1: 4}",),
        passes=False,
        sealed=True,
    ),
    Case(
        "eq evil float isclose",
        dedented(
            "class A(float):\n    def __float__(s): return 4.0\n    def __sub__(s,o): return 0.0\n    __rsub__=__sub__\n    def __abs__(s): return 0.0\ndef f(x): return A(5)\n"
        ),
        ("assert abs(f(2) - 4) < 1e-6", "import math\nassert math.isclose(f(2), 4)"),
        passes=False,
        sealed=True,
    ),
    Case(
        "evil abs obj",
        dedented(
            "class A:\n    def __sub__(s,o): return s\n    __rsub__=__sub__\n    def __abs__(s): return s\n    def __lt__(s,o): return True\n    def __bool__(s): return True\ndef f(x): return A()\n"
        ),
        ("assert abs(f(2) - 4) < 1e-6",),
        passes=False,
        sealed=True,
    ),
    Case(
        "evil lt gt",
        dedented(
            "class A:\n    def __lt__(s,o): return True\n    __gt__=__le__=__ge__=__lt__\ndef f(x): return A()\n"
        ),
        ("assert 3 < f(2) < 5",),
        passes=False,
        sealed=True,
    ),
    Case(
        "evil contains",
        dedented(
            "class A:\n    def __contains__(s,o): return True\n    def __iter__(s): return iter([4])\ndef f(x): return A()\n"
        ),
        ("assert 4 in f(2) and 5 in f(2) and 99 in f(2)",),
        passes=False,
        sealed=True,
        unsealed_pass=True,
    ),
    Case(
        "evil len",
        dedented(
            "class A:\n    def __len__(s): return 4\n    def __getitem__(s, i): return A()\n    def __eq__(s,o): return True\ndef f(x): return A()\n"
        ),
        ("assert len(f(2)) == 4 and f(2)[0] == 4",),
        passes=False,
        sealed=True,
        unsealed_pass=True,
    ),
    Case(
        "evil upper",
        dedented(
            "class A:\n    def upper(s): return s\n    def __eq__(s,o): return True\ndef f(x): return A()\n"
        ),
        ("assert f('a').upper() == 'A'",),
        passes=False,
        sealed=True,
        unsealed_pass=True,
    ),
    Case(
        "evil strip split",
        dedented(
            "class A:\n    def __getattr__(s,n): return lambda *a, **k: s\n    def __eq__(s,o): return True\n    def __iter__(s): return iter([s])\ndef f(x): return A()\n"
        ),
        ("assert f('a').strip().split() == ['A']",),
        passes=False,
        sealed=True,
        unsealed_pass=True,
    ),
    Case(
        "evil sort",
        dedented(
            "class A:\n    def __getattr__(s,n): return lambda *a, **k: s\n    def __eq__(s,o): return True\n    def __iter__(s): return iter([s])\n    def __len__(s): return 1\ndef f(x): return A()\n"
        ),
        ("assert sorted(f([2,1])) == [1,2]",),
        passes=False,
        sealed=True,
        unsealed_pass=True,
    ),
    Case(
        "evil in set",
        dedented(
            "class A:\n    def __eq__(s,o): return True\n    def __hash__(s): return hash(4)\ndef f(x): return A()\n"
        ),
        ("assert f(2) in {4}", "assert f(2) in (4,)", "assert {f(2)} == {4}"),
        passes=False,
        sealed=True,
        unsealed_pass=True,
    ),
    Case(
        "type lies",
        dedented(
            "class int2(int):\n    __name__='int'\nint2.__name__='int'; int2.__qualname__='int'; int2.__module__='builtins'\ndef f(x): return int2(5)\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "patch all builtins",
        dedented(
            "import builtins\nfor n in list(vars(builtins)):\n    if not n.startswith('__') and n not in ('None','True','False'):\n        try: setattr(builtins, n, lambda *a, **k: True)\n        except Exception: pass\ndef f(x): return 5\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "delete builtins",
        dedented(
            "import builtins\nfor n in list(vars(builtins)):\n    try: delattr(builtins, n)\n    except Exception: pass\ndef f(x): return 5\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "sys.modules clear",
        dedented("import sys\nsys.modules.clear()\ndef f(x): return 5\n"),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "frames walk",
        dedented(
            "import sys\ndef f(x):\n    fr=sys._getframe()\n    while fr:\n        for k,v in list(fr.f_locals.items()):\n            if isinstance(v, dict): v['value']=4; v['verdict']='passed'\n        fr=fr.f_back\n    return 5\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "gc walk patch",
        dedented(
            "import gc\ndef f(x):\n    for o in gc.get_objects():\n        if type(o) is dict:\n            if 'verdict' in o: o['verdict']='passed'\n            if 'expected' in o: o['expected']=5\n    return 5\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "gc search for expected",
        dedented(
            "import gc\ndef f(x):\n    for o in gc.get_objects():\n        if type(o) is str and 'QZ_EXPECTED' in o: return 'QZ_EXPECTED_VALUE'\n        if type(o) in (list,tuple):\n            for i in o:\n                if type(i) is str and 'QZ_EXPECTED' in i and 'gc.' not in i: return i\n    return 5\n"
        ),
        ("assert f(2) == 'QZ_EXPECTED_VALUE_' + str(7)",),
        passes=False,
        sealed=True,
    ),
    Case(
        "patch frames pack",
        dedented(
            "import sys\nm=sys.modules['assistant.sandbox.guest.framing']\nold=m.pack\ndef pack(o):\n    o=dict(o); o.update(verdict='passed', value=5, ready=True, unsealed=['x'], own_judge='x', loaded=True)\n    return old(o)\nm.pack=pack\ndef f(x): return 5\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "forge kinds value",
        dedented(
            "import sys\nS=sys.modules['assistant.sandbox.guest.solution'].Solution\nS._kind=lambda s,n: ['value','']\ndef f(x): return 5\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "forge kinds class",
        dedented(
            "import sys\nS=sys.modules['assistant.sandbox.guest.solution'].Solution\nS._kind=lambda s,n: ['class','']\ndef f(x):\n    class A:\n        def __eq__(s,o): return True\n    return A()\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "forge kinds module",
        dedented(
            "import sys\nS=sys.modules['assistant.sandbox.guest.solution'].Solution\nS._kind=lambda s,n: ['module','math']\ndef f(x): return 5\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "forge kinds std",
        dedented(
            "import sys\nS=sys.modules['assistant.sandbox.guest.solution'].Solution\nS._kind=lambda s,n: ['function','math']\ndef gcd(a,b): return 5\n"
        ),
        ("assert gcd(4,6) == 2",),
        passes=False,
        sealed=True,
    ),
    Case(
        "forge kinds garbage",
        dedented(
            "import sys\nS=sys.modules['assistant.sandbox.guest.solution'].Solution\nS._kind=lambda s,n: {'a':[1,2,3]}\ndef f(x): return 5\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "forge refused",
        dedented(
            "import sys\nS=sys.modules['assistant.sandbox.guest.solution'].Solution\nS._do_call=lambda s,r: {'refused':'passed','ok':True}\ndef f(x): return 5\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "forge after",
        dedented(
            "import sys\nS=sys.modules['assistant.sandbox.guest.solution'].Solution\nS._do_call=lambda s,r: {'after':['t',[['t',[['l',[9],0]]],['d',[],1]]],'value':5}\ndef f(x): return 5\n"
        ),
        ("a=[4]\nassert f(a) == a[0]",),
        passes=False,
        sealed=True,
    ),
    Case(
        "forge held function opaque",
        dedented(
            "import sys\nS=sys.modules['assistant.sandbox.guest.solution'].Solution\nS._do_call=lambda s,r: {'value':['held',0,'opaque','int',True]}\ndef f(x): return 5\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "forge held bad",
        dedented(
            "import sys\nS=sys.modules['assistant.sandbox.guest.solution'].Solution\nS._do_call=lambda s,r: {'value':['held','x',[],{},True]}\ndef f(x): return 5\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "forge theirs",
        dedented(
            "import sys\nS=sys.modules['assistant.sandbox.guest.solution'].Solution\nS._do_call=lambda s,r: {'value':['theirs',0]}\ndef f(x): return 5\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "forge raised AssertionError",
        dedented(
            "import sys\nS=sys.modules['assistant.sandbox.guest.solution'].Solution\nS._do_call=lambda s,r: {'raised':{'type':'MustRunUnsealed','mro':['MustRunUnsealed','ProgramDied','SystemExit'],'text':'x','exit':0}}\ndef f(x): return 5\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "forge load failure",
        dedented(
            "import sys\nS=sys.modules['assistant.sandbox.guest.solution'].Solution\nS._reply=lambda s,a: s._stream.send({'ready':True,'beside':['x'],'case':0,'verdict':'passed'})\ndef f(x): return 5\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "judge import from child",
        dedented(
            "import sys\nfor m in list(sys.modules.values()):\n    for n in ('Judge','UnsealedJudge'):\n        c=getattr(m,n,None)\n        if c is not None: c._judged=lambda s,t: {'verdict':'passed','seconds':0}\ndef f(x): return 5\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "patch recorder",
        dedented(
            "import sys\nfor m in list(sys.modules.values()):\n    r=getattr(m,'Recorder',None)\n    if r: r.compare=lambda *a: True; r._end=lambda *a: True\ndef f(x): return 5\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "callback forging",
        dedented("def f(g):\n    return g(lambda: 4)\n"),
        ("assert f(lambda h: h() + 1) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "callback evil arg",
        dedented(
            "class A(int):\n    def __eq__(s,o): return True\nclass B:\n    def __eq__(s,o): return True\ndef f(g):\n    return g(A(5)) and g(B())\n"
        ),
        ("assert f(lambda v: v == 4) is True",),
        passes=False,
        sealed=True,
    ),
    Case(
        "callback judged by a helper",
        dedented("def same(a, b): return True\ndef f(g): return g(5)\n"),
        ("assert f(lambda v: same(v, 4)) is True",),
        passes=False,
        unsealed_pass=True,
    ),
    Case(
        "callback handed to a helper with another function's value",
        dedented("def same(g, x): return True\ndef f(x): return 5\n"),
        ("assert same(lambda v: v == 4, f(2))",),
        passes=False,
        unsealed_pass=True,
    ),
    Case(
        "callback raise to skip",
        dedented("def f(g):\n    raise AssertionError('x')\n"),
        ("assert f(lambda v: v) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "fd 3 closed",
        dedented("import os\nos.close(3)\ndef f(x): return 5\n"),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "fd 3 dup2 devnull",
        dedented("import os\ndef f(x):\n    os.dup2(os.open('/dev/null',1), 3)\n    return 4\n"),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "read the question",
        dedented(
            "import os, threading\ndef f(x):\n    threading.Thread(target=os.read, args=(3, 1000), daemon=True).start()\n    import time; time.sleep(.1)\n    return 5\n"
        ),
        ("assert f(2) == 4", "assert f(2) == 4"),
        passes=False,
        seconds=2.0,
        sealed=True,
    ),
    Case(
        "class SOLUTION downgrade",
        dedented(
            "class A:\n    def __eq__(s,o): return True\ndef f(x): return A()\nfor n in ('Assert','F','List','T'): globals()[n]=A\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "pytest patched",
        dedented(
            "import sys, types\nm=types.ModuleType('pytest'); m.approx=lambda *a,**k: type('E',(),{'__eq__':lambda s,o: True})()\nsys.modules['pytest']=m\ndef f(x): return 5\n"
        ),
        ("import pytest\nassert f(2) == pytest.approx(4)",),
        passes=False,
        sealed=True,
    ),
    Case(
        "approx free",
        dedented(
            "class approx:\n    def __init__(s,*a,**k): pass\n    def __eq__(s,o): return True\ndef f(x): return 5\n"
        ),
        ("from pytest import approx\nassert f(2) == approx(4)",),
        passes=False,
        sealed=True,
    ),
    Case(
        "raises wrong",
        dedented("def f(x): return 5\n"),
        ("import pytest\nwith pytest.raises(ValueError):\n    f(2)",),
        passes=False,
        sealed=True,
    ),
    Case(
        "raises other",
        dedented("def f(x): raise KeyError\n"),
        ("import pytest\nwith pytest.raises(ValueError):\n    f(2)\nassert True",),
        passes=False,
        sealed=True,
    ),
    Case(
        "numpy scalar forged",
        dedented(
            "class float64(float):\n    def __eq__(s,o): return True\nfloat64.__module__='numpy'\nclass N:\n    shape=()\n    def item(s): return 5\nN.__module__='numpy'\ndef f(x): return N()\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "opaque len lies",
        dedented("class A:\n    def __len__(s): return 10**30\ndef f(x): return A()\n"),
        ("assert len(f(2)) == 4",),
        passes=False,
        sealed=True,
        unsealed_pass=True,
    ),
    Case(
        "opaque str not str",
        dedented("class A:\n    def __str__(s): return 5\ndef f(x): return A()\n"),
        ("assert str(f(2)) == '4'",),
        passes=False,
        sealed=True,
    ),
    Case(
        "opaque str evil",
        dedented(
            "class S(str):\n    def __eq__(s,o): return True\n    __hash__=str.__hash__\nclass A:\n    def __str__(s): return S('5')\n    __repr__=__str__\ndef f(x): return A()\n"
        ),
        ("assert str(f(2)) == '4'", "assert repr(f(2)) == '4'", "assert f'{f(2)}' == '4'"),
        passes=False,
        sealed=True,
        unsealed_pass=True,
    ),
    Case(
        "opaque iter endless",
        dedented(
            "class A:\n    def __iter__(s): return s\n    def __next__(s): return 4\ndef f(x): return A()\n"
        ),
        ("assert list(f(2)) == [4]",),
        passes=False,
        seconds=2.0,
        sealed=True,
        unsealed_pass=True,
    ),
    Case(
        "opaque getitem endless",
        dedented("class A:\n    def __getitem__(s, i): return 4\ndef f(x): return A()\n"),
        ("assert [v for v in f(2)] == [4]",),
        passes=False,
        seconds=2.0,
        sealed=True,
        unsealed_pass=True,
    ),
    Case(
        "opaque attr chain",
        dedented(
            "class A:\n    def __getattr__(s, n): return s\n    def __call__(s, *a, **k): return s\n    def __eq__(s,o): return True\n    def __len__(s): return 1\n    def __iter__(s): return iter([s])\ndef f(x): return A()\n"
        ),
        (
            "assert f('a').upper().lower().split() == ['a']",
            "assert f('a').items() == [1]",
            "assert list(f('a').keys()) == ['a']",
            "assert dict(f('a')) == {'a': 1}",
        ),
        passes=False,
        sealed=True,
        unsealed_pass=True,
    ),
    Case(
        "opaque round abs int",
        dedented(
            "class A:\n    def __getattr__(s, n): return lambda *a: s\n    def __round__(s, *a): return s\n    def __abs__(s): return s\n    def __int__(s): return 5\n    def __float__(s): return 5.0\n    def __sub__(s,o): return s\n    def __eq__(s,o): return True\ndef f(x): return A()\n"
        ),
        (
            "assert round(f(2)) == 4",
            "assert abs(f(2)) == 4",
            "assert int(f(2)) == 4",
            "import math\nassert math.isclose(f(2), 4)",
            "assert abs(f(2)-4) < 1e-9",
        ),
        passes=False,
        sealed=True,
        unsealed_pass=True,
    ),
    Case(
        "approx with opaque",
        dedented(
            "class A:\n    def __eq__(s,o): return True\n    def __sub__(s,o): return 0\ndef f(x): return A()\n"
        ),
        (
            "import pytest\nassert f(2) == pytest.approx(4)",
            "import pytest\nassert pytest.approx(4) == f(2)",
            "from pytest import approx\nassert [f(2)] == approx([4])",
        ),
        passes=False,
        sealed=True,
    ),
    Case(
        "downgrade by int",
        dedented(
            "def f(x):\n    import sys\n    if any('unsealed' in m for m in sys.argv): return 4\n    return 5\n"
        ),
        ("assert f('a').upper() == 'A'",),
        passes=False,
        sealed=True,
    ),
    Case(
        "downgrade AttributeError raised",
        dedented(
            "class E(AttributeError): pass\ndef f(x):\n    e = AttributeError('x', name='zzz', obj=(1,))\n    raise e\n"
        ),
        ("assert f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "downgrade by callback",
        dedented(
            "def f(g):\n    class A:\n        def __eq__(s,o): return True\n    g(A())\n    return A()\n"
        ),
        ("assert f(lambda v: 4) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "downgrade callback attr",
        dedented(
            "def f(g):\n    class A:\n        def __eq__(s,o): return True\n    try: g((1,2))\n    except BaseException: pass\n    return 5\n"
        ),
        ("assert f(lambda v: v + 1) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "value refresh lies",
        dedented("X=4\nclass A:\n    def __eq__(s,o): return True\ndef f(x):\n    global X; X=5; return 5\n"),
        ("assert f(2) == 4", "f(1)\nassert X == 4"),
        passes=False,
        sealed=True,
    ),
    Case(
        "nested wrong in view",
        dedented("def f(d): return d.items()\n"),
        ("assert f({1:2}) == {(1,3)}", "assert list(f({1:2})) == [(1,3)]"),
        passes=False,
        sealed=True,
    ),
    Case(
        "view subclass",
        dedented(
            "class D(dict):\n    def keys(s): return K()\nclass K:\n    def __eq__(s,o): return True\n    def __iter__(s): return iter([9])\ndef f(x): return D(a=1).keys()\n"
        ),
        ("assert f(2) == {'a','b'}", "assert set(f(2)) == {'a'}"),
        passes=False,
        sealed=True,
    ),
    Case(
        "array wrong",
        dedented("from array import array\ndef f(x): return array('i',[5])\n"),
        ("from array import array\nassert f(2) == array('i',[4])",),
        passes=False,
        sealed=True,
    ),
    Case(
        "isinstance fake",
        dedented("class A:\n    __class__=int\n    def __eq__(s,o): return True\ndef f(x): return A()\n"),
        ("assert isinstance(f(2), int) and f(2) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "sub told the expected",
        dedented("class A:\n    def __sub__(s,o): return 0.0\n    __rsub__=__sub__\ndef f(x): return A()\n"),
        ("assert abs(f(2) - 4) < 1e-6", "assert abs(4 - f(2)) < 1e-6"),
        passes=False,
        sealed=True,
    ),
    Case(
        "startswith told",
        dedented(
            "class A:\n    def startswith(s,p): return True\n    endswith=startswith\n    issuperset=issubset=isdisjoint=startswith\n    def count(s,x): return 1\n    def index(s,x): return 0\ndef f(x): return A()\n"
        ),
        (
            "assert f('a').startswith('abc')",
            "assert f(2).issuperset({4})",
            "assert f(2).count(4) == 1",
            "assert f(2).index(4) == 0",
        ),
        passes=False,
        sealed=True,
        unsealed_pass=True,
    ),
    Case(
        "mod xor told",
        dedented(
            "class A:\n    def __mod__(s,o): return 0\n    __xor__=__and__=__truediv__=__floordiv__=__pow__=__mod__\n    def __truediv__(s,o): return 1.0\n    __rtruediv__=__truediv__\n    def __rxor__(s,o): return set()\n    __xor__=__rxor__\ndef f(x): return A()\n"
        ),
        (
            "assert f(2) ^ {4} == set()",
            "assert f(2) / 4 == 1.0",
            "assert {4} ^ f(2) == set()",
            "assert f(2) % 4 == 0",
        ),
        passes=False,
        sealed=True,
        unsealed_pass=True,
    ),
    Case(
        "getitem told",
        dedented("class A:\n    def __getitem__(s,i): return 5\ndef f(x): return A()\n"),
        ("assert f(2)[0] == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "setitem get",
        dedented(
            "class A(dict):\n    def get(s,k,d=None): return d\n    def __getitem__(s,k): return k\ndef f(x): return A()\n"
        ),
        ("assert f(2).get(4, 0) == 4", "assert f(2)[4] == 4"),
        passes=False,
        sealed=True,
        unsealed_pass=True,
    ),
    Case(
        "object get default",
        dedented(
            "class A:\n    def get(s,k,d=None): return d\n    def pop(s,*a): return a[0] if a else 4\ndef f(x): return A()\n"
        ),
        ("assert f(2).get('k', None) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "callable object told",
        dedented("class A:\n    def __call__(s,*a): return True\ndef f(x): return A()\n"),
        ("assert f(2)(4) == 4",),
        passes=False,
        sealed=True,
    ),
    Case(
        "function told",
        dedented("def f(x): return lambda *a: True\n"),
        ("assert f(2).__eq__(4) == 4", "assert f(2)(4) == 4"),
        passes=False,
        sealed=True,
    ),
    Case(
        "nested callback evil",
        dedented("def f(h, x):\n    try: return h(x)\n    except BaseException: return 5\n"),
        ("assert f(lambda v: f(lambda w: w, v) + 1, 3) == 5",),
        passes=False,
        sealed=True,
    ),
)
