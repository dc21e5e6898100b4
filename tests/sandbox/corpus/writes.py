"""Writing outside of the scratch, and filling the scratch up."""

from __future__ import annotations

from tests.sandbox.corpus.case import Case, attack, dedented, right

CASES = (
    attack("create a file", "open('{canary}', 'w').write('x')"),
    attack("append to a file", "open('{secret}', 'a').write('x')"),
    attack("overwrite a file", "open('{secret}', 'r+').write('x')"),
    attack("truncate a file", "import os\nos.truncate('{secret}', 0)"),
    attack("delete a file", "import os\nos.unlink('{secret}')"),
    attack("rename a file", "import os\nos.rename('{secret}', '{canary}')"),
    attack("change a file's mode", "import os\nos.chmod('{secret}', 0o777)"),
    attack("change a file's times", "import os\nos.utime('{secret}', (1, 1))"),
    attack("change the mode of the standard library", "import os\nos.chmod(os.__file__, 0o777)"),
    attack("empty a file while reading", "import os\nos.open('{secret}', os.O_RDONLY | os.O_TRUNC)"),
    attack(
        "empty a file by raw system call",
        """
        import ctypes, os
        number = {{'x86_64': 76, 'aarch64': 45}}[os.uname().machine]
        if ctypes.CDLL(None).syscall(number, b'{secret}', 0) < 0:
            raise OSError
    """,
    ),
    attack("make a folder", "import os\nos.mkdir('{canary}')"),
    attack("make a link outside", "import os\nos.symlink('/', '{canary}')"),
    attack("make a pipe outside", "import os\nos.mkfifo('{canary}')"),
    attack("make a device", "import os\nos.mknod('/tmp/disk', 0o60666, os.makedev(8, 0))"),
    attack(
        "write through a symbolic link",
        """
        import os
        os.symlink('{canary}', '/tmp/link')
        open('/tmp/link', 'w').write('x')
    """,
    ),
    attack(
        "write through a hard link",
        """
        import os
        os.link('{secret}', '/tmp/hard')
        open('/tmp/hard', 'w').write('x')
    """,
    ),
    attack(
        "write through a linked folder",
        """
        import os
        os.symlink(os.path.dirname('{canary}'), '/tmp/out')
        open('/tmp/out/' + os.path.basename('{canary}'), 'w').write('x')
    """,
    ),
    attack(
        "write to the standard library",
        "import os\nopen(os.path.dirname(os.__file__) + '/x.py', 'w').write('x')",
    ),
    attack("sqlite file", "import sqlite3\nsqlite3.connect('{canary}').execute('create table t (a)')"),
    attack("shelve file", "import shelve\nshelve.open('{canary}')['a'] = 1"),
    attack(
        "shared memory",
        "from multiprocessing import shared_memory\nshared_memory.SharedMemory(create=True, size=64)",
    ),
    attack(
        "System V shared memory",
        """
        import ctypes
        if ctypes.CDLL(None).shmget(0, 4096, 0o1600) < 0:
            raise OSError
    """,
    ),
    attack("/dev/shm", "open('/dev/shm/trap', 'w').write('x')"),
    attack(
        "mount",
        """
        import ctypes
        if ctypes.CDLL(None).mount(b'none', b'/tmp', b'tmpfs', 0, None):
            raise OSError
    """,
    ),
    attack(
        "one huge file",
        "with open('/tmp/huge', 'wb') as file:\n    for _ in range(3000):\n        file.write(b'x' * (1 << 20))",
    ),
    attack("many big files", "for i in range(100):\n    open(f'/tmp/{{i}}', 'wb').write(b'x' * (8 << 20))"),
    attack("many files", "for i in range(200_000):\n    open(f'/tmp/{{i}}', 'w').close()"),
    Case(
        "leaves files behind",
        dedented("""
            import os
            def f(x):
                os.makedirs('/tmp/a/' + 'b/' * 200, exist_ok=True)
                open('/tmp/a/left', 'w').write('left')
                os.chmod('/tmp/a', 0)
                return x + 2
        """),
        ("assert f(2) == 4",),
        passes=True,
        needs_scratch=True,
    ),
    right(
        "finds nothing left behind",
        "import os\ndef f(x):\n    return [os.listdir('/tmp'), x][1] if not os.listdir('/tmp') else None",
        "assert f(4) == 4",
        needs_scratch=True,
    ),
    right(
        "writes in its scratch",
        """
        import tempfile, os
        def f(x):
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, 'a.txt')
                open(path, 'w').write('four')
                return len(open(path).read())
    """,
        needs_scratch=True,
    ),
)
