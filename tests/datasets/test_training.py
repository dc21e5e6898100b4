"""`assistant train`: an export in, a model out that the engine takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.extras import need

need("trl", "peft", "datasets", "datasketch", "detect_secrets", "faker")

from assistant.cli.main import main  # noqa: E402
from assistant.datasets.pipeline import export  # noqa: E402
from tests.datasets.build import folder_of, request  # noqa: E402
from tests.engine.forked_workers import forked_workers  # noqa: E402, F401 (a fixture)
from tests.engine.tiny_model import ask, save_gguf  # noqa: E402

REPOSITORY = Path(__file__).resolve().parents[2]


def _train(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ASSISTANT_CACHE": str(tmp_path / "cache"), "HF_HOME": str(tmp_path / "hf")}
    return subprocess.run(
        [sys.executable, "-m", "assistant", "train", *words],
        cwd=REPOSITORY, capture_output=True, text=True, env=environment,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(500)
@pytest.mark.usefixtures("forked_workers")
def test_a_gguf_is_trained_and_its_result_answers(tmp_path: Path) -> None:
    from assistant.engine.open import open_engine

    export(request(folder_of(tmp_path, 22), "refinement"), tmp_path / "data")  # two of them for validation
    gguf = save_gguf(tmp_path / "tiny.gguf")
    done = _train(
        tmp_path, str(tmp_path / "data"), "--model", str(gguf), "--out", str(tmp_path / "model"), "--steps", "2",
        "--batch", "2", "--accumulate", "1", "--rank", "2", "--learning-rate", "0.01",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "trained tiny on" in done.stdout
    record = json.loads((tmp_path / "model" / "training.json").read_text())
    assert record["data_sha256"] == json.loads((tmp_path / "data" / "export.json").read_text())["data_sha256"]
    engine = open_engine(
        "transformers", model=str(tmp_path / "model"), device="cpu", cache=tmp_path / "cache"
    )
    try:
        assert engine.prepare().weights_sha256 != record["base_weights_sha256"]
        *_, finish = engine.generate(ask(tokens=4))
        assert finish.reason in ("stop", "length"), finish  # type: ignore[union-attr]
    finally:
        engine.close()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of three sessions."""
    base = tmp_path_factory.mktemp("small")
    export(request(folder_of(base, 3), "refinement"), base / "data")
    return base / "data"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere", "--out", "x"], "is no export of ours"),
        (["DATA", "--out", "x", "--format", "turns"], "is not trained on"),
        (["DATA", "--out", "x", "--format", "kto"], "has no rows of format kto"),
    ],
)
def test_bad_requests_get_one_line(
    small: Path, words: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["train", *[word.replace("DATA", str(small)) for word in words]])
    assert ended.value.code == 2
    assert said in capfd.readouterr().err.splitlines()[-1]
