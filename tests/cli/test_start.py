"""`assistant --help` answers at once: it imports nothing that only a command needs."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"torch", "transformers", "textual", "pydantic", "rich", "numpy", "httpx", "jinja2", "tomlkit"}


def test_the_command_tree_imports_nothing_heavy() -> None:
    script = (
        "import sys; from assistant.cli.main import build_app; build_app(); "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert not HEAVY & set(said.split())
