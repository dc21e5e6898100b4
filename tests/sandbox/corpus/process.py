"""Other processes and the kernel: exec, ptrace, signals, raw system calls, daemons."""

# ruff: noqa: E501
from __future__ import annotations

from tests.sandbox.corpus.case import Case, attack, fails


def _call(name: str, x86_64: int, aarch64: int, arguments: str = "0, 0, 0, 0, 0") -> Case:
    """A raw system call that must fail."""
    return attack(
        f"system call {name}",
        f"""
        import ctypes, os
        number = {{{{'x86_64': {x86_64}, 'aarch64': {aarch64}}}}}[os.uname().machine]
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syscall(number, {arguments}) < 0 and ctypes.get_errno() in (1, 38):
            raise OSError
        """,
    )


CASES = (
    attack("fork", "import os\nif os.fork() == 0:\n    os._exit(0)"),
    attack("fork bomb", "import os\nwhile True:\n    os.fork()"),
    attack("forkpty", "import os\nos.forkpty()"),
    attack("exec a shell", "import os\nos.execv('/bin/sh', ['sh', '-c', 'true'])"),
    attack("exec the interpreter", "import os, sys\nos.execv(sys.executable, ['python', '-c', ''])"),
    attack("subprocess", "import subprocess\nsubprocess.run(['/bin/true'], check=True)"),
    attack("subprocess with a shell", "import subprocess\nsubprocess.check_output('true', shell=True)"),
    attack("os.system", "import os\nif os.system('touch {canary}'):\n    raise OSError"),
    attack("os.popen", "import os\nif os.popen('echo x').read() != 'x\\n':\n    raise OSError"),
    attack("posix_spawn", "import os\nos.posix_spawn('/bin/true', ['true'], {{}})"),
    attack(
        "multiprocessing",
        "import multiprocessing\np = multiprocessing.get_context('fork').Process(target=int)\np.start()",
    ),
    attack(
        "process pool",
        """
        from concurrent.futures import ProcessPoolExecutor
        with ProcessPoolExecutor(1) as pool:
            pool.submit(int).result(1)
    """,
    ),
    attack(
        "exec by ctypes",
        """
        import ctypes
        argv = (ctypes.c_char_p * 2)(b'sh', None)
        if ctypes.CDLL(None).execv(b'/bin/sh', argv) < 0:
            raise OSError
    """,
    ),
    attack("exec of a memory file", "import os\nfd = os.memfd_create('x')\nos.execve(fd, ['x'], {{}})"),
    attack("kill the parent", "import os\nos.kill(os.getppid() or {pid}, 9)"),
    attack("kill the harness", "import os\nos.kill({pid}, 9)"),
    attack("kill everybody", "import os\nos.kill(-1, 9)"),
    attack("kill the group", "import os\nos.kill(0, 9)"),
    attack(
        "kill the neighbours",
        """
        import os
        hit = 0
        for pid in range(1, 400):
            if pid != os.getpid():
                try:
                    os.kill(pid, 9)
                    hit += 1
                except OSError:
                    pass
        if not hit:
            raise OSError
    """,
    ),
    attack(
        "signal by a pid descriptor",
        "import os, signal\nfd = os.pidfd_open({pid})\nsignal.pidfd_send_signal(fd, 9)",
    ),
    attack(
        "signal by descriptor ownership",
        "import fcntl, os\nr, w = os.pipe()\nfcntl.fcntl(r, fcntl.F_SETOWN, {pid})",
    ),
    attack("a session of its own", "import os\nos.setsid()"),
    attack(
        "becoming root",
        "import os\nos.setuid(0)\nif os.getuid() or open('/etc/shadow').read():\n    raise OSError",
    ),
    attack("leaving the root", "import os\nos.chroot('/tmp')"),
    attack(
        "new namespaces",
        """
        import ctypes
        if ctypes.CDLL(None).unshare(0x10000000):
            raise OSError
    """,
    ),
    attack(
        "ptrace",
        """
        import ctypes
        if ctypes.CDLL(None).ptrace(16, {pid}, 0, 0) < 0:
            raise OSError
    """,
    ),
    attack(
        "ptrace me",
        """
        import ctypes
        if ctypes.CDLL(None).ptrace(0, 0, 0, 0) < 0:
            raise OSError
    """,
    ),
    attack(
        "reading another process",
        """
        import ctypes
        if ctypes.CDLL(None).process_vm_readv({pid}, None, 0, None, 0, 0) < 0:
            raise OSError
    """,
    ),
    _call("io_uring_setup", 425, 425, "1, None"),
    _call("bpf", 321, 280),
    _call("perf_event_open", 298, 241),
    _call("userfaultfd", 323, 282),
    _call("keyctl", 250, 219),
    _call("add_key", 248, 217),
    _call("clone3", 435, 435, "None, 0"),
    _call("clone with new namespaces", 56, 220, "0x10000011, 0, 0, 0, 0"),
    _call("vfork", 58, 220, "0x4111, 0, 0, 0, 0"),
    _call("setns", 308, 268),
    _call("pivot_root", 155, 41),
    _call("mount", 165, 40),
    _call("open_tree", 428, 428),
    _call("memfd_create", 319, 279, "b'x', 0"),
    _call("pidfd_getfd", 438, 438),
    _call("kexec_load", 246, 104),
    _call("init_module", 175, 105),
    _call("reboot", 169, 142),
    _call("execveat", 322, 281),
    _call("personality", 135, 92, "0x0040000"),
    _call("setuid", 105, 146),
    _call("seccomp", 317, 277, "0, 0, None"),
    _call("landlock_create_ruleset", 444, 444, "None, 0, 1"),
    _call("prctl dumpable", 157, 167, "4, 1, 0, 0, 0"),
    _call("shmget", 29, 194),
    _call("mq_open", 240, 180),
    _call("x32 read", 0x40000000, 9999),
    fails(
        "32-bit system calls",
        """
        import ctypes, mmap, os
        def f(x):
            if os.uname().machine != 'x86_64':
                raise OSError
            page = mmap.mmap(-1, 4096, prot=7)
            page.write(bytes.fromhex('b801000000cd80c3'))   # mov eax, 1 (32-bit exit); int 0x80; ret
            start = ctypes.addressof(ctypes.c_char.from_buffer(page))
            ctypes.CFUNCTYPE(ctypes.c_int)(start)()
            return 4
    """,
        "exited_early",
        "raised",
        "blocked",
    ),
    fails("ends itself", "import os\ndef f(x):\n    os.kill(os.getpid(), 9)", "exited_early"),
    fails("aborts", "import os\ndef f(x):\n    os.abort()", "exited_early"),
    fails("crashes", "import ctypes\ndef f(x):\n    return ctypes.string_at(0)", "exited_early"),
    fails("crashes at import", "import ctypes\nctypes.string_at(0)\ndef f(x):\n    return 4", "exited_early"),
    attack(
        "a daemon by two forks",
        """
        import os
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                open('{canary}', 'w').write('x')
            os._exit(0)
    """,
    ),
    Case(
        "a thread that lives on",
        "import threading, time\ndef g():\n    while True:\n        time.sleep(0.01)\n        print('still here')\nthreading.Thread(target=g).start()\ndef f(x):\n    return x + 2\n",
        ("assert f(2) == 4",),
        passes=True,
    ),
    Case(
        "exit handlers that hang",
        "import atexit, time\natexit.register(time.sleep, 100)\ndef f(x):\n    return x + 2\n",
        ("assert f(2) == 4",),
        passes=True,
    ),
    Case(
        "finalizers that hang",
        "class D:\n    def __del__(s):\n        while True: pass\nkept = D()\ndef f(x):\n    return x + 2\n",
        ("assert f(2) == 4",),
        passes=True,
    ),
)
