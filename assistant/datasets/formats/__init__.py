"""One module for each export format: its columns, and the rows that a session gives.

A new format is a new module here and one entry in `all.py`. Start reading at `base.py`, then `sft.py`.
"""
