"""Datasets made of journals (`assistant export`), and other datasets turned into journals (`assistant import`).

`pipeline.py` is the export: read sessions, drop those without consent, remove personal data, build rows in one of
the formats (`formats/`), split, write Parquet shards or a format's own files, and what goes with them
(`dataset_card.py`). `hub_upload.py` puts it on a hub. `importers/` goes the other way. A folder is written completely
or not at all (`atomic_directory.py`). `reward.py` pays a model's own programs while it is trained.

Imported by: `cli`, `training`. Imports: `session`, `sandbox` (the reward), `journal`, `problems`, `storage`, `core`.
Threads: runs on the main thread of its command; the reward judges a batch in threads of its own.
Start reading at `pipeline.py`, then `session_view.py` and `formats/base.py`.
"""
