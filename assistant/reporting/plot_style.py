"""How every figure looks and is saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from assistant.core.control_arms import control_arms
from assistant.core.optional_deps import need

_ARMS = control_arms()
COLOURS = {
    "human": "#0b5fa5", "alone": "#5b4b9a", "ink": "#22262b", "faint": "#d9dce1",
    **{name: arm.colour for name, arm in _ARMS.items()},
}  # fmt: skip
"""One colour for each arm, distinguishable without colour vision too; markers differ as well."""
MARKERS = {"human": "o", **{name: arm.marker for name, arm in _ARMS.items()}}
NAMES = {
    "human": "human feedback", "alone": "samples without feedback", "draw": "feedback and further draws",
    **{name: arm.label for name, arm in _ARMS.items()},
}  # fmt: skip
_STYLE = {
    "svg.hashsalt": "assistant", "svg.fonttype": "path", "font.family": "DejaVu Sans", "font.size": 10,
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": "#22262b",
    "axes.labelcolor": "#22262b", "axes.titlesize": 11, "axes.titlelocation": "left", "axes.grid": True,
    "grid.color": "#e8eaee", "grid.linewidth": 0.8, "axes.axisbelow": True, "legend.frameon": False,
    "legend.fontsize": 9, "figure.dpi": 110, "savefig.dpi": 160, "figure.constrained_layout.use": True,
}  # fmt: skip

Draw = Callable[[Any], None]
"""Draws onto a matplotlib `Figure`."""


def render(draw: Draw, size: tuple[float, float] = (7.2, 4.4)) -> tuple[bytes, bytes]:
    """The figure as PNG and SVG, without dates and with fixed ids."""
    matplotlib = need("matplotlib")
    figure_of = need("matplotlib.figure").Figure
    with matplotlib.rc_context(_STYLE):
        figure = figure_of(figsize=size)
        draw(figure)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # laid out once, saved twice
        png, svg = BytesIO(), BytesIO()
        figure.savefig(png, format="png", metadata={"Software": None})
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    return png.getvalue(), svg.getvalue()


def save(folder: Path, name: str, images: tuple[bytes, bytes]) -> list[Path]:
    """`NAME.png` and `NAME.svg`."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.png", folder / f"{name}.svg"]
    for path, image in zip(paths, images, strict=True):
        path.write_bytes(image)
    return paths


def percent_axis(axis: Any) -> None:
    """A y axis from 0 to 100%."""
    axis.set_ylim(0, 1)
    axis.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])


def rate_rows(axis: Any, labels: Sequence[str], label: str, margin: float = 0.7, **style: Any) -> None:
    """A row for each label, lowest first, over an x axis of rates from 0 to 100%."""
    axis.set_yticks(range(len(labels)), labels, **style)
    axis.set_ylim(-margin, max(1, len(labels)) - 1 + margin)
    axis.set_xlim(-0.02, 1.02)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axis.set_xlabel(label)
    axis.grid(visible=False, axis="y")
