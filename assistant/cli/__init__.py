"""The command line, and the session without a full screen (`--plain`).

`main.py` is the entry point; `registry.py` lists the commands, whose modules are imported only when they are used,
so that `--help` stays quick; `composition.py` builds engine, sandbox and problems (the composition root).
An `AssistantError` becomes one line on stderr and its exit status; a traceback is a bug.

Imported by: nothing (`python -m assistant`, the `assistant` script). Imports: every package.
Threads: commands run on the main thread; SIGINT cancels the work in progress.
Start reading at `main.py`, then `composition.py` and `run.py`.
"""
