"""Any server that speaks OpenAI's HTTP interface: vLLM, SGLang, llama-server, Ollama, `transformers serve`."""

from assistant.engine.openai_server.engine import OpenAIEngine
from assistant.engine.openai_server.retry_policy import RetryPolicy

__all__ = ["OpenAIEngine", "RetryPolicy"]
