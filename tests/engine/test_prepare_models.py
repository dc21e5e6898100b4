"""From a name to a model that answers: GGUF files, folders, the hub; interrupted, refused, gone on with."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import COMMIT, HubServer
from tiny_model import OpenEngine, ask

from assistant.core.errors import EngineError, WeightsError
from assistant.core.generation import Finish, Progress
from assistant.engine.models import capacity, catalogue, provision, source, wheels
from assistant.engine.models.cache import ModelCache
from assistant.engine.models.gguf_header import read_header
from assistant.engine.models.source import DataWheels, GgufFile, HubModel, LocalFolder
from assistant.engine.process.client import LocalEngine
from assistant.engine.progress import Steps


def steps_of(engine: LocalEngine) -> list[str]:
    """The steps that preparing reports, each once."""
    seen: list[str] = []
    engine.prepare(lambda progress: seen.append(progress.step))
    return list(dict.fromkeys(seen))


def answer(engine: LocalEngine) -> Finish:
    (end,) = [item for item in engine.generate(ask()) if isinstance(item, Finish)]
    return end


@pytest.mark.slow
def test_a_gguf_file_is_converted_once_and_answers(
    open_tiny: OpenEngine, tiny_gguf: Path, tmp_path: Path
) -> None:
    first, second = open_tiny(tiny_gguf), open_tiny(tiny_gguf)
    assert {"hashing weights", "converting once", "loading"} <= set(steps_of(first))
    assert "converting once" not in steps_of(second)
    assert answer(first).output_ids == answer(second).output_ids != ()
    info = second.prepare()
    assert info.is_chat and info.revision == "tiny.gguf" and len(info.weights_sha256) == 64
    ((manifest, _),) = ModelCache(tmp_path / "cache").entries().values()
    assert manifest.weights_sha256 == info.weights_sha256 and "transformers" in manifest.versions


@pytest.mark.slow
def test_folder_and_gguf_read_the_dialogue_alike(
    open_tiny: OpenEngine, tiny_folder: Path, tiny_gguf: Path
) -> None:
    ends = [answer(open_tiny(model)) for model in (tiny_folder, tiny_gguf)]
    assert ends[0].prompt_sha256 == ends[1].prompt_sha256 != ""
    common = min(len(end.output_ids or ()) for end in ends)
    assert (ends[0].output_ids or ())[:common] == (ends[1].output_ids or ())[:common]


@pytest.mark.slow
def test_killed_in_the_middle_of_a_conversion(open_tiny: OpenEngine, tiny_gguf: Path, tmp_path: Path) -> None:
    engine = open_tiny(tiny_gguf)

    def kill(progress: Progress) -> None:
        if progress.step == "converting once" and engine.worker_pid:
            os.kill(engine.worker_pid, signal.SIGKILL)

    with pytest.raises(EngineError, match="was killed"):
        engine.prepare(kill)
    models = tmp_path / "cache" / "models"
    assert [path.suffix for path in models.iterdir() if path.is_dir()] == [".building"]
    assert ModelCache(tmp_path / "cache").entries() == {}
    assert "converting once" in steps_of(engine)  # the same engine goes on with a new worker
    assert [path.suffix for path in models.iterdir() if path.is_dir()] == [""]


@pytest.mark.slow
def test_cancelled_in_the_middle_of_a_conversion(
    open_tiny: OpenEngine, tiny_gguf: Path, tmp_path: Path
) -> None:
    engine, cancel = open_tiny(tiny_gguf), threading.Event()

    def stop(progress: Progress) -> None:
        if progress.step == "converting once":
            cancel.set()

    with pytest.raises(EngineError, match="cancelled"):
        engine.prepare(stop, cancel)
    assert ModelCache(tmp_path / "cache").entries() == {}
    assert answer(engine).reason in ("stop", "length")


@pytest.mark.slow
def test_two_starts_convert_once(open_tiny: OpenEngine, tiny_gguf: Path) -> None:
    engines = [open_tiny(tiny_gguf), open_tiny(tiny_gguf)]
    seen: list[list[str]] = []
    threads = [threading.Thread(target=lambda e=engine: seen.append(steps_of(e))) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted("converting once" in steps for steps in seen) == [False, True]


@pytest.mark.slow
def test_eight_bit_weights_are_made_once_and_kept(
    open_tiny: OpenEngine, tiny_folder: Path, tmp_path: Path
) -> None:
    first, second = (open_tiny(tiny_folder, precision="int8") for _ in range(2))
    try:
        assert "converting once to int8" in steps_of(first)
    except EngineError as error:
        pytest.skip(str(error))
    assert "converting once to int8" not in steps_of(second)
    assert second.prepare().precision == "int8"
    assert answer(first).output_ids == answer(second).output_ids
    ((manifest, _),) = ModelCache(tmp_path / "cache").entries().values()
    assert manifest.precision == "int8" and manifest.weights_sha256 == second.prepare().weights_sha256


@pytest.mark.slow
@pytest.mark.usefixtures("forked_workers")
def test_an_unknown_precision_is_refused(module_engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(module_engine, monkeypatch, precision="int3")
    with pytest.raises(EngineError, match="no precision 'int3'"):
        module_engine.prepare()


def choose(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch, **changes: str) -> None:
    """Another choice for this test. What is refused leaves the worker as it was: one does for all."""
    monkeypatch.setattr(engine, "choice", engine.choice.model_copy(update=changes))


@pytest.mark.slow
@pytest.mark.usefixtures("forked_workers")
def test_a_device_that_is_not_here_is_refused(
    module_engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    missing = "mps" if not torch.backends.mps.is_available() else "cuda"
    choose(module_engine, monkeypatch, device=missing)
    with pytest.raises(EngineError, match=f"no {missing} device .* Try --device auto"):
        module_engine.prepare()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("/no/such/model.gguf", "no model at"),
        ("./nowhere", "no model at"),
        ("not a name", "neither a path nor a Hugging Face name"),
    ],
)
def test_a_name_that_cannot_be_a_model(name: str, message: str) -> None:
    with pytest.raises(EngineError, match=message):
        source.resolve(name)


def test_what_a_name_means(tmp_path: Path, tiny_folder: Path, tiny_gguf: Path) -> None:
    assert source.resolve(str(tiny_folder)) == LocalFolder(tiny_folder)
    assert source.resolve(str(tiny_gguf)) == GgufFile(tiny_gguf)
    assert source.resolve("owner/name") == HubModel("owner/name")
    assert source.resolve("owner/name@v1") == HubModel("owner/name", "v1")
    with pytest.raises(EngineError, match=r"no config\.json"):
        source.resolve(str(tmp_path))
    (tmp_path / "text.gguf").write_text("hello")
    with pytest.raises(EngineError, match="not a GGUF file"):
        source.resolve(str(tmp_path / "text.gguf"))


def test_the_default_is_the_wheels_or_else_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "installed", lambda _: True)
    assert isinstance(source.resolve(None), DataWheels)
    monkeypatch.setattr(source, "installed", lambda _: False)
    assert source.resolve(None) == source.resolve("default") == HubModel("Qwen/Qwen2.5-Coder-1.5B-Instruct")


def test_a_torn_gguf_file_is_refused(tiny_gguf: Path, tmp_path: Path) -> None:
    assert read_header(tiny_gguf).parameters > 100_000
    torn = tmp_path / "torn.gguf"
    torn.write_bytes(tiny_gguf.read_bytes()[:300])
    with pytest.raises(WeightsError, match="not a whole GGUF file"):
        read_header(torn)


def test_too_little_room_is_said_before_anything_is_written(
    tiny_gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capacity, "free_disk", lambda _: 1000)
    with pytest.raises(EngineError, match="Too little disk space to convert"):
        provision.prepare(GgufFile(tiny_gguf), tmp_path / "cache", Steps())
    default = catalogue.default_model()
    monkeypatch.setattr(wheels, "locate", lambda _: [])
    with pytest.raises(EngineError, match=r"5\.0 GB needed"):
        provision.prepare(DataWheels(default), tmp_path / "cache", Steps())
    monkeypatch.setattr(capacity, "free_disk", lambda _: 10**12)
    monkeypatch.setattr(capacity, "free_memory", lambda: 10**9)
    with pytest.raises(EngineError, match=r"Too little memory .* 1\.0 GB free"):
        provision.prepare(DataWheels(default), tmp_path / "cache", Steps())
    models = tmp_path / "cache" / "models"
    assert not models.exists() or not any(path.is_dir() for path in models.iterdir())


@pytest.fixture
def hub(
    tiny_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[HubServer]:
    """A hub that has `owner/tiny`; workers started in the test know its address and an empty HF_HOME."""
    server = HubServer("owner/tiny", tiny_folder)
    for name in ("HF_HUB_OFFLINE", "HF_TOKEN", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield server
    server.close()


@pytest.mark.slow
def test_a_hub_model_is_fetched_once_and_then_needs_no_network(hub: HubServer, open_tiny: OpenEngine) -> None:
    engine = open_tiny("owner/tiny")
    assert "downloading" in steps_of(engine)
    assert engine.prepare().revision == COMMIT
    assert engine.prepare().name == "owner/tiny"
    assert answer(engine).reason in ("stop", "length")
    hub.requests.clear()
    again = open_tiny("owner/tiny")
    assert "downloading" not in steps_of(again)
    assert hub.requests == []
    assert again.prepare().weights_sha256 == engine.prepare().weights_sha256


@pytest.mark.slow
def test_the_command_that_fetches(hub: HubServer, tmp_path: Path) -> None:
    environment = {**os.environ, "ASSISTANT_CACHE": str(tmp_path / "cache")}
    program = "from assistant.cli.main import main; main(['model', 'pull', 'owner/tiny'])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (0, "owner/tiny is ready\n")
    assert "downloading …" in done.stderr.splitlines()


@pytest.mark.slow
def test_names_the_hub_does_not_have(hub: HubServer, open_tiny: OpenEngine) -> None:
    with pytest.raises(EngineError, match="There is no model owner/other on the hub") as caught:
        open_tiny("owner/other").prepare()
    assert "\n" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["offline", "unreachable"])
def test_without_a_network(
    hub: HubServer, open_tiny: OpenEngine, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how == "offline":
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    else:
        hub.close()
    with pytest.raises(EngineError, match="not on this machine, and the hub cannot be reached"):
        open_tiny("owner/tiny").prepare()


@pytest.mark.slow
def test_a_download_goes_on_where_it_broke_off(
    open_tiny: OpenEngine, tiny_folder: Path, tmp_path: Path, hub: HubServer
) -> None:
    """The hub's client keeps whole blocks of 10 MB, so the file must be larger than that."""
    hub.folder = tmp_path / "large"
    hub.folder.mkdir()
    (hub.folder / "config.json").write_text((tiny_folder / "config.json").read_text())
    (hub.folder / "model.safetensors").write_bytes(os.urandom(24_000_000))
    hub.cut_after = 13_000_000
    engine = open_tiny("owner/tiny")

    def mend(progress: Progress) -> None:
        if progress.done >= 10_000_000:
            hub.cut_after = None

    engine.pull(mend)
    assert any(wanted.startswith("bytes=1") for wanted in hub.ranges)


