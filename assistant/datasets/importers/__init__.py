"""Released datasets and logs of other programs as journals, marked as imported so that no analysis mixes them.

`detect_dataset.py` recognises the files, one module for each dataset or program reads the records (those of chats and
agents through `chat.py` and `agent_files.py`), and `to_journal.py` writes the journals. A bad record is left out and
named.

Imported by: `cli` (`assistant import`), by entry point (`assistant.importers` in pyproject.toml), so another package
can bring an importer. Imports: `datasets`, `journal`, `problems`, `core`.
Threads: the command's main thread. Programs are judged in the sandbox that the caller passes in.
Start reading at `base.py` (what an importer is), then `ilf.py` and `to_journal.py`.
"""
