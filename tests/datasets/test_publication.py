"""What goes with the rows for those who cite, judge and load a dataset, and the way to a hub."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.extras import need

need("pyarrow", "datasketch", "detect_secrets", "faker", "mlcroissant", "py3langid")

from assistant.cli.main import main  # noqa: E402
from assistant.core.errors import AssistantError  # noqa: E402
from assistant.datasets.card_header import front_matter  # noqa: E402
from assistant.datasets.croissant import croissant  # noqa: E402
from assistant.datasets.export_result import ExportResult  # noqa: E402
from assistant.datasets.hub_upload import push  # noqa: E402
from assistant.datasets.languages import language_of  # noqa: E402
from assistant.datasets.licences import HUB_LICENCES  # noqa: E402
from assistant.datasets.options import SPLITS, Publication, Rules  # noqa: E402
from assistant.datasets.splits import assign  # noqa: E402
from tests.datasets.build import folder_of, refined  # noqa: E402
from tests.datasets.personal_sentences import CLEAN  # noqa: E402
from tests.engine.hub_datasets import Repository  # noqa: E402
from tests.engine.hub_server import HubServer  # noqa: E402

yaml = pytest.importorskip("yaml")
NAME = "somebody/feedback-1"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with sessions in two languages, and a dataset of them in `out`."""
    place = tmp_path_factory.mktemp("publication")
    folder = folder_of(place, 8)
    for number in range(8, 12):
        refined(number, "Fast richtig, aber die Liste muss noch sortiert werden.").write(
            folder, f"s{number:03}"
        )
    status = _run(
        "export", folder, "--format", "all", "--out", place / "out", "--licence", "cc-by-4.0",
        "--creator", "Ada Example", "--creator", "The Lab: a & b", "--placement", "even",
    )  # fmt: skip
    assert status == 0
    return place


