"""The scripted engine: answers from a file, for demos and tests; it records the requests that it gets.

`script.py` reads the file (which answer follows which request, how fast, with which failure), `engine.py` streams it
with the timing that the file asks for.

Imported by: `engine.open` and tests. Imports: `core` only; no torch.
Threads: runs on the caller's thread. Processes: none.
Start reading at `script.py`, then `engine.py`.
"""
