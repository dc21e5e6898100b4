"""What runs in the confined worker, imported by the zygote before any untrusted code is there.

`zygote.py` forks two processes for a run: `solution.py` loads the program and never sees the tests; `judge.py`
has the tests and calls the program through `judge_link.py`. Values cross as typed JSON (`serialization/`). A test
that cannot be judged from outside runs in the program's process (`unsealed_judge.py`).

Imported by: the worker's own command line; the harness uses `framing` and `exception_info`. Imports: the standard
library and `sandbox.isolation`, nothing else of `assistant`, so that a worker starts quickly and holds no secrets.
Threads: each process is single-threaded until a program starts threads of its own.
Processes: the zygote; for each run one solution, and one judge or the persistent judge.
Start reading at `zygote.py`, then `solution.py` and `judge.py`.
"""
