"""An interpreter below the scratch keeps the second wall; what else is installed with it has not even names."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.core.errors import SandboxError
from assistant.core.problem import AssertTest
from assistant.core.submission import Limits, Submission
from assistant.sandbox import worker
from assistant.sandbox.local import LocalSandbox
from tests.sandbox.conftest import Run

SOURCE = """
import colorsys, json, os, sqlite3, unittest.mock, xml.etree.ElementTree, zoneinfo

def solution():
    with open("/tmp/mark", "w") as file:
        file.write(json.dumps([1]))
    with open("/tmp/mark") as file:
        read = json.load(file)
    database = sqlite3.connect(":memory:")
    return read, os.listdir("/tmp"), database.execute("SELECT 2").fetchone()[0]
"""


@pytest.fixture(scope="module")
def below_the_scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A whole interpreter below /tmp; skipped where a copy does not run."""
    folder = Path(f"/tmp/{tmp_path_factory.getbasetemp().name}-interpreter")
    base, version = Path(sys.base_prefix), f"python{sys.version_info.major}.{sys.version_info.minor}"
    ignored = shutil.ignore_patterns(
        "__pycache__", "site-packages", "dist-packages", "test", "idlelib", "*.a"
    )
    try:
        shutil.copytree(base / "lib" / version, folder / "lib" / version, ignore=ignored, symlinks=True)
        for library in (base / "lib").glob("libpython*.so*"):
            shutil.copy(library, folder / "lib")
        (folder / "bin").mkdir()
        program = folder / "bin" / version
        shutil.copy(Path(worker.interpreter()).resolve(), program)
        asked = [str(program), "-I", "-S", "-c", "import sys, os; print(sys.base_prefix, os.__file__)"]
        done = subprocess.run(asked, capture_output=True, text=True)
        if done.returncode or done.stdout.count(str(folder)) != 2:
            pytest.skip(f"a copied interpreter does not run here: {done.stdout}{done.stderr}"[:300])
        yield program
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_an_interpreter_below_the_scratch_keeps_the_second_wall(
    below_the_scratch: Path, sandbox: LocalSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "interpreter", lambda: str(below_the_scratch))
    try:
        opened = LocalSandbox(workers=1)
    except SandboxError as error:
        pytest.fail(str(error))
    try:
        assert opened.layers["namespaces"] == sandbox.layers["namespaces"]
        if opened.layers["namespaces"] is not True:
            pytest.skip("no namespaces here, wherever the interpreter lies")
        test = AssertTest(code="assert solution() == ([1], ['mark'], 2)")
        for _ in range(2):
            report = opened.run(Submission(source=SOURCE, tests=(test,), limits=Limits(seconds=20)))
            assert report.passed, report.cases[0]
    finally:
        opened.close()


def test_other_packages_have_no_names(run: Run, sandbox: LocalSandbox) -> None:
    if sandbox.layers["namespaces"] is not True:
        pytest.skip("without namespaces the names can be seen; the note says so")
    source = (
        "import os\ndef solution():\n    seen = []\n    for name in ('site-packages', 'dist-packages', 'test'):\n"
        "        try:\n            seen += os.listdir(os.path.join(os.path.dirname(os.__file__), name))\n"
        "        except OSError:\n            pass\n    return seen\n"
    )
    report = run(source, "assert solution() == []")
    assert report.passed, report.cases[0]


@pytest.mark.skipif(sys.platform != "linux", reason="the fork server is Linux's")
@pytest.mark.parametrize("there", [True, False])
def test_an_interpreter_that_this_user_may_not_run_is_named_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    program = tmp_path / "python3"
    if there:
        program.write_bytes(b"")  # not executable, for root neither
    monkeypatch.setattr(worker, "interpreter", lambda: str(program))
    with pytest.raises(SandboxError, match="does not start") as refused:
        worker.ForkServer()
    assert str(program) in str(refused.value) and "\n" not in str(refused.value)
