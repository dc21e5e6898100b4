"""What runs in the confined worker: standard library only, imported by the zygote before any untrusted code.

`zygote.py` forks two processes for a run: `solution.py` loads the program and never sees the tests; `judge.py`
has the tests and calls the program through `judge_link.py`. Values cross as typed JSON (`serialization/`).
Each process is single-threaded. Nothing here imports the rest of `assistant`, so that a worker starts quickly.
Start reading at `zygote.py`, then `solution.py` and `judge.py`.
"""
