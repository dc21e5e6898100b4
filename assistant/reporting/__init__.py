"""Presentation of results that `analysis` and `bench` share: the style of plots.

Imported by: `analysis`, `bench`. Imports: `core` only (matplotlib through `core.optional_deps`).
Threads: used from the main thread of a command; matplotlib's state is process-wide.
Start reading at `plot_style.py`.
"""
