"""Tiny random models of every decoder that transformers ships, and whether dialogues with them can go back.

python -m tests.engine.inference.model_types [TYPE ...]    prints the lists of assistant/guide/models.md
"""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch

from assistant.core.errors import EngineError
from assistant.engine.inference.decoder import Decoder
from tests.engine.inference.decoding_kit import END, VOCABULARY, ask, byte_tokenizer, finishes

OTHER_USE = {
    "an encoder, or one with a decoder": (
        "bart beam bert bert-generation big_bird bigbird_pegasus blenderbot blenderbot-small camembert "
        "data2vec-text electra ernie marian mbart megatron-bert mvp pegasus plbart prophetnet reformer rembert "
        "roberta roberta-prelayernorm "
        "roc_bert roformer xlm xlm-roberta xlm-roberta-xl xlnet xmod"
    ),
    "sound or pictures": (
        "aria_text emu3 fuyu git got_ocr2 mllama moshi moss_transcribe_diarize musicgen musicgen_melody "
        "phi4_multimodal trocr whisper"
    ),
    "not a model of text tokens, or part of another": "blt cpmant gemma4_assistant gemma4_unified_assistant hrm_text",
}
"""Types that `AutoModelForCausalLM` knows and that are no decoders for programs."""

_SIZES: dict[str, Any] = {
    **dict.fromkeys(("vocab_size", "vocab_size_per_layer_input"), VOCABULARY),
    **dict.fromkeys(("hidden_size", "n_embd", "d_model"), 64),
    **dict.fromkeys(("intermediate_size", "n_inner", "ffn_dim"), 96),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "n_layers"), 4),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads"), 4),
    "num_key_value_heads": 2,
    **dict.fromkeys(("head_dim", "v_head_dim", "attention_head_dim"), 16),
    **dict.fromkeys(("max_position_embeddings", "n_positions"), 512),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts"), 4),
    **dict.fromkeys(("num_experts_per_tok", "moe_topk"), 2),
    **dict.fromkeys(
        ("moe_intermediate_size", "shared_expert_intermediate_size", "expert_ffn_hidden_size"), 32
    ),
    **dict.fromkeys(("n_shared_experts", "n_group", "topk_group", "first_k_dense_replace"), 1),
    **dict.fromkeys(("q_lora_rank", "kv_lora_rank"), 16),
    **dict.fromkeys(("qk_rope_head_dim", "qk_nope_head_dim"), 8),
    "sliding_window": 16,
    "attention_chunk_size": 32,
    "linear_num_value_heads": 4,
    "linear_num_heads": 4,
    "linear_num_key_heads": 2,
    **dict.fromkeys(("linear_key_head_dim", "linear_value_head_dim", "linear_head_dim"), 16),
    **dict.fromkeys(("mamba_d_state", "state_size", "ssm_state_size", "mamba_chunk_size", "chunk_size"), 16),
    **dict.fromkeys(("mamba_n_heads", "mamba_num_heads", "num_heads"), 8),
    **dict.fromkeys(("mamba_d_head", "mamba_head_dim"), 16),
    **dict.fromkeys(("mamba_n_groups", "n_groups"), 1),
    "mamba_expand": 2,
    "mamba_d_ssm": 128,
    "hidden_size_per_layer_input": 16,
    "bos_token_id": 257,
    "eos_token_id": END,
    "pad_token_id": 256,
}
"""By the names that configurations give them."""
_MORE_SIZES: dict[str, dict[str, Any]] = {
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "granitemoehybrid": {"layer_types": ["mamba", "attention", "mamba", "attention"]},
    "bamba": {"attn_layer_indices": [1, 3]},
    "codegen": {"rotary_dim": 8},
    "gptj": {"rotary_dim": 8},
    "gpt_neo": {"num_layers": 2, "attention_types": [[["global", "local"], 1]], "window_size": 16},
    "kimi_linear": {"layer_types": ["linear_attention", "full_attention"] * 2, "num_experts_per_token": 2},
    "longcat_flash": {"num_layers": 2, "ffn_hidden_size": 96},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"] * 2},
    "gemma3n": {"layer_types": ["sliding_attention", "full_attention"] * 2, "num_kv_shared_layers": 0},
    "gemma3n_text": {"layer_types": ["sliding_attention", "full_attention"] * 2, "num_kv_shared_layers": 0},
}
"""Where transformers' own sizes, or a few layers, leave out what the type is known for."""
_PROMPT = [(11 * place) % 97 + 32 for place in range(20)] * 2
_NEW = 14


