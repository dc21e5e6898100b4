"""The model in a process of its own: client, connection, protocol, and the worker's main program.

`client.py` runs in the application and may be called from any thread; `priority_lock.py` lets a person's request
preempt background work; `connection.py` and `worker_process.py` speak with the child and tell how it ended;
`worker_main.py` is the worker, and `model_host.py` holds the model in it.

Imported by: `engine.open` and the command line's model commands. Imports: `core`, `engine.models`,
`engine.inference`; torch only in the worker.
Threads: in the application a reader thread for each worker; in the worker the main thread generates, a reader thread
takes requests and cancels, and a third sends a sign of life every second.
Start reading at `protocol.py`, then `client.py` and `worker_main.py`.
"""
