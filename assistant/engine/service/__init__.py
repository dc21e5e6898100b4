"""One engine for every program of a person on this machine: a service at a Unix socket that only its owner can open.

`place.py` says where the socket is and who may open it; `messages.py` what is said besides the worker's protocol;
`server.py` answers clients with whatever engine it holds, and `service_main.py` is its program. On the client's side
`service_peer.py` is the connection, `shared.py` chooses between the service and a worker of one's own, and
`supervisor.py` keeps a service running for `assistant serve`.

Imported by: `engine.open` and the command line. Imports: `core`, `engine.process`, `engine.progress`; never torch.
Threads: in the service one that accepts, two for each client and one for each open request; a client has a reader.
Start reading at `server.py`, then `shared.py`.
"""
