"""The exit status after Ctrl+C."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CODE = """
from assistant.cli import main

def command(**_):
    exec("raise KeyboardInterrupt")  # a text that is run: the interpreter notes the interrupt, and would end with -2

main.build_app = lambda: command
main.main(["doctor"])
"""


def test_an_interrupt_within_a_library_s_exec_ends_with_130(tmp_path: Path) -> None:
    (tmp_path / "interrupted.py").write_text(CODE, encoding="utf-8")
    words = [sys.executable, "-m", "interrupted"]  # only modules and commands ended with -2
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "assistant: interrupted\n")
