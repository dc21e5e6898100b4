"""The folder of a run: what was asked is written first, and a folder never holds two different runs."""

from __future__ import annotations

import json
import platform
import shlex
import sys
from collections.abc import Container, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assistant import __version__
from assistant.core.errors import AssistantError, UsageError
from assistant.core.generation import Sampling
from assistant.core.problem import Problem, sha256_of
from assistant.storage.durable_io import make_folders, replace_file

CONFIG, SAMPLES, SUMMARY, TABLE = "config.json", "samples.jsonl", "summary.json", "samples.parquet"
PARTS = "parts.json"
Json = dict[str, Any]


def open_folder(out: Path, bench: str, asked: Mapping[str, Any], run: Mapping[str, Any]) -> Path:
    """The folder with its `config.json`; one that is there already must hold the same question.

    `asked` decides the answers; `run` (versions, machine) only describes. Raises UsageError for another run's
    folder, AssistantError where nothing can be written.
    """
    config = {"bench": bench, "asked": dict(asked), "run": dict(run)}
    path = out / CONFIG
    try:
        make_folders(out)
        if path.exists():
            _require_same(out, read_json(path), config)
        elif any(out.iterdir()):
            raise UsageError(f"{out} is not empty and holds no {CONFIG}: choose another --out")
        else:
            replace_file(path, _text(config), shared=True)
    except OSError as error:
        raise AssistantError(f"{out} cannot be written ({error.strerror}): choose another --out") from None
    return out


def default_folder(bench: str, source: str, model: str, asked: Mapping[str, Any]) -> Path:
    """`bench/synthesis-mbpp-qwen…-1a2b3c4d`: the same question finds its folder again."""
    stem = source.rstrip("/").rpartition("/")[2].partition(".")[0] or "problems"
    name = model.rstrip("/").rpartition("/")[2]
    return Path("bench") / f"{bench}-{_slug(stem)}-{_slug(name)}-{sha256_of(dict(asked))[:8]}"


def finished_folder(
    bench: str, out: Path | None, options: Mapping[str, str], apart: Container[str] = ()
) -> Path | None:
    """The folder in which a command with these options (but those `apart`) has been finished before, if any."""
    places = [out] if out is not None else sorted(Path("bench").glob(f"{bench}-*"))
    for place in places:
        try:
            config, summary = read_json(place / CONFIG), read_json(place / SUMMARY)
        except AssistantError:
            continue
        before = config.get("run", {}).get("options")
        same = before is not None and _without(before, apart) == _without(options, apart)
        if same and config.get("bench") == bench and summary.get("complete") is True:
            return place
    return None


def _without(options: Mapping[str, str], apart: Container[str]) -> Json:
    return {name: value for name, value in options.items() if name not in apart}


def write_json(path: Path, value: object) -> None:
    """At once, so that a reader sees the old or the new. Raises AssistantError."""
    try:
        replace_file(path, _text(value), shared=True)
    except OSError as error:
        raise AssistantError(f"{path} cannot be written ({error.strerror})") from None


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """A whole file of lines, at once. Raises AssistantError."""
    try:
        replace_file(path, "".join(f"{line}\n" for line in lines).encode("utf-8", "replace"), shared=True)
    except OSError as error:
        raise AssistantError(f"{path} cannot be written ({error.strerror})") from None


def read_json(path: Path) -> Json:
    """A JSON object. Raises AssistantError that names the file."""
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise AssistantError(
            f"{path} cannot be read ({error.strerror}): is this a folder of a bench?"
        ) from None
    except ValueError as error:
        raise AssistantError(f"{path} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise AssistantError(f"{path} holds no JSON object")
    return value


def described_run(sandbox: Mapping[str, bool | str], options: Mapping[str, str] | None = None) -> Json:
    """What describes a run without deciding it."""
    return {
        **({"options": dict(options)} if options else {}),
        "command": shlex.join(["assistant", *sys.argv[1:]]),
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
        "assistant": __version__,
        "python": platform.python_version(),
        "machine": {"system": platform.system(), "processor": platform.machine()},
        "sandbox": dict(sandbox),
    }


def asked_of_sampling(sampling: Sampling, *left_out: str) -> Json:
    """The sampling as it stands in `config.json`; what came later and is not used is not there, as in older runs."""
    later = {"thinking_tokens"} if sampling.thinking_tokens is None else set()
    return sampling.model_dump(exclude=later.union(left_out))


def asked_of_problems(source: str, problems: tuple[Problem, ...]) -> Json:
    """Which problems, and one hash over all that is in them."""
    return {
        "source": Path(source).name,
        "ids": [problem.id for problem in problems],
        "sha256": sha256_of([problem.sha256 for problem in problems]),
    }


def _require_same(out: Path, old: Json, new: Json) -> None:
    before, now = (
        flat({"bench": c.get("bench"), **c.get("asked", {})}) for c in (old, json.loads(_text(new)))
    )
    differing = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    if differing:
        name = differing[0]
        raise UsageError(
            f"{out} holds another run: {name} is {short(before.get(name))} there and {short(now.get(name))} "
            "here; choose another --out"
        )


def flat(value: Json, prefix: str = "") -> Json:
    """Nested objects as dotted names."""
    found: Json = {}
    for name, item in value.items():
        found |= flat(item, f"{prefix}{name}.") if isinstance(item, dict) else {f"{prefix}{name}": item}
    return found


def short(value: object) -> str:
    """A value for a line of text."""
    text = "absent" if value is None else json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() or c in ".-" else "-" for c in text.lower())[:40].strip("-") or "x"


def _text(value: object) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace")
