"""Reading and writing of files: bounded reads, atomic replacement, and writes that are synced to the disk.

`bounded_read.py` refuses devices and files above a size; `durable_io.py` replaces a file so that a crash leaves
either the old content or the new one, and syncs what it appends.

Imported by: `settings`, `journal`, `session`, `bench`, `datasets`, `tui`. Imports: `core` only.
Threads: functions block on the disk; they keep no state, so any thread may call them.
Start reading at `durable_io.py`.
"""
