"""`assistant doctor`: each part is tried, and each line says ok, warning or failure with what to do."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from assistant.cli import options as o
from assistant.core.errors import AssistantError


@dataclass(frozen=True)
class DoctorCheck:
    """One line of the doctor's report."""

    state: Literal["ok", "warning", "failure"]
    subject: str
    detail: str


def doctor(json_: o.Json = False) -> int:
    """Try everything that a session needs, and say what to do where something is missing."""
    findings = []
    for finding in examine():
        findings.append(finding)
        if not json_:
            print(f"{finding.state:8} {finding.subject:12} {finding.detail}", flush=True)
    if json_:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
    return 1 if any(finding.state == "failure" for finding in findings) else 0


def examine() -> Iterator[DoctorCheck]:
    """All findings, one part after another; a part that breaks is a finding too."""
    parts: tuple[tuple[str, Callable[[], Iterator[DoctorCheck]]], ...] = (
        ("python", _python),
        ("torch", _torch),
        ("model", _model),
        ("disk", _disk),
        ("sandbox", _sandbox),
        ("sessions", _sessions),
        ("terminal", _terminal),
    )
    for subject, part in parts:
        try:
            yield from part()
        except AssistantError as error:
            yield DoctorCheck("failure", subject, str(error))
        except Exception as error:
            yield DoctorCheck("failure", subject, f"{type(error).__name__}: {error}")


def _python() -> Iterator[DoctorCheck]:
    version = ".".join(map(str, sys.version_info[:3]))
    where = (
        "in an environment of its own" if sys.prefix != sys.base_prefix else "not in a virtual environment"
    )
    yield DoctorCheck("ok", "python", f"{version}, {where}")


def _torch() -> Iterator[DoctorCheck]:
    """Asked in a process of its own: this one stays free of torch."""
    from assistant.engine.models.hardware import probe_torch

    probe = probe_torch()
    yield DoctorCheck("ok", "torch", f"{probe.torch}, transformers {probe.transformers}")
    yield DoctorCheck("ok" if probe.device != "cpu" else "warning", "device", probe.describe())


def _model() -> Iterator[DoctorCheck]:
    from assistant.engine.models.inventory import default_model_state

    state = default_model_state(_cache())
    yield DoctorCheck(state.state, "model", state.detail)
    yield from _weights()
    yield from _kernels()


def _kernels() -> Iterator[DoctorCheck]:
    """Whether ours run here, and what steps of each packed format were measured to take."""
    from assistant.engine.inference.calibration import calibrations
    from assistant.engine.inference.cpu_kernels import kernel_cache

    kind = kernel_cache.instructions()
    if not kind:
        yield DoctorCheck(
            "warning",
            "kernels",
            f"none of ours for this processor: they need {kernel_cache.NEEDED}; models run in 16 bits, slower",
        )
        return
    yield DoctorCheck("ok", "kernels", f"int8 and q4 steps for {kind}")
    for sizes, found in calibrations():
        said = "; ".join(
            f"{kind} {times[1]:.1f} ms for one token, {times[4]:.1f} for four, {found.free_tokens(kind)} tokens free"
            for kind, times in found.times.items()
        )
        yield DoctorCheck("ok", "steps", f"some layers of {sizes}: {said}")


def _weights() -> Iterator[DoctorCheck]:
    """Converted weights against the SHA-256 that was recorded when they were made."""
    from assistant.engine.models.capacity import size_text
    from assistant.engine.models.inventory import damage, stored_models

    found = [item for item in stored_models(_cache()) if item.kind == "prepared"]
    prepared = [item for item in found if not item.unused]
    sound = 0
    for item in found:
        if item.unused:
            said = f"{size_text(item.bytes)} in an earlier format are no longer used"
            yield DoctorCheck("warning", "weights", f"{said}: `assistant model free {item.name}`")
    for item in prepared:
        if line := damage(item.name, _cache()):
            yield DoctorCheck("failure", "weights", line)
        else:
            sound += 1
    if sound:
        yield DoctorCheck(
            "ok", "weights", f"{sound} of {len(prepared)} converted models have their recorded SHA-256"
        )


def _disk() -> Iterator[DoctorCheck]:
    from assistant.engine.models.capacity import DISK_MARGIN, free_disk, size_text
    from assistant.engine.models.catalogue import default_model

    cache = _cache()
    free, needed = free_disk(cache), default_model().disk_bytes + DISK_MARGIN
    said = f"{size_text(free)} free for the cache"
    if free < needed:
        yield DoctorCheck("warning", "disk", f"{said}; preparing the default model needs {size_text(needed)}")
    else:
        yield DoctorCheck("ok", "disk", f"{said} at {_short(cache)}")


def _sandbox() -> Iterator[DoctorCheck]:
    from assistant.sandbox.isolation_notice import isolation_notice
    from assistant.sandbox.local import open_sandbox
    from assistant.sandbox.self_check import try_promises

    sandbox = open_sandbox()
    try:
        layers = ", ".join(f"{name} {value}" for name, value in sandbox.layers.items())
        yield DoctorCheck("ok", "sandbox", f"layers: {layers}")
        if line := isolation_notice(sandbox.layers):
            yield DoctorCheck("warning", "sandbox", line)
        for promise in try_promises(sandbox):
            state: Literal["ok", "failure"] = "ok" if promise.kept else "failure"
            yield DoctorCheck(state, "sandbox", f"{promise.name}: {promise.detail}")
    finally:
        sandbox.close()


def _sessions() -> Iterator[DoctorCheck]:
    from assistant.settings.paths import sessions_folder

    folder = sessions_folder(None)
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        probe = existing / ".assistant-doctor"
        probe.touch()
        probe.unlink()
    except OSError as error:
        yield DoctorCheck(
            "failure",
            "sessions",
            f"{_short(folder)} cannot be written ({error.strerror}); use --sessions DIR",
        )
    else:
        yield DoctorCheck("ok", "sessions", f"journals go to {_short(folder)}")


def _terminal() -> Iterator[DoctorCheck]:
    import os

    size = shutil.get_terminal_size()
    if not sys.stdout.isatty():
        yield DoctorCheck(
            "warning", "terminal", "standard output is not a terminal: sessions run in plain lines"
        )
    elif os.environ.get("TERM", "dumb") == "dumb":
        yield DoctorCheck("warning", "terminal", "TERM is dumb: sessions run in plain lines")
    elif size.columns < 60 or size.lines < 15:
        yield DoctorCheck("warning", "terminal", f"{size.columns}x{size.lines}: make it 80x24 or larger")
    else:
        yield DoctorCheck("ok", "terminal", f"{size.columns}x{size.lines}, TERM {os.environ.get('TERM')}")


def _cache() -> Path:
    from assistant.settings.paths import cache_folder

    return cache_folder()


def _short(path: Path) -> str:
    """The path with the home folder as `~`."""
    return str(path).replace(str(Path.home()), "~", 1)