def decoder_types() -> list[str]:
    """The types that transformers ships and that fit this product."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    other = {name for names in OTHER_USE.values() for name in names.split()}
    return sorted(set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES) - other)


def tiny_model_of(model_type: str) -> Any:
    """A random float32 model of that type. Raises whatever transformers raises where the sizes do not suit it."""
    from transformers import CONFIG_MAPPING, AutoModelForCausalLM

    config_class = CONFIG_MAPPING[model_type]
    text = type(config_class().get_text_config(decoder=True))
    named = vars(text())
    sizes = {name: size for name, size in _SIZES.items() if name in named}
    if "qk_rope_head_dim" in sizes:  # attention over compressed keys
        more = {"head_dim": sizes["qk_rope_head_dim"], "num_key_value_heads": sizes["num_attention_heads"]}
        sizes |= {name: size for name, size in more.items() if name in sizes}
    config = text(**{**sizes, **_MORE_SIZES.get(model_type, {})})
    with torch.device("meta"):
        shapes = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    if sum(weight.numel() for weight in shapes.parameters()) > 30_000_000:
        raise ValueError("the tiny configuration is not tiny")
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    with torch.no_grad():  # larger weights than the initial ones, so that the tokens vary
        for name, weight in model.named_parameters():
            if weight.dim() == 2 and "emb" not in name and "router" not in name:
                weight.mul_(3.0)
    return model


@dataclass(frozen=True)
class Findings:
    """What holds for a model: each answer is compared with that of a fresh decoder without drafts."""

    goes_back: bool
    """Later rounds reuse what was read, and guesses are made."""
    same_without_cache: bool
    same_with_guesses: bool
    same_next_round: bool
    same_branch: bool
    same_in_batch: bool
    reused: int
    drafted: int

    @property
    def sound(self) -> bool:
        return all(
            (
                self.same_without_cache, self.same_with_guesses, self.same_next_round, self.same_branch,
                self.same_in_batch,
            )
        )  # fmt: skip


def findings(model: Any) -> Findings:
    """Answers, rounds, a branch and a batch of `model`."""
    plain, guessing = _decoder(model, lookup=False), _decoder(model, lookup=True)
    first = _answer(plain, _PROMPT)
    [guessed] = finishes(guessing, ask(conversation="s", tokens=_NEW), _PROMPT)
    longer = [*_PROMPT, *first, *_PROMPT[5:17], *first[:9]]
    [second] = finishes(guessing, ask(conversation="s", tokens=_NEW), longer)
    other = [*_PROMPT, *first, *reversed(_PROMPT[3:15])]
    [branch] = finishes(guessing, ask(conversation="s", tokens=_NEW), other)
    many = [tuple(end.output_ids or ()) for end in _drawn(plain, 3)]
    return Findings(
        goes_back=plain._forward.croppable,
        same_without_cache=first == _without_cache(model, _PROMPT),
        same_with_guesses=list(guessed.output_ids or ()) == first,
        same_next_round=list(second.output_ids or ()) == _answer(_decoder(model, lookup=False), longer),
        same_branch=list(branch.output_ids or ()) == _answer(_decoder(model, lookup=False), other),
        same_in_batch=many[:2] == [tuple(end.output_ids or ()) for end in _drawn(plain, 2)],
        reused=min(second.reused_tokens, branch.reused_tokens),
        drafted=guessed.drafted_tokens + second.drafted_tokens + branch.drafted_tokens,
    )


def _decoder(model: Any, *, lookup: bool) -> Decoder:
    return Decoder(copy.deepcopy(model), _TOKENIZER, lookup=lookup)


def _answer(decoder: Decoder, prompt: list[int]) -> list[int]:
    [end] = finishes(decoder, ask(tokens=_NEW), prompt)
    return list(end.output_ids or ())


def _drawn(decoder: Decoder, samples: int) -> Any:
    return finishes(decoder, ask(samples=samples, temperature=0.8, tokens=8), _PROMPT)


def _without_cache(model: Any, prompt: list[int]) -> list[int]:
    """Greedily, with the whole text read for each token."""
    ids = list(prompt)
    with torch.inference_mode():
        for _ in range(_NEW):
            logits = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1]
            ids.append(int(logits.argmax()))
            if ids[-1] == END:
                break
    return ids[len(prompt) :]


_TOKENIZER = byte_tokenizer()


HEADS = {
    "yes": "With prefix reuse, guesses and going back",
    "no": "Without them, since transformers cannot take their state up within a text, or keeps a form of its own",
    "refused": "Not stepped at all, with a line that says so; a server can run them",
    "untried": "Not tried, since their sizes do not come down to a small random model by the common names",
}
"""What stands in the guide before each list of types."""


def verdict(model_type: str) -> str:
    """The key of `HEADS` for a type. Raises AssertionError where an answer is wrong."""
    try:
        model = tiny_model_of(model_type)
        _without_cache(model, _PROMPT[:4])
    except Exception:
        return "untried"
    try:
        found = findings(model)
    except EngineError:
        return "refused"
    assert found.sound, found
    return "yes" if found.goes_back else "no"


def lists(types: Iterable[str]) -> str:
    """The guide's passage."""
    found: dict[str, list[str]] = {key: [] for key in HEADS}
    for name in types:
        try:
            key = verdict(name)
        except Exception as error:
            print(name, "FAILS", error, file=sys.stderr, flush=True)
            continue
        found[key].append(name)
        print(name, key, file=sys.stderr, flush=True)
    quoted = {key: ", ".join(f"`{name}`" for name in names) for key, names in found.items() if names}
    return "\n".join(f"- {HEADS[key]}: {names}." for key, names in quoted.items())


def listed(guide: str) -> dict[str, str]:
    """The verdicts that stand in the guide, by type."""
    found: dict[str, str] = {}
    for key, head in HEADS.items():
        lines = [line for line in guide.splitlines() if line.startswith(f"- {head}:")]
        found |= {name: key for line in lines for name in re.findall(r"`([\w.-]+)`", line)}
    return found


if __name__ == "__main__":
    print(lists(sys.argv[1:] or decoder_types()))
