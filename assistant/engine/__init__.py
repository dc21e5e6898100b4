"""Turns messages into text: a local model in a process of its own, a server, or a script. Alone imports torch."""
