"""Helpers of the decoding tests: models, a tokenizer, and short ways to ask for text."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from assistant.core.generation import Chunk, Finish, Message, NeverCancelled, Request, Sampling
from assistant.engine.inference.decoder import Decoder

VOCABULARY = 259  # 256 bytes and three special tokens
END = 258


def byte_tokenizer() -> Any:
    """Token i < 256 is a byte; 256 to 258 are special and 258 ends an answer."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {char: i for i, char in enumerate(_byte_characters())}
    core = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens([AddedToken(f"<|{name}|>", special=True) for name in ("pad", "start", "end")])
    return PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<|end|>", pad_token="<|pad|>")


def _byte_characters() -> list[str]:
    """GPT-2's printable stand-ins for the bytes 0 to 255."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(b) if b in printable else chr(next(others)) for b in range(256)]


def tiny_model(kind: str, seed: int = 0, inner: int = 128, width: int = 64) -> Any:
    """A random float32 causal model of two layers."""
    import torch
    from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, Qwen2Config, Qwen3Config

    torch.manual_seed(seed)
    common = {"vocab_size": VOCABULARY, "eos_token_id": END, "bos_token_id": 257, "pad_token_id": 256}
    shape = {
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 1024,
    }
    config = {
        "qwen2": lambda: Qwen2Config(**common, **shape, tie_word_embeddings=False),
        "qwen3": lambda: Qwen3Config(**common, **shape, head_dim=32, tie_word_embeddings=True),
        "llama": lambda: LlamaConfig(**common, **shape, tie_word_embeddings=False),
        "gpt2": lambda: GPT2Config(**common, n_embd=64, n_layer=2, n_head=4, n_positions=1024),
    }[kind]()
    model = AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():  # larger weights than the initial ones, so that the tokens vary
        for name, weight in model.named_parameters():
            if weight.dim() == 2 and "embed" not in name and "wte" not in name and "wpe" not in name:
                weight.mul_(6.0)
            if name.endswith(("q_proj.bias", "k_proj.bias", "v_proj.bias")):
                weight.normal_(0.0, 0.5)
    return model


def decoder(model: Any, tokenizer: Any, *, lookup: bool = True) -> Decoder:
    """A decoder over a copy, since it takes its model over."""
    return Decoder(copy.deepcopy(model), tokenizer, lookup=lookup)


def ask(
    *,
    conversation: str = "",
    samples: int = 1,
    temperature: float = 0.0,
    top_p: float = 1.0,
    tokens: int = 48,
    seed: int = 7,
    stop: tuple[str, ...] = (),
    beams: int = 1,
    thinking: int | None = None,
) -> Request:
    return Request(
        messages=(Message(role="user", content="-"),),
        sampling=Sampling(
            temperature=temperature, top_p=top_p, max_new_tokens=tokens, seed=seed, thinking_tokens=thinking
        ),
        samples=samples,
        stop=stop,
        conversation=conversation,
        beams=beams,
    )


def finishes(using: Decoder, request: Request, prompt: Sequence[int], cancel: Any = None) -> list[Finish]:
    """Run to the end; checks that the chunks add up to the final texts. Finishes ordered by sample."""
    texts: dict[int, str] = {}
    ends: dict[int, Finish] = {}
    for item in using.generate(request, prompt, cancel or NeverCancelled()):
        assert item.sample not in ends, "nothing follows a sample's finish"
        if isinstance(item, Chunk):
            assert item.text
            texts[item.sample] = texts.get(item.sample, "") + item.text
        else:
            ends[item.sample] = item
    assert {sample: end.text for sample, end in ends.items() if end.text} == texts
    return [ends[sample] for sample in sorted(ends)]


def prompt_of(text: str) -> list[int]:
    """A prompt in the byte tokenizer's ids."""
    return list(byte_tokenizer()(text)["input_ids"])


def reference_greedy(model: Any, prompt: Sequence[int], tokens: int) -> list[int]:
    """Greedy decoding without any cache: the whole sequence through the model for every token."""
    import torch

    ids = list(prompt)
    while len(ids) < len(prompt) + tokens:
        with torch.inference_mode():
            ids.append(int(model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1].argmax()))
        if ids[-1] == END:
            break
    return ids[len(prompt) :]


def reference_beams(model: Any, prompt: Sequence[int], beams: int, tokens: int) -> list[tuple[int, ...]]:
    """The answers of transformers' own beam search, the best first, up to and with their end."""
    import torch

    with torch.inference_mode():
        found = model.generate(
            torch.tensor([prompt]), num_beams=beams, num_return_sequences=beams, max_new_tokens=tokens,
            do_sample=False, length_penalty=1.0, early_stopping=False, pad_token_id=256,
        )  # fmt: skip
    ends = model.generation_config.eos_token_id
    ends = set(ends) if isinstance(ends, list) else {ends}
    answers = []
    for row in found[:, len(prompt) :].tolist():
        end = next((place for place, token in enumerate(row) if token in ends), len(row))
        answers.append(tuple(row[: end + 1]))
    return answers
