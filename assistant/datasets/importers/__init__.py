"""Published datasets (ILF, MINT, RealHumanEval) as journals, marked as imported so that no analysis mixes them.

`detect_dataset.py` recognises the files, one module for each dataset reads the records, and `to_journal.py` writes
the journals. Start reading at `detect_dataset.py`.
"""
