"""Any server that speaks OpenAI's HTTP interface: vLLM, SGLang, llama-server, Ollama, `transformers serve`.

`engine.py` is the engine; `server_info.py` and `probe.py` ask what the server can do; `payload.py` writes a request;
`streaming_request.py` sends it, with its retries, and `streaming.py` reads the events that come back, in the variants
that servers are known to send; `server_errors.py` turns what went wrong into one line; `server_router.py` makes one
engine of several servers. No key is ever logged.

Imported by: `engine.open`. Imports: `core`, `engine.progress` and httpx; neither torch nor the `openai` package.
Threads: an event loop on a thread of its own (`event_loop_thread.py`) streams all samples of a request at once; the
caller's thread takes them from a queue.
Start reading at `engine.py`, then `streaming_request.py` and `streaming.py`.
"""

from assistant.engine.openai_server.engine import OpenAIEngine
from assistant.engine.openai_server.retry_policy import RetryPolicy
from assistant.engine.openai_server.server_router import ServerRouter, open_servers

__all__ = ["OpenAIEngine", "RetryPolicy", "ServerRouter", "open_servers"]