@pytest.mark.slow
@pytest.mark.weights
def test_the_default_model_answers(open_tiny: OpenEngine) -> None:
    """Real weights, from the person's own cache where they were converted before."""
    from assistant.engine.models.inventory import is_here
    from assistant.settings.paths import cache_folder

    if not is_here(catalogue.default_model(), cache_folder()):
        pytest.skip("the default model is not converted yet: run `assistant model pull`")
    engine = open_tiny("default", cache=cache_folder())
    info = engine.prepare()
    assert info.weights_sha256 == "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
    (end,) = [
        item
        for item in engine.generate(ask("Write a Python function add(a, b). Code only.", tokens=40))
        if isinstance(item, Finish)
    ]
    assert "def add(a, b)" in end.text and "return a + b" in end.text


@pytest.mark.slow
@pytest.mark.usefixtures("forked_workers")
def test_code_that_comes_with_a_model_is_never_run(
    module_engine: LocalEngine, monkeypatch: pytest.MonkeyPatch, tiny_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "foreign"
    shutil.copytree(tiny_folder, folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "foreign", "auto_map": {"AutoConfig": "foreign.ForeignConfig"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "foreign.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    choose(module_engine, monkeypatch, model=str(folder))
    with pytest.raises(EngineError, match="foreign cannot be loaded") as caught:
        module_engine.prepare()
    assert "\n" not in str(caught.value) and not (tmp_path / "ran").exists()
