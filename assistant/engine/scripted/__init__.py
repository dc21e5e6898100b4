"""The scripted engine: answers from a file, for demos and tests; it records the requests that it gets.

Runs on the caller's thread; no process and no torch. Start reading at `script.py` (the file), then `engine.py`.
"""
