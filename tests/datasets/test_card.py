"""The dataset card: a header that is YAML, and names from journals that are never Markdown."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

for module in ("pyarrow", "matplotlib", "mlcroissant"):
    pytest.importorskip(module)

from assistant.datasets.dataset_card import write_card  # noqa: E402
from assistant.datasets.export_result import ExportResult  # noqa: E402
from assistant.datasets.formats.base import format_names  # noqa: E402
from assistant.datasets.options import Publication, Rules  # noqa: E402

markdown_it = pytest.importorskip("markdown_it")
yaml = pytest.importorskip("yaml")

HOSTILE = (
    "x | y\n\n# heading\n- item",
    "[link](javascript:alert(1)) ![image](http://example.org/x.png)",
    "<script>alert(1)</script> &amp; <http://example.org>",
    "`code` **bold** _it_ ~~gone~~ \\",
    "---\nlicense: mit\n---",
    "{{ 7 * 7 }} {% raw %}",
)


def _card(folder: Path, name: str) -> str:
    folder.mkdir(exist_ok=True)
    outcome = ExportResult(
        sessions=Counter(exported=1),
        rows={"sft": Counter(rows=1, train=1, duplicates=1, contradictions=1)},
        problems=Counter(train=1),
        splits={"c": "train"},
        overlaps={"c": [name]},
        excluded=[name],
        annotators={name},
        models={name},
        licences={name},
        consents={name},
        speakers={name},
    )
    write_card(folder, format_names(), Rules(), Publication(name), outcome)
    return (folder / "README.md").read_text(encoding="utf-8")


def _parts(card: str) -> tuple[dict[str, object], list[str]]:
    """The header's values, and the kinds of everything in the text."""
    fence, header, text = card.split("---\n", 2)
    assert fence == ""
    kinds = []
    for token in markdown_it.MarkdownIt("commonmark").enable("table").parse(text):
        kinds += [token.type, *(child.type for child in token.children or ())]
    return yaml.safe_load(header), kinds


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A card with a harmless name."""
    return _card(tmp_path_factory.mktemp("card"), "plain")


@pytest.mark.parametrize("name", HOSTILE)
def test_names_cannot_break_the_card(tmp_path: Path, plain: str, name: str) -> None:
    harmless, expected = _parts(plain)
    header, kinds = _parts(_card(tmp_path, name))
    assert kinds == expected
    assert {**header, "license_name": ""} == {**harmless, "license_name": ""}
    assert header["license_name"] == " ".join(name.lower().split())


def test_the_header_names_files_and_features(plain: str) -> None:
    header, _ = _parts(plain)
    assert header["configs"] == [
        {
            "config_name": "sft",
            "default": True,
            "data_files": [{"split": "train", "path": "data/sft/train-*.parquet"}],
        }
    ]
    (info,) = header["dataset_info"]  # type: ignore[misc, attr-defined]
    assert {"name": "session", "dtype": "string"} in info["features"]
