"""Confinement of a worker and its children: Landlock, seccomp, resource limits, namespaces, privileges.

`linux.py` applies what the kernel offers, in order, and reports which parts are active; `unconfined.py` is used
where
nothing is available, and the user is warned. Applied in the worker process before it reads untrusted code.
Start reading at `linux.py`, then `filesystem_policy.py` and `seccomp.py`.
"""
