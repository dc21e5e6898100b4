"""`assistant model`: models known to work, what is here, and how to get or free one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from assistant.core.generation import Progress
    from assistant.engine.models.catalogue import KnownModel

model_app = typer.Typer(
    help="List, fetch, describe and remove models.", no_args_is_help=False, rich_markup_mode=None
)
FIT_WORDS = {"gpu": "yes, on the GPU", "cpu": "yes", "slow": "slowly", "no": "no"}
HELD_WORDS = {"prepared": "converted once", "hub": "downloaded", "leftover": "left by interrupted work"}
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="default, a Hugging Face name, a folder or a GGUF file."),
]


@model_app.callback(invoke_without_command=True)
def model(context: typer.Context) -> None:
    """Without a command: the list."""
    if context.invoked_subcommand is None:
        list_models()


@model_app.command("list")
def list_models(json_: Json = False) -> int:
    """Show models known to work, which fit this machine, what is here and what can be freed."""
    from assistant.engine.models.catalogue import known_models
    from assistant.engine.models.inventory import stored_models

    rows = [_row(entry) for entry in known_models()]
    kept = [item.model_dump() for item in stored_models(_cache())]
    if json_:
        print(json.dumps({"models": rows, "on_disk": kept}, indent=1))
        return 0
    _print_models(rows)
    _print_kept(kept)
    return 0


@model_app.command("pull")
def pull(name: Name = "default", device: str = typer.Option("auto", hidden=True)) -> int:
    """Download and convert a model, continuing where an earlier attempt stopped."""
    from assistant.engine.process.client import LocalEngine
    from assistant.engine.process.protocol import ModelChoice

    engine = LocalEngine(ModelChoice(model=name, device=device, cache=str(_cache())))
    bar = _Bar()
    try:
        engine.pull(bar.show)
    finally:
        bar.close()
        engine.close()
    print(f"{name} is ready")
    return 0


@model_app.command("info")
def info(name: Name = "default", json_: Json = False) -> int:
    """Describe a model: size, licence, need, where it lies, and whether its converted weights are sound."""
    from assistant.engine.models.catalogue import find
    from assistant.engine.models.inventory import damage, stored_models

    known = find(name)
    names = {name, known.hub_name} if known is not None else {name}
    kept = [item.model_dump() for item in stored_models(_cache()) if {item.name, item.model} & names]
    broken = [
        line for item in kept if item["kind"] == "prepared" and (line := damage(item["name"], _cache()))
    ]
    described = _row(known) if known is not None else {"name": name}
    if json_:
        print(json.dumps({**described, "on_disk": kept, "damage": broken}, indent=1))
        return 1 if broken else 0
    if known is None and not kept:
        from assistant.core.errors import UsageError

        raise UsageError(f"{name!r} is neither in the list nor on this machine (see `assistant model list`)")
    for key, value in described.items():
        print(f"{key.replace('_', ' '):16} {_shown(key, value)}")
    _print_kept(kept)
    for line in broken:
        print(line)
    return 1 if broken else 0


@model_app.command("free")
def free(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name from the second part of `model list`.")],
) -> int:
    """Remove a model from this machine's caches; it can be fetched or converted again."""
    from assistant.engine.models import inventory
    from assistant.engine.models.capacity import size_text

    print(f"freed {size_text(inventory.free(name, _cache()))}")
    return 0


class _Bar:
    """Progress on stderr: one line that changes on a terminal, one line a step elsewhere."""

    def __init__(self) -> None:
        self._step = ""
        self._moving = sys.stderr.isatty()

    def show(self, progress: Progress) -> None:
        """Say how far a step is."""
        if self._moving:
            print(f"\r\x1b[K{progress.step}{_share(progress)}", end="", file=sys.stderr, flush=True)
        elif progress.step != self._step:
            print(progress.step, file=sys.stderr, flush=True)
        self._step = progress.step

    def close(self) -> None:
        """Leave the line that moved."""
        if self._moving and self._step:
            print(file=sys.stderr)


def _share(progress: Progress) -> str:
    """` 23%`, of bytes with how many there are."""
    if not progress.total:
        return ""
    size = f" of {_shown('bytes', progress.total)}" if progress.unit == "bytes" else ""
    return f" {100 * progress.done / progress.total:3.0f}%{size}"


def _row(entry: KnownModel) -> dict[str, Any]:
    from assistant.engine.models.hardware import fit
    from assistant.engine.models.inventory import is_here

    return {
        "name": entry.name,
        "title": entry.title,
        "licence": entry.licence,
        "parameters": entry.parameters,
        "download_bytes": entry.download_bytes,
        "disk_bytes": entry.disk_bytes,
        "memory_bytes": entry.memory_bytes,
        "chat": entry.chat,
        "fits": fit(entry.memory_bytes, entry.parameters),
        "here": is_here(entry, _cache()),
        "note": entry.note,
    }


def _print_models(rows: list[dict[str, Any]]) -> None:
    from assistant.engine.models.hardware import machine

    width = max(len(row["name"]) for row in rows)
    print(f"this machine: {machine()}\n")
    print(f"{'model':{width}}  {'download':>8}  {'memory':>7}  {'fits here':15}  {'here':4}  licence")
    for row in rows:
        print(
            f"{row['name']:{width}}  {_shown('bytes', row['download_bytes']):>8}  "
            f"{_shown('bytes', row['memory_bytes']):>7}  {FIT_WORDS[row['fits']]:15}  "
            f"{'yes' if row['here'] else '-':4}  {row['licence']}"
        )
    print(f"\n{rows[0]['name']} is {rows[0]['title']}.")
    print(
        "--model takes these names and any other of the hub; slowly: a person would wait long for an answer."
    )


def _print_kept(kept: list[dict[str, Any]]) -> None:
    if not kept:
        return
    width = max(len(item["name"]) for item in kept)
    total = _shown("bytes", sum(item["bytes"] for item in kept))
    print(f"\non this disk, {total} in all:")
    for item in kept:
        about = ", ".join(filter(None, (HELD_WORDS[item["kind"]], item["model"], item["detail"])))
        print(f"  {item['name']:{width}}  {_shown('bytes', item['bytes']):>8}  {about}")
    print("assistant model free NAME removes one; the next start makes or fetches it again.")


def _shown(key: str, value: Any) -> str:
    from assistant.engine.models.capacity import size_text

    if key.endswith("bytes"):
        return size_text(value)
    if key == "parameters":
        return f"{value / 1e9:.2f} billion"
    if key == "fits":
        return FIT_WORDS[value]
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _cache() -> Path:
    from assistant.settings.paths import cache_folder

    return cache_folder()
