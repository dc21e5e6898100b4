"""Exports load with `datasets` and train with TRL, without a line of glue: really loaded, really trained a step."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

datasets = pytest.importorskip("datasets")
for module in ("pyarrow", "datasketch", "detect_secrets", "faker"):
    pytest.importorskip(module)

from assistant.datasets.features import arrow_schema  # noqa: E402
from assistant.datasets.formats.base import Trainer, export_format, format_names  # noqa: E402
from assistant.datasets.pipeline import export  # noqa: E402
from assistant.datasets.reward import sandbox_reward  # noqa: E402
from assistant.training.methods import METHODS  # noqa: E402
from tests.datasets.build import MENDED, WRONG, Script, problem, refined, request  # noqa: E402


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of every format, all splits filled."""
    base = tmp_path_factory.mktemp("dataset")
    for number in range(15, 40):  # the hash puts the first twenty into train
        refined(number).consent().write(base / "sessions", f"s{number:03}")
        script = Script(problem(number), annotator="anon-b").consent().answer(WRONG, right=[False])
        script.edit(MENDED, right=True).end().write(base / "sessions", f"t{number:03}")
    export(request(base / "sessions"), base / "out")
    return base / "out"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where `datasets` keeps what it loaded: each config is prepared once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield str(tmp_path_factory.mktemp("cache"))


@pytest.mark.slow
@pytest.mark.parametrize("name", format_names())
def test_every_config_loads_as_the_card_says(
    dataset: Path, cache: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    loaded = datasets.load_dataset(str(dataset), name, cache_dir=cache)
    assert set(loaded) == {"train", "validation", "test"}
    info = datasets.load_dataset_builder(str(dataset), name, cache_dir=cache).info
    assert {split: data.num_rows for split, data in loaded.items()} == {
        split: value.num_examples for split, value in info.splits.items()
    }
    assert loaded["train"].features == datasets.Features.from_arrow_schema(
        arrow_schema(export_format(name).columns)
    )
    assert info.features == loaded["train"].features
    assert "malformed" not in caplog.text


@pytest.mark.slow
def test_the_first_config_is_the_default(dataset: Path, cache: str) -> None:
    assert "messages" in datasets.load_dataset(str(dataset), cache_dir=cache)["train"].features


def test_lines_to_upload_are_the_rows_without_provenance(dataset: Path, cache: str) -> None:
    import json

    lines = (dataset / "openai" / "train-00000.jsonl").read_text().splitlines()
    rows = datasets.load_dataset(str(dataset), "openai", cache_dir=cache)["train"]
    assert len(lines) == len(rows)
    for line, row in zip(map(json.loads, lines), rows, strict=True):
        assert list(line) == ["messages"]
        assert [m["content"] for m in line["messages"]] == [m["content"] for m in row["messages"]]
        assert [m["weight"] for m in line["messages"] if m["role"] == "assistant"] == [1]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    pytest.importorskip("trl")
    from tests.engine.tiny_model import save_folder

    return str(save_folder(tmp_path_factory.mktemp("tiny")))


TAKEN = [(name, trainer) for name in format_names() for trainer in export_format(name).trainers]


def _named(pair: tuple[str, Trainer]) -> str:
    return f"{pair[0]}-{pair[1].name}"


@pytest.mark.slow
@pytest.mark.timeout(400)  # the first import of trl, on a busy machine
@pytest.mark.parametrize("pair", TAKEN, ids=_named)
def test_trl_has_the_trainer_in_the_versions_that_the_card_says(pair: tuple[str, Trainer]) -> None:
    trl = pytest.importorskip("trl")
    trainer = pair[1]
    assert set(trainer.reads) <= set(export_format(pair[0]).columns)
    installed = tuple(map(int, trl.__version__.split(".")[:2]))
    if trainer.last and installed > tuple(map(int, trainer.last.split("."))):
        with pytest.raises((ImportError, AttributeError)):
            getattr(importlib.import_module(trainer.module), trainer.name)
    else:
        module = importlib.import_module(trainer.module)
        assert callable(getattr(module, trainer.name))
        assert callable(getattr(module, trainer.config))


def test_assistant_train_and_the_card_speak_of_the_same_trainers() -> None:
    ours = {(name, m.module, m.trainer) for m in METHODS.values() for name in m.formats}
    assert ours - {(name, trainer.module, trainer.name) for name, trainer in TAKEN} == set()


LOGGED = {
    "GRPOTrainer": ("rewards/sandbox_reward/mean", 0.0),
    "RLOOTrainer": ("rewards/sandbox_reward/mean", 0.0),
    "SDPOTrainer": ("self_distillation/feedback_used_fraction", 1.0),
}
"""A model that writes nonsense earns nothing, so its loss may be 0: what shows that reward or words were used."""


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("pair", [pair for pair in TAKEN if not pair[1].last], ids=_named)
def test_trl_takes_a_step(
    dataset: Path, cache: str, tiny: str, tmp_path: Path, pair: tuple[str, Trainer]
) -> None:
    pytest.importorskip("trl")
    name, trainer = pair
    module = importlib.import_module(trainer.module)
    data = datasets.load_dataset(str(dataset), name, cache_dir=cache)["train"]
    rewarded = {"reward_funcs": sandbox_reward} if "reward_funcs" in trainer.note else {}
    made: Any = getattr(module, trainer.name)(
        model=tiny,
        train_dataset=data,
        args=_arguments(getattr(module, trainer.config), tmp_path / "run"),
        **rewarded,
    )
    before = {n: p.detach().clone() for n, p in made.model.named_parameters() if p.requires_grad}
    result = made.train()
    assert made.state.global_step == 1
    if trainer.name in LOGGED:
        key, expected = LOGGED[trainer.name]
        assert [entry[key] for entry in made.state.log_history if key in entry] == [expected]
    else:
        assert result.training_loss != 0
    if trainer.name == "SFTTrainer":  # a first step of the others may move nothing that shows
        assert any((p.detach() != before[n]).any() for n, p in made.model.named_parameters() if n in before)


def _arguments(config: Any, folder: Path) -> Any:
    """One small step on a processor; those of `only` where the trainer has them."""
    only = {"num_generations": 2, "max_completion_length": 8, "include_environment_feedback": True}
    return config(
        output_dir=str(folder), max_steps=1, per_device_train_batch_size=2, report_to=[], use_cpu=True, bf16=False,
        gradient_checkpointing=False, save_strategy="no", logging_steps=1,
        **{name: value for name, value in only.items() if name in config.__dataclass_fields__},
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_refinement_puts_loss_on_the_better_program_alone(
    dataset: Path, cache: str, tiny: str, tmp_path: Path
) -> None:
    import trl

    data = datasets.load_dataset(str(dataset), "refinement", cache_dir=cache)["train"]
    trainer = trl.SFTTrainer(
        model=tiny,
        train_dataset=data,
        args=trl.SFTConfig(output_dir=str(tmp_path), report_to=[], use_cpu=True, bf16=False, max_length=None),
    )
    batch = trainer.data_collator([trainer.train_dataset[0]])
    labels = batch["labels"][0]
    learned = trainer.processing_class.decode(labels[labels != -100])
    assert "return a + b" in learned
    assert "a - b" not in learned
    assert "subtract" not in learned
