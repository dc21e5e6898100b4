"""What the command line offers is what the engine has, and what a study fixes reaches it."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.cli.composition import check_options, make_engine
from assistant.cli.run_options import RunOptions
from assistant.core.errors import EngineError, UsageError
from assistant.engine.inference.cpu_kernels import kernel_cache
from assistant.engine.inference.precision import PRECISIONS, choose
from assistant.engine.process.client import LocalEngine


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_precision_on_offer_is_known(precision: str) -> None:
    from transformers import Qwen2Config

    check_options(RunOptions(precision=precision))
    try:
        choose(Qwen2Config(), "cpu", precision)
    except EngineError as error:
        assert kernel_cache.NEEDED in str(error), "known, but not for this machine"


def test_another_is_refused_with_those_on_offer() -> None:
    with pytest.raises(UsageError, match="int8"):
        check_options(RunOptions(precision="int4"))


def test_a_study_fixes_model_and_precision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_folder: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    study = tmp_path / "study.toml"
    study.write_text(f'name = "s"\nmodel = {str(tiny_folder)!r}\nprecision = "float32"\n')
    engine = make_engine(RunOptions(study=study))
    assert isinstance(engine, LocalEngine)
    assert (engine.choice.model, engine.choice.precision) == (str(tiny_folder), "float32")
    over = make_engine(RunOptions(study=study, precision="bfloat16"))
    assert isinstance(over, LocalEngine) and over.choice.precision == "bfloat16"
