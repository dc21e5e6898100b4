"""Datasets made of journals (`assistant export`), and other datasets turned into journals (`assistant import`).

`pipeline.py` is the export: read sessions, drop those without consent, remove personal data, build rows in one of
the formats (`formats/`), split, write Parquet shards and the dataset card. `importers/` goes the other way. A folder
is written completely or not at all (`atomic_directory.py`).

Imported by: `cli`, `training`. Imports: `session`, `journal`, `problems`, `storage`, `core`.
Threads: runs on the main thread of its command.
Start reading at `pipeline.py`, then `session_view.py` and `formats/base.py`.
"""
