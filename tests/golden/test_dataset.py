"""`assistant export`: the card, the options that are kept, and the rows of every format."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

for module in ("pyarrow", "datasketch", "detect_secrets", "faker"):
    pytest.importorskip(module)

from assistant.datasets.formats.base import format_names  # noqa: E402
from assistant.datasets.options import SPLITS  # noqa: E402
from assistant.datasets.pipeline import export  # noqa: E402
from assistant.journal.consent import add_answer  # noqa: E402
from tests.analysis.simulation import World, write_world  # noqa: E402
from tests.datasets.build import request  # noqa: E402
from tests.golden.golden import check, masked  # noqa: E402


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight sessions on four problems, of two annotators who agreed and one who did not answer."""
    place = tmp_path_factory.mktemp("export")
    write_world(place / "sessions", World(sessions=8, problems=4, annotators=2, edits=0.2, leaks=0.2))
    write_world(place / "sessions", World(sessions=1, problems=1, author="model", seed=3))
    for name in ("anon-0", "anon-1"):
        add_answer(place / "sessions", name, "granted", version="1")
    export(request(place / "sessions"), place / "out")
    return place / "out"


def test_card(dataset: Path) -> None:
    card = (dataset / "README.md").read_text(encoding="utf-8")
    check("dataset/card.txt", masked(re.sub(r"num_bytes: \d+", "num_bytes: <BYTES>", card)))


def test_options_are_kept(dataset: Path) -> None:
    check("dataset/export.json", masked((dataset / "export.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", format_names())
def test_rows(dataset: Path, name: str) -> None:
    """Each split's rows in order, as JSON: a Parquet file's own bytes are its writer's."""
    import pyarrow.parquet as parquet

    lines = []
    for split in SPLITS:
        for file in sorted((dataset / "data" / name).glob(f"{split}-*.parquet")):
            rows = parquet.read_table(file).to_pylist()
            lines += [json.dumps({"split": split, **row}, ensure_ascii=False) for row in rows]
    check(f"dataset/{name}.jsonl", "".join(f"{line}\n" for line in lines))


def test_files_for_openai(dataset: Path) -> None:
    files = sorted((dataset / "openai").glob("*.jsonl"))
    check("dataset/openai-files.jsonl", "".join(file.read_text(encoding="utf-8") for file in files))
