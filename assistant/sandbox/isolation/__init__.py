"""Confinement of a worker and its children: Landlock, seccomp, resource limits, namespaces, privileges.

`linux.py` applies what the kernel offers, in order, and reports which parts are active; `unconfined.py` stands in its
place for `--unsafe-run` and for children that the system's own sandbox already surrounds (macOS).

Imported by: `sandbox.guest` (in the worker). Imports: the standard library; system calls through ctypes (`libc.py`).
Threads: none. Everything is applied in the worker, before it reads untrusted code, and in each child after the fork:
code between a fork and the confinement allocates little and uses raw paths.
Processes: each layer holds for the process that applied it and for all that it starts; none can be taken back.
Start reading at `linux.py`, then `filesystem_policy.py` and `seccomp.py`.
"""
