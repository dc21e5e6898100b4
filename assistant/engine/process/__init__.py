"""The model in a process of its own: client, connection, protocol, the worker's main program."""
