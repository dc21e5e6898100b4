"""Tiny random models and a byte-level tokenizer: everything a decoder needs, in milliseconds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from decoding_kit import byte_tokenizer, tiny_model

from assistant.engine.inference import decoder, precision
from assistant.engine.inference.cpu_kernels import kernel_cache
from assistant.engine.inference.ngram_drafts import NgramDrafts


@pytest.fixture(autouse=True)
def _no_usual_phrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Indexing them byte by byte would take longer than the tests."""
    monkeypatch.setattr(decoder, "usual_phrases", lambda _: NgramDrafts())


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    return byte_tokenizer()


@pytest.fixture(scope="session", params=["qwen2", "llama", "gpt2"])
def model(request: pytest.FixtureRequest) -> Iterator[Any]:
    yield tiny_model(request.param)


@pytest.fixture(scope="session")
def qwen() -> Any:
    return tiny_model("qwen2")


@pytest.fixture(params=["native", "torch"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Our own kernels, or torch's products where a processor has none of ours."""
    if request.param == "native" and not kernel_cache.instructions():
        pytest.skip("no kernels of our own for this processor")
    if request.param == "torch":
        if not precision.torch_is_exact():
            pytest.skip("no VNNI: torch's 8-bit products are not exact on this processor")
        monkeypatch.setattr(kernel_cache, "instructions", lambda: "")
    return str(request.param)
