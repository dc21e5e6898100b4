"""The model in a process of its own: client, connection, protocol, and the worker's main program.

`client.py` runs in the application and may be called from any thread; `priority_lock.py` lets a person's request
preempt background work; `worker_main.py` is the worker: its main thread generates, a reader thread takes requests.
Start reading at `protocol.py`, then `client.py` and `worker_main.py`.
"""
