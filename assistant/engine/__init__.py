"""Turns messages into text: a local model in a process of its own, an OpenAI-compatible server, or a script.

All engines have the interface that `core.generation` defines: a request in, a stream of tokens and finished samples
out, which can be cancelled. `open.py` builds one from options. `process/` runs a local model in a worker process,
`inference/` is the decoder in that process, `models/` finds, converts and caches weights, `openai_server/` is
the HTTP client, `scripted/` replays answers from a file.

Imported by: `cli`, `training`; the others take an engine by its interface. Imports: `core` only. No other package
may import torch or transformers.
Threads: the client may be called from any thread; a reader thread collects the worker's replies.
Processes: one worker for each loaded model, at lower priority, so that its crash does not end the session.
Start reading at `open.py`, then `process/client.py` and `inference/decoder.py`.
"""
