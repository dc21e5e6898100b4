"""A real model of a few thousand random weights with a real tokenizer, as a folder and as a GGUF file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from assistant.core.generation import Message, Request, Sampling
from assistant.engine.process.client import LocalEngine

OpenEngine = Callable[..., LocalEngine]

CHAT_TEMPLATE = (
    "{% if messages[-1].content == 'hang' %}"
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""The word `hang` keeps the worker busy for hours while its process lives."""
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CORPUS = [
    "def add(a, b):\n    return a + b\n",
    "Write a Python function that adds two numbers.",
    "user assistant",
]


def make_tokenizer() -> Any:
    """A byte-level BPE tokenizer in the manner of Qwen2."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import Qwen2Tokenizer

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(CORPUS * 3, trainer)
    return Qwen2Tokenizer(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        unk_token=None,
        chat_template=CHAT_TEMPLATE,
    )


def make_model(vocabulary: int, context: int = 4096) -> Any:
    """A Qwen2 of two layers, the same weights every time. Nothing makes it end by itself soon."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(7)
    config = Qwen2Config(
        vocab_size=vocabulary,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=context,
        tie_word_embeddings=False,
        eos_token_id=2,
        bos_token_id=None,
    )
    return Qwen2ForCausalLM(config)


def save_folder(folder: Path, *, chat: bool = True, context: int = 4096) -> Path:
    """The model as `save_pretrained` writes it; without `chat`, a base model."""
    tokenizer = make_tokenizer()
    if not chat:
        tokenizer.chat_template = None
    make_model(len(tokenizer), context).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_gguf(path: Path) -> Path:
    """The same model as a GGUF file of 16-bit floats."""
    import gguf

    tokenizer = make_tokenizer()
    model = make_model(len(tokenizer))
    writer = gguf.GGUFWriter(str(path), "qwen2")
    config = model.config
    writer.add_name("Tiny")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10000.0)
    _add_tokenizer(writer, tokenizer)
    _add_tensors(writer, model)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_tokenizer(writer: Any, tokenizer: Any) -> None:
    import json

    import gguf

    bpe = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    tokens = sorted(bpe["vocab"], key=bpe["vocab"].__getitem__)
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([control if token in SPECIAL else normal for token in tokens])
    writer.add_token_merges([" ".join(pair) for pair in bpe["merges"]])
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(0)
    writer.add_chat_template(CHAT_TEMPLATE)


def _add_tensors(writer: Any, model: Any) -> None:
    import gguf
    import numpy as np

    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN2, model.config.num_hidden_layers)
    for name, weight in model.state_dict().items():
        stem, _, suffix = name.rpartition(".")
        values = weight.float().numpy()
        kind = np.float32 if values.ndim == 1 else np.float16
        writer.add_tensor(f"{names.get_name(stem)}.{suffix}", values.astype(kind))


def ask(
    text: str = "add two numbers",
    *,
    tokens: int = 20,
    samples: int = 1,
    seed: int = 0,
    background: bool = False,
) -> Request:
    """A request of one user turn; several samples are drawn at temperature 1."""
    return Request(
        messages=(Message(role="user", content=text),),
        sampling=Sampling(max_new_tokens=tokens, temperature=1.0 if samples > 1 else 0.0, seed=seed),
        samples=samples,
        background=background,
    )
