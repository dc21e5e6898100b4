"""A package that is really installed brings one part of each kind, and `assistant` finds them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

pytest.importorskip("setuptools", reason="setuptools builds the example plugin")
pytest.importorskip("pip", reason="pip installs the example plugin")
PLUGIN = REPOSITORY / "tests" / "example_plugin"


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the plugin is installed into, from a copy: building writes beside the source."""
    import shutil

    copy = tmp_path_factory.mktemp("source") / "plugin"
    shutil.copytree(PLUGIN, copy)
    folder = tmp_path_factory.mktemp("installed")
    words = ["install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", *words, str(copy)], check=True, timeout=110)
    return folder


def _python(target: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(target), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, timeout=110, check=False
    )


@pytest.mark.slow
def test_every_kind_is_found_by_name(target: Path) -> None:
    code = (
        "import json, sys, warnings; warnings.simplefilter('ignore')\n"
        "from assistant.core import plugins as p\n"
        "kinds = ('engines', 'problem_formats', 'export_formats', 'importers', 'control_arms')\n"
        "listed = {kind: [n for n in p.names(kind) if n.startswith('example')] for kind in kinds}\n"
        "imported = [m for m in sys.modules if m.startswith('example_plugin')]\n"
        "loaded = {kind: [n for n in p.load_all(kind) if n.startswith('example')] for kind in kinds}\n"
        "print(json.dumps([listed, imported, loaded]))"
    )
    listed, imported, loaded = json.loads(_python(target, "-c", code).stdout)
    assert listed["engines"] == ["example_broken", "example_echo"]
    assert imported == [], "names are listed without importing"
    assert loaded == {
        "engines": ["example_echo"],
        "problem_formats": ["example_pairs"],
        "export_formats": ["example_programs"],
        "importers": ["example_notes"],
        "control_arms": ["example_hint"],
    }


@pytest.mark.slow
def test_its_engine_keeps_the_contract(target: Path) -> None:
    done = _python(target, "-m", "assistant.testing", "engine", "example_echo")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_broken_one_is_named_where_it_was_asked_for_and_a_warning_elsewhere(
    target: Path, tmp_path: Path
) -> None:
    asked = _python(target, "-m", "assistant.testing", "engine", "example_broken")
    assert asked.returncode == 1
    assert "`example_broken`" in asked.stderr and "example-plugin" in asked.stderr
    source = tmp_path / "pairs.jsonl"
    source.write_text(json.dumps({"ask": "Double it.", "name": "double", "pairs": [[1, 2], [3, 6]]}) + "\n")
    code = f"import assistant; print([p.id for p in assistant.load_problems({str(source)!r})])"
    listed = _python(target, "-c", code)
    assert listed.stdout.strip() == "['example/double']"
    assert listed.stderr.count("PluginWarning") == 1 and "example_broken" in listed.stderr


@pytest.mark.slow
def test_the_command_line_offers_them(target: Path) -> None:
    code = "from assistant.cli.main import main; main(['export', '--help'])"
    from_help = _python(target, "-c", code)
    assert "example_programs" in from_help.stdout
    arms = "from assistant.bench.feedback.feedback_jobs import parse_arms; print(parse_arms('all'))"
    assert "example_hint" in _python(target, "-c", arms).stdout
    recorded = "from assistant.cli.main import main; main(['arms', '.', '--arms', 'example_hint'])"
    assert "assistant bench feedback" in _python(target, "-c", recorded).stderr
