"""Reaching out: every kind of socket and name look-up."""

from __future__ import annotations

from tests.sandbox.corpus.case import attack

CASES = (
    attack("tcp connect", "import socket\nsocket.create_connection(('127.0.0.1', {port}), 1).send(b'x')"),
    attack(
        "udp send",
        "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port}))",
    ),
    attack("ipv6 connect", "import socket\nsocket.create_connection(('::1', {port}), 1)"),
    attack("abstract socket", "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('\\0{name}')"),
    attack(
        "abstract datagram through a pair",
        """
        import socket
        a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        a.sendto(b'x', '\\0{name}')
    """,
    ),
    attack(
        "abstract datagram with sendmsg",
        """
        import socket
        a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        a.sendmsg([b'x'], [], 0, '\\0{name}')
    """,
    ),
    attack(
        "reconnecting a pair",
        """
        import socket
        a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        a.connect('\\0{name}')
    """,
    ),
    attack("name look-up", "import socket\nsocket.getaddrinfo('example.com', 80)"),
    attack("host name look-up", "import socket\nsocket.gethostbyname('example.com')"),
    attack("listen", "import socket\nsocket.create_server(('127.0.0.1', 0))"),
    attack("raw socket", "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_RAW, 1)"),
    attack("netlink", "import socket\nsocket.socket(16, socket.SOCK_RAW, 0)"),
    attack("vsock", "import socket\nsocket.socket(40, socket.SOCK_STREAM).connect((2, {port}))"),
    attack("packet socket", "import socket\nsocket.socket(17, socket.SOCK_RAW)"),
    attack("urllib", "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:{port}/', timeout=1)"),
    attack("asyncio streams", "import asyncio\nasyncio.run(asyncio.open_connection('127.0.0.1', {port}))"),
    attack(
        "socket by ctypes",
        """
        import ctypes
        if ctypes.CDLL(None).socket(2, 1, 0) < 0:
            raise OSError
    """,
    ),
    attack(
        "socket by raw system call",
        """
        import ctypes, os
        number = {{'x86_64': 41, 'aarch64': 198}}[os.uname().machine]
        if ctypes.CDLL(None).syscall(number, 2, 1, 0) < 0:
            raise OSError
    """,
    ),
)
