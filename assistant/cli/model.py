"""`assistant model`: models known to work, what is here, and how to get or free one."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.cli import options as o
from assistant.reporting.progress import ProgressPrinter
from assistant.reporting.terminal_tables import table

if TYPE_CHECKING:
    from assistant.engine.models.inventory import ListedModel

model_app = typer.Typer(
    help="List, fetch, describe and remove models.", no_args_is_help=False, rich_markup_mode=None
)
HELD_WORDS = {"prepared": "converted once", "hub": "downloaded", "leftover": "left by interrupted work"}
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
def list_models(json_: o.Json = False) -> int:
    """Show models known to work, which fit this machine, what is here and what can be freed."""
    from assistant.engine.models.inventory import listed_models, stored_models

    rows = [_row(entry) for entry in listed_models(_cache())]
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
    with closing(engine), ProgressPrinter() as printer:
        engine.pull(printer.report)
    print(f"{name} is ready")
    return 0


@model_app.command("info")
def info(name: Name = "default", json_: o.Json = False) -> int:
    """Describe a model: size, licence, need, where it lies, and whether its converted weights are sound."""
    from assistant.engine.models.inventory import damage, listed_models, stored_models

    known = next((entry for entry in listed_models(_cache()) if entry.model.name == name), None)
    names = {name, known.model.hub_name} if known is not None else {name}
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


def _row(listed: ListedModel) -> dict[str, Any]:
    entry = listed.model
    return {
        "name": entry.name,
        "title": entry.title,
        "licence": entry.licence,
        "parameters": entry.parameters,
        "download_bytes": entry.download_bytes,
        "disk_bytes": entry.disk_bytes,
        "memory_bytes": listed.needed_bytes,
        "chat": entry.chat,
        "fits": listed.fits,
        "here": listed.here,
        "note": entry.note,
        "wants": entry.wants,
        "source": entry.source,
        "checked": entry.checked,
        "estimated": entry.estimated,
    }


def _print_models(rows: list[dict[str, Any]]) -> None:
    from assistant.engine.models.hardware import FIT_WORDS, machine

    print(f"this machine: {machine()}\n")
    lines: list[tuple[str, ...]] = []
    wants = ""
    for row in rows:
        if row["wants"] != wants:
            wants = row["wants"]
            lines.append((f"{wants}:", "", "", "", "", ""))
        about = "~" if row["estimated"] else ""
        lines.append(
            (
                f"  {row['name']}", about + _shown("bytes", row["download_bytes"]),
                about + _shown("bytes", row["memory_bytes"]), FIT_WORDS[row["fits"]],
                "yes" if row["here"] else "-", row["licence"],
            )
        )  # fmt: skip
    head = ("model", "download", "memory", "fits here", "here", "licence")
    print("\n".join(table(head, lines, ("left", "right", "right", "left", "left", "left"), indent="")))
    print(f"\n{rows[0]['name']} is {rows[0]['title']}.")
    print(
        "--model takes these names and any other of the hub; slowly: a person would wait long for an answer.\n"
        "~: estimated from the number of parameters. assistant model info NAME names the source."
    )


def _print_kept(kept: list[dict[str, Any]]) -> None:
    if not kept:
        return
    total = _shown("bytes", sum(item["bytes"] for item in kept))
    print(f"\non this disk, {total} in all:")
    rows = [
        (
            item["name"], _shown("bytes", item["bytes"]),
            ", ".join(filter(None, (HELD_WORDS[item["kind"]], item["model"], item["detail"]))),
        )
        for item in kept
    ]  # fmt: skip
    print("\n".join(table(("", "", ""), rows, ("left", "right", "left"))))
    print("assistant model free NAME removes one; the next start makes or fetches it again.")


def _shown(key: str, value: Any) -> str:
    from assistant.engine.models.capacity import size_text
    from assistant.engine.models.hardware import FIT_WORDS

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