def _run(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


def _header(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(
        (folder / "README.md").read_text(encoding="utf-8").split("---\n")[1]
    )
    return found


@pytest.mark.slow
def test_croissant_is_read_by_others_row_for_row(made: Path) -> None:
    import mlcroissant

    dataset = mlcroissant.Dataset(made / "out" / "croissant.json")
    assert not dataset.metadata.ctx.issues.errors
    assert not dataset.metadata.ctx.issues.warnings
    options = json.loads((made / "out" / "export.json").read_text(encoding="utf-8"))
    for name in ("sft", "kto", "stepwise"):
        records = list(dataset.records(name))
        counted = Counter(record[f"{name}/split"].decode() for record in records)
        assert counted == {split: options["rows"][name][split] for split in SPLITS}
        assert all(len(record[f"{name}/content_sha256"]) == 64 for record in records)
    chat = next(iter(dataset.records("sft")))["sft/messages"]
    assert [message["sft/messages/role"] for message in chat] == [b"user", b"assistant"]


@pytest.mark.slow
def test_croissant_has_the_responsible_fields(made: Path) -> None:
    found = json.loads((made / "out" / "croissant.json").read_text(encoding="utf-8"))
    asked = (
        "rai:dataCollection", "rai:dataLimitations", "rai:dataBiases", "rai:personalSensitiveInformation",
        "rai:dataUseCases", "rai:dataSocialImpact", "rai:hasSyntheticData", "rai:annotationsPerItem",
        "rai:dataReleaseMaintenancePlan", "prov:wasDerivedFrom", "prov:wasGeneratedBy",
    )  # fmt: skip
    assert [name for name in asked if not found.get(name)] == []
    assert found["license"] == "https://spdx.org/licenses/CC-BY-4.0.html"
    assert [creator["name"] for creator in found["creator"]] == ["Ada Example", "The Lab: a & b"]
    assert found["inLanguage"] == ["en", "de"]


@pytest.mark.parametrize("name", ["x | y\n# z", '"} , {"', "<script>", "{{ 7 }}", "\u202e\x1b[2J"])
def test_no_name_breaks_croissant(name: str) -> None:
    outcome = ExportResult(
        sessions=Counter(exported=1), rows={"sft": Counter(rows=1, train=1)}, problems=Counter(train=1),
        splits={"c": "train"}, annotators={name}, models={name}, licences={name}, speakers={name}, sources={name},
    )  # fmt: skip
    text = croissant(("sft",), Rules(), name, Publication(name, (name,)), outcome)
    assert json.loads(text)["creator"]["name"] == name


@pytest.mark.slow
def test_the_citation_keeps_the_rules_of_its_format(made: Path) -> None:
    """Citation File Format 1.2.0: mandatory keys, closed lists, and nothing that the format does not know."""
    found = yaml.safe_load((made / "out" / "CITATION.cff").read_text(encoding="utf-8"))
    assert found["cff-version"] == "1.2.0"
    assert found["type"] == "dataset"
    assert found.keys() <= {
        "cff-version", "message", "type", "title", "authors", "version", "identifiers", "keywords", "license", "url",
        "references", "abstract", "date-released",
    }  # fmt: skip
    assert all(isinstance(found[key], str) and found[key] for key in ("message", "title", "version"))
    assert found["license"] in HUB_LICENCES.values()
    assert found["authors"] == [{"name": "Ada Example"}, {"name": "The Lab: a & b"}]
    assert all(
        item["type"] in ("doi", "url", "swh", "other") and item["value"] for item in found["identifiers"]
    )
    assert len(found["keywords"]) == len(set(found["keywords"]))
    for reference in found["references"]:
        assert {"type", "title", "authors"} <= reference.keys()
        assert all(
            author.keys() in ({"name"}, {"family-names", "given-names"}) for author in reference["authors"]
        )


@pytest.mark.slow
def test_card_and_statement_say_what_is_in_it(made: Path) -> None:
    header = _header(made / "out")
    assert header["language"] == ["en", "de"]
    assert header["multilinguality"] == ["multilingual"]
    assert header["annotations_creators"] == ["crowdsourced", "machine-generated"]
    assert header["source_datasets"] == ["original"]
    assert header["license"] == ["cc-by-4.0", "cc0-1.0"]
    statement = (made / "out" / "DATA_STATEMENT.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", statement, re.M)[:4] == [
        "Curation rationale", "Language variety", "Who speaks", "Who annotates",
    ]  # fmt: skip
    assert "`en` in 8 of 12 sessions, `de` in 4 of 12 sessions" in statement


@pytest.mark.parametrize(
    ("origin", "speaker", "creators", "first", "tag"),
    [
        ("people", "people", ["crowdsourced", "machine-generated"], "original", "human-feedback"),
        ("simulated", "model m", ["machine-generated"], "original", "synthetic"),
        ("unknown", "unknown speaker", ["other", "machine-generated"], "original", "feedback"),
        ("ilf", "people", ["found", "machine-generated"], "extended|other-ilf", "human-feedback"),
        ("mint", "model gpt-4", ["machine-generated"], "extended|other-mint", "synthetic"),
    ],
)
def test_words_of_models_are_never_called_human(
    origin: str, speaker: str, creators: list[str], first: str, tag: str
) -> None:
    outcome = ExportResult(speakers={speaker}, sources={"mbpp-sanitized", "starter"}, languages=Counter(nl=3))
    header = yaml.safe_load(front_matter((), Rules(origin=origin), "mit", outcome))
    assert header["annotations_creators"] == header["language_creators"] == creators
    assert header["source_datasets"] == [first, "extended|mbpp"]
    assert {"human-feedback", "synthetic", "feedback"} & set(header["tags"]) == {tag}
    assert header["language"] == ["nl"]


def test_languages_of_short_remarks_are_told() -> None:
    """Of ordinary remarks in ten languages nine in ten are told, and code alone says nothing."""
    told = [(language, language_of(text)) for language, text in CLEAN]
    right = sum(expected == found for expected, found in told)
    wrong = [(expected, found) for expected, found in told if found not in ("", expected)]
    assert right >= 0.9 * len(told), told
    assert len(wrong) <= 0.03 * len(told), wrong
    assert [language_of(text) for text in ("", "ok", "f(x) == 3", "`return None`", "[key] 12:30")] == [""] * 5


def test_one_odd_session_is_no_language() -> None:
    outcome = ExportResult(languages=Counter({"en": 60, "de": 5, "la": 1, "": 30}))
    assert outcome.detected_languages == ["en", "de"]


@pytest.mark.parametrize("sizes", [(1, 1, 1), (5, 1, 1), (9, 9, 9, 1), (1,) * 10, (30, 2, 1, 1), (4, 4)])
@pytest.mark.parametrize("shares", [(0.8, 0.1, 0.1), (0.5, 0.0, 0.5), (1.0, 0.0, 0.0)])
def test_an_even_placement_leaves_no_split_empty(
    sizes: tuple[int, ...], shares: tuple[float, float, float]
) -> None:
    groups = {f"{group}-{n}": f"{group}-0" for group, size in enumerate(sizes) for n in range(size)}
    found = assign(groups, shares, {}, even=True)
    wanted = [split for split, share in zip(SPLITS, shares, strict=True) if share]
    assert len(set(found.values())) == min(len(wanted), len(sizes))
    assert set(found.values()) <= set(wanted)
    for problem, group in groups.items():
        assert found[problem] == found[group]
    assert assign(groups, shares, found, even=True) == found


def test_an_empty_split_is_said_with_what_fills_it() -> None:
    def said(problems: dict[str, int], groups: dict[str, int], **rules: Any) -> str:
        outcome = ExportResult(problems=Counter(problems))
        outcome._groups.update(groups)
        return outcome.about_empty(Rules(**rules))

    lumped = {"train": 5}
    assert said({"train": 3, "validation": 1, "test": 1}, {"a": 3, "b": 1, "c": 1}) == ""
    assert "`--placement even`" in said(lumped, {"a": 3, "b": 1, "c": 1})
    assert "`validation` and `test` stayed empty: 5 problems in 1 group" in said(lumped, {"a": 5})
    assert "--splits" in said(lumped, {"a": 5}, placement="even")
    assert said(lumped, {"a": 5}, shares=(1.0, 0.0, 0.0)) == ""
    assert "may be exported" in said(lumped, {"a": 3, "b": 1, "c": 1}, placement="even")


@pytest.fixture
def hub(made: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    from huggingface_hub import constants

    server = HubServer("owner/none", made)
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    monkeypatch.setenv("HF_TOKEN", "hf_" + "x" * 8)
    for name, value in (
        ("ENDPOINT", server.address),
        ("HF_HUB_DISABLE_XET", True),
        ("HF_HUB_OFFLINE", False),
    ):
        monkeypatch.setattr(constants, name, value)
    yield server
    server.close()


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _push(made: Path, out: Path, *words: str) -> int:
    return _run("export", made / "sessions", "--format", "sft", "--out", out, "--push", NAME, *words)


@pytest.mark.slow
def test_an_export_goes_to_the_hub_whole_and_private(
    made: Path, hub: HubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _push(made, tmp_path / "one", "--licence", "mit") == 0
    error = capsys.readouterr().err
    assert "%|" not in error
    assert f"On the hub, private: {hub.address}/datasets/{NAME}" in error.splitlines()
    found = hub.datasets.repositories[NAME]
    assert found.private
    assert len(found.commits) == 1
    assert {**found.files, ".gitattributes": b""} == {**_files(tmp_path / "one"), ".gitattributes": b""}
    assert _header(tmp_path / "one")["license"] == ["mit", "cc0-1.0"]
    found.files["data/sft/train-00009.parquet"] = b"of an earlier, longer export"
    assert _push(made, tmp_path / "two", "--licence", "mit") == 0
    assert "data/sft/train-00009.parquet" not in found.files
    assert len(found.commits) == 2


def test_what_stops_an_upload_is_one_line_and_changes_nothing(made: Path, hub: HubServer) -> None:
    repositories = hub.datasets.repositories

    def refused(said: str) -> None:
        before = {name: dict(found.files) for name, found in repositories.items()}
        with pytest.raises(AssistantError) as caught:
            push(made / "out", NAME, public=False, message="again")
        assert said in str(caught.value)
        assert f"whole in {made / 'out'}" in str(caught.value)
        assert len(str(caught.value).splitlines()) == 1
        assert {name: found.files for name, found in repositories.items()} == before

    repositories[NAME] = Repository(private=True, files={"thesis.tex": b"years of work"})
    refused("is no export of ours")
    repositories[NAME] = Repository(private=False)
    refused("is public")
    repositories[NAME] = Repository(private=True)
    hub.datasets.fails_at = "/commit/"
    refused("hf upload")
    hub.close()
    refused("hf upload")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--push", "no name"], 2, "YOU/feedback-1"),
        (["--push", "alone"], 2, "YOU/feedback-1"),
        (["--public"], 2, "add --push NAME"),
        (["--push", NAME, "--public"], 2, "--licence"),
        (["--push", NAME, "--dry-run"], 2, "choose one"),
        (["--push", NAME], 1, "hf auth login"),
    ],
)
def test_what_would_stop_an_upload_is_said_before_the_export(
    tmp_path: Path, words: list[str], status: int, said: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    from huggingface_hub import constants

    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "none"))
    assert _run("export", tmp_path, "--format", "sft", "--out", tmp_path / "out", *words) == status
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()
