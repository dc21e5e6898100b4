"""Where the application's files are, and the user's preferences (`settings.toml`).

`paths.py` and `xdg.py` give the folders for sessions, cache and configuration (XDG base directories, and the
environment variables that replace them); `preferences.py` reads, validates and writes the settings file. A value
that is not valid is reported and replaced by its default; it never prevents a start.

Imported by: `journal`, `session`, `bench`, `cli`, `tui`. Imports: `storage` and `core`.
Threads: read once by the main thread at the start; the app writes the file from a worker thread.
Start reading at `preferences.py`.
"""
