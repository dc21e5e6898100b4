"""What lies on disk: the same bytes every time, whole or not at all, nothing replaced by mistake."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

for module in ("pyarrow", "datasketch", "detect_secrets", "faker"):
    pytest.importorskip(module)

from assistant.cli.main import main  # noqa: E402
from assistant.core.errors import UsageError  # noqa: E402
from assistant.core.events import StudyInfo  # noqa: E402
from assistant.core.questions import Question  # noqa: E402
from assistant.datasets import parquet_shards  # noqa: E402
from assistant.datasets.formats.base import format_names  # noqa: E402
from assistant.datasets.person_answers import person_answers  # noqa: E402
from assistant.datasets.pipeline import export, rehearse  # noqa: E402
from assistant.journal.consent import add_answer  # noqa: E402
from assistant.journal.study_answers import add_study_answers, who_answered  # noqa: E402
from tests.analysis.simulation import World, write_world  # noqa: E402
from tests.datasets.build import folder_of, refined, request  # noqa: E402

REPOSITORY = Path(__file__).resolve().parents[2]


def _digests(out: Path) -> dict[str, str]:
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "assistant", "export", *words]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_same_journals_give_the_same_bytes(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    export(request(folder), tmp_path / "a")
    export(request(folder), tmp_path / "b")
    assert _digests(tmp_path / "a") == _digests(tmp_path / "b")
    assert {"README.md", "export.json", "solve_rate.png", "openai/train-00000.jsonl"} <= _digests(
        tmp_path / "a"
    ).keys()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_many_processes_write_what_one_writes(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    write_world(folder, World(sessions=240, problems=40, edits=0.2, leaks=0.1))
    for name in ("anon-0", "anon-1", "anon-2"):
        _grant(folder, name)
    subprocess.run(
        _command(str(folder), "--format", "all", "--out", str(tmp_path / "many")), check=True, cwd=REPOSITORY
    )
    from assistant.datasets import pipeline as exporting

    exporting.MANY, before = 10**9, exporting.MANY
    try:
        export(request(folder), tmp_path / "one")
    finally:
        exporting.MANY = before
    assert _digests(tmp_path / "many") == _digests(tmp_path / "one")


def test_answers_around_the_problems_are_those_of_exported_people(tmp_path: Path) -> None:
    folder, years, mail = tmp_path / "sessions", Question(text="Years?"), Question(text="Anything else?")
    for number, who in enumerate(("anon-a", "anon-b")):
        script = refined(number, annotator=who)
        script.events[0] = script.events[0].model_copy(update={"study": StudyInfo(name="s", sha256="")})
        script.write(folder, f"s{number}")
        add_answer(folder, who, "granted", version="1")
    for who in ("anon-a", "anon-b", "anon-c"):
        told = [(years, "3"), (mail, "write to me@example.org")]
        add_study_answers(folder, ("s", "0" * 64), who, "entry", told)
    add_study_answers(folder, ("s", "0" * 64), "anon-a", "entry", [(years, "4")])
    add_answer(folder, "anon-b", "withdrawn")
    outcome = rehearse(request(folder, "feedback"))
    assert outcome.people == {("s", "anon-a")} and (outcome.answers, len(outcome.findings)) == (2, 1)
    found = person_answers(folder, outcome.people, "redact")
    found.write(tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert [(row["question"], row["annotator"], row["redacted"]) for row in rows] == [
        ("Years?", "anon-a", False),
        ("Anything else?", "anon-a", True),
    ]
    assert rows[0]["answer"] == "4" and "example.org" not in rows[1]["answer"]
    assert who_answered(folder, {("s", f"anon-{letter}") for letter in "abd"}) == 1


def _grant(folder: Path, annotator: str) -> None:
    from assistant.journal.consent import add_answer

    add_answer(folder, annotator, "granted")


@pytest.mark.slow
def test_shards_are_cut_and_read_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow.parquet as parquet

    folder = folder_of(tmp_path, 30)
    export(request(folder, "turns"), tmp_path / "whole")
    monkeypatch.setattr(parquet_shards, "SHARD_BYTES", 4000)
    export(request(folder, "turns"), tmp_path / "cut")
    files = sorted((tmp_path / "cut" / "data" / "turns").glob("train-*.parquet"))
    assert len(files) > 2
    rows = [row for file in files for row in parquet.read_table(file).to_pylist()]
    assert rows == parquet.read_table(tmp_path / "whole/data/turns/train-00000.parquet").to_pylist()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_dry_run_writes_nothing_and_shows_three_rows(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    before = _digests(tmp_path)
    done = subprocess.run(
        _command(str(folder), "--dry-run", "--json"),
        check=True,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    told = json.loads(done.stdout)
    samples = {name: len(rows) for name, rows in told["samples"].items()}
    empty = {name: samples.pop(name) for name in ("preference", "demonstration")}
    assert empty == {"preference": 0, "demonstration": 0}
    assert samples == dict.fromkeys(set(format_names()) - set(empty), 3)
    assert told["rows"]["kto"]["rows"] == rehearse(request(folder)).rows["kto"]["rows"] == 24
    assert _digests(tmp_path) == before


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_killed_at_any_moment_nothing_has_the_name(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    write_world(folder, World(sessions=300, problems=100))
    for name in ("anon-0", "anon-1", "anon-2"):
        _grant(folder, name)
    out = tmp_path / "out"
    partial = tmp_path / ".out.partial"
    killed = 0
    for wait in (0.0, 0.3, 0.8):
        process = subprocess.Popen(
            _command(str(folder), "--format", "all", "--out", str(out)),
            cwd=REPOSITORY, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        while process.poll() is None and not partial.is_dir():
            time.sleep(0.01)
        time.sleep(wait)
        if process.poll() is None and not out.exists():
            os.killpg(process.pid, signal.SIGKILL)
            killed += not out.exists()
        process.wait()
        if out.exists():
            break
    assert killed
    assert not out.exists() or (out / "README.md").is_file()
    if not out.exists():
        export(request(folder), out)
    assert (out / "export.json").is_file()
    assert not partial.exists()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_nothing_is_replaced_by_mistake(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 2)
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match="choose another --out"):
            export(request(folder), out, overwrite=overwrite)
    assert (out / "thesis.tex").read_text() == "years of work"
    export(request(folder, "sft"), tmp_path / "mine")
    with pytest.raises(UsageError, match="--overwrite"):
        export(request(folder, "sft"), tmp_path / "mine")
    export(request(folder, "kto"), tmp_path / "mine", overwrite=True)
    assert [path.name for path in (tmp_path / "mine" / "data").iterdir()] == ["kto"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--format", "sft"], 2, "no folder was named"),
        (["--format", "nonsense", "--out", "x"], 2, "there is no format 'nonsense'"),
        (["--out", "x"], 2, "no format was named"),
        (["--format", "sft", "--out", "x", "--ties", "coin"], 2, "--ties is skip, tests, edits"),
    ],
)
def test_bad_requests_get_one_line(
    tmp_path: Path, words: list[str], status: int, said: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["export", str(folder_of(tmp_path, 1)), *words])
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (status, "")
    assert said in err
    assert len(err.splitlines()) == 1
