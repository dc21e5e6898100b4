"""Taking everything: time, memory, threads, descriptors, output."""

# ruff: noqa: E501
from __future__ import annotations

from tests.sandbox.corpus.case import Case, attack, fails, right

CASES = (
    fails("endless loop", "def f(x):\n    while True:\n        pass", "timed_out"),
    fails("endless loop at import", "while True:\n    pass\ndef f(x):\n    return 4", "timed_out"),
    fails("sleep", "import time\ndef f(x):\n    time.sleep(1000)\n    return 4", "timed_out"),
    fails(
        "loop in C that holds the lock",
        "import itertools\ndef f(x):\n    return sum(itertools.repeat(1))",
        "timed_out",
    ),
    fails("huge power", "def f(x):\n    return 9 ** 9 ** 9", "timed_out", "out_of_memory"),
    fails(
        "slow regular expression",
        "import re\ndef f(x):\n    return re.match('(a+)+$', 'a' * 40 + 'b')",
        "timed_out",
    ),
    fails(
        "sorting without end",
        "class K:\n    def __lt__(s, o):\n        while 1: pass\ndef f(x):\n    return sorted([K(), K()])",
        "timed_out",
    ),
    fails(
        "exceptions swallowed in a loop",
        "def f(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException:\n            pass",
        "timed_out",
    ),
    fails(
        "signals ignored",
        """
        import signal
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        def f(x):
            while True: pass
    """,
        "timed_out",
    ),
    fails(
        "signals blocked",
        "import signal\ndef f(x):\n    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n    while True: pass",
        "timed_out",
    ),
    fails(
        "stops itself",
        "import os, signal\ndef f(x):\n    os.kill(os.getpid(), signal.SIGSTOP)\n    return 4",
        "timed_out",
    ),
    fails(
        "waits for itself",
        "import threading\ndef f(x):\n    lock = threading.Lock()\n    lock.acquire()\n    lock.acquire()",
        "timed_out",
    ),
    fails(
        "joins an endless thread",
        "import threading\ndef f(x):\n    t = threading.Thread(target=lambda: [None for _ in iter(int, 1)])\n    t.start()\n    t.join()\n    return 4",
        "timed_out",
        "out_of_memory",
    ),
    fails("10 GB of list", "def f(x):\n    return len([0] * 10 ** 10)", "out_of_memory"),
    fails("10 GB of bytes", "def f(x):\n    return len(bytearray(10 ** 10))", "out_of_memory"),
    fails(
        "memory bit by bit",
        "def f(x):\n    kept = []\n    while True:\n        kept.append(bytearray(1 << 20))",
        "out_of_memory",
    ),
    fails(
        "memory in another process's name",
        "import mmap\ndef f(x):\n    return [mmap.mmap(-1, 1 << 28) for _ in range(1000)]",
        "blocked",
        "out_of_memory",
        "raised",
    ),
    fails(
        "memory at import",
        "kept = [bytearray(1 << 24) for _ in range(10_000)]\ndef f(x):\n    return 4",
        "out_of_memory",
    ),
    fails("recursion without end", "def f(x):\n    return f(x)", "raised"),
    fails(
        "recursion without end or limit",
        "import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(x):\n    return f(x)",
        "raised",
        "out_of_memory",
        "exited_early",
        "timed_out",
    ),
    fails(
        "recursion in C",
        "import sys\nsys.setrecursionlimit(10 ** 9)\nclass A:\n    def __repr__(s):\n        return repr(s)\ndef f(x):\n    return repr(A())",
        "raised",
        "out_of_memory",
        "exited_early",
        "timed_out",
    ),
    attack(
        "thread bomb",
        """
        import threading, time
        for _ in range(5000):
            threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
    """,
    ),
    attack(
        "thread bomb with small stacks",
        """
        import threading, time
        threading.stack_size(32768)
        for _ in range(20000):
            threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
    """,
    ),
    attack("descriptor bomb", "import os\nfor _ in range(100_000):\n    os.dup(1)"),
    attack("pipe bomb", "import os\nfor _ in range(100_000):\n    os.pipe()"),
    attack("raising its limits", "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))"),
    attack(
        "raising another's limits", "import resource\nresource.prlimit({pid}, resource.RLIMIT_NOFILE, (1, 1))"
    ),
    attack("higher priority", "import os\nos.nice(-5)"),
    attack("real-time scheduling", "import os\nos.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"),
    fails(
        "1 GB printed",
        "def f(x):\n    line = 'x' * 10_000\n    for _ in range(100_000):\n        print(line)\n    return 4",
        "blocked",
    ),
    fails(
        "1 GB on standard error",
        "import sys\ndef f(x):\n    for _ in range(100_000):\n        sys.stderr.write('x' * 10_000)\n    return 4",
        "blocked",
    ),
    fails(
        "1 GB written raw",
        "import os\ndef f(x):\n    while True:\n        os.write(1, b'x' * 65536)",
        "blocked",
    ),
    Case(
        "a flood on every descriptor",
        "import os\ndef f(x):\n    while True:\n        for fd in range(64):\n            try:\n                os.write(fd, b'x' * 4096)\n            except OSError:\n                pass\n",
        ("assert f(2) == 4",),
        passes=False,
        seconds=2.0,
    ),
    fails("a flood at import", "while True:\n    print('x' * 1000)", "blocked"),
    right("1 MB printed", "def f(x):\n    print('x' * 1_000_000)\n    return x * 2"),
    right(
        "200 MB used and freed", "def f(x):\n    kept = bytearray(200_000_000)\n    return len(kept[:x]) * 2"
    ),
)
