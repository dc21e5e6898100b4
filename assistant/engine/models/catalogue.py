"""Models known to do the job: what they weigh, under which licence, and whether this machine can hold them."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from assistant.core.problem import FrozenModel
from assistant.engine.models.wheels import PartSet

DEFAULT = "default"
AROUND_WEIGHTS = 760_000_000
"""Bytes: torch, numba, tokenizer and rows of the embedding (0.54 GB measured), and the caches of conversations."""


class Machine(NamedTuple):
    """A kind of machine, and the bytes that a model may take there."""

    name: str
    room: float
    card: bool
    """The model runs on a graphics card, in 16 bits."""


MACHINES = (
    Machine("a laptop with 8 GB", 5e9, card=False),
    Machine("a laptop with 16 GB", 11e9, card=False),
    Machine("a GPU with 24 GB", 22e9, card=True),
    Machine("a GPU with 80 GB", 76e9, card=True),
    Machine("several GPUs, or a server", float("inf"), card=True),
)


class KnownModel(FrozenModel):
    """One entry of `catalogue.toml`; sizes are in bytes."""

    name: str
    """What `--model` takes."""
    title: str
    licence: str
    parameters: float
    download_bytes: int
    disk_bytes: int
    memory_bytes: int
    """Of one session in 16 bits: on a graphics card, or on a processor that we have no kernels for."""
    hub: str = ""
    """Its Hugging Face name when that differs from `name`."""
    revision: str = ""
    chat: bool = True
    packed: bool = True
    """Our kernels run it in 8 bits on a processor."""
    note: str = ""
    checked: str = ""
    """The day on which the entry was last looked at."""
    estimated: bool = False
    """Sizes follow from the number of parameters: nobody has fetched the files."""
    parts: PartSet | None = None
    """Set for weights that come as data wheels of a package index."""

    @property
    def packed_memory_bytes(self) -> int:
        """Of one session on a processor: in 8 bits a byte for each weight, mapped, and what is around them."""
        return int(self.parameters) + AROUND_WEIGHTS if self.packed else self.memory_bytes

    @property
    def hub_name(self) -> str:
        """Its Hugging Face name."""
        return self.hub or self.name

    @property
    def source(self) -> str:
        """Where its card and licence are."""
        return f"https://huggingface.co/{self.hub_name}"

    @property
    def wants(self) -> str:
        """The smallest kind of machine that holds it beside what else runs there."""
        on_processor = min(self.memory_bytes, self.packed_memory_bytes)
        return next(
            machine.name
            for machine in MACHINES
            if (self.memory_bytes if machine.card else on_processor) <= machine.room
        )


@cache
def known_models() -> tuple[KnownModel, ...]:
    """The catalogue: after the default, by the machine that a model wants, the smallest first."""
    text = files("assistant.engine").joinpath("catalogue.toml").read_text(encoding="utf-8")
    models = [KnownModel.model_validate(entry) for entry in tomllib.loads(text)["models"]]
    order = [machine.name for machine in MACHINES]
    models.sort(key=lambda model: (model.name != DEFAULT, order.index(model.wants), model.memory_bytes))
    return tuple(models)


def default_model() -> KnownModel:
    """The model that is used when none is named."""
    return next(model for model in known_models() if model.name == DEFAULT)


def find(name: str) -> KnownModel | None:
    """The entry of this name, or None."""
    return next((model for model in known_models() if model.name == name), None)
