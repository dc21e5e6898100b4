"""From nothing to a model that answers: seconds, memory and disk, of the first start and of later ones.

python tests/benchmarks/engine_start.py [--first] [--repeat 5] [--model NAME] [--precision auto] [--beside CHECKOUT]

A first start begins with an empty cache and without compiled kernels. `--beside` names a checkout of an earlier
commit, which is started in turn with the same interpreter: its column stands beside ours. Without `--first`, later
starts use your own cache. Prints every start with its steps, then the table (medians, range of the later starts).
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Start:
    """One start of the model's process."""

    steps: dict[str, float]
    """Seconds of each step, as it is reported."""
    seconds: float
    """Until the first token of an answer."""
    ready_bytes: int
    """VmRSS of the worker when it is ready."""
    answered_bytes: int
    """VmRSS once it has said one token."""
    own_bytes: int
    """Of that, memory that no file stands behind (RssAnon)."""


def _memory(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return 0


def start(cache: str, model: str | None, precision: str) -> Start:
    """Start once, in this process's checkout."""
    from assistant.core.generation import Message, Progress, Request, Sampling
    from assistant.engine.process.client import LocalEngine
    from assistant.engine.process.protocol import ModelChoice

    hello = Request(
        messages=(Message(role="user", content="Say hello."),), sampling=Sampling(max_new_tokens=1)
    )
    began = time.perf_counter()
    since, steps, step = began, dict[str, float](), "starting the process"

    def note(progress: Progress) -> None:
        nonlocal since, step
        if progress.step != step:
            now = time.perf_counter()
            steps[step] = steps.get(step, 0.0) + now - since
            since, step = now, progress.step

    engine = LocalEngine(ModelChoice(model=model, precision=precision, cache=cache))
    try:
        engine.prepare(note)
        note(Progress(step="first token"))
        ready = _memory(engine.worker_pid or 0, "VmRSS")
        list(engine.generate(hello))
        note(Progress(step=""))
        seconds = time.perf_counter() - began
        pid = engine.worker_pid or 0
        return Start(steps, seconds, ready, _memory(pid, "VmRSS"), _memory(pid, "RssAnon"))
    finally:
        engine.close()


def started(checkout: Path, cache: Path, options: argparse.Namespace) -> Start:
    """The same in a process of its own, which imports that checkout."""
    command = [sys.executable, str(Path(__file__).resolve()), "--child", str(cache)]
    command += ["--precision", options.precision] + (["--model", options.model] if options.model else [])
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    said = subprocess.run(
        command, env=environment, cwd=checkout, stdout=subprocess.PIPE, text=True, check=True
    )
    return Start(**json.loads(said.stdout.splitlines()[-1]))


def fresh(checkout: Path, folder: Path) -> Path:
    """A copy of the package without compiled kernels, its Python compiled as an installer does."""
    shutil.copytree(
        checkout / "assistant", folder / "assistant", ignore=shutil.ignore_patterns("__pycache__")
    )
    compileall.compile_dir(folder / "assistant", quiet=2)
    return folder


def disk(cache: Path) -> int:
    """Bytes that the prepared models take."""
    return sum(path.stat().st_blocks * 512 for path in (cache / "models").rglob("*") if path.is_file())


def tell(name: str, one: Start) -> None:
    """One start, step by step."""
    steps = ", ".join(f"{step} {seconds:.1f}" for step, seconds in one.steps.items())
    print(f"{one.seconds:6.1f} s  {name}: {steps}", flush=True)


def row(label: str, texts: list[str]) -> str:
    """One line of the table."""
    return f"| {label} | " + " | ".join(texts) + " |"


def main() -> None:
    """Print every start, then the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--first", action="store_true")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--model")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--beside", type=Path)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(asdict(start(options.child, options.model, options.precision))))
        return
    checkouts = {"ours": HERE} | ({options.beside.name: options.beside.resolve()} if options.beside else {})
    with ExitStack() as stack:
        places, caches, firsts = {}, {}, dict[str, Start]()
        for name, checkout in checkouts.items():
            places[name], caches[name] = checkout, _own_cache()
            if options.first:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=_folder())))
                places[name], caches[name] = fresh(checkout, folder / "code"), folder / "cache"
                firsts[name] = started(places[name], caches[name], options)
                tell(f"first start, {name}", firsts[name])
        later: dict[str, list[Start]] = {name: [] for name in checkouts}
        for _ in range(options.repeat):
            for name in checkouts:
                later[name].append(started(places[name], caches[name], options))
                tell(f"later start, {name}", later[name][-1])
        print("\n" + row("", list(checkouts)) + "\n" + row("---", ["---"] * len(checkouts)))
        middle = {
            name: sorted(found, key=lambda one: one.seconds)[len(found) // 2] for name, found in later.items()
        }
        print(row("Memory when ready, VmRSS", [_gb(one.ready_bytes) for one in middle.values()]))
        answered = [f"{_gb(one.answered_bytes)}, {_gb(one.own_bytes)} anonymous" for one in middle.values()]
        print(row("The same after an answer's first token", answered))
        print(row("Disk beside the wheels", [_gb(disk(cache)) for cache in caches.values()]))
        if firsts:
            print(row("First start until it answers", [f"{one.seconds:.1f} s" for one in firsts.values()]))
        print(row("Later start until it answers", [_range(found) for found in later.values()]))


def _folder() -> str:
    """Where first starts write: beside the cache, which is on a disk, as /tmp may not be."""
    folder = _own_cache()
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


def _own_cache() -> Path:
    sys.path.insert(0, str(HERE))
    from assistant.settings.paths import cache_folder

    return cache_folder()


def _gb(size: int) -> str:
    return f"{size / 1e9:.2f} GB"


def _range(found: list[Start]) -> str:
    seconds = [one.seconds for one in found]
    return f"{statistics.median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f})"


if __name__ == "__main__":
    main()
