"""Any server that speaks OpenAI's HTTP interface: vLLM, SGLang, llama-server, Ollama, `transformers serve`."""

from assistant.engine.openai.engine import OpenAIEngine
from assistant.engine.openai.patience import Patience

__all__ = ["OpenAIEngine", "Patience"]
