"""Presentation that several commands share: progress, tables, templates, pages of sessions, plots, safe streams.

Imported by: `analysis`, `datasets`, `bench`, `tui`, `cli`. Imports: `core` only (rich where something is drawn;
matplotlib through `core.optional_deps`). Threads: `progress.ProgressPrinter` takes calls from any thread, everything
else is of the main thread of a command; matplotlib's state is process-wide. Start reading at `progress.py`.
"""
