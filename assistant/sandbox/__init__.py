"""Runs untrusted programs in isolation and gives verdicts that the program under test cannot forge.

`local.py` is the public entry point (`LocalSandbox`); `pool.py` keeps worker processes, `worker.py` speaks with
one of them, `case_runner.py` runs the tests of a submission, `verdicts.py` turns replies into outcomes.
`guest/` is what runs in the worker, `isolation/` confines it.

Imported by: `bench`, `cli`, `datasets` (the reward), `tui`; the others take the interface in `core.submission`.
Imports: `core` only.
Threads: any thread may submit; each submission has a worker of the pool for its duration.
Processes: several workers (`guest/zygote.py`), each of which forks a solution and a judge for each run.
Start reading at README.md (the threat model and one run), then `local.py`, `worker.py` and `guest/zygote.py`.
"""
