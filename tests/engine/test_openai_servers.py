"""The engine against real servers: on a tiny random model always, on SmolLM2 where its weights are."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from assistant.core.errors import EngineError
from assistant.core.generation import Cancel, Chunk, Finish, Message, NeverCancelled, Request, Sampling
from assistant.engine.models.gguf_convert import convert
from assistant.engine.openai_server import OpenAIEngine, RetryPolicy
from assistant.engine.progress import Steps
from tests.engine.real_servers import (
    CONTEXT_TOKENS,
    ServerProcess,
    llama_cpp_server,
    smollm2,
    transformers_serve,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
QUICK = RetryPolicy(first_wait=0.05, longest_wait=0.2, retries=2, probe=300)
SERVERS = [
    "tiny transformers",
    pytest.param("smollm2 transformers", marks=pytest.mark.weights),
    pytest.param("smollm2 llama-cpp-python", marks=pytest.mark.weights),
]


@pytest.fixture(scope="module", params=SERVERS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A running server."""
    weights, kind = request.param.split(" ", 1)
    folder = tmp_path_factory.mktemp("server")
    if kind == "llama-cpp-python":
        started = llama_cpp_server(smollm2(), folder / "log")
    elif weights == "tiny":
        started = transformers_serve(request.getfixturevalue("tiny_folder"), folder / "log")
    else:
        (folder / "smollm2").mkdir()
        convert(smollm2(), folder / "smollm2", Steps())
        started = transformers_serve(folder / "smollm2", folder / "log")
    with started as process:
        yield process


@pytest.fixture(scope="module")
def engine(server: ServerProcess) -> Iterator[OpenAIEngine]:
    """An engine that is prepared."""
    engine = OpenAIEngine(server.url, server.model, retry_policy=QUICK, api_key_env="NO_SUCH_VARIABLE")
    engine.prepare()
    yield engine
    engine.close()


def ask(
    text: str = "Say hello.", *, samples: int = 1, stop: tuple[str, ...] = (), **sampling: Any
) -> Request:
    return Request(
        messages=(Message(role="user", content=text),),
        sampling=Sampling(**{"max_new_tokens": 8, **sampling}),
        samples=samples,
        stop=stop,
    )


def finishes(engine: OpenAIEngine, request: Request, cancel: Cancel = NeverCancelled()) -> list[Finish]:
    items = list(engine.generate(request, cancel))
    ends = sorted((item for item in items if isinstance(item, Finish)), key=lambda end: end.sample)
    assert [end.sample for end in ends] == list(range(request.samples))
    for end in ends:
        pieces = [item.text for item in items if isinstance(item, Chunk) and item.sample == end.sample]
        assert "".join(pieces) == end.text
    return ends


def test_the_server_is_recognised(engine: OpenAIEngine, server: ServerProcess) -> None:
    info = engine.prepare()
    assert info.versions["server"] == server.kind
    assert info.base_url == server.url
    assert info.name


def test_greedy_answers_repeat_and_are_counted(engine: OpenAIEngine) -> None:
    finishes(engine, ask())
    first, again = finishes(engine, ask())[0], finishes(engine, ask())[0]
    assert (first.error, first.text) == ("", again.text)
    assert first.reason in ("stop", "length")
    assert first.text
    assert 1 <= first.generated_tokens <= 8
    assert first.first_token_seconds is not None
    assert 0 < first.first_token_seconds <= first.seconds


def test_the_longest_answer_is_kept_to(engine: OpenAIEngine) -> None:
    (end,) = finishes(engine, ask("Count from one to one hundred in words.", max_new_tokens=5))
    assert (end.reason, end.error) == ("length", "")
    assert end.generated_tokens <= 5


def test_samples_are_drawn_each_with_its_seed(engine: OpenAIEngine) -> None:
    def draw(samples: int) -> list[Finish]:
        return finishes(engine, ask("Write a random word.", samples=samples, temperature=1.5, seed=11))

    draw(3)
    three, again, one = draw(3), draw(3), draw(1)
    assert all(end.error == "" for end in three)
    assert len({end.text for end in three}) > 1, "the temperature is heeded"
    assert len({end.seed for end in three}) == 3
    assert [end.text for end in three] == [end.text for end in again]
    assert one[0].seed == three[0].seed
    assert three[0].seed_honoured is True


def test_stop_strings_end_the_answer(engine: OpenAIEngine) -> None:
    (whole,) = finishes(engine, ask())
    stop = whole.text[len(whole.text) // 2 :][:2]
    (end,) = finishes(engine, ask(stop=(stop,)))
    assert end.reason == "stop"
    assert end.text == whole.text[: whole.text.index(stop)]


def test_plain_text_is_completed(engine: OpenAIEngine) -> None:
    prompt = Message(role="user", content="def add(a, b):\n    return")
    (end,) = finishes(engine, Request(messages=(prompt,), sampling=Sampling(max_new_tokens=6), raw=True))
    assert end.error == ""
    assert end.text


def test_cancel_keeps_the_text_and_the_server_goes_on(engine: OpenAIEngine) -> None:
    cancel, texts = threading.Event(), []
    for item in engine.generate(ask("Tell a very long story.", max_new_tokens=100), cancel):
        if isinstance(item, Chunk):
            texts.append(item.text)
            if len(texts) == 3:
                cancel.set()
    assert isinstance(item, Finish)
    assert (item.reason, item.text) == ("cancelled", "".join(texts))
    assert finishes(engine, ask())[0].error == ""


def test_threads_share_an_engine(engine: OpenAIEngine) -> None:
    ends: list[Finish] = []
    threads = [
        threading.Thread(target=lambda: ends.extend(finishes(engine, ask(max_new_tokens=4))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ends) == 4
    assert {end.error for end in ends} == {""}
    assert len({end.text for end in ends}) == 1


def test_an_unknown_model_is_refused(server: ServerProcess) -> None:
    engine = OpenAIEngine(server.url, "no-such-model", retry_policy=QUICK)
    with pytest.raises(EngineError, match="no-such-model"):
        engine.prepare()
    engine.close()


def test_a_dialogue_too_long_is_explained(engine: OpenAIEngine, server: ServerProcess) -> None:
    if server.kind != "llama-cpp-python":
        pytest.skip("this server has no limit of its own: it goes on past the model's context")
    (end,) = finishes(engine, ask("word " * 2 * CONTEXT_TOKENS))
    assert end.reason == "error"
    assert "earlier round" in end.error
    assert end.overflow > CONTEXT_TOKENS
    assert finishes(engine, ask())[0].error == ""


def test_a_server_killed_in_the_middle(engine: OpenAIEngine, server: ServerProcess) -> None:
    """The last test of each server."""
    text = ""
    for item in engine.generate(ask("Tell a very long story.", max_new_tokens=150)):
        if isinstance(item, Chunk):
            text += item.text
            server.process.kill()
    assert isinstance(item, Finish)
    assert item.reason == "error"
    assert item.text == text
    (end,) = finishes(engine, ask())
    assert "no server at" in end.error
