"""`assistant model`: the list, what is on the machine, and freeing it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from assistant.core.errors import EngineError
from assistant.engine.inference.cpu_kernels import kernel_cache
from assistant.engine.models import catalogue, hardware, inventory, packing
from assistant.engine.models.cache import ModelCache
from assistant.engine.models.manifest import Manifest
from assistant.engine.models.provision import cache_key
from assistant.engine.progress import Steps


@pytest.fixture(autouse=True)
def _no_hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "_hub_repositories", list)
    monkeypatch.setattr(inventory.hub, "find_local", lambda _: None)


@pytest.fixture
def cache_with_default(tmp_path: Path) -> Path:
    """A cache that says it holds the converted default model."""
    default = catalogue.default_model()
    assert default.parts is not None

    def fill(target: Path, scratch: Path) -> Manifest:
        (target / "model.safetensors").write_bytes(b"x" * 1000)
        return Manifest(name=default.hub_name, revision="GGUF Q4_K_M", weights_sha256="0" * 64)

    ModelCache(tmp_path).build(cache_key(default.hub_name, default.parts.sha256), fill, Steps())
    return tmp_path


def run(*words: str, cache: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ASSISTANT_CACHE": str(cache), "HF_HOME": str(cache / "hf")}
    program = "import sys; from assistant.cli.main import main; main(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", program, "model", *words], capture_output=True, text=True, env=environment
    )


def test_every_entry_says_what_a_person_must_know() -> None:
    models = catalogue.known_models()
    assert len({model.name for model in models}) == len(models) >= 8
    for model in models:
        assert model.licence and model.title
        assert 0 < model.download_bytes <= model.disk_bytes
        assert model.memory_bytes > model.parameters / 2
        assert date.fromisoformat(model.checked) and model.source.endswith(model.hub_name)
    assert catalogue.default_model() is models[0]


def test_models_are_known_for_each_kind_of_machine_in_the_order_of_their_need() -> None:
    default, *others = catalogue.known_models()
    wants = [model.wants for model in others]
    assert list(dict.fromkeys(wants)) == [machine.name for machine in catalogue.MACHINES], (
        "each once, and none comes again"
    )
    assert default.wants == "a laptop with 8 GB"


def test_what_is_here_and_how_it_is_freed(cache_with_default: Path) -> None:
    assert inventory.is_here(catalogue.default_model(), cache_with_default)
    assert inventory.default_model_state(cache_with_default).state == "ok"
    (item,) = inventory.stored_models(cache_with_default)
    assert (item.kind, item.bytes) == ("prepared", 1000)
    assert inventory.free("default", cache_with_default) == 1000
    assert inventory.stored_models(cache_with_default) == []
    with pytest.raises(EngineError, match="Nothing of 'default'"):
        inventory.free("default", cache_with_default)


def test_what_is_no_longer_used_is_said(tmp_path: Path) -> None:
    def fill(precision: str, target: Path, scratch: Path) -> Manifest:
        (target / "model.safetensors").write_bytes(b"x")
        return Manifest(name="M", revision="GGUF", weights_sha256="0" * 64, precision=precision)

    keys = {"m-v1": "", "m-v1-int8-p2": "int8", f"m-v1-int8-panels32-w{packing.FORMAT}": "int8"}
    for key, precision in keys.items():
        ModelCache(tmp_path).build(key, partial(fill, precision), Steps())
    found = {item.name: item for item in inventory.stored_models(tmp_path)}
    assert [name for name, item in found.items() if item.unused] == ["m-v1-int8-p2"]
    assert [found[key].detail for key in keys] == [
        "GGUF in 16 bits: for training, a GPU and --precision bfloat16",
        "GGUF int8: an earlier format that is no longer used",
        "GGUF int8",
    ]


def test_the_default_is_here_as_soon_as_it_is_packed(tmp_path: Path) -> None:
    default = catalogue.default_model()
    assert default.parts is not None

    def fill(target: Path, scratch: Path) -> Manifest:
        (target / "weights-int8.safetensors").write_bytes(b"x" * 100)
        return Manifest(name=default.hub_name, weights_sha256=default.parts.sha256, precision="int8")

    key = cache_key(default.hub_name, default.parts.sha256)
    ModelCache(tmp_path).build(f"{key}-int8-p2", fill, Steps())
    assert not inventory.is_here(default, tmp_path)
    ModelCache(tmp_path).build(f"{key}-int8-panels8-w{packing.FORMAT}", fill, Steps())
    assert inventory.is_here(default, tmp_path)


def test_leftovers_are_shown_and_freed(tmp_path: Path) -> None:
    left = tmp_path / "models" / "some-v1.building"
    left.mkdir(parents=True)
    (left / "weights").write_bytes(b"x" * 50)
    (item,) = inventory.stored_models(tmp_path)
    assert (item.kind, item.bytes) == ("leftover", 50)
    inventory.free(item.name, tmp_path)
    assert not left.exists()


@pytest.mark.parametrize(
    ("card", "memory", "parameters", "kernels", "expected"),
    [
        (80e9, 8e9, 30e9, "avx2", "gpu"),
        (0, 64e9, 1.5e9, "avx2", "cpu"),
        (0, 64e9, 7e9, "avx2", "slow"),
        (0, 16e9, 7e9, "avx2", "slow"),
        (0, 15e9, 7e9, "", "no"),
        (0, 7.5e9, 7e9, "avx2", "no"),
        (2.4e9, 7.5e9, 1.54e9, "avx2", "cpu"),
        (0, 7.5e9, 1.54e9, "avx2", "cpu"),
        (0, 2.2e9, 1.54e9, "avx2", "no"),
    ],
)
def test_where_a_model_fits(
    monkeypatch: pytest.MonkeyPatch,
    card: float,
    memory: float,
    parameters: float,
    kernels: str,
    expected: str,
) -> None:
    monkeypatch.setattr(hardware, "graphics_memory", lambda: int(card))
    monkeypatch.setattr(hardware, "total_memory", lambda: int(memory))
    monkeypatch.setattr(kernel_cache, "instructions", lambda: kernels)
    model = catalogue.default_model().model_copy(
        update={"parameters": parameters, "memory_bytes": int(parameters * 2.2)}
    )
    assert hardware.fit(model) == expected


@pytest.mark.slow
def test_the_commands(cache_with_default: Path) -> None:
    listed = run("list", cache=cache_with_default)
    assert listed.returncode == 0 and "Apache-2.0" in listed.stdout and "model free NAME" in listed.stdout
    assert hardware.machine() in listed.stdout and "1.0 kB in all" in listed.stdout
    as_json = json.loads(run("list", "--json", cache=cache_with_default).stdout)
    assert as_json["models"][0]["here"] is True
    assert as_json["on_disk"][0]["bytes"] == 1000
    described = run("info", "default", cache=cache_with_default)
    assert described.returncode == 0 and "1.54 billion" in described.stdout
    freed = run("free", "default", cache=cache_with_default)
    assert freed.returncode == 0 and freed.stdout == "freed 1.0 kB\n"
    again = run("free", "default", cache=cache_with_default)
    assert again.returncode == 1 and len(again.stderr.splitlines()) == 1
    unknown = run("info", "no/such", cache=cache_with_default)
    assert unknown.returncode == 2 and "model list" in unknown.stderr


@pytest.mark.slow
def test_the_commands_do_not_import_torch(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom assistant.cli.main import main\n"
        "try: main(['model', 'list'])\nexcept SystemExit: pass\n"
        "print([m for m in ('torch', 'transformers') if m in sys.modules], file=sys.stderr)"
    )
    environment = {**os.environ, "ASSISTANT_CACHE": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert done.stderr.strip() == "[]"


@pytest.mark.slow
def test_torch_is_asked_in_another_process() -> None:
    probe = hardware.probe_torch()
    assert probe.torch and probe.transformers and probe.device in ("cpu", "cuda", "mps")
    assert probe.threads >= 1 and probe.device in probe.describe()
